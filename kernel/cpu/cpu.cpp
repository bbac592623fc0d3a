// The CPU's brand string (Intel SDM 2A, CPUID leaves 80000002h to 80000004h).
#include "kernel/cpu/cpu.hpp"

#include <bit>
#include <cstddef>

namespace mote::cpu {

Brand::Brand() {
  constexpr std::uint32_t kLeaves = 3;
  if (last_leaf(kExtendedLeaf) < kBrandLeaf + kLeaves - 1) {
    return;
  }
  for (std::uint32_t i = 0; i < kLeaves; ++i) {
    const auto part = std::bit_cast<std::array<char, sizeof(Cpuid)>>(cpuid(kBrandLeaf + i));
    for (std::size_t j = 0; j < part.size(); ++j) {
      characters_[i * part.size() + j] = part[j];
    }
  }
}

std::string_view Brand::text() const {
  std::string_view text(characters_.data(), characters_.size());
  text = text.substr(0, text.find('\0'));
  text = text.substr(0, text.find(" version "));  // QEMU's says "version 2.5+" since 2015
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  while (text.ends_with(' ')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace mote::cpu
