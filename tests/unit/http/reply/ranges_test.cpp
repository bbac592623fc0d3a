// Ranges (RFC 9110, 14): parsing, joining, and the assembly of parts.
#include "http/reply/ranges.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/limits.hpp"
#include "http/reply/reply_tail.hpp"
#include "kernel/memory/ram_share.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"

using namespace mote::http;
using mote::http_world::bytes_of;
using Kind = RangeSet::Kind;
using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

namespace {

constexpr std::string_view kTag = "\"tag\"";
constexpr std::uint64_t kPart = 100;  // the cost of a part

RangeSet read(std::string_view fields, std::uint64_t size = 10'000) {
  return RangeSet::read(fields, {kTag}, size, kPart);
}

RangeSet of(std::string_view value, std::uint64_t size = 10'000) {
  return read("Range: " + std::string(value) + "\r\n", size);
}

Pairs pairs(const RangeSet& set) {
  CHECK(set.kind() == Kind::kSome);
  Pairs found;
  for (const ByteRange& range : set.ranges()) {
    found.emplace_back(range.first, range.last);
  }
  return found;
}

}  // namespace

TEST_CASE("single ranges and suffixes (14.1.2)") {
  CHECK(pairs(of("bytes=0-499")) == Pairs{{0, 499}});
  CHECK(pairs(of("bytes=500-999")) == Pairs{{500, 999}});
  CHECK(pairs(of("bytes=-500")) == Pairs{{9500, 9999}});
  CHECK(pairs(of("bytes=9500-")) == Pairs{{9500, 9999}});
  CHECK(pairs(of("bytes=0-0")) == Pairs{{0, 0}});
  CHECK(pairs(of("bytes=-1")) == Pairs{{9999, 9999}});
  CHECK(pairs(of("bytes=0-")) == Pairs{{0, 9999}});
  CHECK(pairs(of("bytes=9999-9999")) == Pairs{{9999, 9999}});
  CHECK(pairs(of("Bytes=1-2")) == Pairs{{1, 2}});  // 14.1: units in any case
  // A range beyond the end is cut off there.
  CHECK(pairs(of("bytes=9000-10000")) == Pairs{{9000, 9999}});
  CHECK(pairs(of("bytes=-10001")) == Pairs{{0, 9999}});
  CHECK(pairs(of("bytes=1-99999999999999999999999999")) == Pairs{{1, 9999}});
  CHECK(pairs(of("bytes=-18446744073709551616")) == Pairs{{0, 9999}});
  CHECK(pairs(of("bytes=007-008")) == Pairs{{7, 8}});
}

TEST_CASE("unsatisfiable ranges (14.1.2 and 15.5.17)") {
  for (const char* value : {"bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=-000",
                            "bytes=18446744073709551615-", "bytes=18446744073709551616-",
                            "bytes=10000-,-0,20000-30000"}) {
    CAPTURE(value);
    CHECK(of(value).kind() == Kind::kUnsatisfiable);
  }
  CHECK(pairs(of("bytes=10000-, 5-6")) == Pairs{{5, 6}});  // one satisfiable range is enough
  CHECK(of("bytes=0-", 0).kind() == Kind::kUnsatisfiable);
  CHECK(of("bytes=0-0", 0).kind() == Kind::kUnsatisfiable);
  CHECK(of("bytes=-5", 0).kind() == Kind::kWhole);  // satisfiable, but empty
}

TEST_CASE("malformed sets and other units are ignored (14.2)") {
  for (const char* value : {"",
                            "bytes",
                            "bytes=",
                            "bytes=,",
                            "bytes=-",
                            "bytes=a",
                            "bytes=1",
                            "bytes=1-a",
                            "bytes=a-1",
                            "bytes=5-4",
                            "bytes=1--2",
                            "bytes=--1",
                            "bytes=1-2-3",
                            "bytes=+1-2",
                            "bytes=0x1-2",
                            "bytes=1 - 2",
                            "bytes=1- 2",
                            "bytes 1-2",
                            "bytes =1-2",
                            "bytes:1-2",
                            "lines=1-2",
                            "bytesbytes=1-2",
                            "bytes=0-1;2-3",
                            "bytes=0-1,x",
                            "bytes=x,0-1",
                            "bytes=10000-,x",
                            "seconds=0-1",
                            "1-2",
                            "bytes=1-2 3-4",
                            "bytes=18446744073709551616-1"}) {
    CAPTURE(value);
    CHECK(of(value).kind() == Kind::kWhole);
  }
  CHECK(read("Accept: a\r\n").kind() == Kind::kWhole);
  CHECK(read("Range: bytes=0-1\r\nRange: bytes=0-1\r\n").kind() == Kind::kWhole);
}

TEST_CASE("lists with blanks and empty members (5.6.1.2)") {
  CHECK(pairs(of("bytes=0-1, 500-501 ,,\t900-901,")) == Pairs{{0, 1}, {500, 501}, {900, 901}});
}

TEST_CASE("ranges that overlap, touch or are near each other are joined (15.3.7.2)") {
  CHECK(pairs(of("bytes=0-9,5-20")) == Pairs{{0, 20}});
  CHECK(pairs(of("bytes=0-9,10-20")) == Pairs{{0, 20}});
  CHECK(pairs(of("bytes=10-20,0-9")) == Pairs{{0, 20}});
  CHECK(pairs(of("bytes=0-9,0-9,0-9")) == Pairs{{0, 9}});
  CHECK(pairs(of("bytes=0-9999,5-6")) == Pairs{{0, 9999}});
  CHECK(pairs(of("bytes=5-6,0-9999")) == Pairs{{0, 9999}});
  CHECK(pairs(of("bytes=0-0,101-101")) == Pairs{{0, 101}});            // 100 between
  CHECK(pairs(of("bytes=0-0,102-102")) == Pairs{{0, 0}, {102, 102}});  // 101
  CHECK(pairs(of("bytes=102-102,0-0")) == Pairs{{102, 102}, {0, 0}});  // the order is kept
}

TEST_CASE("a range between two others joins them, in the place of the first") {
  CHECK(pairs(of("bytes=5000-5001,0-0,9000-9001,300-300,90-210")) ==
        Pairs{{5000, 5001}, {0, 300}, {9000, 9001}});
  CHECK(pairs(of("bytes=300-300,5000-5001,0-0,90-210,6000-6000")) ==
        Pairs{{0, 300}, {5000, 5001}, {6000, 6000}});
}

TEST_CASE("random sets: every requested byte, none far from one, no two parts near each other") {
  std::mt19937 random(1);
  for (int round = 0; round < 2'000; ++round) {
    const std::uint64_t size = 1 + random() % 3000;
    std::string value = "bytes=";
    std::vector<bool> asked(size);
    const unsigned count = 1 + random() % 16;
    for (unsigned index = 0; index < count; ++index) {
      const std::uint64_t first = random() % size;
      const std::uint64_t last = std::min(size - 1, first + random() % 200);
      value += (index > 0 ? "," : "") + std::to_string(first) + "-" + std::to_string(last);
      std::fill(asked.begin() + first, asked.begin() + last + 1, true);
    }
    CAPTURE(value);
    const RangeSet set = of(value, size);
    REQUIRE(set.kind() == Kind::kSome);
    std::vector<bool> given(size);
    for (const ByteRange& range : set.ranges()) {
      REQUIRE(range.first <= range.last);
      REQUIRE(range.last < size);
      REQUIRE((asked[range.first] && asked[range.last]));
      std::fill(given.begin() + range.first, given.begin() + range.last + 1, true);
      for (const ByteRange& other : set.ranges()) {
        REQUIRE((&other == &range || other.first > range.last + kPart + 1 ||
                 range.first > other.last + kPart + 1));
      }
    }
    for (std::size_t at = 0; at < size; ++at) {
      if (asked[at]) {
        REQUIRE(given[at]);
      }
    }
  }
}

// zsync asks for 20 ranges at a time, in ascending order; Apache's limit is 200.
TEST_CASE("more than two hundred ranges get the whole (14.2 and 17.15)") {
  constexpr std::uint64_t kSize = 200'000;
  std::string value = "bytes=0-0";
  for (unsigned count = 1; count < mote::limits::kRanges; ++count) {
    value += "," + std::to_string(count * 500) + "-" + std::to_string(count * 500);
  }
  CHECK(of(value, kSize).ranges().size() == 200);
  CHECK(of(value + ",190000-190000", kSize).kind() == Kind::kWhole);
  CHECK(of(value + ",99500-99500", kSize).kind() == Kind::kWhole);  // even one that would be joined
  CHECK(of(value + ",200000-", kSize).kind() == Kind::kWhole);      // or is unsatisfiable
}

TEST_CASE("many ranges that don't ascend get the whole (14.2)") {
  const auto descending = [](unsigned count) {
    std::string value = "bytes=";
    while (count-- > 0) {
      value += std::to_string(count * 500) + "-" + std::to_string(count * 500) + ",";
    }
    return value;
  };
  CHECK(of(descending(16)).ranges().size() == 16);
  CHECK(of(descending(17)).kind() == Kind::kWhole);
  std::string value = "bytes=";
  for (unsigned count = 0; count < 20; ++count) {
    value += std::to_string(count * 300) + "-" + std::to_string(count * 300) + ",";
  }
  CHECK(of(value + "6000-").ranges().size() == 21);
  CHECK(of(value + "0-0").kind() == Kind::kWhole);
  CHECK(of("bytes=0-0,700-,0-0,600-").kind() == Kind::kSome);
  CHECK(of(descending(16) + "9500-").kind() == Kind::kWhole);
}

TEST_CASE("a representation of more than 4 GiB is sent whole") {
  CHECK(of("bytes=0-0", std::uint64_t{1} << 32).kind() == Kind::kSome);
  CHECK(pairs(of("bytes=-1", std::uint64_t{1} << 32)) == Pairs{{0xFFFF'FFFF, 0xFFFF'FFFF}});
  CHECK(of("bytes=0-0,-1", std::uint64_t{1} << 32).ranges().size() == 2);
  CHECK(of("bytes=-1,0-0", std::uint64_t{1} << 32).ranges().size() == 2);
  CHECK(of("bytes=0-0", (std::uint64_t{1} << 32) + 1).kind() == Kind::kWhole);
}

// apt resumes with a date alone.
TEST_CASE("If-Range (13.1.5): a strong date, and exactly the same one") {
  constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr std::uint64_t kSecond = 784'111'777;
  const auto kind = [](std::string_view condition, std::uint64_t date) {
    const std::string fields = "If-Range: " + std::string(condition) + "\r\nRange: bytes=0-1\r\n";
    return RangeSet::read(fields, {kTag, date}, 10'000, kPart).kind();
  };
  CHECK(kind(kDate, kSecond) == Kind::kSome);
  CHECK(kind("Sunday, 06-Nov-94 08:49:37 GMT", kSecond) == Kind::kSome);
  CHECK(kind(kDate, kSecond - 1) == Kind::kWhole);
  CHECK(kind(kDate, kSecond + 1) == Kind::kWhole);
  CHECK(kind(kDate, 0) == Kind::kWhole);  // no strong date
  CHECK(kind("Thu, 01 Jan 1970 00:00:00 GMT", 0) == Kind::kWhole);
  CHECK(kind("yesterday", kSecond) == Kind::kWhole);
  CHECK(kind(kTag, kSecond) == Kind::kSome);
  CHECK(kind("W/\"tag\"", kSecond) == Kind::kWhole);
}

TEST_CASE("If-Range (13.1.5): a strong comparison") {
  const auto kind = [](std::string_view condition) {
    return read("If-Range: " + std::string(condition) + "\r\nRange: bytes=0-1\r\n").kind();
  };
  CHECK(kind("\"tag\"") == Kind::kSome);
  CHECK(kind("\"other\"") == Kind::kWhole);
  CHECK(kind("W/\"tag\"") == Kind::kWhole);
  CHECK(kind("tag") == Kind::kWhole);
  CHECK(kind("*") == Kind::kWhole);
  CHECK(kind("") == Kind::kWhole);
  CHECK(kind("\"tag\", \"other\"") == Kind::kWhole);
  CHECK(kind("Sun, 06 Nov 1994 08:49:37 GMT") == Kind::kWhole);
  CHECK(read("Range: bytes=0-1\r\nIF-RANGE: \"other\"\r\n").kind() == Kind::kWhole);
  CHECK(read("Range: bytes=0-1\r\nIf-Range: \"tag\"\r\nIf-Range: \"x\"\r\n").kind() ==
        Kind::kWhole);
  // Without a match even an unsatisfiable range is ignored.
  CHECK(read("Range: bytes=10000-\r\nIf-Range: \"x\"\r\n").kind() == Kind::kWhole);
}

TEST_CASE("a multipart/byteranges (14.6): the announced lengths are those sent") {
  const std::string body = [] {
    std::string text(1'000'000, '\0');
    for (std::size_t at = 0; at < text.size(); ++at) {
      text[at] = static_cast<char>(at % 251);
    }
    return text;
  }();
  mote::http_world::next_random = 0xAB;
  ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kLong);
  REQUIRE(tail != nullptr);
  const ByteRange ranges[] = {{0, 9}, {999'999, 999'999}, {500, 70'499}};
  constexpr std::string_view kType = "Content-Encoding: br\r\nContent-Type: text/css\r\n";
  const std::uint64_t bytes = tail->append_parts(body, kType, ranges);
  CHECK(tail->boundary() == "00000000000000ab");
  const std::string sent = bytes_of({.tail = tail});
  CHECK(sent.size() == bytes);
  const auto head = [&](const char* range) {
    return "\r\n--00000000000000ab\r\nContent-Range: bytes " + std::string(range) + "/1000000\r\n" +
           std::string(kType) + "\r\n";
  };
  CHECK(sent == head("0-9") + body.substr(0, 10) + head("999999-999999") + body.substr(999'999) +
                    head("500-70499") + body.substr(500, 70'000) + "\r\n--00000000000000ab--\r\n");
  CHECK(ReplyTail::part_head_bytes(ranges[0], body.size(), kType) == head("0-9").size());
  CHECK(ReplyTail::in_use() == 0);
}

TEST_CASE("boundaries differ from reply to reply") {
  ReplyTail* const first = ReplyTail::take(ReplyTail::Hold::kShort);
  ReplyTail* const second = ReplyTail::take(ReplyTail::Hold::kShort);
  const ByteRange ranges[] = {{0, 0}};
  CHECK(first->append_parts("a", "", ranges) == second->append_parts("a", "", ranges));
  CHECK(first->boundary() != second->boundary());
  CHECK(first->boundary().size() >= 16);
  first->release();
  second->release();
}

TEST_CASE("long texts come in pieces, and a tail may be given up at any of them") {
  const std::string text(mote::limits::kReplyTextBytes, 'x');
  for (unsigned pieces = 0;; ++pieces) {
    ReplyTail* tail = ReplyTail::take(ReplyTail::Hold::kShort);
    tail->text().add(text);
    tail->append("body");
    mote::Piece piece;
    bool is_copied = false;
    std::string sent;
    for (unsigned count = 0; count < pieces && tail != nullptr; ++count) {
      tail = tail->next(piece, is_copied);
      sent += piece.text();
    }
    if (tail == nullptr) {
      CHECK(sent == text + "body");
      break;
    }
    tail->release();
    CHECK(ReplyTail::in_use() == 0);
  }
  ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort);
  tail->text().add(text);
  CHECK_FALSE(tail->text().overflowed());
  tail->text().add('x');
  CHECK(tail->text().overflowed());
  tail->release();
}

TEST_CASE("the pool can run out, and long holders leave some to others") {
  std::vector<ReplyTail*> taken;
  while (ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kLong)) {
    taken.push_back(tail);
  }
  const std::size_t all = mote::limits::kReplyTails / mote::RamShare::kLeast;
  CHECK(taken.size() == all - all / mote::limits::kTailsShare);
  while (ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort)) {
    taken.push_back(tail);
  }
  CHECK(taken.size() == all);
  CHECK(ReplyTail::in_use() == all);
  taken[7]->release();
  CHECK(ReplyTail::take(ReplyTail::Hold::kLong) == nullptr);
  CHECK(ReplyTail::take(ReplyTail::Hold::kShort) == taken[7]);
  for (ReplyTail* const tail : taken) {
    tail->release();
  }
  CHECK(ReplyTail::in_use() == 0);
}
