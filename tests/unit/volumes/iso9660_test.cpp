// Tests of ISO 9660: names of three kinds, and discs that contradict themselves.
#include "volumes/iso9660.hpp"

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
  return read_from<Iso9660>(image, path, room);
}

State state(const Image& image, std::string_view path) { return read(image, path).state; }

constexpr std::array kAllNames = {IsoNames::kPlain, IsoNames::kJoliet, IsoNames::kRockRidge};

std::string label(const Image& image) {
  FakeDisk world(image.bytes());
  const auto volume = Iso9660::open(world.disk);
  REQUIRE(volume);
  return std::string(volume->label());
}

TEST_CASE("files are found by names of each kind") {
  for (const IsoNames names : kAllNames) {
    const Image image = make_iso(names);
    CHECK(read(image, "user-data") == Outcome{State::kRead, "hello"});
    CHECK(read(image, "//sub/meta-data") == Outcome{State::kRead, "deep"});
    CHECK(read(image, "user-data", 2) == Outcome{State::kTooLong, "he"});
    for (const char* const path : {"", "/", "sub", "user-data/x", "meta-data", "sub/none"}) {
      CHECK(state(image, path) == State::kMissing);
    }
    CHECK(state(image, std::string(256, 'x')) == State::kMissing);
  }
}

TEST_CASE("a name of Rock Ridge goes on in a continuation area") {
  CHECK(read(make_iso(IsoNames::kRockRidge), "longer-name") == Outcome{State::kRead, "long"});
  CHECK(read(make_iso(IsoNames::kJoliet), "longer-name") == Outcome{State::kRead, "long"});
  CHECK(state(make_iso(IsoNames::kRockRidge), "longer") == State::kMissing);
  CHECK(state(make_iso(IsoNames::kRockRidge), "USER-DATA") == State::kMissing);
}

TEST_CASE("a continuation area that continues in itself ends") {
  Image image = make_iso(IsoNames::kRockRidge);
  const std::size_t at = iso_record(image, kIsoRoot, "LONGNAME.;1");
  const std::size_t fields = at + 44 + 11;
  image.put(kIsoContinuation + 100, std::string_view("CE\x1C\1\x18\0\0\0\0\0\0\0\x64", 13));
  image.put32(kIsoContinuation + 120, 28);
  CHECK(state(image, "longer-name") == State::kMissing);
  image.put32(fields + 4, 0xFFFF'FFFF);  // an area behind the disk's end
  CHECK(state(image, "longer-name") == State::kMissing);
  CHECK(read(image, "user-data").text == "hello");
}

TEST_CASE("the label is Joliet's, else the primary descriptor's") {
  CHECK(label(make_iso(IsoNames::kPlain)) == "CIDATA");
  CHECK(label(make_iso(IsoNames::kJoliet)) == "cidata");
  Image image = make_iso(IsoNames::kPlain);
  image.put(16 * kSector + 40, std::string(32, '\x1B'));
  CHECK(label(image) == std::string(32, '?'));
}

TEST_CASE("what isn't a disc is not opened") {
  for (const std::size_t kept : {0UZ, 512UZ, 32'768UZ, 33'000UZ}) {
    Image image = make_iso(IsoNames::kPlain);
    image.resize(kept / 512 * 512);
    FakeDisk world(image.bytes());
    CHECK_FALSE(Iso9660::open(world.disk));
  }
  for (const unsigned block : {0U, 1U, 256U, 2047U, 4096U, 65'535U}) {
    Image image = make_iso(IsoNames::kPlain);
    image.put16(16 * kSector + 128, block);
    FakeDisk world(image.bytes());
    CHECK_FALSE(Iso9660::open(world.disk));
  }
}

TEST_CASE("two names that may be mangled from one are neither") {
  Image image = make_iso(IsoNames::kPlain);
  image.put(iso_record(image, kIsoRoot, "LONGNAME.;1") + 33, "USER_DAT.;1");
  CHECK(state(image, "user-data") == State::kMissing);
  CHECK(read(image, "user_dat") == Outcome{State::kRead, "long"});
}

TEST_CASE("damaged directories are named so, and end") {
  for (const IsoNames names : kAllNames) {
    const std::size_t root = names == IsoNames::kJoliet ? kIsoJoliet : kIsoRoot;
    const std::size_t descriptor = (names == IsoNames::kJoliet ? 17 : 16) * kSector + 156;
    Image image = make_iso(names);
    image.put8(root, 33);  // shorter than its name
    CHECK(state(image, "user-data") == State::kDamaged);
    image.put8(root, 0);  // the sector ends
    CHECK(state(image, "user-data") == State::kMissing);
    image = make_iso(names);
    image.put32(descriptor + 2, 0xFFFF'FFFF);
    CHECK(state(image, "user-data") == State::kDamaged);
    image = make_iso(names);
    image.put32(descriptor + 10, 0xFFFF'FFFF);  // ends behind the disk's end
    // A mangled name counts only when no other is like it, so all of the directory is read.
    CHECK((state(image, "user-data") == State::kDamaged) == (names == IsoNames::kPlain));
    CHECK(state(image, "none") == State::kDamaged);
    image = make_iso(names);
    image.put32(descriptor + 10, 0);
    CHECK(state(image, "user-data") == State::kMissing);
  }
}

TEST_CASE("a directory that contains itself ends with the path") {
  Image image = make_iso(IsoNames::kPlain);
  image.put32(iso_record(image, kIsoRoot, "SUB") + 2, 20);
  CHECK(read(image, "sub/sub/sub/user-data").text == "hello");
}

TEST_CASE("files that lie elsewhere, or in pieces, are refused") {
  Image image = make_iso(IsoNames::kPlain);
  const std::size_t at = iso_record(image, kIsoRoot, "USER_DAT.;1");
  image.put32(at + 10, 0xFFFF'FFFF);
  CHECK(state(image, "user-data") == State::kDamaged);
  image.put32(at + 10, 5);
  image.put32(at + 2, 0xFFFF'FFFF);
  CHECK(state(image, "user-data") == State::kDamaged);
  image.put32(at + 10, 0);
  CHECK(read(image, "user-data") == Outcome{State::kRead, ""});
  image.put32(at + 10, 5);
  image.put32(at + 2, 25);
  image.put8(at + 25, 0x80);
  CHECK(state(image, "user-data") == State::kDamaged);
  image.put8(at + 25, 0x04);  // an associated file is another's
  CHECK(state(image, "user-data") == State::kMissing);
}

TEST_CASE("a block that can't be read is damage") {
  FakeDisk world(make_iso(IsoNames::kRockRidge).bytes());
  world.device.failing_block = kIsoFile / 512;
  const auto volume = Iso9660::open(world.disk);
  REQUIRE(volume);
  std::array<std::byte, 16> to{};
  CHECK(volume->read("user-data", to).state == State::kDamaged);
}

}  // namespace
}  // namespace mote::volumes
