// Fuzzes the reader of ISO 9660: a small good volume with some bytes replaced.
#include "tests/fuzz/spoilt_volume.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote;
  fuzz::Script script(data, size);
  constexpr volumes::IsoNames kNames[] = {volumes::IsoNames::kPlain, volumes::IsoNames::kJoliet,
                                          volumes::IsoNames::kRockRidge};
  const unsigned options = script.byte();
  const volumes::Image image = volumes::make_iso(kNames[options % 3]);
  fuzz::read_all(fuzz::spoil(image.bytes(), 16 * volumes::kSector, script),
                 (options & 4) != 0 ? 512 : 2048);
  return 0;
}
