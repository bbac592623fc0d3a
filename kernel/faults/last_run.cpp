// Keeps the run's record, and tells of the one before.
#include "kernel/faults/last_run.hpp"

#include <cstddef>

#include "kernel/console/console.hpp"
#include "kernel/console/harmless_text.hpp"
#include "kernel/console/number_text.hpp"
#include "kernel/cpu/barriers.hpp"
#include "kernel/memory/image.hpp"

namespace mote::last_run {
namespace {

static_assert(sizeof(RunRecord) <= kKeptBytes);

constinit RunRecord last{};
constinit bool is_known = false;

RunRecord& record() { return *reinterpret_cast<RunRecord*>(__kept); }

constexpr std::uint32_t whole_seconds(Nanoseconds time) {
  return static_cast<std::uint32_t>(time.value / milliseconds(1000).value);
}

// Whatever comes next may be the reset.
void close(RunRecord& run) {
  run.seal();
  compiler_barrier();
}

std::string_view in_words(RunEnd end) {
  switch (end) {
    case RunEnd::kReset:
      return "as it should, by a reset";
    case RunEnd::kOff:
      return "as it should, switched off";
    case RunEnd::kHalt:
      return "as it should, halted";
    case RunEnd::kPanic:
      return "by a panic: ";
    case RunEnd::kWatchdog:
      return "by the watchdog";
    case RunEnd::kSilent:
      break;
  }
  return "without a word (reset or watchdog)";
}

}  // namespace

void begin() {
  RunRecord& run = record();
  last = run;
  is_known = last.is_sound();
  run = {};
  if (is_known) {
    run.runs = last.runs + 1;
    run.ends = last.ends;
  }
  run.note_time(0);
  close(run);
}

void tell(bool by_watchdog) {
  if (!is_known) {
    return;
  }
  if (last.end == RunEnd::kSilent && by_watchdog) {
    last.end = RunEnd::kWatchdog;
  }
  RunRecord& run = record();
  ++run.ends[static_cast<std::size_t>(last.end)];
  close(run);
  const bool in_order =
      last.end == RunEnd::kReset || last.end == RunEnd::kOff || last.end == RunEnd::kHalt;
  const console::Fact fact(in_order);
  console::line("last run ended ", in_words(last.end), Harmless{last.words()}, ", ", last.seconds(),
                " s after boot");
}

void note(Nanoseconds now) { record().note_time(whole_seconds(now)); }

void end(RunEnd how) {
  RunRecord& run = record();
  run.note_time(whole_seconds(clock::now()));
  run.end = how;
  close(run);
}

void panicked(std::string_view words, std::uint64_t where) {
  RunRecord& run = record();
  if (run.end == RunEnd::kPanic) {
    return;
  }
  constexpr unsigned kDigits = 16;
  run.add(words.substr(0, RunRecord::kTextBytes - kDigits - 4));
  run.add(" at ");
  run.add(NumberText<16>(where, kDigits).text());
  end(RunEnd::kPanic);
}

std::string_view how() { return is_known ? name(last.end) : "none"; }

const std::array<std::uint32_t, kRunEnds>& ends() { return record().ends; }

std::string_view name(RunEnd end) {
  constexpr std::array<std::string_view, kRunEnds> kNames = {"silent", "reset", "off",
                                                             "halt",   "panic", "watchdog"};
  return kNames[static_cast<std::size_t>(end)];
}

}  // namespace mote::last_run
