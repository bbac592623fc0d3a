// Tests of when a receive ring is refilled: in parts, and never too late for what a frame fills.
#include "drivers/refill_batch.hpp"

#include <doctest/doctest.h>

#include <cstddef>

namespace mote {
namespace {

TEST_CASE("a ring is refilled when a part of it is missing") {
  constexpr RefillBatch kBatch(256, 8);
  CHECK(kBatch.buffers() == 256);
  CHECK_FALSE(kBatch.is_due(256));
  CHECK_FALSE(kBatch.is_due(225));
  CHECK(kBatch.is_due(224));
  CHECK(kBatch.is_due(0));
}

TEST_CASE("of a small ring each buffer counts, and a ring of none is never due") {
  for (std::size_t buffers = 1; buffers < 16; ++buffers) {
    const RefillBatch batch(buffers, 16);
    CHECK(batch.is_due(buffers - 1));
    CHECK_FALSE(batch.is_due(buffers));
  }
  CHECK_FALSE(RefillBatch(0, 8).is_due(0));
  CHECK_FALSE(RefillBatch().is_due(0));
}

TEST_CASE("a ring that isn't due has what one frame may fill, if it can have it") {
  constexpr std::size_t kNeeded = 34;
  for (std::size_t buffers = 1; buffers < 1024; ++buffers) {
    const RefillBatch batch(buffers, 16, kNeeded);
    std::size_t lent = buffers;
    while (lent != 0 && !batch.is_due(lent - 1)) {
      --lent;
    }
    REQUIRE(lent >= (buffers < kNeeded ? buffers : kNeeded));
  }
}

}  // namespace
}  // namespace mote
