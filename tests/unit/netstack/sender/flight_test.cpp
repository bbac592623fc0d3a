// The scoreboard of ranges, with ample memory and with none.
#include "netstack/sender/flight.hpp"

#include <doctest/doctest.h>

#include <random>

#include "netstack/limits.hpp"
#include "tests/unit/netstack/sender/script.hpp"

using namespace mote;
using namespace mote::netstack;
using State = FlightRange::State;

namespace {

constexpr Nanoseconds kTogether = microseconds(250);
constexpr Sequence kBegin{0xFFFFFF00};

struct Board {
  explicit Board(std::size_t ranges = 100) {
    script::give_ranges(ranges);
    flight.begin(kBegin);
  }
  ~Board() {
    flight.end();
    CHECK(Flight::ranges_taken() == 0);
  }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  void append(std::uint32_t bytes, Nanoseconds now) {
    flight.append(bytes, now, kTogether, {}, false);
    CHECK(flight.adds_up());
  }
  std::uint32_t sack(std::uint32_t begin, std::uint32_t end) {
    std::uint32_t delivered = 0;
    flight.sack({kBegin + begin, kBegin + end},
                [&](const FlightRange&, std::uint32_t bytes, Sequence) { delivered += bytes; });
    CHECK(flight.adds_up());
    return delivered;
  }
  std::uint32_t acknowledge(std::uint32_t to) {
    std::uint32_t delivered = 0;
    flight.acknowledge(kBegin + to, [&](const FlightRange&, std::uint32_t bytes, Sequence) {
      delivered += bytes;
    });
    CHECK(flight.adds_up());
    return delivered;
  }
  Flight flight;
};

}  // namespace

TEST_CASE("what is sent in one go is one range") {
  Board board;
  board.append(1000, milliseconds(1));
  board.append(1000, milliseconds(1));
  board.append(1000, milliseconds(1) + microseconds(200));
  CHECK(board.flight.count() == 1);
  board.append(1000, milliseconds(2));
  CHECK(board.flight.count() == 2);
  CHECK(board.flight.out() == 4000);
  CHECK(Flight::ranges_taken() == 1);
}

TEST_CASE("8 MiB in flight, paced in bursts of a millisecond over 100 ms, are about 100 ranges") {
  Board board(1000);
  for (std::uint64_t ms = 0; ms < 100; ++ms) {
    board.append(83'886, milliseconds(ms));
  }
  CHECK(board.flight.count() == 100);
}

TEST_CASE("RFC 2018, 3: a SACK splits a range, and neighbours join again") {
  Board board;
  board.append(10'000, milliseconds(1));
  CHECK(board.sack(2000, 3000) == 1000);
  CHECK(board.flight.count() == 3);
  CHECK(board.sack(2000, 3000) == 0);
  CHECK(board.sack(5000, 6000) == 1000);
  CHECK(board.flight.count() == 5);
  CHECK(board.sack(1000, 7000) == 4000);
  CHECK(board.flight.count() == 3);
  CHECK(board.flight.sacked() == 6000);
  CHECK(board.flight.out() == 4000);
  CHECK(board.acknowledge(500) == 500);
  CHECK(board.acknowledge(8000) == 1500);  // of the rest it was known
  CHECK(board.flight.sacked() == 0);
}

TEST_CASE("RFC 6675, 4: pipe counts neither what is lost nor what is selectively acknowledged") {
  Board board;
  board.append(10'000, milliseconds(1));
  static_cast<void>(board.sack(2000, 3000));
  CHECK(board.flight.lose_first(1000) == 1000);
  CHECK(board.flight.out() == 8000);
  const FlightRange* lost = board.flight.first_lost(kBegin + 10'000);
  REQUIRE(lost != nullptr);
  CHECK(lost->bytes() == 1000);
  board.flight.resend({kBegin, kBegin + 1000}, milliseconds(5), kTogether, {});
  CHECK(board.flight.adds_up());
  CHECK(board.flight.out() == 9000);
  CHECK(board.flight.first_lost(kBegin + 10'000) == nullptr);
  CHECK(board.flight.lose_all() == 9000);
  CHECK(board.flight.out() == 0);
}

TEST_CASE("a lost range is resent in parts, which join") {
  Board board;
  board.append(10'000, milliseconds(1));
  CHECK(board.flight.lose_all() == 10'000);
  for (std::uint32_t at = 0; at < 9000; at += 3000) {
    board.flight.resend({kBegin + at, kBegin + at + 3000}, milliseconds(5), kTogether, {});
    CHECK(board.flight.adds_up());
    CHECK(board.flight.count() == 2);
  }
  board.flight.resend({kBegin + 9000, kBegin + 10'000}, milliseconds(5), kTogether, {});
  CHECK(board.flight.adds_up());
  CHECK(board.flight.count() == 1);
  CHECK(bool{board.flight.first()->is_resent});
}

TEST_CASE("RFC 2018, 8: forgotten SACKs are out again, and not counted twice") {
  Board board;
  board.append(3000, milliseconds(1));
  CHECK(board.sack(1000, 2000) == 1000);
  board.flight.forget_sacks();
  CHECK(board.flight.out() == 3000);
  CHECK(bool{board.flight.first()->next->is_counted});
}

TEST_CASE("without memory, SACKs are forgotten and ranges joined") {
  Board board(0);
  board.append(1000, milliseconds(1));
  board.append(1000, milliseconds(5));
  CHECK(board.flight.count() == 1);
  CHECK(bool{board.flight.first()->is_mixed});
  CHECK(board.flight.first()->sent_at == milliseconds(5));
  CHECK(board.sack(500, 1000) == 0);
  CHECK(board.flight.out() == 2000);
  CHECK(board.flight.lose_first(500) == 2000);
  board.flight.resend({kBegin, kBegin + 500}, milliseconds(9), kTogether, {});
  CHECK(board.flight.out() == 2000);
  CHECK(bool{board.flight.first()->is_vague});
  CHECK(board.acknowledge(2000) == 2000);
}

TEST_CASE("a connection has a bounded number of ranges, and leaves some to others") {
  Board board(10'000);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    board.append(1000, milliseconds(i));
  }
  CHECK(board.flight.count() <= limits::kFlightRanges + 1);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    static_cast<void>(board.sack(i * 1000 + 1, i * 1000 + 2));
  }
  CHECK(board.flight.count() <= limits::kFlightRanges + 1);
  CHECK(board.acknowledge(2'000'000) > 0);
}

TEST_CASE("whatever happens in whatever memory, the ranges add up") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    Board board(random() % 40);
    Nanoseconds now = milliseconds(1);
    for (int i = 0; i < 200; ++i) {
      now = now + microseconds(random() % 400);
      const std::uint32_t all = board.flight.bytes();
      const std::uint32_t at = all == 0 ? 0 : random() % all;
      const Sequence begin = board.flight.acknowledged() + at;
      const std::uint32_t bytes = all == 0 ? 0 : random() % (all - at) + 1;
      switch (random() % 7) {
        case 0:
        case 1:
          board.append(random() % 5000 + 1, now);
          break;
        case 2:
          board.flight.acknowledge(board.flight.acknowledged() + bytes / 4,
                                   [](const FlightRange&, std::uint32_t, Sequence) {});
          break;
        case 3:
          board.flight.sack({begin, begin + bytes},
                            [](const FlightRange&, std::uint32_t, Sequence) {});
          break;
        case 4:
          if (random() % 8 == 0) {
            static_cast<void>(board.flight.lose_all());
          } else {
            static_cast<void>(board.flight.lose_first(random() % 2000 + 1));
          }
          break;
        case 5:
          if (const FlightRange* lost = board.flight.first_lost(board.flight.sent())) {
            const std::uint32_t part = random() % lost->bytes() + 1;
            board.flight.resend({lost->begin, lost->begin + part}, now, kTogether, {});
          }
          break;
        default:
          if (random() % 8 == 0) {
            board.flight.forget_sacks();
          } else if (random() % 8 == 0) {
            board.flight.find_all();
          }
      }
      CAPTURE(seed);
      CAPTURE(i);
      REQUIRE(board.flight.adds_up());
    }
  }
}

TEST_CASE("a SACK takes as long as it tells news, however many ranges there are") {
  Board board(4000);
  for (std::uint64_t ms = 0; ms < 450; ++ms) board.append(1000, milliseconds(ms));
  // Every second segment is missing, and each ACK names the last four that came.
  const auto sack = [&](std::uint32_t segment) {
    return board.flight.sack({kBegin + segment * 1000, kBegin + (segment + 1) * 1000},
                             [](const FlightRange&, std::uint32_t, Sequence) {});
  };
  for (std::uint32_t latest = 1; latest < 450; latest += 2) {
    for (std::uint32_t back = 0; back < 8 && back < latest; back += 2) {
      CHECK(sack(latest - back) <= (back == 0 ? 4 : 2));
    }
  }
  CHECK(board.flight.sacked() == 225 * 1000);
  CHECK(board.flight.adds_up());
  // A peer that names them in the worst order costs each time what it did before.
  for (std::uint32_t latest = 449; latest > 1; latest -= 2) CHECK(sack(latest) <= 450);
  CHECK(board.flight.adds_up());
}

TEST_CASE("marks of where SACKs and losses lie are right, whatever happens") {
  std::mt19937 random(7);
  for (const std::size_t ranges : {0UL, 10UL, 1000UL}) {
    Board board(ranges);
    std::uint32_t sent = 0;
    std::uint32_t acknowledged = 0;
    for (std::uint64_t ms = 0; ms < 20'000; ++ms) {
      const auto at = [&] { return acknowledged + random() % (sent - acknowledged + 1); };
      switch (random() % 8) {
        case 0:
          acknowledged = random() % 4 == 0 ? at() : acknowledged;
          static_cast<void>(board.acknowledge(acknowledged));
          break;
        case 1: {
          const std::uint32_t from = at();
          board.flight.lose({kBegin + from, kBegin + from + random() % 3000});
          break;
        }
        case 2:
          static_cast<void>(board.flight.lose_all());
          break;
        case 3:
          random() % 2 == 0 ? board.flight.find_all() : board.flight.forget_sacks();
          break;
        case 4:
        case 5: {
          const FlightRange* lost = board.flight.first_lost(kBegin + at());
          if (lost != nullptr) {
            const std::uint32_t bytes = random() % lost->bytes() + 1;
            board.flight.resend({lost->begin, lost->begin + bytes}, milliseconds(ms), kTogether,
                                {});
          }
          break;
        }
        default:
          if (sent - acknowledged < 200'000) board.append(1000, milliseconds(ms));
          sent = board.flight.sent() - kBegin;
          const std::uint32_t from = at();
          static_cast<void>(board.sack(from, std::min(from + 1500, sent)));
      }
      REQUIRE(board.flight.adds_up());
    }
  }
}
