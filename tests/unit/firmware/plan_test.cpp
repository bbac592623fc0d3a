// Tests of the plan: the size of every pool, given the free RAM.
#include "firmware/plan.hpp"

#include <doctest/doctest.h>

#include "http/limits.hpp"

namespace mote {
namespace {

constexpr std::uint64_t kKib = 1024;
constexpr std::uint64_t kMib = 1024 * kKib;
constexpr std::uint64_t kGib = 1024 * kMib;

TEST_CASE("a plan has full pools where RAM is ample, and grows and shrinks with RAM") {
  const Plan ample = plan_for(RamShare::kAmpleBytes);
  CHECK(ample == Plan{.packets = 640,
                      .dma_bytes = 512 * 1024,
                      .netstack = {.connections = 1024,
                                   .pcbs = 1280,
                                   .segments = 1600,
                                   .shared_blocks = 1280,
                                   .frame_blocks = 512,
                                   .ranges = 2048,
                                   .texts = 128,
                                   .frames = 64},
                      .http = {.connections = 1024,
                               .small_requests = 256,
                               .medium_requests = 20,
                               .large_requests = 10,
                               .tails = 32}});
  Plan before = plan_for(0);
  CHECK(before.http.connections == limits::kLeastConnections);
  CHECK(before.packets == 160);
  for (std::uint64_t bytes = 0; bytes < kGib; bytes += 777 * kKib) {
    const Plan plan = plan_for(bytes);
    CHECK(plan.http.connections >= before.http.connections);
    CHECK(plan.packets >= before.packets);
    CHECK(plan.packets <= limits::kPackets);
    CHECK(plan.netstack.pcbs > plan.http.connections);
    CHECK(plan.http.small_requests < 0xF000);
    before = plan;
  }
  CHECK(before.http.connections == limits::kMostConnections);
  CHECK(plan_for(61 * kMib).http.connections >= 10'000);
  CHECK(plan_for(508 * kMib).http.connections >= 100'000);
  CHECK(plan_for(61 * kMib, 20'000).http.connections == 20'000);
  CHECK(plan_for(61 * kMib, 1).http.connections == limits::kLeastConnections);
}

TEST_CASE("every plan has what each connection is promised, and some for those that need more") {
  for (std::size_t connections = limits::kLeastConnections; connections <= limits::kMostConnections;
       connections += 1 + connections / 7) {
    const netstack::Plan plan = plan_for(0, connections).netstack;
    CHECK(plan.segments >= plan.pcbs);  // a SYN each
    CHECK(plan.shared_blocks >= limits::kLeastSharedBlocks);
    CHECK(plan.ranges >= 2 * limits::kLeastConnections);
    CHECK(plan.frame_blocks > 0);
  }
}

}  // namespace
}  // namespace mote
