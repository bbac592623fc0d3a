// Prints text of unknown origin, shortened and without characters that a terminal might obey.
#pragma once

#include <cstddef>
#include <string_view>

#include "kernel/console/console.hpp"

namespace mote {

struct Harmless {
  std::string_view text;
};

inline void print_to(Harmless harmless) {
  constexpr std::size_t kMost = 64;
  for (const char c : harmless.text.substr(0, kMost)) {
    console::print_to(c >= ' ' && c <= '~' ? c : '?');
  }
  console::print_to(std::string_view(harmless.text.size() > kMost ? "..." : ""));
}

}  // namespace mote
