// Tests of the 6300ESB's watchdog timer: its registers, its key, its time, and its lock.
#include "drivers/i6300esb/watchdog.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/drivers/i6300esb/fake_timer.hpp"

namespace mote::i6300esb {
namespace {

Watchdog opened() {
  Watchdog watchdog;
  REQUIRE(Watchdog::knows(Pc::found()));
  REQUIRE(watchdog.open(Pc::found()).empty());
  return watchdog;
}

TEST_CASE("it is known by its identifiers only") {
  Pc pc;
  CHECK(Watchdog::knows(Pc::found()));
  pc.timer.put<std::uint32_t>(0, 0x25AC'8086);
  CHECK_FALSE(Watchdog::knows(Pc::found()));
  pc.timer.put<std::uint32_t>(0, 0x25AB'8087);
  CHECK_FALSE(Watchdog::knows(Pc::found()));
}

TEST_CASE("opening it starts nothing, and tells whether it fired") {
  Pc pc;
  CHECK_FALSE(opened().has_fired());
  pc.has_fired = true;
  CHECK(opened().has_fired());
  CHECK_FALSE(pc.patience_ms().has_value());
  CHECK(pc.writes.empty());
}

TEST_CASE("started, it waits as long as told, in whole, and forgets that it fired") {
  Pc pc;
  pc.has_fired = true;
  const Watchdog watchdog = opened();
  for (const std::uint64_t wanted : {100, 1'000, 10'000, 600'000}) {
    REQUIRE(watchdog.start(milliseconds(wanted)));
    REQUIRE(pc.patience_ms().has_value());
    CHECK(static_cast<double>(*pc.patience_ms()) ==
          doctest::Approx(static_cast<double>(wanted)).epsilon(0.02));
  }
  CHECK(pc.timer.get<std::uint16_t>(0x60) == 0x2003);  // no interrupt, and the reserved bit as was
  CHECK_FALSE(pc.has_fired);
  CHECK(pc.reloads == 4);
  REQUIRE(watchdog.start(milliseconds(0)));
  CHECK(pc.preload[0] == 1);
  REQUIRE(watchdog.start(milliseconds(1'000'000'000)));
  CHECK(pc.preload[1] == 0xF'FFFF);
}

TEST_CASE("feeding is the key and the reload, three writes") {
  Pc pc;
  const Watchdog watchdog = opened();
  REQUIRE(watchdog.start(milliseconds(10'000)));
  pc.writes.clear();
  watchdog.feed();
  CHECK(pc.writes == std::vector{Pc::write16(kWindow + 0xC, 0x80), Pc::write16(kWindow + 0xC, 0x86),
                                 Pc::write16(kWindow + 0xC, 0x100)});
  watchdog.stop();
  CHECK_FALSE(pc.patience_ms().has_value());
}

TEST_CASE("locked as a watchdog it is used; locked otherwise it is left alone") {
  Pc pc;
  const Watchdog watchdog = opened();
  pc.timer.put<std::uint8_t>(0x68, 0b011);
  CHECK(watchdog.start(milliseconds(10'000)));
  CHECK(pc.timer.get<std::uint8_t>(0x68) == 0b011);
  for (const std::uint8_t lock : {0b001, 0b101, 0b111}) {
    pc.timer.put<std::uint8_t>(0x68, lock);
    pc.writes.clear();
    CHECK_FALSE(watchdog.start(milliseconds(10'000)));
    CHECK(pc.writes.empty());
  }
}

TEST_CASE("registers that are no memory, or out of reach, are complained of") {
  Pc pc;
  paging::fake().can_map = false;
  Watchdog watchdog;
  CHECK(watchdog.open(Pc::found()) == "its registers can't be mapped");
  Pc::put_bar(pc.timer, 0, 0x1000, 0x10, true);
  CHECK(watchdog.open(Pc::found()) == "its registers have no place in memory");
}

}  // namespace
}  // namespace mote::i6300esb
