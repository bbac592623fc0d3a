// Reads a file of an image through the reader under test.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/volumes/fake_disk.hpp"
#include "tests/unit/volumes/images.hpp"
#include "volumes/file_read.hpp"

namespace mote::volumes {

struct Outcome {
  FileRead::State state;
  std::string text;
  bool operator==(const Outcome&) const = default;
};

template <typename Volume>
Outcome read_from(const Image& image, std::string_view path, std::size_t room) {
  FakeDisk world(image.bytes());
  const auto volume = Volume::open(world.disk);
  REQUIRE(volume);
  std::vector<std::byte> to(room);
  const FileRead result = volume->read(path, to);
  return {result.state, {reinterpret_cast<const char*>(to.data()), result.bytes}};
}

}  // namespace mote::volumes
