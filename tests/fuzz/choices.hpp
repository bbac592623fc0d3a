// Each choice in a life: made by the input while it lasts, then by chance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

#include "tests/fuzz/script.hpp"

namespace mote::fuzz {

class Choices {
 public:
  // The same input makes the same choices, including those after its end.
  Choices(const std::uint8_t* data, std::size_t size) : script_(data, size) {
    std::uint32_t hash = 2'166'136'261;  // FNV-1a
    for (std::size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 16'777'619;
    chance_.seed(hash);
  }

  // A number from 0 to n - 1; 0 if n is 0.
  std::uint32_t below(std::uint32_t n) {
    if (n < 2) return 0;
    if (script_.empty()) return static_cast<std::uint32_t>(chance_()) % n;
    return (n <= 256 ? script_.byte() : script_.word()) % n;
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  std::uint32_t any() { return static_cast<std::uint32_t>(chance_()); }

  template <typename T, std::size_t N>
  const T& of(const T (&values)[N]) {
    return values[below(N)];
  }

 private:
  Script script_;
  std::mt19937 chance_;
};

}  // namespace mote::fuzz
