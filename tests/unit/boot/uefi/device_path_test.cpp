// Tests of which partitions are the loader's disk's.
#include "boot/uefi/device_path.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/boot/uefi/fake_disk.hpp"

namespace mote::uefi {
namespace {

Path disk(const std::string& which) { return Path().node(2, 1, "root").node(1, 1, which); }

TEST_CASE("partitions of a disk belong together, and to the disk") {
  Path whole = disk("one");
  Path first = disk("one").node(kMediaType, kHardDrive, "partition 1");
  Path second = disk("one").node(kMediaType, kHardDrive, "partition 2, longer");
  Path cd = disk("one").node(kMediaType, kCdRom, "boot entry");
  Path other = disk("two").node(kMediaType, kHardDrive, "partition 1");
  Path deeper = disk("one").node(3, 18, "port").node(kMediaType, kHardDrive, "partition 1");
  CHECK(same_disk(&first.path(), &second.path()));
  CHECK(same_disk(&first.path(), &whole.path()));
  CHECK(same_disk(&cd.path(), &second.path()));
  CHECK_FALSE(same_disk(&first.path(), &other.path()));
  CHECK_FALSE(same_disk(&first.path(), &deeper.path()));
  CHECK_FALSE(same_disk(&deeper.path(), &first.path()));
  CHECK(length_of(&first.path()).bytes == first.bytes.size() - 4);
  CHECK(length_of(&first.path()).disk_bytes == whole.bytes.size() - 4);
}

TEST_CASE("broken and absent paths belong to nothing") {
  Path good = disk("one");
  Path empty;
  CHECK_FALSE(same_disk(nullptr, &good.path()));
  CHECK_FALSE(same_disk(&good.path(), nullptr));
  CHECK_FALSE(same_disk(nullptr, nullptr));
  CHECK_FALSE(same_disk(&empty.path(), &empty.path()));
  Path short_node = disk("one");
  short_node.bytes[2] = 3;  // shorter than a node's head
  CHECK_FALSE(same_disk(&short_node.path(), &short_node.path()));
  Path endless;
  for (int i = 0; i < 50; ++i) {
    endless.node(1, 1, std::string(100, 'x'));
  }
  CHECK(length_of(&endless.path()).bytes == 0);
}

}  // namespace
}  // namespace mote::uefi
