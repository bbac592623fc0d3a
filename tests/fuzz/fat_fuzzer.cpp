// Fuzzes the reader of FAT: a small good volume with some bytes replaced.
#include "tests/fuzz/spoilt_volume.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote;
  fuzz::Script script(data, size);
  constexpr unsigned kBits[] = {12, 16, 32};
  const unsigned options = script.byte();
  // Behind an MBR's place for a partition of the volume, or by itself.
  std::vector<std::byte> bytes((options & 8) != 0 ? 2048 : 0);
  const volumes::FatImage made = volumes::make_fat(kBits[options % 3]);
  bytes.insert(bytes.end(), made.image.bytes().begin(), made.image.bytes().end());
  if ((options & 8) != 0) {
    bytes[510] = std::byte{0x55};
    bytes[511] = std::byte{0xAA};
    bytes[450] = std::byte{0x06};
    bytes[454] = std::byte{4};
  }
  fuzz::read_all(fuzz::spoil(std::move(bytes), 0, script), (options & 4) != 0 ? 512 : 4096);
  return 0;
}
