// A simulated vmxnet3 device and a driver for it. It reads and writes memory at the offsets in
// VMware's headers (vmxnet3_defs.h), as numbers, honestly or not.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/limits.hpp"
#include "drivers/vmxnet3/nic_bring_up.hpp"
#include "kernel/limits.hpp"

namespace mote::vmxnet3 {

using Bytes = std::vector<std::byte>;

template <typename T>
T peek(std::uint64_t address) {
  T value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof(value));
  return value;
}
template <typename T>
void poke(std::uint64_t address, T value) {
  std::memcpy(reinterpret_cast<void*>(address), &value, sizeof(value));
}

// A ring of 16-byte entries, with the device's position in it.
struct DeviceRing {
  std::uint64_t address = 0;
  std::uint32_t entries = 0;
  std::uint32_t next = 0;
  std::uint32_t generation = 1;

  [[nodiscard]] std::uint64_t at() const { return address + 16 * std::uint64_t{next}; }
  void advance() {
    if (++next == entries) {
      next = 0;
      generation ^= 1;
    }
  }
};

// An access to a register: 'r' and 'w' for the device's (BAR 1), 'f' for a write to a fast one.
struct Access {
  char kind;
  std::uint32_t offset;
  std::uint32_t value;
  bool operator==(const Access&) const = default;
};

// The device's state and behaviour; the driver reaches it through FakeRegisters.
struct FakeDevice {
  std::uint32_t revisions = 0x7F;
  std::uint32_t upt_versions = 1;
  std::array<std::uint32_t, 2> mac = {0x12005452, 0x5634};
  std::uint32_t link = 10000u << 16 | 1;
  bool opens = true;
  bool can_interrupt = false;
  std::uint32_t reset_result = 0;
  std::uint32_t activation_result = 0;

  std::vector<Access> accesses{};
  std::uint32_t command = 0;
  std::uint64_t shared = 0;
  bool active = false;
  int activations = 0;
  DeviceRing sending{}, sent{}, receiving{}, bodies{}, received{};

  [[nodiscard]] std::uint64_t queues() const { return peek<std::uint64_t>(shared + 40); }

  void activate() {
    REQUIRE(peek<std::uint32_t>(shared) == 0xBABEFEE1);
    const auto ring = [&](std::uint64_t queue, unsigned where, unsigned size) {
      const DeviceRing found{peek<std::uint64_t>(queue + where), peek<std::uint32_t>(queue + size)};
      REQUIRE(found.address % 512 == 0);
      REQUIRE(found.entries % 32 == 0);
      return found;
    };
    sending = ring(queues(), 16, 56);
    sent = ring(queues(), 32, 64);
    receiving = ring(queues() + 256, 16, 56);
    received = ring(queues() + 256, 32, 64);
    bodies = ring(queues() + 256, 24, 60);
    REQUIRE(sent.entries >= sending.entries);
    REQUIRE(received.entries >= receiving.entries + bodies.entries);
    poke<std::uint32_t>(queues() + 4, 1);  // txThreshold
    active = true;
    ++activations;
  }

  std::uint32_t result_of_command() {
    switch (command) {
      case 0xCAFE0000:
        if (activation_result == 0) {
          activate();
        }
        return activation_result;
      case 0xCAFE0002:
        active = active && reset_result != 0;
        return reset_result;
      case 0xF00D0002:
        return link;
      case 0xF00D0003:
        return mac[0];
      case 0xF00D0004:
        return mac[1];
      default:
        FAIL("no command that has a result");
        return 0;
    }
  }

  // Completes a receive descriptor with these words and the generation.
  void complete(Words words) {
    words[3] = (words[3] & 0x7FFFFFFF) | received.generation << 31;
    poke(received.at(), words);
    received.advance();
  }

  // The index of the next receive descriptor that the driver has lent.
  std::optional<std::uint32_t> next_buffer() {
    if (peek<std::uint32_t>(receiving.at() + 8) >> 31 != receiving.generation) {
      return std::nullopt;
    }
    return receiving.next;
  }

  static constexpr std::uint32_t kEnds = 1u << 14;    // eop
  static constexpr std::uint32_t kBegins = 1u << 15;  // sop
  static constexpr std::uint32_t kWhole = kBegins | kEnds;
  static constexpr std::uint32_t kNotSummed = 1u << 30;  // cnc

  // Writes a frame into the next buffer; false if there is none.
  bool deliver(const Bytes& frame, std::uint32_t word0 = kWhole | kNotSummed,
               std::uint32_t word3 = 0) {
    const auto index = next_buffer();
    if (!index) {
      return false;
    }
    const auto word2 = peek<std::uint32_t>(receiving.at() + 8);
    REQUIRE((word2 >> 14 & 1) == 0);  // a head
    REQUIRE((word2 & 0x3FFF) >= 1514);
    std::memcpy(reinterpret_cast<void*>(peek<std::uint64_t>(receiving.at())), frame.data(),
                frame.size());
    receiving.advance();
    complete({*index | word0, 0, static_cast<std::uint32_t>(frame.size()), word3});
    return true;
  }

  // The words of a completion, true or not, for a piece in the next buffer of its ring.
  struct PieceWords {
    std::uint32_t word0;
    std::uint32_t bytes;
    std::uint32_t word3 = 0;
  };
  bool deliver_piece(DeviceRing& ring, const std::byte* data, PieceWords words) {
    const auto word2 = peek<std::uint32_t>(ring.at() + 8);
    if (word2 >> 31 != ring.generation) {
      return false;
    }
    REQUIRE((word2 >> 14 & 1) == (&ring == &bodies ? 1 : 0));
    if (data != nullptr) {
      REQUIRE(words.bytes <= (word2 & 0x3FFF));
      std::memcpy(reinterpret_cast<void*>(peek<std::uint64_t>(ring.at())), data, words.bytes);
    }
    const std::uint32_t number = &ring == &bodies ? 1u << 16 : 0;
    complete({ring.next | number | words.word0, 0, words.bytes, words.word3});
    ring.advance();
    return true;
  }

  // Writes a frame into several buffers, as QEMU does: if there are too few, it ends in an error.
  bool deliver_large(const Bytes& frame, std::uint32_t word3 = 0, std::size_t piece = 1982) {
    std::size_t done = 0;
    while (done != frame.size()) {
      const std::size_t bytes = std::min(piece, frame.size() - done);
      const bool ends = done + bytes == frame.size();
      const std::uint32_t word0 = (done == 0 ? kBegins : 0) | (ends ? kEnds : 0);
      if (!deliver_piece(done == 0 ? receiving : bodies, frame.data() + done,
                         {word0, static_cast<std::uint32_t>(bytes), ends ? word3 : 0})) {
        return false;
      }
      done += bytes;
    }
    return true;
  }

  struct Piece {
    std::uint64_t address;
    std::uint32_t word2;
    std::uint32_t word3;
  };
  struct Sent {
    std::uint32_t last;
    std::uint32_t word2;  // from the first descriptor
    std::uint32_t word3;
    std::size_t pieces;
    Bytes frame;
    std::vector<Piece> descriptors;
  };

  // The next frame that the driver sent, not yet completed.
  std::optional<Sent> collect() {
    Sent frame{};
    while (true) {
      const auto word2 = peek<std::uint32_t>(sending.at() + 8);
      const auto word3 = peek<std::uint32_t>(sending.at() + 12);
      if ((word2 >> 14 & 1) != sending.generation) {
        REQUIRE(frame.pieces == 0);  // never part of a frame
        return std::nullopt;
      }
      const std::uint32_t bytes = (word2 & 0x3FFF) != 0 ? word2 & 0x3FFF : 0x4000;
      frame.descriptors.push_back({peek<std::uint64_t>(sending.at()), word2, word3});
      if (frame.pieces++ == 0) {
        frame.word2 = word2;
        frame.word3 = word3;
      } else {
        REQUIRE((word3 & 0xFFF) == 0);
        REQUIRE((word2 >> 18) == 0);
      }
      const auto* data = reinterpret_cast<const std::byte*>(peek<std::uint64_t>(sending.at()));
      frame.frame.insert(frame.frame.end(), data, data + bytes);
      frame.last = sending.next;
      sending.advance();
      if ((word3 >> 12 & 1) != 0) {
        REQUIRE((word3 >> 13 & 1) == 1);
        return frame;
      }
      REQUIRE(frame.pieces < 16);
    }
  }
  void complete_sent(std::uint32_t index) {
    poke(sent.at(), Words{index, 0, 0, sent.generation << 31});
    sent.advance();
  }

  void set_events(std::uint32_t events) { poke(shared + 696, events); }
  void want_doorbell(bool on) { poke<std::uint8_t>(queues() + 256, on ? 1 : 0); }

  [[nodiscard]] int doorbells(std::uint32_t offset) const {
    int count = 0;
    for (const Access& access : accesses) {
      count += access.kind == 'f' && access.offset == offset ? 1 : 0;
    }
    return count;
  }
};

class FakeRegisters {
 public:
  using Location = FakeDevice*;

  std::string_view open(FakeDevice* const& device) {
    device_ = device;
    return device->opens ? std::string_view{} : "vmxnet3: no windows";
  }
  [[nodiscard]] std::uint32_t read_device(std::uint32_t offset) const {
    const std::uint32_t value = value_of(offset);
    device_->accesses.push_back({'r', offset, value});
    return value;
  }
  void write_device(std::uint32_t offset, std::uint32_t value) const {
    device_->accesses.push_back({'w', offset, value});
    if (offset == 0x10) {
      device_->shared = value;
    } else if (offset == 0x18) {
      device_->shared |= std::uint64_t{value} << 32;
    } else if (offset == 0x20) {
      device_->command = value;
    }
  }
  void write_fast(std::uint32_t offset, std::uint32_t value) const {
    REQUIRE(device_->active);
    device_->accesses.push_back({'f', offset, value});
  }
  [[nodiscard]] bool can_interrupt() const { return device_->can_interrupt; }

 private:
  [[nodiscard]] std::uint32_t value_of(std::uint32_t offset) const {
    switch (offset) {
      case 0x00:
        return device_->revisions;
      case 0x08:
        return device_->upt_versions;
      case 0x20:
        return device_->result_of_command();
      default:
        FAIL("a register that isn't to be read");
        return 0;
    }
  }

  FakeDevice* device_ = nullptr;
};

using FakeNic = Nic<FakeRegisters>;
static_assert(NetDevice<FakeNic>);

inline constexpr std::size_t kAll = limits::kPackets;

// Whether this many buffers are lent, but for those that a refill may leave for later.
inline bool are_lent(std::size_t buffers) {
  const std::size_t free = Packet::free_count();
  return free >= kAll - buffers && free <= kAll - buffers + buffers / 16;
}

inline Bytes frame_of(std::size_t bytes, unsigned seed = 1) {
  Bytes frame(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    frame[i] = static_cast<std::byte>(i * 7 + seed);
  }
  return frame;
}

// A driver and its device; in the end every packet must be back in the pool.
struct World {
  explicit World(FakeDevice prepared = {}, std::size_t buffers = limits::kReceiveBuffers)
      : device(std::move(prepared)) {
    REQUIRE(Packet::free_count() == kAll);
    REQUIRE(nic.bring_up(&device, buffers));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    device.reset_result = 0;
    device.activation_result = 1;  // fails after the reset
    if (device.shared != 0) {
      device.set_events(1);
    }
    for (unsigned look = 0; look < 40; ++look) {
      static_cast<void>(nic.link_up());
    }
    nic.reclaim([](void*) {});
    CHECK(Packet::free_count() == kAll);
  }

  // Keeps frames as bytes.
  struct Sink {
    World& world;
    void operator()(Packet packet, RxChecksum checksum) const {
      world.received.emplace_back(packet.frame().begin(), packet.frame().end());
      world.checksums.push_back(checksum);
    }
    void operator()(std::span<Packet> packets, RxChecksum checksum) const {
      REQUIRE(packets.size() > 1);
      REQUIRE(packets.size() <= limits::kRxPieces);
      Bytes whole;
      for (const Packet& packet : packets) {
        REQUIRE(packet);
        whole.insert(whole.end(), packet.frame().begin(), packet.frame().end());
      }
      world.received.push_back(std::move(whole));
      world.checksums.push_back(checksum);
      world.spans.push_back(packets.size());
    }
  };

  // One turn.
  std::size_t receive(std::size_t budget = 64) { return nic.poll_rx(budget, Sink{*this}); }
  bool send(const Bytes& bytes, TxChecksum checksum = {}) {
    Packet packet = Packet::allocate();
    REQUIRE(packet);
    packet.set_bytes(bytes.size());
    std::memcpy(packet.data(), bytes.data(), bytes.size());
    const bool sent = nic.transmit(packet, checksum);
    CHECK(sent == !packet);
    return sent;
  }
  void reclaim() {
    nic.reclaim([&](void* cookie) { released.push_back(cookie); });
  }

  FakeDevice device;
  FakeNic nic;
  std::vector<Bytes> received;
  std::vector<RxChecksum> checksums;
  std::vector<std::size_t> spans;  // the number of packets in each span
  std::vector<void*> released;
};

}  // namespace mote::vmxnet3
