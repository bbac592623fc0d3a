// Reads files of a disk's volume, for test_images.py: read_volume IMAGE BLOCK_BYTES ROOM PATH...
//
// Prints the label, then a line for each path: its state, and in hexadecimal what was read.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "tests/unit/volumes/fake_disk.hpp"
#include "volumes/volume.hpp"

namespace {

using namespace mote::volumes;

std::vector<std::byte> content_of(const char* path) {
  std::vector<std::byte> content(std::filesystem::file_size(path));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(content.size()));
  return content;
}

const char* word_for(FileRead::State state) {
  switch (state) {
    case FileRead::State::kRead:
      return "read";
    case FileRead::State::kTooLong:
      return "too-long";
    case FileRead::State::kMissing:
      return "missing";
    case FileRead::State::kDamaged:
      return "damaged";
  }
  return "unknown";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 2;
  const std::span words(arguments, static_cast<std::size_t>(count));
  FakeDisk world(content_of(words[1]), static_cast<std::uint32_t>(std::atoi(words[2])));
  const auto volume = Volume::open(world.disk);
  if (!volume) {
    std::printf("none after %zu reads\n", world.device.reads);
    return 0;
  }
  const std::string label(volume->label());
  std::printf("label %s\n", label.c_str());
  for (const char* const path : words.subspan(4)) {
    std::vector<std::byte> room(static_cast<std::size_t>(std::atoi(words[3])));
    const FileRead result = volume->read(path, room);
    std::printf("%s ", word_for(result.state));
    for (const std::byte byte : std::span(room).first(result.bytes)) {
      std::printf("%02x", std::to_integer<unsigned>(byte));
    }
    std::printf("\n");
  }
  return 0;
}
