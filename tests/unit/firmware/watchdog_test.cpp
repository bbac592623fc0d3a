// Tests of when the watchdog timer is fed, and when it isn't there.
#include "firmware/watchdog.hpp"

#include <doctest/doctest.h>

#include "tests/unit/drivers/i6300esb/fake_timer.hpp"
#include "tests/unit/fake_console.hpp"

namespace mote {
namespace {

using i6300esb::Pc;

bool find() {
  console::written().clear();
  static_cast<void>(Pc::found());
  return watchdog::find();
}

TEST_CASE("it runs from the start on, is fed once a second, and stops when told") {
  Pc pc;
  CHECK_FALSE(find());
  watchdog::look(milliseconds(5'000));
  CHECK(pc.reloads == 0);  // not before it is started
  watchdog::start(milliseconds(5'100));
  CHECK(console::written() == "watchdog: i6300esb, 10 s\n");
  REQUIRE(pc.patience_ms().has_value());
  CHECK(*pc.patience_ms() / 100 == 99);
  CHECK(pc.reloads == 1);
  for (unsigned quarter = 1; quarter <= 12; ++quarter) {
    watchdog::look(milliseconds(5'100 + 250 * quarter));
  }
  CHECK(pc.reloads == 4);
  watchdog::look(milliseconds(60'000));  // after a pause it is fed once, not once for each second
  watchdog::look(milliseconds(60'250));
  CHECK(pc.reloads == 5);
  watchdog::stop();
  CHECK_FALSE(pc.patience_ms().has_value());
  watchdog::look(milliseconds(90'000));
  CHECK(pc.reloads == 5);
}

TEST_CASE("it tells that it ended the last run") {
  Pc pc;
  pc.has_fired = true;
  CHECK(find());
  watchdog::start({});
  CHECK_FALSE(find());
}

TEST_CASE("without one, or with one that can't be used, nothing is written") {
  Pc pc;
  pc.timer.put<std::uint8_t>(0x68, 0b001);
  CHECK_FALSE(find());
  watchdog::start({});
  CHECK(console::written() == "watchdog: i6300esb, locked by firmware, not used\n");
  paging::fake().can_map = false;
  pc.has_fired = true;
  CHECK_FALSE(find());
  CHECK(console::written() == "watchdog: i6300esb, its registers can't be mapped\n");
  paging::fake().can_map = true;
  pc.timer.put<std::uint32_t>(0, 0x1041'1AF4);
  CHECK_FALSE(find());
  watchdog::start({});
  watchdog::look(milliseconds(5'000));
  watchdog::stop();
  CHECK(console::written().empty());
  CHECK(pc.writes.empty());
}

}  // namespace
}  // namespace mote
