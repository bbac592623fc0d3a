// Tests of finding out a volume's format.
#include "volumes/volume.hpp"

#include <doctest/doctest.h>

#include <array>

#include "tests/unit/volumes/fake_disk.hpp"
#include "tests/unit/volumes/images.hpp"

namespace mote::volumes {
namespace {

TEST_CASE("volumes of both formats are read") {
  for (const auto& image : {make_iso(IsoNames::kRockRidge), make_fat(12).image}) {
    FakeDisk world(image.bytes());
    const auto volume = Volume::open(world.disk);
    REQUIRE(volume);
    CHECK(volume->label() == "CIDATA");
    std::array<std::byte, 1024> to{};
    CHECK(volume->read("sub/meta-data", to).state == FileRead::State::kRead);
    CHECK(volume->read("none", to).state == FileRead::State::kMissing);
  }
}

TEST_CASE("a disk that holds neither costs two reads") {
  FakeDisk world(std::vector<std::byte>(1 << 20));
  CHECK_FALSE(Volume::open(world.disk));
  CHECK(world.device.reads == 2);
  FakeDisk empty({});
  CHECK_FALSE(Volume::open(empty.disk));
  CHECK(empty.device.reads == 0);
}

}  // namespace
}  // namespace mote::volumes
