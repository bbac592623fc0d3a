// Tests of the sums over the kernel that the UEFI loader carries.
#include "boot/uefi/embedded_kernel.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

namespace mote::uefi {
namespace {

struct Carried {
  alignas(8) std::array<std::byte, sizeof(EmbeddedKernel) + 1024> bytes{};

  Carried() {
    EmbeddedKernel header{EmbeddedKernel::kMagic, 1024, 0x100000, 0x228000, 0x100050, 0, 0, 0};
    for (std::size_t i = 0; i < 128; ++i) {
      const std::uint64_t word = 0x9E37'79B9'7F4A'7C15 * (i + 1);
      std::memcpy(bytes.data() + sizeof(header) + 8 * i, &word, 8);
      header.sum += word;
      header.sums += header.sum;
    }
    std::memcpy(bytes.data(), &header, sizeof(header));
  }
  [[nodiscard]] const EmbeddedKernel& kernel() const {
    return *reinterpret_cast<const EmbeddedKernel*>(bytes.data());
  }
};

TEST_CASE("a whole kernel is sound, and a damaged one isn't") {
  Carried carried;
  CHECK(carried.kernel().is_sound());
  CHECK(carried.kernel().range().begin == 0x100000);
  CHECK(carried.kernel().memory().size() == 1024);
  CHECK(carried.kernel().memory().data() == carried.bytes.data() + 40);
  for (std::size_t at = sizeof(EmbeddedKernel); at < carried.bytes.size(); ++at) {
    Carried damaged;
    damaged.bytes[at] ^= std::byte{0x10};
    CHECK_FALSE(damaged.kernel().is_sound());
  }
  Carried swapped;
  std::swap_ranges(swapped.bytes.begin() + 40, swapped.bytes.begin() + 48,
                   swapped.bytes.begin() + 48);
  CHECK_FALSE(swapped.kernel().is_sound());
  Carried other;
  other.bytes[0] ^= std::byte{1};
  CHECK_FALSE(other.kernel().is_sound());
}

}  // namespace
}  // namespace mote::uefi
