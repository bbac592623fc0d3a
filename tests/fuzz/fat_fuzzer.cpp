// Fuzzes the reader of FAT: a small good volume with some bytes replaced.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "tests/fuzz/spoilt_volume.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote;
  fuzz::Script script(data, size);
  constexpr std::size_t kMostBytes = 32 * 1024;
  const unsigned options = script.byte();
  // Behind an MBR's place for a partition of the volume, or by itself.
  std::vector<std::byte> bytes((options & 8) != 0 ? 2048 : 0);
  static const std::array kMade = {volumes::make_fat(12), volumes::make_fat(16),
                                   volumes::make_fat(32)};
  const std::vector<std::byte>& made = kMade[options % 3].image.bytes();
  // The rest of FAT16's many clusters would only take time to copy.
  bytes.insert(bytes.end(), made.begin(),
               made.begin() + static_cast<std::ptrdiff_t>(std::min(made.size(), kMostBytes)));
  if ((options & 8) != 0) {
    bytes[510] = std::byte{0x55};
    bytes[511] = std::byte{0xAA};
    bytes[450] = std::byte{0x06};
    bytes[454] = std::byte{4};
  }
  fuzz::read_all(fuzz::spoil(std::move(bytes), 0, script), (options & 4) != 0 ? 512 : 4096);
  return 0;
}
