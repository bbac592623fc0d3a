// Tests of SipHash-2-4 against its authors' vectors.
#include "kernel/platform/siphash.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <span>

namespace mote {
namespace {

// The first, a middle and the last of the reference implementation's vectors (vectors.h): key
// 00..0f, messages of 0, 1, 2 … bytes 00, 01, 02 …; the one of 15 bytes is in the paper, too.
TEST_CASE("SipHash-2-4 gives the reference vectors") {
  constexpr SipKey kKey{0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908};
  std::array<std::byte, 64> message{};
  for (std::size_t i = 0; i < message.size(); ++i) {
    message[i] = static_cast<std::byte>(i);
  }
  const auto hash = [&](std::size_t bytes) {
    return SipHash::of(kKey, std::span(message).first(bytes));
  };
  CHECK(hash(0) == 0x726f'db47'dd0e'0e31);
  CHECK(hash(1) == 0x74f8'39c5'93dc'67fd);
  CHECK(hash(8) == 0x93f5'f579'9a93'2462);
  CHECK(hash(15) == 0xa129'ca61'49be'45e5);
  CHECK(hash(63) == 0x958a'324c'eb06'4572);
  CHECK(SipHash::of_word(kKey, 0x0706'0504'0302'0100) == hash(8));
}

}  // namespace
}  // namespace mote
