// A ring, and the device's end of it.
#pragma once

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "drivers/virtio/ring.hpp"
#include "tests/unit/drivers/virtio/device.hpp"

namespace mote::virtio {

// A ring in memory of exactly its size, so that the sanitizer catches any access outside.
struct RingWorld {
  explicit RingWorld(std::uint16_t entries, bool event_index = false,
                     std::size_t alignment = RingLayout::kModernAlignment)
      : layout(RingLayout::of(entries, alignment)),
        memory(static_cast<std::byte*>(
            std::aligned_alloc(alignment, (layout.bytes + alignment - 1) & ~(alignment - 1)))),
        slots(entries) {
    ring.attach(layout, {memory.get(), layout.bytes}, slots);
    ring.restart(event_index);
    device.attach(ring.addresses(), entries);
  }

  // Lends one piece, identified by `cookie`.
  bool lend(std::uintptr_t cookie, std::uint32_t bytes = 100,
            Access access = Access::kDeviceWrites) {
    const Piece piece{buffer.data(), bytes};
    return ring.lend(piece, {}, access, {.cookie = reinterpret_cast<void*>(cookie)});
  }
  bool lend_pieces(std::uintptr_t cookie, std::size_t count) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < count; ++i) {
      pieces.push_back({buffer.data() + i, static_cast<std::uint32_t>(i + 1)});
    }
    const std::span<const Piece> rest = std::span(pieces).subspan(1);
    return ring.lend(pieces[0], rest, Access::kDeviceWrites,
                     {.cookie = reinterpret_cast<void*>(cookie)});
  }
  static std::uintptr_t cookie(const Completion& completion) {
    return reinterpret_cast<std::uintptr_t>(completion.owner.cookie);
  }

  struct Free {
    void operator()(std::byte* pointer) const { std::free(pointer); }
  };
  RingLayout layout;
  std::unique_ptr<std::byte, Free> memory;
  std::vector<Slot> slots;
  std::array<std::byte, 4096> buffer{};
  SplitRing ring;
  DeviceQueue device;
};

}  // namespace mote::virtio
