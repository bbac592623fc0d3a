// Tests of FAT: three widths, names of two kinds, partitions, and volumes that contradict
// themselves.
#include "volumes/fat.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "tests/unit/volumes/fake_disk.hpp"
#include "tests/unit/volumes/images.hpp"
#include "tests/unit/volumes/reading.hpp"

namespace mote::volumes {
namespace {

using State = FileRead::State;

Outcome read(const Image& image, std::string_view path, std::size_t room = 4096) {
  return read_from<Fat>(image, path, room);
}

State state(const FatImage& made, std::string_view path) { return read(made.image, path).state; }

bool opens(const Image& image) {
  FakeDisk world(image.bytes());
  return Fat::open(world.disk).has_value();
}

std::string label(const Image& image) {
  FakeDisk world(image.bytes());
  const auto volume = Fat::open(world.disk);
  REQUIRE(volume);
  return std::string(volume->label());
}

constexpr std::array kBits = {12U, 16U, 32U};

TEST_CASE("files are found by long and short names, in any case") {
  for (const unsigned bits : kBits) {
    const Image image = make_fat(bits).image;
    CHECK(read(image, "user-data") == Outcome{State::kRead, std::string(700, 'u')});
    CHECK(read(image, "USER-D~1").state == State::kRead);
    CHECK(read(image, "/Sub/Meta-Data") == Outcome{State::kRead, "deep"});
    CHECK(read(image, "short.txt") == Outcome{State::kRead, "short"});
    CHECK(read(image, "user-data", 600) == Outcome{State::kTooLong, std::string(600, 'u')});
    for (const char* const path : {"", "sub", "user-dat", "user-data2", "short", "short.txt/x",
                                   "shorttxt", "cidata", "sub/none"}) {
      CHECK(read(image, path).state == State::kMissing);
    }
    CHECK(label(image) == "CIDATA");
  }
}

TEST_CASE("without an entry for it, the label is the boot sector's") {
  for (const unsigned bits : kBits) {
    FatImage made = make_fat(bits);
    made.image.put8(made.root, 0xE5);
    CHECK(label(made.image) == "BOOTLABEL");
    made.image.put(bits == 32 ? 71 : 43, "NO NAME    ");
    CHECK(label(made.image).empty());
  }
}

TEST_CASE("a long name with a wrong checksum, order or gap is not believed") {
  FatImage made = make_fat(16);
  const std::size_t piece = made.root + 32;
  for (const unsigned order : {0x01U, 0x40U, 0x42U, 0x55U, 0x7FU, 0x00U}) {
    made.image.put8(piece, order);
    CHECK(state(made, "user-data") == State::kMissing);
  }
  made.image.put8(piece, 0x41);
  CHECK(state(made, "user-data") == State::kRead);
  made.image.put8(piece + 13, 0x11);
  CHECK(state(made, "user-data") == State::kMissing);
  CHECK(state(made, "user-d~1") == State::kRead);
}

TEST_CASE("chains in circles, to nowhere, or with bad clusters are damage") {
  for (const unsigned bits : kBits) {
    FatImage made = make_fat(bits);
    for (const std::uint32_t next : {0U, 1U, 5U, 6000U, 0x0FFF'FFF7U}) {
      made.set_entry(5, next);
      CHECK(state(made, "user-data") == State::kDamaged);
    }
    made.set_entry(5, 7);
    made.set_entry(7, 5);  // longer than the file, for ever
    CHECK(state(made, "user-data") == State::kDamaged);
    made = make_fat(bits);
    made.set_entry(3, 3);  // a directory without end
    made.image.put(made.data + 512, std::string(512, '\xE5'));
    CHECK(state(made, "sub/none") != State::kRead);
  }
}

TEST_CASE("sizes and clusters that can't be are damage") {
  for (const unsigned bits : kBits) {
    FatImage made = make_fat(bits);
    const std::size_t entry = made.root + 128;  // SHORT.TXT
    for (const std::uint32_t bytes : {513U, 0xFFFF'FFFFU}) {
      made.image.put32(entry + 28, bytes);
      CHECK(state(made, "short.txt") == State::kDamaged);
    }
    made.image.put32(entry + 28, 0);
    CHECK(read(made.image, "short.txt") == Outcome{State::kRead, ""});
    made.image.put32(entry + 28, 5);
    for (const unsigned cluster : {0U, 1U, 0xFFFFU}) {
      made.image.put16(entry + 26, cluster);
      CHECK(state(made, "short.txt") == State::kDamaged);
    }
  }
}

TEST_CASE("boot sectors with impossible fields are not opened") {
  struct Field {
    std::size_t at;
    unsigned bytes;
    std::uint32_t value;
  };
  constexpr Field kFields[] = {{0, 1, 0},      {11, 2, 0},     {11, 2, 256}, {11, 2, 8192},
                               {11, 2, 513},   {13, 1, 0},     {13, 1, 3},   {14, 2, 0},
                               {14, 2, 65535}, {16, 1, 0},     {16, 1, 255}, {17, 2, 0},
                               {17, 2, 65535}, {19, 2, 0},     {19, 2, 1},   {21, 1, 0},
                               {22, 2, 0},     {22, 2, 65535}, {510, 2, 0}};
  for (const Field& field : kFields) {
    Image image = make_fat(12).image;
    if (field.bytes == 1)
      image.put8(field.at, field.value);
    else
      image.put16(field.at, field.value);
    CAPTURE(field.at);
    CAPTURE(field.value);
    CHECK_FALSE(opens(image));
  }
  for (const Field& field :
       {Field{36, 4, 0}, {36, 4, 0xFFFF'FFFF}, {44, 4, 0}, {40, 2, 0x81}, {42, 2, 1}}) {
    Image image = make_fat(32).image;
    if (field.bytes == 4)
      image.put32(field.at, field.value);
    else
      image.put16(field.at, field.value);
    CAPTURE(field.at);
    CAPTURE(field.value);
    CHECK_FALSE(opens(image));
  }
}

TEST_CASE("truncated volumes open or not, and files in what is missing are damage") {
  FatImage made = make_fat(12);
  for (std::size_t kept = 0; kept < made.data + 6 * 512; kept += 512) {
    Image image = made.image;
    image.resize(kept);
    FakeDisk world(image.bytes());
    if (const auto volume = Fat::open(world.disk)) {
      std::array<std::byte, 1024> to{};
      const State found = volume->read("user-data", to).state;
      CHECK((found == State::kDamaged || kept >= made.data + 6 * 512));
    }
  }
}

// Two MiB: the volume at block 1024.
Image partitioned(const FatImage& made) {
  Image image(2 << 20);
  for (std::size_t i = 0; i < made.image.bytes().size(); ++i) {
    image.put8(1024 * 512 + i, std::to_integer<unsigned>(made.image.bytes()[i]));
  }
  image.put16(510, 0xAA55);
  return image;
}

TEST_CASE("a FAT partition of an MBR is found behind others") {
  for (const unsigned type : {0x01U, 0x04U, 0x06U, 0x0BU, 0x0CU, 0x0EU, 0xEFU, 0x83U, 0x00U}) {
    Image image = partitioned(make_fat(12));
    image.put8(446 + 4, 0x83);
    image.put32(446 + 8, 64);
    image.put8(446 + 32 + 4, type);
    image.put32(446 + 32 + 8, 1024);
    CHECK(opens(image) == (type != 0x83 && type != 0));
    image.put32(446 + 32 + 8, 0xFFFF'FFFF);
    CHECK_FALSE(opens(image));
  }
}

TEST_CASE("a FAT partition of a GPT is found, however its header lies") {
  Image image = partitioned(make_fat(12));
  image.put8(446 + 4, 0xEE);
  image.put32(446 + 8, 1);
  image.put(512, "EFI PART");
  image.put32(512 + 72, 2);
  image.put32(512 + 80, 128);
  image.put32(512 + 84, 128);
  image.put8(1024 + 256, 1);
  image.put32(1024 + 256 + 32, 1024);
  CHECK(read(image, "sub/meta-data") == Outcome{State::kRead, "deep"});
  for (const std::size_t field : {72UZ, 76UZ, 80UZ, 84UZ}) {
    Image spoilt = image;
    spoilt.put32(512 + field, 0);
    if (field > 76) CHECK_FALSE(opens(spoilt));
    spoilt.put32(512 + field, 0xFFFF'FFFF);
    CHECK(opens(spoilt) == (field == 80));
  }
  image.put32(1024 + 256 + 36, 0xFFFF'FFFF);  // a first block of 2^64, nearly
  CHECK_FALSE(opens(image));
}

}  // namespace
}  // namespace mote::volumes
