// Tests of the packet pool: one owner at a time, and the counts of free buffers.
#include "kernel/memory/packet.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "kernel/cpu/addresses.hpp"

namespace mote {
namespace {

constexpr std::size_t kPackets = 64;

TEST_CASE("a pool needs its memory, and has a bound") {
  std::vector<std::byte> little(4096);
  const std::uint64_t start = physical(little.data()).value;
  Arena arena(AddressRange{start, start + little.size()});
  CHECK_FALSE(Packet::set_up(arena, kPackets));
  CHECK_FALSE(Packet::set_up(arena, limits::kPackets + 1));
}

TEST_CASE("every buffer is handed out once, none crosses a page, and a dry pool says so") {
  static std::vector<std::byte> memory((kPackets + 2) * limits::kPacketBytes + 4096);
  const std::uint64_t start = physical(memory.data()).value;
  Arena arena(AddressRange{start, start + memory.size()});
  REQUIRE(Packet::set_up(arena, kPackets));
  CHECK(Packet::pool_size() == kPackets);
  CHECK(Packet::free_count() == kPackets);
  CHECK(Packet::reserve() == kPackets * limits::kPacketReserve / limits::kPackets);
  std::vector<Packet> held;
  std::set<const std::byte*> seen;
  while (Packet packet = Packet::allocate()) {
    const std::uint64_t buffer = physical(packet.data()).value - Packet::kFrameOffset;
    CHECK(buffer / 4096 == (buffer + limits::kPacketBytes - 1) / 4096);
    CHECK(packet.frame().empty());
    seen.insert(packet.data());
    held.push_back(std::move(packet));
    CHECK(Packet::scarce() == (Packet::free_count() < Packet::reserve()));
  }
  CHECK(seen.size() == kPackets);
  CHECK(Packet::failures() == 1);
  CHECK(Packet::free_count() == 0);
  CHECK(Packet::low_water() == 0);
  held.clear();
  CHECK(Packet::free_count() == kPackets);
  CHECK(Packet::low_water() == 0);
}

TEST_CASE("a buffer has one owner: a handle, or the holder of its number") {
  Packet first = Packet::allocate();
  first.set_bytes(60);
  std::byte* const data = first.data();
  Packet second = std::move(first);
  CHECK_FALSE(first);
  CHECK((second.data() == data && second.frame().size() == 60));
  const PacketIndex index = second.release();
  CHECK_FALSE(second);
  CHECK(Packet::free_count() == kPackets - 1);
  CHECK(Packet::frame_of(index) == data);
  {
    const Packet back = Packet::adopt(index, 42);
    CHECK((back.data() == data && back.bytes() == 42));
  }
  CHECK(Packet::free_count() == kPackets);
  CHECK(Packet::allocate().data() == data);  // the one used last is in the cache
}

TEST_CASE("assigning swaps, so that no buffer is lost or doubled") {
  Packet a = Packet::allocate();
  Packet b = Packet::allocate();
  const std::byte* const data = b.data();
  a = std::move(b);
  CHECK(a.data() == data);
  a = Packet();
  b = Packet();
  CHECK(Packet::free_count() == kPackets);
}

}  // namespace
}  // namespace mote
