// An assertion about the code under test; if it fails, the fuzzer ends, and libFuzzer keeps the
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
