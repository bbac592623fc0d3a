// Queues against a plain string of bytes: whatever was added, dropped and read in whatever parts.
#include "netstack/sender/queue.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/netstack/sender/some_blocks.hpp"

using namespace mote;
using namespace mote::netstack;

namespace {

constexpr Plan kSome{.pcbs = 4, .shared_blocks = 400, .frame_blocks = 40};

std::string noise(std::size_t bytes, std::mt19937& random) {
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

std::string text_of(const SendQueue::Part& part) {
  std::string text;
  for (unsigned at = 0; at < part.count; ++at) {
    CHECK(part.pieces[at].bytes > 0);
    text += part.pieces[at].text();
  }
  CHECK(text.size() == part.bytes);
  return text;
}

// A queue, and what should be in it.
class Pair {
 public:
  explicit Pair(unsigned seed) : random(seed) {}
  ~Pair() {
    queue.clear();
    CHECK(blocks::used() == 0);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void add() {
    std::string added;
    bool is_added = false;
    if (random() % 3 == 0) {
      std::vector<Piece> pieces;
      const std::size_t count = 1 + random() % SendQueue::kMessagePieces;
      for (std::size_t at = 0; at < count; ++at) {
        const std::size_t bytes =
            at == 0 ? random() % (limits::kFirstTextBytes + 1) : random() % 3 * (random() % 900);
        pieces.push_back(piece_of(kept.emplace_back(noise(bytes, random))));
        added += pieces.back().text();
      }
      if (added.empty()) return;
      is_added = queue.add_message(pieces, added.size());
      kept[kept.size() - count].assign(pieces[0].bytes, 'x');  // was copied
    } else if (random() % 2 == 0) {
      added = kept.emplace_back(noise(random() % 4000, random));
      is_added = queue.add_reference(piece_of(kept.back()));
    } else {
      added = noise(random() % 600, random);
      is_added = queue.add_copy(piece_of(added));
    }
    model += is_added ? added : "";
    famines += is_added ? 0 : 1;
  }

  void drop() {
    const std::size_t bytes = random() % (model.size() + 1);
    queue.drop(static_cast<std::uint32_t>(bytes));
    model.erase(0, bytes);
  }

  void read() {
    if (model.empty()) return;
    const auto offset = static_cast<std::uint32_t>(random() % model.size());
    const auto most = static_cast<std::uint32_t>(1 + random() % (model.size() - offset));
    SendQueue::Part part;
    queue.read(offset, most, part);
    check(part, offset, most);
  }

  // In order, as a connection sends.
  void read_all() {
    SendQueue::Part part;
    for (std::uint32_t at = 0; at < model.size(); at += part.bytes) {
      const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(1460, model.size() - at));
      queue.read(at, most, part);
      check(part, at, most);
      REQUIRE(part.bytes > 0);
    }
  }

  void check(const SendQueue::Part& part, std::uint32_t offset, std::uint32_t most) {
    CHECK(text_of(part) == model.substr(offset, part.bytes));
    CHECK((part.bytes == most || part.count == SendQueue::kPartPieces));
    CHECK(part.bytes <= most);
    REQUIRE(part.blocks > 0);
    const Block* last = part.first;
    for (unsigned at = 1; at < part.blocks; ++at) {
      last = last->next;
      REQUIRE(last != nullptr);
    }
    const auto* const begin =
        part.first->text_bytes != 0 ? part.first->text.data() : part.first->data[0];
    CHECK(part.begins_block == (part.pieces[0].data == begin));
  }

  std::mt19937 random;
  SendQueue queue;
  std::string model;
  std::deque<std::string> kept;
  int famines = 0;
};

}  // namespace

TEST_CASE("a queue holds what was added and not dropped, byte by byte") {
  const SomeBlocks some(kSome);
  int famines = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Pair pair(seed);
    for (int i = 0; i < 300; ++i) {
      const unsigned what = pair.random() % 10;
      if (what < 4) pair.add();
      if (what == 4) pair.drop();
      if (what > 4) pair.read();
      if (what == 9) pair.read_all();
      REQUIRE(pair.queue.bytes() == pair.model.size());
      REQUIRE(pair.queue.empty() == pair.model.empty());
    }
    famines += pair.famines;
  }
  CHECK(famines > 0);
}

TEST_CASE("a part may begin and end at every byte") {
  const SomeBlocks some(kSome);
  Pair pair(1);
  const std::string head = "head";
  const std::string text(9, 'b');
  const std::string body = "the body";
  const std::array<Piece, 3> pieces{piece_of(head), piece_of(text), piece_of(body)};
  REQUIRE(pair.queue.add_message(pieces, 21));
  REQUIRE(pair.queue.add_copy(piece_of("copied")));
  REQUIRE(pair.queue.add_reference(piece_of(body)));
  REQUIRE(pair.queue.add_message(pieces, 21));
  pair.model = head + text + body + "copied" + body + head + text + body;
  for (; !pair.model.empty(); pair.model.erase(0, 1), pair.queue.drop(1)) {
    for (std::uint32_t offset = 0; offset < pair.model.size(); ++offset) {
      for (std::uint32_t most = 1; most <= pair.model.size() - offset; ++most) {
        SendQueue::Part part;
        pair.queue.read(offset, most, part);
        pair.check(part, offset, most);
      }
    }
  }
  CHECK(blocks::used() == 1);  // for the next message
  pair.queue.clear();
  CHECK(blocks::used() == 0);
}

TEST_CASE("what has no room as a whole isn't added in part") {
  const SomeBlocks some({.pcbs = 1, .shared_blocks = 32, .frame_blocks = 0});
  SendQueue queue;
  const std::string text(limits::kFirstTextBytes, 'a');
  REQUIRE(queue.add_copy(piece_of(text)));
  const std::size_t used = blocks::used();
  CHECK_FALSE(queue.add_copy(piece_of(std::string(10 * limits::kFirstTextBytes, 'b'))));
  CHECK(queue.bytes() == text.size());
  CHECK(blocks::used() == used);
  REQUIRE(queue.add_copy(piece_of("more")));  // where the other began
  SendQueue::Part part;
  queue.read(0, queue.bytes(), part);
  CHECK(text_of(part) == text + "more");
  queue.drop(queue.bytes());
  CHECK(blocks::used() == 0);
  CHECK_FALSE(queue.add_copy(piece_of(std::string(10 * limits::kFirstTextBytes, 'b'))));
  CHECK(queue.empty());
  CHECK(blocks::used() == 0);
}

TEST_CASE("many short pieces make short parts, and references share blocks") {
  const SomeBlocks some(kSome);
  SendQueue queue;
  for (int i = 0; i < 12; ++i) REQUIRE(queue.add_reference(piece_of("ab")));
  CHECK(blocks::used() == 2);
  REQUIRE(queue.add_reference({nullptr, 0}));
  REQUIRE(queue.add_copy({nullptr, 0}));
  CHECK(queue.bytes() == 24);
  SendQueue::Part part;
  queue.read(1, 23, part);
  CHECK(part.count == SendQueue::kPartPieces);
  CHECK(part.bytes == 2 * SendQueue::kPartPieces - 1);
  CHECK(part.blocks == 2);
  queue.clear();
  CHECK(queue.empty());
  CHECK(blocks::used() == 0);
}

TEST_CASE("a new reply takes the last one's block, unless a device still reads that") {
  const SomeBlocks some(kSome);
  SendQueue queue;
  const auto fill = [&](std::string_view text) {
    Block* const block = queue.restart();
    REQUIRE(block != nullptr);
    std::ranges::copy(piece_of(text).data, piece_of(text).data + text.size(), block->text.data());
    block->text_bytes = static_cast<std::uint16_t>(text.size());
    block->references = 0;
    block->bytes = static_cast<std::uint32_t>(text.size());
    queue.note_filled(block->bytes);
    SendQueue::Part part;
    queue.read(1, block->bytes - 1, part);
    CHECK(text_of(part) == text.substr(1));
    return block;
  };
  Block* const first = fill("first");
  CHECK(fill("second, longer") == first);
  ++first->holders;
  Block* const other = fill("third");
  CHECK(other != first);
  CHECK(blocks::used() == 2);
  blocks::frame_sent(*first);
  CHECK(blocks::used() == 1);
  REQUIRE(queue.add_copy(piece_of("behind")));
  Block* const back = fill("fourth");
  CHECK(back != other);
  CHECK(blocks::used() == 1);
  queue.clear();
  CHECK(blocks::used() == 0);
}
