// The pool of blocks: who may have how many, and when they return.
#include "netstack/sender/block.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "tests/unit/netstack/sender/some_blocks.hpp"

using namespace mote;
using namespace mote::netstack;

TEST_CASE("each connection has its own blocks, whatever others take") {
  const SomeBlocks some({.pcbs = 100, .shared_blocks = 64, .frame_blocks = 4});
  REQUIRE(some.is_set_up());
  std::vector<Block*> hoard;  // of one queue after another, each as much as it gets
  for (int queues = 0; queues < 99; ++queues) {
    for (std::size_t held = 0; Block* const block = blocks::take(held); ++held) {
      hoard.push_back(block);
    }
  }
  CHECK(blocks::shared_left() < 16);
  for (std::size_t held = 0; held < blocks::kOwnBlocks; ++held) {
    CHECK(blocks::left_for(held) == blocks::kOwnBlocks - held);
    Block* const block = blocks::take(held);
    REQUIRE(block != nullptr);
    hoard.push_back(block);
  }
  CHECK(blocks::take(blocks::kOwnBlocks) == nullptr);
  CHECK(std::set<Block*>(hoard.begin(), hoard.end()).size() == hoard.size());
  CHECK(blocks::used() == hoard.size());
}

TEST_CASE("the fewer blocks are left to share, the fewer a queue may have") {
  const SomeBlocks some({.pcbs = 1, .shared_blocks = 320, .frame_blocks = 0});
  CHECK(blocks::left_for(0) == 2 + 320 / 16);
  CHECK(blocks::left_for(1) == 1 + 320 / 16);
  CHECK(blocks::left_for(12) == 320 / 16 - 10);
  CHECK(blocks::left_for(1000) == 0);
  std::size_t held = 0;
  std::vector<Block*> taken;
  while (Block* const block = blocks::take(held)) {
    ++held;
    taken.push_back(block);
  }
  CHECK(held == 2 + 18);  // with 18 taken, 302 are left, and a sixteenth of them is 18
  CHECK(blocks::shared_left() == 320 - 18);
  CHECK(blocks::usage().failures == 1);
  for (Block* block : taken) blocks::give_back(*block, held--);
  CHECK(blocks::shared_left() == 320);
  CHECK(blocks::used() == 0);
  CHECK(blocks::usage().most_used == 20);
  CHECK(blocks::usage().blocks == 322);
}

TEST_CASE("frames have blocks for their headers, and no more") {
  const SomeBlocks some({.pcbs = 4, .shared_blocks = 16, .frame_blocks = 3});
  std::vector<Block*> heads;
  while (Block* const head = blocks::take_for_frame(0)) heads.push_back(head);
  CHECK(heads.size() == 3);
  CHECK(blocks::left_for(0) == 3);  // these are no queue's
  blocks::frame_sent(*heads.back());
  CHECK(blocks::take_for_frame(0) == heads.back());
  for (Block* head : heads) blocks::frame_sent(*head);
  CHECK(blocks::used() == 0);
}

TEST_CASE("an interface whose device reads nothing leaves blocks to the others") {
  const SomeBlocks some({.pcbs = 4, .shared_blocks = 16, .frame_blocks = 128});
  for (int round = 0; round < 2; ++round) {
    std::vector<Block*> heads;
    std::vector<std::size_t> most;
    for (unsigned interface = 0; interface < limits::kInterfaces; ++interface) {
      const std::size_t before = heads.size();
      while (Block* const head = blocks::take_for_frame(interface)) heads.push_back(head);
      most.push_back(heads.size() - before);
    }
    CHECK(most == std::vector<std::size_t>{100, 4, 4, 4, 4, 4, 4, 4});
    for (Block* head : heads) blocks::frame_sent(*head);
    CHECK(blocks::used() == 0);
  }
}

TEST_CASE("a block that a device still reads returns when it has, in whatever order") {
  for (const bool queue_first : {false, true}) {
    CAPTURE(queue_first);
    const SomeBlocks some({.pcbs = 4, .shared_blocks = 16, .frame_blocks = 3});
    Block* const first = blocks::take(0);
    Block* const second = blocks::take(1);
    first->next = second;
    Block* const one = blocks::take_for_frame(0);
    Block* const other = blocks::take_for_frame(0);
    blocks::cover(*one, first, 2);
    blocks::cover(*other, second, 1);
    CHECK(first->holders == 2);
    CHECK(second->holders == 3);
    if (!queue_first) blocks::frame_sent(*one);
    blocks::give_back(*first, 2);
    blocks::give_back(*second, 1);
    CHECK(blocks::used() == (queue_first ? 4 : 2));
    if (queue_first) blocks::frame_sent(*one);
    CHECK(second->holders == 1);
    CHECK(blocks::used() == 2);  // the other frame's head, and what it covers
    blocks::frame_sent(*other);
    CHECK(blocks::used() == 0);
  }
}

TEST_CASE("a frame in its queue's own block holds that") {
  const SomeBlocks some({.pcbs = 1, .shared_blocks = 0, .frame_blocks = 0});
  Block* const block = blocks::take(0);
  ++block->holders;
  blocks::give_back(*block, 1);
  CHECK(blocks::used() == 1);
  blocks::frame_sent(*block);
  CHECK(blocks::used() == 0);
}

TEST_CASE("blocks' cookies are told from pointers to anything aligned") {
  const SomeBlocks some({.pcbs = 1, .shared_blocks = 0, .frame_blocks = 0});
  Block* const block = blocks::take(0);
  void* const cookie = blocks::cookie_of(*block);
  CHECK(blocks::is_cookie(cookie));
  CHECK_FALSE(blocks::is_cookie(block));
  CHECK(&blocks::block_of(cookie) == block);
}

TEST_CASE("without memory, the pool says so") {
  Arena none;
  CHECK_FALSE(blocks::set_up(none, {.pcbs = 1}));
  CHECK(blocks::take(0) == nullptr);
  CHECK(blocks::take_for_frame(0) == nullptr);
}
