// Tests of where the site pack is looked for, in which order, and of what is said where one can't
// be used.
#include "boot/uefi/pack_sources.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "boot/uefi/device_path.hpp"
#include "http/pack/format.hpp"
#include "tests/unit/boot/uefi/fake_disk.hpp"
#include "tests/unit/boot/uefi/fake_firmware.hpp"

namespace mote::uefi {
namespace {

// A pack, as far as the loader looks, of some bytes, marked with a letter.
std::vector<std::byte> pack(char mark, std::uint64_t bytes = 3 * 4096, std::uint64_t claimed = 0) {
  std::vector<std::byte> made(bytes, static_cast<std::byte>(mark));
  http::PackHeader header{};
  std::memcpy(header.magic, http::PackHeader::kMagic, sizeof(header.magic));
  header.total_bytes = claimed == 0 ? bytes : claimed;
  std::memcpy(made.data(), &header, sizeof(header));
  return made;
}

// A volume with at most one file.
struct Volume : FileSystem, File {
  std::vector<std::byte> content;
  bool can_read = true;
  std::uint64_t at = 0;
  unsigned opened = 0;

  explicit Volume(std::vector<std::byte> file) : content(std::move(file)) {
    open_volume = [](FileSystem* self, File** root) __attribute__((ms_abi)) {
      *root = static_cast<Volume*>(self);
      ++static_cast<Volume*>(self)->opened;
      return Status::kSuccess;
    };
    open = [](File* self, File** file, const char16_t* name, std::uint64_t mode, std::uint64_t)
               __attribute__((ms_abi)) {
                 auto& volume = *static_cast<Volume*>(self);
                 CHECK(std::u16string(name) == u"\\mote\\site.pack");
                 CHECK(mode == kModeRead);
                 if (volume.content.empty()) {
                   return Status{std::uint64_t{1} << 63 | 14};
                 }
                 ++volume.opened;
                 *file = self;
                 return Status::kSuccess;
               };
    close = [](File* self) __attribute__((ms_abi)) {
      --static_cast<Volume*>(self)->opened;
      return Status::kSuccess;
    };
    read = [](File* self, std::uint64_t* bytes, void* to) __attribute__((ms_abi)) {
      auto& volume = *static_cast<Volume*>(self);
      *bytes = std::min({*bytes, volume.content.size() - volume.at, std::uint64_t{5000}});
      std::memcpy(to, volume.content.data() + volume.at, *bytes);
      volume.at += *bytes;
      return volume.can_read ? Status::kSuccess : Status{std::uint64_t{1} << 63 | 7};
    };
    get_position = [](File* self, std::uint64_t* at) __attribute__((ms_abi)) {
      *at = static_cast<Volume*>(self)->at;
      return Status::kSuccess;
    };
    set_position = [](File* self, std::uint64_t at) __attribute__((ms_abi)) {
      auto& volume = *static_cast<Volume*>(self);
      volume.at = at == kEnd ? volume.content.size() : at;
      return Status::kSuccess;
    };
  }
};

// A machine whose loader came from the first partition of a disk.
struct Machine {
  FakeFirmware fake;
  LoadedImage image{};
  std::vector<std::byte> loader = std::vector<std::byte>(0x1000);
  std::vector<std::unique_ptr<FakeDisk>> disks;
  std::vector<std::unique_ptr<Path>> paths;
  std::unique_ptr<Volume> volume;

  Machine() {
    partition("boot", "1", std::vector<std::byte>(8192));
    image.device = disks[0].get();
  }
  FakeDisk& partition(const std::string& disk, const std::string& number,
                      std::vector<std::byte> contents, std::uint32_t block = 512) {
    paths.push_back(std::make_unique<Path>(
        Path().node(2, 1, "root").node(1, 1, disk).node(kMediaType, kHardDrive, number)));
    disks.push_back(std::make_unique<FakeDisk>(std::move(contents), block));
    fake.install<DevicePath>(disks.back().get(), paths.back()->path());
    fake.install<BlockIo>(disks.back().get(), *disks.back());
    return *disks.back();
  }
  Volume& file(std::vector<std::byte> content) {
    volume = std::make_unique<Volume>(std::move(content));
    fake.install<FileSystem>(image.device, *volume);
    return *volume;
  }
  // Puts a pack into the loader itself.
  void section(const std::vector<std::byte>& content) {
    const auto put = [&](std::size_t at, std::uint32_t value, std::size_t count) {
      std::memcpy(loader.data() + at, &value, count);
    };
    put(0x3C, 0x40, 4);
    put(0x46, 1, 2);
    std::memcpy(loader.data() + 0x58, ".pack", 5);
    put(0x60, static_cast<std::uint32_t>(content.size()), 4);
    put(0x64, 0x1000, 4);
    loader.insert(loader.end(), content.begin(), content.end());
  }
  // The mark of the pack found; '-' for none.
  char load() {
    image.base = loader.data();
    image.bytes = loader.size();
    Firmware firmware(nullptr, fake.system);
    fake.said.clear();
    const auto found = load_pack(firmware, image, Messages(firmware.console()));
    if (volume) {
      CHECK(volume->opened == 0);
    }
    if (found.empty()) {
      CHECK(fake.allocated.empty());
      return '-';
    }
    CHECK(fake.allocated.size() == 1);
    CHECK(address_of(found.data()) % 4096 == 0);
    CHECK(found.size() == 3 * 4096);
    CHECK(found.back() == found[sizeof(http::PackHeader)]);
    return static_cast<char>(found.back());
  }
};

TEST_CASE("the pack comes from the loader, else from a partition, else from a file") {
  Machine machine;
  CHECK(machine.load() == '-');
  machine.file(pack('f'));
  CHECK(machine.load() == 'f');
  machine.fake.allocated.clear();
  machine.partition("boot", "2", pack('p'));
  CHECK(machine.load() == 'p');
  machine.fake.allocated.clear();
  machine.section(pack('s'));
  CHECK(machine.load() == 's');
  CHECK(machine.fake.said.empty());
}

TEST_CASE("only partitions of the loader's disk count, with blocks of any size") {
  Machine machine;
  machine.partition("another", "1", pack('x'));
  CHECK(machine.load() == '-');
  FakeDisk& whole = machine.partition("boot", "3", pack('x'));
  whole.about.is_partition = false;
  CHECK(machine.load() == '-');
  machine.partition("boot", "4", pack('p'), 8192);  // of which it fills one and a half
  CHECK(machine.load() == 'p');
}

TEST_CASE("a pack that can't be read, or not be whole, is passed over in words") {
  Machine machine;
  machine.file(pack('f'));
  FakeDisk& bad = machine.partition("boot", "2", pack('p'));
  bad.bad = 6000;
  CHECK(machine.load() == 'f');
  CHECK(machine.fake.said == "mote: the site pack's partition cannot be read\r\n");
  bad.bad = ~std::uint64_t{0};
  machine.fake.allocated.clear();
  for (const std::uint64_t claimed :
       {std::uint64_t{4 * 4096}, std::uint64_t{4097}, std::uint64_t{64}, ~std::uint64_t{0}}) {
    bad.contents = pack('p', 3 * 4096, claimed);
    CHECK(machine.load() == 'f');
    CHECK(machine.fake.said == "mote: the site pack is damaged: by its header it has " +
                                   std::to_string(claimed) + " bytes, in a place of 12288\r\n");
    machine.fake.allocated.clear();
  }
  bad.contents.assign(12288, std::byte{0});
  machine.volume->content = pack('f', 3 * 4096, 1 << 20);
  CHECK(machine.load() == '-');
  CHECK(machine.fake.said.starts_with("mote: the site pack is damaged"));
  machine.volume->content = pack('f');
  machine.volume->can_read = false;
  CHECK(machine.load() == '-');
  CHECK(machine.fake.said == "mote: the file \\mote\\site.pack cannot be read\r\n");
  machine.volume->content = {std::byte{'M'}};
  machine.volume->can_read = true;
  CHECK(machine.load() == '-');
  machine.section(pack('s', 3 * 4096, 4 * 4096));
  CHECK(machine.load() == '-');
  CHECK(machine.fake.said.starts_with("mote: the site pack is damaged"));
}

TEST_CASE("a pack for which there is no memory is named with its size") {
  Machine machine;
  machine.partition("boot", "2", pack('p', 80 << 20));
  machine.fake.least_refused = 1 << 20;
  CHECK(machine.load() == '-');
  CHECK(machine.fake.said ==
        "mote: loading 80 MiB\r\nmote: the site pack needs 80 MiB of memory in one piece below "
        "4 GiB, which are not free\r\n");
}

}  // namespace
}  // namespace mote::uefi
