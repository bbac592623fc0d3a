// Reads SACK options.
#include "netstack/sender/sack_option.hpp"

#include <bit>
#include <cstring>

namespace mote::netstack {
namespace {

constexpr std::uint8_t kEndOfOptions = 0;  // RFC 9293, 3.1
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kSack = 5;  // RFC 2018, 3
constexpr std::size_t kBlockBytes = 8;

Sequence number_at(const std::uint8_t* at) {
  std::uint32_t raw = 0;
  std::memcpy(&raw, at, sizeof raw);
  return {std::byteswap(raw)};
}

}  // namespace

std::span<const SequenceRange> sack_blocks(std::span<const std::uint8_t> options,
                                           std::span<SequenceRange, kSackBlocks> blocks) {
  while (!options.empty() && options[0] != kEndOfOptions) {
    if (options[0] == kNoOperation) {
      options = options.subspan(1);
      continue;
    }
    const std::size_t bytes = options.size() > 1 ? options[1] : 0;
    if (bytes < 2 || bytes > options.size()) {
      break;
    }
    if (options[0] == kSack) {
      std::size_t count = 0;
      for (std::size_t at = 2; at + kBlockBytes <= bytes && count < kSackBlocks;
           at += kBlockBytes) {
        blocks[count++] = {number_at(&options[at]), number_at(&options[at + 4])};
      }
      return blocks.first(count);
    }
    options = options.subspan(bytes);
  }
  return {};
}

}  // namespace mote::netstack
