// How a header and its frame share descriptors, in both queues of a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/virtio/nic_wire.hpp"
#include "drivers/virtio/ring.hpp"
#include "kernel/limits.hpp"

namespace mote::virtio {

struct Framing {
  std::uint8_t header_bytes = 0;  // set at bring-up; initialized to zero so that devices stay in
                                  // .bss
  // 5.1.6.6: legacy devices without VIRTIO_F_ANY_LAYOUT want the header in its own descriptor.
  bool header_alone = false;

  [[nodiscard]] std::size_t descriptors() const { return header_alone ? 2 : 1; }
};
static_assert(limits::kHeadroom >= NetHeader::kBytes, "a header fits in front of every frame");

// Lends a frame, with the header in front of its first piece.
[[nodiscard, gnu::always_inline]] inline bool lend_frame(SplitRing& ring, Framing framing,
                                                         std::span<const Piece> frame,
                                                         Access access, Owner owner) {
  const std::uint32_t header_bytes = framing.header_bytes;
  const Piece& first = frame.front();
  const std::byte* const header = first.data - header_bytes;
  if (framing.header_alone) [[unlikely]] {
    return ring.lend({header, header_bytes}, frame, access, owner);
  }
  return ring.lend({header, header_bytes + first.bytes}, frame.subspan(1), access, owner);
}

}  // namespace mote::virtio
