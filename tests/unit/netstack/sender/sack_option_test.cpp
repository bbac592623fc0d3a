// SACK options, whole and damaged.
#include "netstack/sender/sack_option.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace mote::netstack;

namespace {

using Options = std::vector<std::uint8_t>;

// Read from memory that ends where they end, so that the sanitizer sees any read beyond.
std::vector<SequenceRange> read(const Options& options) {
  const Options exact(options);
  std::array<SequenceRange, kSackBlocks> blocks;
  const auto found = sack_blocks(exact, std::span(blocks));
  return {found.begin(), found.end()};
}

void put(Options& options, SequenceRange block) {
  for (const Sequence number : {block.begin, block.end}) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      options.push_back(static_cast<std::uint8_t>(number.value >> shift));
    }
  }
}

Options sack_of(const std::vector<SequenceRange>& blocks) {
  Options options{1, 1, 5, static_cast<std::uint8_t>(2 + 8 * blocks.size())};
  for (const SequenceRange block : blocks) put(options, block);
  return options;
}

const std::vector<SequenceRange> kBlocks = {{{0x01020304}, {0x01020405}},
                                            {{0xFFFFFF00}, {0x00000100}},
                                            {{7}, {8}},
                                            {{0x80000000}, {0x7FFFFFFF}}};

}  // namespace

TEST_CASE("as many blocks are read as there are (RFC 2018, 3)") {
  for (std::size_t count = 0; count <= kSackBlocks; ++count) {
    const std::vector<SequenceRange> blocks(kBlocks.begin(), kBlocks.begin() + long(count));
    CHECK(read(sack_of(blocks)) == blocks);
  }
  std::vector<SequenceRange> five = kBlocks;
  five.push_back({{1}, {2}});
  CHECK(read(sack_of(five)) == kBlocks);
}

TEST_CASE("they are found behind other options, and not behind the end") {
  Options options{8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 5, 180};
  const Options sack = sack_of(kBlocks);
  options.insert(options.end(), sack.begin(), sack.end());
  CHECK(read(options) == kBlocks);
  options[0] = 0;
  CHECK(read(options).empty());
  CHECK(read({}).empty());
  CHECK(read({1, 1, 1, 1}).empty());
}

TEST_CASE("cut off anywhere, an option counts for nothing") {
  const Options whole = sack_of(kBlocks);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CHECK(read({whole.begin(), whole.begin() + long(bytes)}).empty());
  }
}

TEST_CASE("an option may lie about its length") {
  const Options whole = sack_of(kBlocks);
  for (unsigned length = 0; length < 256; ++length) {
    Options options = whole;
    options[3] = static_cast<std::uint8_t>(length);
    const std::size_t expected = length < 2 || length > 34 ? 0 : (length - 2) / 8;
    CHECK(read(options) ==
          std::vector<SequenceRange>(kBlocks.begin(), kBlocks.begin() + long(expected)));
    Options other = whole;  // one in front of it
    other.insert(other.begin(), {8, static_cast<std::uint8_t>(length)});
    const auto found = read(other);
    CHECK((found.empty() || length >= 2));
  }
}
