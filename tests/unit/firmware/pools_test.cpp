// Tests of carving the pools: plans that shrink until they fit, guards, and machines that are too
// small.
//
// The RAM is only addresses: nothing touches it.
#include "firmware/pools.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "firmware/plan.hpp"
#include "http/connection/server.hpp"
#include "http/limits.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/memory/packet.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

// The place of a kernel's image of 1 MiB.
asm(R"(
  .globl __image_start
  .globl __image_end
  .globl __boot_text_start
  .globl __boot_text_end
  .set __image_start, 0x100000
  .set __boot_text_start, 0x110000
  .set __boot_text_end, 0x180000
  .set __image_end, 0x200000
)");

namespace mote {
namespace {

// The pools' sizes: the last of each counts.
struct Handed {
  std::size_t packets = 0;
  std::size_t dma_bytes = 0;
  AddressRange dma;
  netstack::Plan netstack;
  http::Plan http;
  unsigned tries = 0;
};
Handed handed;

// Bytes per connection, set higher than planned for so that plans must shrink.
std::uint64_t bytes_a_connection = 1024;

}  // namespace

bool Packet::set_up(Arena& arena, std::size_t packets) {
  handed.packets = packets;
  ++handed.tries;
  return arena.take_bytes(packets * limits::kPacketBytes, 4096) != 0;
}
void Packet::give_back(PacketIndex) {}

namespace dma {
bool set_up(Arena& arena, std::size_t bytes) {
  const std::uint64_t begin = arena.take_bytes(bytes, 4096);
  handed.dma_bytes = bytes;
  handed.dma = {begin, begin == 0 ? 0 : begin + bytes};
  return begin != 0;
}
AddressRange range() { return handed.dma; }
}  // namespace dma

namespace netstack {
bool set_up(Arena& arena, const Plan& plan) {
  handed.netstack = plan;
  return arena.take_bytes(plan.connections * bytes_a_connection, 16) != 0;
}
}  // namespace netstack

namespace http {
bool set_up(Arena& arena, const Plan& plan) {
  handed.http = plan;
  return arena.take_bytes(plan.connections * 64, 16) != 0;
}
}  // namespace http

namespace {

constexpr std::uint64_t kMib = 1 << 20;
constexpr AddressRange kBootText{0x11'0000, 0x18'0000};
constexpr std::uint64_t kBootTextBytes = kBootText.end - kBootText.begin;

// Carves RAM from 1 MiB to `end_mib`, with the kernel in the first MiB; returns the console's
// lines.
std::string carve(std::uint64_t end_mib, std::size_t connections = 0,
                  std::uint64_t a_connection = 1024) {
  handed = {};
  paging::fake() = {};
  bytes_a_connection = a_connection;
  console::written().clear();
  const std::array ram = {MemoryRange{kMib, (end_mib - 1) * kMib, MemoryRange::kUsableRam, 0}};
  carve_pools(MemoryMap(std::span(ram)), nullptr, {}, connections);
  return console::written();
}

TEST_CASE("where RAM is ample the first plan is carved, and each pool has a guard before it") {
  CHECK(carve(66).empty());
  CHECK(handed.tries == 1);
  const Plan plan = plan_for(64 * kMib + kBootTextBytes);
  CHECK(handed.packets == plan.packets);
  CHECK(handed.dma_bytes == plan.dma_bytes);
  CHECK(handed.netstack == plan.netstack);
  CHECK(handed.http == plan.http);
  CHECK(paging::fake().left_out.size() == 4);
  CHECK(paging::fake().tables.size() >= 4);
  for (const std::uint64_t page : paging::fake().left_out) {
    CHECK(page % 4096 == 0);
    CHECK((kBootText.contains(page, 1) || page >= 2 * kMib));  // after the kernel
  }
}

TEST_CASE("a plan that doesn't fit shrinks step by step until it does") {
  CHECK(carve(18, 0, 16 * 1024).empty());
  CHECK(handed.tries > 1);
  CHECK(handed.http.connections >= limits::kLeastConnections);
  CHECK(handed.http.connections < plan_for(16 * kMib).http.connections);
  const std::uint64_t used = handed.http.connections * 16 * 1024;
  CHECK(used < 16 * kMib);
  CHECK(used > 10 * kMib);                     // hardly more than necessary is given up
  CHECK(paging::fake().left_out.size() == 4);  // failed tries leave nothing behind
}

TEST_CASE("the plan has as many connections as asked for, or the console says how many fit") {
  CHECK(carve(66, 500).empty());
  CHECK(handed.http.connections == 500);
  const std::string said = carve(18, 5'000, 16 * 1024);
  CHECK(said ==
        "http: RAM holds " + std::to_string(handed.http.connections) + " connections, not 5000\n");
}

TEST_CASE("a machine too small for the least plan says so and halts") {
  CHECK_THROWS_AS(carve(3, 0, 64 * 1024), FakeMachine::Halted);
  CHECK(console::written().starts_with("memory: "));
  CHECK(console::written().ends_with(" KiB of RAM are free, too little to start with\n"));
  CHECK(handed.packets <= limits::kPackets / 2);
}

TEST_CASE("without page tables for all guards, pools lie side by side from there on") {
  paging::fake() = {};
  handed = {};
  console::written().clear();
  paging::fake().can_leave_out = 2;
  const std::array ram = {MemoryRange{kMib, 64 * kMib, MemoryRange::kUsableRam, 0}};
  carve_pools(MemoryMap(std::span(ram)), nullptr, {}, 0);
  CHECK(paging::fake().left_out.size() == 2);
  CHECK(console::written() == "memory: pools lie side by side, out of page tables\n");
}

TEST_CASE("code that boot needed makes room for a pool, if its pages become writable") {
  paging::fake() = {};
  handed = {};
  bytes_a_connection = 1024;
  const std::array ram = {MemoryRange{kMib, 65 * kMib, MemoryRange::kUsableRam, 0}};
  const MemoryMap memory{std::span(ram)};
  for (const bool can : {true, false}) {
    paging::fake().can_take_boot_text = can;
    carve_pools(memory, nullptr, {}, 0);
    CHECK(paging::fake().boot_text_taken);
    const std::uint64_t tables = physical(paging::fake().tables.data()).value;
    CHECK(kBootText.contains(tables, 1) == can);
  }
}

TEST_CASE("memory lent for a while is carved again, unless it is withheld") {
  paging::fake() = {};
  handed = {};
  bytes_a_connection = 1024;
  constexpr std::size_t kLent = 700 * 1024;
  const std::array ram = {MemoryRange{16 * kMib, kLent, MemoryRange::kUsableRam, 0},
                          MemoryRange{32 * kMib, 64 * kMib, MemoryRange::kUsableRam, 0}};
  const MemoryMap memory{std::span(ram)};
  const AddressRange lent = lend_dma_memory(memory, nullptr, kLent);
  CHECK(lent.begin == 16 * kMib);
  CHECK(lent.end == 16 * kMib + kLent);
  carve_pools(memory, nullptr, {}, 0);
  CHECK(lent.contains(handed.dma.begin, handed.dma_bytes));
  carve_pools(memory, nullptr, lent, 0);
  CHECK_FALSE(lent.touches(handed.dma.begin, handed.dma_bytes));
  CHECK(lend_dma_memory(memory, nullptr, 65 * kMib).end == 0);
}

TEST_CASE("without a map from the loader, 8 MiB are assumed") {
  paging::fake() = {};
  handed = {};
  bytes_a_connection = 1024;
  console::written().clear();
  carve_pools(MemoryMap(std::span<const MemoryRange>()), nullptr, {}, 0);
  CHECK(console::written() == "memory: the loader gave no map, 8 MiB are assumed\n");
  for (const std::uint64_t page : paging::fake().left_out) {
    CHECK((kBootText.contains(page, 1) || (page >= 2 * kMib && page < 8 * kMib)));
  }
}

}  // namespace
}  // namespace mote
