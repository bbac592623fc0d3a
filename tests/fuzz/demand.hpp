// What a fuzzer demands of the code under test; what doesn't hold ends it, and libFuzzer keeps the
// input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace mote::fuzz {

inline void demand(bool holds, std::string_view what) {
  if (!holds) {
    std::fprintf(stderr, "demand: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
  }
}

}  // namespace mote::fuzz
