// An interface's complaints on the console, limited so that no peer can fill it with lines.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "kernel/console/console.hpp"
#include "kernel/time/clock.hpp"

namespace mote::netstack {

// Prints each reason at most once in a period, in a line that begins with the interface's name.
class Complaints {
 public:
  static constexpr Nanoseconds kPeriod = milliseconds(60'000);

  // The interface's number, for the console.
  void set_index(unsigned index) { index_ = index; }

  // Prints `parts`. Two literals make up the reason: what is wrong, and how. They are compared by
  // address.
  template <typename... Parts>
  void say(std::string_view what, std::string_view how, const Parts&... parts) {
    if (is_due(what, how)) {
      console::line("net", index_, ": ", parts...);
    }
  }

 private:
  struct Said {
    std::uint32_t reason = 0;  // 0: none
    std::uint32_t next_s = 0;  // when it may be printed again
  };

  [[nodiscard]] bool is_due(std::string_view what, std::string_view how) {
    const auto place = [](std::string_view text) {
      return static_cast<std::uint32_t>(std::bit_cast<std::uintptr_t>(text.data()));
    };
    const std::uint32_t reason = place(what) * 31 + place(how);
    const auto now_s = static_cast<std::uint32_t>(clock::now().value / milliseconds(1000).value);
    for (Said& said : said_) {
      if (said.reason != 0 && said.reason != reason) {
        continue;
      }
      if (said.reason != 0 && now_s < said.next_s) {
        return false;
      }
      said = {reason, now_s + static_cast<std::uint32_t>(kPeriod.value / milliseconds(1000).value)};
      return true;
    }
    return false;
  }

  unsigned index_ = 0;
  std::array<Said, 40> said_{};  // more than there are reasons
};

}  // namespace mote::netstack
