// A simulated controller of the e1000 family and a driver for it. The device follows the manual's
// numbers, written out here again, rather than the driver's constants.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/e1000/nic_bring_up.hpp"
#include "drivers/limits.hpp"
#include "kernel/limits.hpp"

namespace mote::e1000 {

using Bytes = std::vector<std::byte>;

struct Access {
  std::uint32_t offset;
  std::uint32_t value;
  friend bool operator==(const Access&, const Access&) = default;
};

struct FakeDevice {
  std::uint16_t id = 0x100E;
  bool ends_reset = true;
  bool lends_mdio = true;
  bool loads_address = true;  // a reset loads the first receive address register
  bool answers_eerd = true;
  std::array<std::uint8_t, 6> address = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

  std::map<std::uint32_t, std::uint32_t> registers{{0x8, 2}};
  std::vector<Access> writes{};
  std::array<int, 2> doorbells{};  // receive, transmit
  std::uint64_t context = 0;       // the last context descriptor
  bool segments = false;           // whether that is for TCP segmentation
  int contexts = 0;
  int cause_reads = 0;              // reads of ICR
  std::size_t writes_at_cause = 0;  // writes before the last of them

  [[nodiscard]] bool express() const { return id == 0x10D3; }

  std::uint32_t read(std::uint32_t offset) {
    if (offset == 0xC0) {
      ++cause_reads;
      writes_at_cause = writes.size();
    }
    return registers[offset];
  }

  void write(std::uint32_t offset, std::uint32_t value) {
    writes.push_back({offset, value});
    registers[offset] = value;
    if (offset == 0x0 && (value & 0x0400'0000) != 0) {
      reset();
    } else if (offset == 0x14 && answers_eerd) {
      const std::uint32_t word = express() ? value >> 2 & 0x3FFF : value >> 8 & 0xFF;
      const std::uint32_t data = address.at(2 * word) | address.at(2 * word + 1) << 8;
      registers[0x14] = data << 16 | (express() ? 0x2 : 0x10);
    } else if (offset == 0xF00 && !lends_mdio) {
      registers[0xF00] = 0;
    } else if (offset == 0x2818 || offset == 0x3818) {
      ++doorbells[offset == 0x2818 ? 0 : 1];
    }
  }

  void reset() {
    const bool hangs = !ends_reset;
    registers = {{0x0, hangs ? 0x0400'0000U : 0U}, {0x8, 2}, {0x10, 0x200}};
    if (loads_address) {
      std::memcpy(&registers[0x5400], address.data(), 4);
      registers[0x5404] = 0x8000'0000U | address[4] | address[5] << 8;
    }
  }

  [[nodiscard]] std::byte* ring(std::uint32_t base) {
    return reinterpret_cast<std::byte*>(std::uint64_t{registers[base + 4]} << 32 | registers[base]);
  }
  [[nodiscard]] std::uint32_t entries(std::uint32_t base) { return registers[base + 8] / 16; }

  // The number of entries that the device owns, from its head to the tail.
  [[nodiscard]] std::uint32_t owned(std::uint32_t base) {
    const std::uint32_t all = entries(base);
    return (registers[base + 0x18] + all - registers[base + 0x10]) % all;
  }

  // Writes `bytes` of a frame into the next receive buffer, DD last; false if there is none.
  bool deliver(const Bytes& frame, std::uint8_t status = 0x07, std::uint8_t errors = 0) {
    return deliver(frame, static_cast<std::uint16_t>(frame.size()), status, errors);
  }
  bool deliver(const Bytes& frame, std::uint16_t length, std::uint8_t status, std::uint8_t errors) {
    if (owned(0x2800) == 0) {
      return false;
    }
    std::uint32_t& head = registers[0x2810];
    std::byte* const descriptor = ring(0x2800) + 16 * head;
    std::byte* buffer = nullptr;
    std::memcpy(&buffer, descriptor, sizeof(buffer));
    REQUIRE(descriptor[12] == std::byte{0});
    REQUIRE(frame.size() <= 1522);
    std::memcpy(buffer, frame.data(), frame.size());
    std::memcpy(descriptor + 8, &length, 2);
    descriptor[13] = std::byte{errors};
    descriptor[12] = std::byte{status};
    head = (head + 1) % entries(0x2800);
    return true;
  }

  struct Descriptor {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const Descriptor&, const Descriptor&) = default;
  };

  struct Sent {
    Bytes frame;
    std::vector<Descriptor> descriptors;  // as the driver wrote them
    std::uint64_t context = 0;            // 0: no checksum requested
    std::byte* last = nullptr;            // the last descriptor
  };

  // The next frame that the driver sent, not yet reported as sent.
  std::optional<Sent> collect() {
    Sent sent;
    for (bool first = true; owned(0x3800) != 0;) {
      std::uint32_t& head = registers[0x3810];
      std::byte* const descriptor = ring(0x3800) + 16 * head;
      head = (head + 1) % entries(0x3800);
      std::uint64_t low = 0;
      std::uint64_t high = 0;
      std::memcpy(&low, descriptor, 8);
      std::memcpy(&high, descriptor + 8, 8);
      sent.descriptors.push_back({low, high});
      const auto command = static_cast<std::uint32_t>(high);
      REQUIRE(descriptor[12] == std::byte{0});
      REQUIRE((command >> 29 & 1) == 1);  // DEXT
      const std::uint32_t type = command >> 20 & 0xF;
      if (type == 0) {
        REQUIRE(first);
        context = low;
        segments = (command >> 26 & 1) == 1;
        ++contexts;
        continue;
      }
      REQUIRE(type == 1);
      const auto* const data = reinterpret_cast<const std::byte*>(low);
      const std::uint32_t bytes = command & 0xF'FFFF;
      REQUIRE(bytes != 0);
      sent.frame.insert(sent.frame.end(), data, data + bytes);
      const bool cut = (command >> 26 & 1) == 1;  // TSE
      if (std::exchange(first, false) && descriptor[13] != std::byte{0}) {
        REQUIRE(descriptor[13] == (cut ? std::byte{3} : std::byte{2}));  // IXSM and TXSM
        REQUIRE(cut == segments);  // QEMU's 82574 has one context for both
        sent.context = context;
      }
      const bool ends = (command >> 24 & 1) == 1;
      REQUIRE((command >> 27 & 1) == (ends ? 1 : 0));  // RS with EOP, and only there
      REQUIRE((command >> 25 & 1) == 1);               // IFCS
      if (ends) {
        sent.last = descriptor;
        return sent;
      }
    }
    REQUIRE(sent.frame.empty());
    return std::nullopt;
  }
  static void report(const Sent& sent) { sent.last[12] = std::byte{1}; }
};

class FakeRegisters {
 public:
  using Location = FakeDevice*;

  static std::uint16_t identifier(FakeDevice* const& device) { return device->id; }
  std::string_view open(FakeDevice* const& device) {
    device_ = device;
    return {};
  }
  [[nodiscard]] std::uint32_t read(Register at) const {
    return device_->read(static_cast<std::uint32_t>(at));
  }
  void write(Register at, std::uint32_t value) const {
    device_->write(static_cast<std::uint32_t>(at), value);
  }
  [[nodiscard]] bool can_interrupt() const { return true; }

 private:
  FakeDevice* device_ = nullptr;
};

using FakeNic = Nic<FakeRegisters>;
static_assert(NetDevice<FakeNic>);

inline constexpr std::size_t kAll = limits::kPackets;

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
    REQUIRE(net.bring_up(&device, buffers));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    net.shut_down([](void*) {});
    CHECK(Packet::free_count() == kAll);
  }

  std::size_t receive(std::size_t budget = 64) {
    return net.poll_rx(budget, [&](Packet packet, RxChecksum checksum) {
      received.emplace_back(packet.frame().begin(), packet.frame().end());
      checksums.push_back(checksum);
    });
  }
  void complete_all() {
    while (auto sent = device.collect()) {
      FakeDevice::report(*sent);
      transmitted.push_back(std::move(*sent));
    }
  }
  bool send(const Bytes& bytes, TxChecksum checksum = {}) {
    Packet packet = Packet::allocate();
    REQUIRE(packet);
    packet.set_bytes(bytes.size());
    std::memcpy(packet.data(), bytes.data(), bytes.size());
    const bool sent = net.transmit(packet, checksum);
    CHECK(sent == !packet);
    return sent;
  }

  FakeDevice device;
  FakeNic net;
  std::vector<Bytes> received;
  std::vector<RxChecksum> checksums;
  std::vector<FakeDevice::Sent> transmitted;
};

}  // namespace mote::e1000
