// Tests of the site that the loader left in memory: none, one too large, a damaged one, a sound
// one.
#include "firmware/site.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "kernel/cpu/addresses.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/http/pack/damaged_pack.hpp"
#include "tests/unit/kernel/fake_paging.hpp"

namespace mote {
namespace {

using http_world::Copy;

// A machine with the pack in memory; `ram` bytes of it are RAM.
struct Loaded {
  Copy pack{http_world::small().bytes()};
  std::uint64_t ram = pack.bytes().size();

  std::optional<http::SitePack> find(bool knows_memory = true) {
    paging::fake() = {};
    paging::fake().can_protect = can_protect;
    console::written().clear();
    BootInfo info{};
    info.pack = physical(pack.bytes().data()).value;
    const std::array map = {MemoryRange{info.pack, ram, MemoryRange::kUsableRam, 0}};
    return find_site(info, MemoryMap(std::span(map).first(knows_memory ? 1 : 0)));
  }
  bool can_protect = true;
};

TEST_CASE("a sound pack is found, and its memory made read-only") {
  Loaded machine;
  const auto site = machine.find();
  REQUIRE(site.has_value());
  CHECK(site->memory().data() == machine.pack.bytes().data());
  CHECK(console::written().empty());
  REQUIRE(paging::fake().read_only.size() == 1);
  CHECK(paging::fake().read_only[0].begin == physical(machine.pack.bytes().data()).value);
  CHECK(paging::fake().read_only[0].end - paging::fake().read_only[0].begin ==
        machine.pack.bytes().size());
  CHECK(machine.find(false).has_value());  // without a map from the loader, the header is believed
  machine.can_protect = false;
  CHECK(machine.find().has_value());
  CHECK(console::written() == "site: cannot make the pack read-only\n");
}

TEST_CASE("a pack whose header is not in RAM is none") {
  Loaded machine;
  machine.ram = sizeof(http::PackHeader) - 1;
  CHECK_FALSE(machine.find().has_value());
  CHECK(console::written().starts_with("site: the loader found no site pack"));
  paging::fake() = {};
  console::written().clear();
  CHECK_FALSE(find_site(BootInfo{}, MemoryMap(std::span<const MemoryRange>())).has_value());
  CHECK(console::written().starts_with("site: the loader found no site pack"));
}

TEST_CASE("without a pack the console says how to make one") {
  Loaded machine;
  machine.pack.header().magic[7] = 'X';
  CHECK_FALSE(machine.find().has_value());
  CHECK(console::written() == "site: the loader found no site pack, make one with ./mote image\n");
}

TEST_CASE("a pack whose header states more bytes than there is RAM is not read") {
  Loaded machine;
  const std::uint64_t bytes = machine.pack.bytes().size();
  machine.ram = bytes - 1;
  CHECK_FALSE(machine.find().has_value());
  CHECK(console::written() ==
        "site: by its header the pack needs 1 MiB of memory, 1 MiB are missing\n");
  machine.ram = bytes;
  machine.pack.header().total_bytes = ~std::uint64_t{0} & ~std::uint64_t{0xFFF};
  CHECK_FALSE(machine.find().has_value());
  CHECK(console::written().starts_with("site: by its header the pack needs "));
  CHECK(paging::fake().read_only.empty());
}

TEST_CASE("a damaged pack is reported with its damage, and not made read-only") {
  Loaded machine;
  machine.pack.bytes().back() ^= std::byte{1};
  CHECK_FALSE(machine.find().has_value());
  CHECK(console::written().starts_with("site: "));
  CHECK(console::written().size() > 10);
  CHECK(paging::fake().read_only.empty());
}

}  // namespace
}  // namespace mote
