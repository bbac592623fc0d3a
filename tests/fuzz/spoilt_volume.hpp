// A volume with some bytes replaced, of which everything is read that a settings disk may have.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/fakes/demand.hpp"
#include "tests/fuzz/script.hpp"
#include "tests/unit/volumes/fake_disk.hpp"
#include "tests/unit/volumes/images.hpp"
#include "volumes/volume.hpp"

namespace mote::fuzz {

// Replaces runs of bytes: a length (1 byte, modulo 64, plus 1), a position (2 bytes) from `first`
// on, the bytes.
inline std::vector<std::byte> spoil(std::vector<std::byte> bytes, std::size_t first,
                                    Script& script) {
  while (!script.empty()) {
    const std::size_t count = 1 + script.byte() % 64U;
    const std::size_t place = first + script.word() % (bytes.size() - first);
    const auto text = std::as_bytes(std::span(script.text(std::min(count, bytes.size() - place))));
    std::ranges::copy(text, bytes.begin() + static_cast<std::ptrdiff_t>(place));
  }
  return bytes;
}

inline void read_all(std::vector<std::byte> bytes, std::uint32_t block_bytes) {
  using namespace volumes;
  bytes.resize(bytes.size() / 4096 * 4096);
  FakeDisk world(std::move(bytes), block_bytes);
  const auto volume = Volume::open(world.disk);
  if (!volume) return;
  demand(volume->label().size() <= Label::kMostBytes, "a label is too long");
  for (const char letter : volume->label()) demand(letter >= ' ' && letter <= '~', "not printable");
  constexpr std::string_view kPaths[] = {"user-data",
                                         "longer-name",
                                         "sub/meta-data",
                                         "short.txt",
                                         "network-config",
                                         "vendor-data",
                                         "openstack/latest/meta_data.json",
                                         "openstack/content/0000",
                                         "sub/sub/sub",
                                         "",
                                         "user-data/x"};
  for (const std::string_view path : kPaths) {
    std::vector<std::byte> to(1024);
    const FileRead result = volume->read(path, to);
    demand(result.bytes <= to.size(), "more than there is room for");
    demand(result.state == FileRead::State::kRead || result.state == FileRead::State::kTooLong ||
               result.bytes == 0,
           "bytes of a file that can't be read");
  }
}

}  // namespace mote::fuzz
