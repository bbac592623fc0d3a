// An assertion by fakes and fuzzers about the code under test. If it fails, the program aborts, and
// libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace mote::fakes {

inline void demand(bool holds, std::string_view what) {
  if (!holds) {
    std::fprintf(stderr, "demand: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
  }
}

}  // namespace mote::fakes

namespace mote::fuzz {

using fakes::demand;

}  // namespace mote::fuzz
