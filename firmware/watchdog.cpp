// Joins the driver of the watchdog timer to the run loop.
#include "firmware/watchdog.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "drivers/i6300esb/watchdog.hpp"
#include "firmware/limits.hpp"
#include "kernel/console/console.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::watchdog {
namespace {

constinit std::optional<i6300esb::Watchdog> timer;
constinit bool is_running = false;
constinit Nanoseconds next_feed{};

}  // namespace

bool find() {
  timer.reset();
  is_running = false;
  const auto found = std::ranges::find_if(pci::functions(), i6300esb::Watchdog::knows);
  if (found == pci::functions().end()) {
    return false;
  }
  if (const std::string_view complaint = timer.emplace().open(*found); !complaint.empty()) {
    console::line("watchdog: i6300esb, ", complaint);
    timer.reset();
  }
  return timer && timer->has_fired();
}

void start(Nanoseconds now) {
  if (!timer) {
    return;
  }
  is_running = timer->start(milliseconds(limits::kWatchdogMs));
  next_feed = now + milliseconds(limits::kWatchdogFeedMs);
  const console::Fact fact(is_running);
  if (is_running) {
    console::line("watchdog: i6300esb, ", limits::kWatchdogMs / 1000, " s");
  } else {
    console::line("watchdog: i6300esb, locked by firmware, not used");
  }
}

void look(Nanoseconds now) {
  if (is_running && now >= next_feed) {
    next_feed = now + milliseconds(limits::kWatchdogFeedMs);
    timer->feed();
  }
}

void stop() {
  if (is_running) {
    is_running = false;
    timer->stop();
  }
}

}  // namespace mote::watchdog
