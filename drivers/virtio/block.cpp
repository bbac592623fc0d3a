// The virtio block device's requests.
#include "drivers/virtio/block.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <new>

namespace mote::virtio {

bool BlockDisk::start(RequestQueue& queue, const Facts& facts) {
  constexpr std::uint64_t kMostSectors = std::numeric_limits<std::uint64_t>::max() / kSectorBytes;
  queue_ = &queue;
  blocks_ = 0;
  if (!std::has_single_bit(facts.block_bytes) || facts.block_bytes < kLeastBlockBytes ||
      facts.block_bytes > kMostBlockBytes) {
    return queue.fail("blocks of # bytes are not supported", facts.block_bytes);
  }
  if (facts.piece_most < facts.block_bytes) {
    return queue.fail("no block fits into pieces of # bytes", facts.piece_most);
  }
  if (facts.sectors > kMostSectors) {
    return queue.fail("no disk has # sectors", facts.sectors);
  }
  block_bytes_ = facts.block_bytes;
  blocks_ = facts.sectors / (facts.block_bytes / kSectorBytes);
  piece_most_ =
      std::min<std::size_t>(facts.piece_most, kMostReadBytes) / block_bytes_ * block_bytes_;
  return true;
}

bool BlockDisk::read(std::uint64_t first, std::span<std::byte> to) {
  while (!to.empty()) {
    const auto piece = to.first(std::min(to.size(), piece_most_));
    if (!read_piece(first, piece)) {
      return false;
    }
    to = to.subspan(piece.size());
    first += piece.size() / block_bytes_;
  }
  return true;
}

bool BlockDisk::read_piece(std::uint64_t first, std::span<std::byte> to) {
  const std::uint64_t sector = first * (block_bytes_ / kSectorBytes);
  auto* const request = new (queue_->memory().data())
      Request{.type = Request::kRead, .reserved = 0, .sector = sector, .status = Request::kNone};
  const Piece header{reinterpret_cast<const std::byte*>(request), Request::kHeaderBytes};
  const std::array<Piece, 2> writes = {
      Piece{to.data(), to.size()},
      Piece{reinterpret_cast<const std::byte*>(&request->status), sizeof(request->status)}};
  if (!queue_->request({&header, 1}, writes)) {
    return false;
  }
  const std::uint8_t status = request->status;
  return status == Request::kGood ||
         queue_->fail("read of sector # ended with status #", sector, status);
}

}  // namespace mote::virtio
