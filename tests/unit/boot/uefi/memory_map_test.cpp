// Tests of what the kernel gets of the firmware's memory.
#include "boot/uefi/memory_map.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <tuple>
#include <vector>

namespace mote::uefi {
namespace {

constexpr std::uint32_t kReserved = 0;
constexpr std::uint32_t kRuntimeData = 6;
constexpr std::uint32_t kAcpiTables = 9;

struct Map {
  std::vector<MemoryDescriptor> all;

  Map& with(std::uint32_t type, std::uint64_t first_page, std::uint64_t pages) {
    all.push_back({type, 0, first_page * kPageBytes, 0, pages, 0xF});
    return *this;
  }
  [[nodiscard]] FirmwareMap view() const {
    return {std::as_bytes(std::span(all)), sizeof(MemoryDescriptor)};
  }
};

// The free ranges, in pages: first and count.
std::vector<std::pair<std::uint64_t, std::uint64_t>> free_in(const Map& map, std::size_t room = 8) {
  std::vector<MemoryRange> ranges(room);
  const FreeRanges found(map.view(), ranges);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> pages;
  for (const MemoryRange& range : found.all()) {
    CHECK(range.type == MemoryRange::kUsableRam);
    CHECK(range.attributes == 0);
    pages.emplace_back(range.base / kPageBytes, range.bytes / kPageBytes);
  }
  return pages;
}

using Pages = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST_CASE("what boot services and loaders leave is free, and nothing else") {
  for (std::uint32_t type = 0; type < 20; ++type) {
    const bool is_free = (type >= 1 && type <= 4) || type == 7;
    CHECK(free_in(Map().with(type, 256, 3)) == (is_free ? Pages{{256, 3}} : Pages{}));
  }
  CHECK(free_in(Map().with(0x8000'0001, 1, 1)).empty());  // an operating system's own type
}

TEST_CASE("ranges come out sorted, and joined where they adjoin") {
  Map map;
  map.with(memory_type::kConventional, 100, 10).with(memory_type::kBootServicesData, 20, 5);
  map.with(kRuntimeData, 110, 1).with(memory_type::kLoaderCode, 111, 1);
  map.with(memory_type::kConventional, 10, 10).with(memory_type::kLoaderData, 95, 5);
  CHECK(free_in(map) == Pages{{10, 15}, {95, 15}, {111, 1}});
  map.with(memory_type::kBootServicesCode, 25, 70);  // joins two
  CHECK(free_in(map) == Pages{{10, 100}, {111, 1}});
  map.with(memory_type::kConventional, 5, 200);  // swallows all
  CHECK(free_in(map) == Pages{{5, 200}});
}

TEST_CASE("more ranges than there is room for are left out") {
  Map map;
  for (std::uint64_t i = 0; i < 6; ++i) {
    map.with(memory_type::kConventional, 100 - 10 * i, 1);
  }
  CHECK(free_in(map, 3) == Pages{{80, 1}, {90, 1}, {100, 1}});
  map.with(memory_type::kConventional, 91, 1);
  CHECK(free_in(map, 3) == Pages{{80, 1}, {90, 2}, {100, 1}});
  CHECK(free_in(map, 0).empty());
}

TEST_CASE("impossible descriptors are passed over") {
  Map map;
  map.with(memory_type::kConventional, 1, 0);
  map.with(memory_type::kConventional, 1, ~std::uint64_t{0});
  map.all.push_back({memory_type::kConventional, 0, ~std::uint64_t{0} - 4095, 0, 2, 0});
  CHECK(free_in(map).empty());
  CHECK(FirmwareMap(std::as_bytes(std::span(map.all)), 8).size() == 0);
  CHECK(FirmwareMap(std::as_bytes(std::span(map.all)).first(50), 48).size() == 1);
}

TEST_CASE("random maps: the same pages are free as one by one") {
  std::mt19937_64 random(15);
  for (int round = 0; round < 500; ++round) {
    Map map;
    std::array<bool, 64> free{};
    for (std::uint64_t i = 0; i < random() % 12; ++i) {
      const std::uint64_t first = random() % 56;
      const std::uint64_t pages = random() % 8;
      map.with(memory_type::kConventional, first, pages);
      for (std::uint64_t page = first; page < first + pages; ++page) {
        free[page] = true;
      }
    }
    std::array<bool, 64> found{};
    std::uint64_t last = 0;
    for (const auto& [first, pages] : free_in(map, 32)) {
      CHECK((last == 0 || first > last));
      for (last = first; last < first + pages; ++last) {
        found[last] = true;
      }
    }
    CHECK(found == free);
  }
}

TEST_CASE("the first thing in the kernel's way is found") {
  const AddressRange wanted{256 * kPageBytes, 512 * kPageBytes};
  const auto obstacle = [&](const Map& map) {
    const Obstacle found = first_obstacle(map.view(), wanted);
    return std::pair(found.address / kPageBytes, found.type);
  };
  Map map;
  map.with(memory_type::kBootServicesData, 400, 200).with(memory_type::kConventional, 0, 300);
  CHECK(obstacle(map) == std::pair(std::uint64_t{300}, Obstacle::kNoMemory));
  Map reserved = map;
  reserved.with(kReserved, 300, 10).with(memory_type::kLoaderData, 310, 90);
  CHECK(obstacle(reserved) == std::pair(std::uint64_t{300}, kReserved));
  Map tables = map;
  tables.with(memory_type::kLoaderData, 300, 50).with(kAcpiTables, 350, 50);
  CHECK(obstacle(tables) == std::pair(std::uint64_t{350}, kAcpiTables));
  Map whole = map;
  whole.with(memory_type::kLoaderData, 300, 100);
  CHECK(first_obstacle(whole.view(), wanted).address == 0);
  CHECK(obstacle(Map()) == std::pair(std::uint64_t{256}, Obstacle::kNoMemory));
}

}  // namespace
}  // namespace mote::uefi
