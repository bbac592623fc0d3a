// CRC-32 by "slicing-by-8" (Kounavis, Berry: A Systematic Approach to Building High Performance,
// Software-based, CRC Generators, 2005).
#include "http/pack/crc32.hpp"

#include <array>
#include <utility>

namespace mote::http {
namespace {

constexpr std::uint32_t kPolynomial = 0xEDB8'8320;  // of ISO 3309, bits reversed
constexpr std::size_t kSlices = 8;

using Table = std::array<std::uint32_t, 256>;

// 8 KiB, computed on first use: as constants they would be the largest part of the image's data.
// tables[k][b] is what byte b contributes when k more bytes follow it in the same step.
constinit std::array<Table, kSlices> tables{};

void make_tables() {
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    }
    tables[0][byte] = value;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t value = tables[slice - 1][byte];
      tables[slice][byte] = (value >> 8) ^ tables[0][value & 0xFF];
    }
  }
}

std::uint64_t load64(const std::byte* bytes) {
  std::uint64_t value;
  __builtin_memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace

std::uint32_t crc32(std::uint32_t before, std::span<const std::byte> bytes) {
  if (tables[0][1] == 0) {
    make_tables();
  }
  std::uint32_t value = ~before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= kSlices; left -= kSlices, at += kSlices) {
    const std::uint64_t word = load64(at) ^ value;
    value = [&]<std::size_t... kSlice>(std::index_sequence<kSlice...>) {
      return (tables[kSlices - 1 - kSlice][(word >> (8 * kSlice)) & 0xFF] ^ ...);
    }(std::make_index_sequence<kSlices>{});
  }
  for (; left > 0; --left, ++at) {
    value = (value >> 8) ^ tables[0][(value ^ static_cast<std::uint32_t>(*at)) & 0xFF];
  }
  return ~value;
}

}  // namespace mote::http
