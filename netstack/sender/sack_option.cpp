// Reads SACK options.
#include "netstack/sender/sack_option.hpp"

#include <bit>
#include <cstring>

#include "netstack/wire/tcp_options.hpp"

namespace mote::netstack {
namespace {

constexpr std::size_t kBlockBytes = 8;

Sequence number_at(const std::uint8_t* at) {
  std::uint32_t raw = 0;
  std::memcpy(&raw, at, sizeof raw);
  return {std::byteswap(raw)};
}

}  // namespace

std::span<const SequenceRange> sack_blocks(std::span<const std::uint8_t> options,
                                           std::span<SequenceRange, kSackBlocks> blocks) {
  TcpOption option = take_option(options);
  while (option.kind != TcpOption::kSack && option.kind != TcpOption::kEnd) {
    option = take_option(options);
  }
  std::size_t count = 0;
  for (std::span data = option.data; data.size() >= kBlockBytes && count < kSackBlocks;
       data = data.subspan(kBlockBytes)) {
    blocks[count++] = {number_at(&data[0]), number_at(&data[4])};
  }
  return blocks.first(count);
}

}  // namespace mote::netstack
