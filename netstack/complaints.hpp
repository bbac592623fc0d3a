// What an interface has complained of on the console, so that no peer can fill it with lines.
#pragma once

#include <array>
#include <string_view>

#include "kernel/clock.hpp"
#include "kernel/console.hpp"

namespace mote::netstack {

// Each reason is said at most once in a period, as a line that begins with the interface's name.
class Complaints {
 public:
  static constexpr Nanoseconds kPeriod = milliseconds(60'000);

  // Whose they are: its number on the console.
  void set_index(unsigned index) { index_ = index; }

  // Says `parts`. Two literals make the reason: what is wrong, and how; they are told apart by
  // where they lie.
  template <typename... Parts>
  void say(std::string_view what, std::string_view how, const Parts&... parts) {
    if (is_due(what, how)) console::line("net", index_, ": ", parts...);
  }

 private:
  struct Said {
    const char* what = nullptr;
    const char* how = nullptr;
    Nanoseconds next;
  };

  [[nodiscard]] bool is_due(std::string_view what, std::string_view how) {
    const Nanoseconds now = clock::now();
    for (Said& said : said_) {
      const bool is_free = said.what == nullptr;
      if (!is_free && (said.what != what.data() || said.how != how.data())) continue;
      if (!is_free && now < said.next) return false;
      said = {what.data(), how.data(), now + kPeriod};
      return true;
    }
    return false;
  }

  unsigned index_ = 0;
  std::array<Said, 40> said_{};  // more than there are reasons
};

}  // namespace mote::netstack
