// Tests of what the next run says of the last: a story of resets, with RAM kept between them.
#include "kernel/faults/last_run.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "kernel/console/console.hpp"
#include "kernel/memory/image.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {
namespace {

std::uint32_t ended(RunEnd end) { return last_run::ends()[static_cast<std::size_t>(end)]; }

// A run begins; returns what it says of the last.
std::string boot(bool by_watchdog = false) {
  console::written().clear();
  last_run::begin();
  last_run::tell(by_watchdog);
  return console::written();
}

struct Ram {
  Ram() { lose(); }
  static void lose() { std::memset(__kept, 0, kKeptBytes); }
  FakeMachine machine;
};

TEST_CASE("nothing is said after power-on, or if the record is damaged") {
  const Ram ram;
  CHECK(boot().empty());
  CHECK(last_run::how() == "none");
  last_run::panicked("divide error", 0x10'0010);
  __kept[8] ^= std::byte{1};
  CHECK(boot().empty());
  CHECK(last_run::how() == "none");
  CHECK(ended(RunEnd::kPanic) == 0);
}

TEST_CASE("a panic is told with its words, its place and its time, once") {
  const Ram ram;
  boot();
  last_run::note(milliseconds(7'999));
  last_run::panicked("page fault", 0x10'0ABC);
  last_run::panicked("double fault", 0x10'0DEF);  // by the first's output
  const std::string told = boot();
  CHECK(told.starts_with("last run ended by a panic: page fault at 0000000000100abc, "));
  CHECK(told.ends_with(" s after boot\n"));
  CHECK(last_run::how() == "panic");
  CHECK(ended(RunEnd::kPanic) == 1);
  CHECK(boot() == "last run ended without a word (reset or watchdog), 0 s after boot\n");
  CHECK(ended(RunEnd::kPanic) == 1);
  CHECK(ended(RunEnd::kSilent) == 1);
}

TEST_CASE("a panic's words are shortened before its place is, and printed without control codes") {
  const Ram ram;
  boot();
  last_run::panicked("\33[2Jred" + std::string(60, 'x'), 0x10'0ABC);
  CHECK(boot().starts_with("last run ended by a panic: ?[2Jred" + std::string(37, 'x') +
                           " at 0000000000100abc, "));
}

TEST_CASE("a run that was cut off is told with the last time that it noted") {
  const Ram ram;
  boot();
  last_run::note(milliseconds(7'999));
  CHECK(boot() == "last run ended without a word (reset or watchdog), 7 s after boot\n");
  CHECK(last_run::how() == "silent");
  last_run::note(milliseconds(61'000));
  CHECK(boot(true) == "last run ended by the watchdog, 61 s after boot\n");
  CHECK(last_run::how() == "watchdog");
  CHECK(ended(RunEnd::kSilent) == 1);
  CHECK(ended(RunEnd::kWatchdog) == 1);
}

TEST_CASE("a run that ended as it was asked says so, unless the console is quiet") {
  const Ram ram;
  boot();
  last_run::end(RunEnd::kReset);
  CHECK(boot(true).starts_with("last run ended as it should, by a reset, "));
  last_run::end(RunEnd::kOff);
  CHECK(boot().starts_with("last run ended as it should, switched off, "));
  last_run::end(RunEnd::kHalt);
  CHECK(boot().starts_with("last run ended as it should, halted, "));
  console::set_quiet(true);
  last_run::end(RunEnd::kReset);
  CHECK(boot().empty());
  last_run::panicked("abort", 0);
  CHECK(!boot().empty());
  console::set_quiet(false);
  CHECK(ended(RunEnd::kReset) == 2);
  CHECK(last_run::name(RunEnd::kReset) == "reset");
}

}  // namespace
}  // namespace mote
