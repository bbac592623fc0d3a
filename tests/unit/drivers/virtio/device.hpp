// The device's side of a split virtqueue (virtio 1.2, 2.7), for tests: it reads and writes the ring
// at the specification's offsets, honestly or not.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "drivers/net_device.hpp"
#include "drivers/virtio/ring.hpp"

namespace mote::virtio {

class DeviceQueue {
 public:
  struct Buffer {
    std::byte* data;
    std::uint32_t bytes;
    bool writable;
  };
  struct Chain {
    std::uint16_t head;
    std::vector<Buffer> buffers;
  };

  void attach(const QueueAddresses& addresses, std::uint16_t entries) {
    addresses_ = addresses;
    entries_ = entries;
    seen_ = 0;
    used_ = 0;
  }
  [[nodiscard]] bool attached() const { return entries_ != 0; }
  [[nodiscard]] const QueueAddresses& addresses() const { return addresses_; }

  [[nodiscard]] std::uint16_t available_flags() const { return read16(addresses_.available, 0); }
  [[nodiscard]] std::uint16_t available_index() const { return read16(addresses_.available, 2); }
  [[nodiscard]] std::uint16_t used_event() const {
    return read16(addresses_.available, 4 + 2 * std::size_t{entries_});
  }
  [[nodiscard]] std::uint16_t waiting() const {
    return static_cast<std::uint16_t>(available_index() - seen_);
  }
  [[nodiscard]] std::uint16_t used_index() const { return used_; }

  // The next chain that the driver lent, if any.
  std::optional<Chain> pop() {
    if (waiting() == 0) {
      return std::nullopt;
    }
    Chain chain{read16(addresses_.available, 4 + 2 * std::size_t(seen_++ % entries_)), {}};
    std::uint16_t at = chain.head;
    while (true) {
      Descriptor descriptor;
      std::memcpy(&descriptor, pointer(addresses_.descriptors, 16 * std::size_t{at}), 16);
      chain.buffers.push_back({reinterpret_cast<std::byte*>(descriptor.address), descriptor.bytes,
                               (descriptor.flags & Descriptor::kWrite) != 0});
      if ((descriptor.flags & Descriptor::kNext) == 0) {
        return chain;
      }
      at = descriptor.next;
    }
  }

  // Writes a used element without publishing it; `show` moves the index past all of them.
  void put(std::uint32_t id, std::uint32_t bytes) {
    const std::size_t offset = 4 + 8 * std::size_t(used_++ % entries_);
    std::memcpy(pointer(addresses_.used, offset), &id, 4);
    std::memcpy(pointer(addresses_.used, offset + 4), &bytes, 4);
  }
  void show() { write16(addresses_.used, 2, used_); }
  void complete(std::uint32_t id, std::uint32_t bytes) {
    put(id, bytes);
    show();
  }
  void set_used_index(std::uint16_t index) {
    used_ = index;
    show();
  }
  void set_no_notify(bool on) { write16(addresses_.used, 0, on ? 1 : 0); }
  void set_avail_event(std::uint16_t index) {
    write16(addresses_.used, 4 + 8 * std::size_t{entries_}, index);
  }

 private:
  static std::byte* pointer(PhysicalAddress address, std::size_t offset) {
    return reinterpret_cast<std::byte*>(address.value) + offset;
  }
  static std::uint16_t read16(PhysicalAddress address, std::size_t offset) {
    std::uint16_t value;
    std::memcpy(&value, pointer(address, offset), sizeof(value));
    return value;
  }
  static void write16(PhysicalAddress address, std::size_t offset, std::uint16_t value) {
    std::memcpy(pointer(address, offset), &value, sizeof(value));
  }

  QueueAddresses addresses_;
  std::uint16_t entries_ = 0;
  std::uint16_t seen_ = 0;
  std::uint16_t used_ = 0;
};

// A sink for single packets, for tests without merged frames.
template <typename Function>
struct Single : Function {
  using Function::operator();
  void operator()(std::span<Packet>, RxChecksum) const { FAIL("nothing long was agreed on"); }
};
template <typename Function>
Single(Function) -> Single<Function>;

}  // namespace mote::virtio
