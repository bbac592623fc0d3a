// Tests of SCSI commands and answers: bytes as SPC-4, SBC-3 and MMC-6 have them, and garbage.
#include "drivers/scsi_commands.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

namespace mote::scsi {
namespace {

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> result;
  for (const unsigned value : values) {
    result.push_back(static_cast<std::byte>(value));
  }
  return result;
}

TEST_CASE("commands are the bytes of the standards") {
  CHECK(test_unit_ready() == Command{});
  CHECK(request_sense() == Command{0x03, 0, 0, 0, 18});
  CHECK(inquiry() == Command{0x12, 0, 0, 0, 36});
  CHECK(report_units(0x0102'0304) == Command{0xA0, 0, 0, 0, 0, 0, 1, 2, 3, 4});
  CHECK(read_capacity_10() == Command{0x25});
  CHECK(read_capacity_16() == Command{0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32});
  CHECK(read(0x0102'0304, 0x0506) == Command{0x28, 0, 1, 2, 3, 4, 0, 5, 6});
  CHECK(read(0xFFFF'FFFF, 1) == Command{0x28, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 1});
  CHECK(read(0x01'0000'0000, 64) == Command{0x88, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 64});
}

TEST_CASE("a number that isn't all there is 0") {
  const auto three = bytes({1, 2, 3});
  CHECK(number_at<std::uint16_t>(three, 1) == 0x0203);
  CHECK(number_at<std::uint16_t>(three, 2) == 0);
  CHECK(number_at<std::uint32_t>(three, 0) == 0);
  CHECK(number_at<std::uint8_t>(three, ~std::size_t{0}) == 0);
}

TEST_CASE("only a connected disk or disc is readable") {
  CHECK(Inquiry::is_readable(bytes({0x00, 0, 5, 2, 31})));
  CHECK(Inquiry::is_readable(bytes({0x05, 0x80, 5, 2, 31})));
  CHECK_FALSE(Inquiry::is_readable(bytes({0x00, 0, 5, 2})));  // too short to be one
  CHECK_FALSE(Inquiry::is_readable({}));
  for (const unsigned other : {0x01U, 0x03U, 0x0CU, 0x0EU, 0x1FU, 0x20U, 0x25U, 0x60U, 0x7FU}) {
    CHECK_FALSE(Inquiry::is_readable(bytes({other, 0, 5, 2, 31})));
  }
}

TEST_CASE("a list of units has as many as it tells and holds") {
  const auto list = bytes({0,    0, 0, 24, 0, 0, 0, 0,                                // three
                           0,    3, 0, 0,  0, 0, 0, 0, 0x41, 0x02, 0, 0, 0, 0, 0, 0,  // flat: 258
                           0x80, 0, 0, 0,  0, 0, 0, 0});  // logical unit addressing
  REQUIRE(UnitList::count(list) == 3);
  CHECK(UnitList::unit(list, 0) == 3);
  CHECK(UnitList::unit(list, 1) == 258);
  CHECK(UnitList::unit(list, 2) == UnitList::kNoUnit);
  CHECK(UnitList::count(std::span(list).first(31)) == 2);
  CHECK(UnitList::count(std::span(list).first(8)) == 0);
  CHECK(UnitList::count(std::span(list).first(7)) == 0);
  CHECK(UnitList::count(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) == 1);
  CHECK(UnitList::count(bytes({0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) == 0);
  // A bus, a second level, an extended form: none that a hypervisor has.
  CHECK(UnitList::unit(bytes({0, 0, 0, 8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}), 0) ==
        UnitList::kNoUnit);
  CHECK(UnitList::unit(bytes({0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0}), 0) ==
        UnitList::kNoUnit);
  CHECK(UnitList::unit(bytes({0, 0, 0, 8, 0, 0, 0, 0, 0xC0, 1, 0, 0, 0, 0, 0, 0}), 0) ==
        UnitList::kNoUnit);
}

TEST_CASE("sense data in both formats, and what it means") {
  std::vector<std::byte> fixed(18);
  const auto fixed_of = [&](unsigned key, unsigned code, unsigned qualifier) {
    fixed[0] = std::byte{0x70};
    fixed[2] = static_cast<std::byte>(0xE0 | key);
    fixed[12] = static_cast<std::byte>(code);
    fixed[13] = static_cast<std::byte>(qualifier);
    return Sense::of(fixed);
  };
  CHECK(fixed_of(6, 0x29, 0).is_passing());  // reset
  CHECK(fixed_of(6, 0x28, 0).is_passing());  // new medium
  CHECK(fixed_of(2, 0x04, 1).is_passing());  // becoming ready
  CHECK(fixed_of(0xB, 0, 0).is_passing());
  CHECK_FALSE(fixed_of(2, 0x04, 2).is_passing());  // needs to be started
  CHECK_FALSE(fixed_of(2, 0x3A, 0).is_passing());
  CHECK(fixed_of(2, 0x3A, 1).lacks_medium());
  CHECK_FALSE(fixed_of(5, 0x3A, 0).lacks_medium());
  CHECK_FALSE(fixed_of(3, 0x11, 0).is_passing());

  const Sense sense = Sense::of(bytes({0x72, 0x16, 0x29, 0x03}));
  CHECK(sense.key == Sense::kUnitAttention);
  CHECK(sense.code == 0x29);
  CHECK(sense.qualifier == 3);
}

TEST_CASE("malformed sense data is a failure for good") {
  for (const auto& none : {bytes({}), bytes({0}), bytes({0xFF, 6, 6, 6}), bytes({0x6F, 6, 6})}) {
    CHECK_FALSE(Sense::of(none).is_passing());
    CHECK_FALSE(Sense::of(none).lacks_medium());
  }
  std::minstd_rand random(1);
  for (unsigned i = 0; i < 10'000; ++i) {
    std::vector<std::byte> garbage(random() % 20);
    std::ranges::generate(garbage, [&] { return static_cast<std::byte>(random()); });
    CHECK_FALSE((Sense::of(garbage).is_passing() && Sense::of(garbage).lacks_medium()));
    static_cast<void>(Inquiry::is_readable(garbage));
    CHECK(UnitList::count(garbage) <= 1);
  }
}

TEST_CASE("capacities: the last block's number and a block's bytes") {
  const Capacity small = Capacity::of_10(bytes({0, 0, 7, 0xFF, 0, 0, 8, 0}));
  CHECK(small.is_usable());
  CHECK(small.blocks() == 2048);
  CHECK(small.block_bytes == 2048);
  CHECK_FALSE(small.exceeds_10());
  CHECK(Capacity::of_10(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 2, 0})).exceeds_10());
  const Capacity large = Capacity::of_16(bytes({0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0}));
  CHECK(large.is_usable());
  CHECK(large.blocks() == 0x1'0000'0001);
  CHECK_FALSE(Capacity::of_16(bytes({0, 0, 0, 1})).is_usable());
  CHECK_FALSE(Capacity::of_10({}).is_usable());
  for (const std::uint32_t size : {0U, 1U, 3U, 256U, 513U, 520U, 2352U, 8192U, 1U << 31}) {
    CHECK_FALSE(Capacity{.last_block = 9, .block_bytes = size}.is_usable());
  }
  for (const std::uint32_t size : {512U, 1024U, 2048U, 4096U}) {
    const std::uint64_t most = ~std::uint64_t{0} / size;
    CHECK(Capacity{.last_block = most - 1, .block_bytes = size}.is_usable());
    CHECK_FALSE(Capacity{.last_block = most, .block_bytes = size}.is_usable());
    CHECK_FALSE(Capacity{.last_block = ~std::uint64_t{0}, .block_bytes = size}.is_usable());
  }
}

}  // namespace
}  // namespace mote::scsi
