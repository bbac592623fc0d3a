// A simulated virtio network device behind MMIO registers (virtio 1.2, 4.2), for tests: strict
// about widths and order, and with a record of every access.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "drivers/virtio/mmio_transport.hpp"
#include "tests/unit/drivers/virtio/device.hpp"

namespace mote::virtio {

struct MmioDevice {
  std::uint32_t magic = 0x7472'6976;
  std::uint32_t version = 2;
  std::uint32_t device = 1;
  std::uint64_t offered = std::uint64_t{1} << 32 | 1 << 5 | 1 << 16;  // VERSION_1, MAC, STATUS
  std::uint32_t most_entries = 1024;
  std::array<std::uint8_t, 12> config = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0};
  std::uint32_t generation = 7;
  unsigned reset_reads = 0;  // reads of the status before a reset has ended
  bool reachable = true;
  bool interrupts = false;  // its interrupt wire is connected
  std::uint32_t raised = 0;
  bool keeps_queues = false;  // queues remain in use after a reset

  struct Queue {
    std::uint32_t entries = 0;
    std::uint32_t alignment = 0;
    std::uint32_t page = 0;
    std::uint32_t ready = 0;
    std::array<std::uint32_t, 6> addresses{};
    DeviceQueue memory;
  };
  std::array<Queue, 2> queues{};
  std::uint32_t status = 0;
  std::uint32_t page_bytes = 0;
  std::uint64_t accepted = 0;
  std::uint32_t offered_half = 9;
  std::uint32_t accepted_half = 9;
  std::uint32_t selected = 9;
  unsigned resetting = 0;
  std::array<int, 2> doorbells{};
  mutable std::vector<std::string> log{};

  [[nodiscard]] bool legacy() const { return version == 1; }
  [[nodiscard]] MmioWindow window(std::uint64_t bytes = 0x200) {
    return {{reinterpret_cast<std::uintptr_t>(this)}, bytes};
  }

  std::uint32_t read32(std::uint32_t offset) {
    note("r", offset);
    switch (offset) {
      case 0x000:
        return magic;
      case 0x004:
        return version;
      case 0x008:
        return device;
      case 0x010:
        REQUIRE(offered_half <= 1);
        return static_cast<std::uint32_t>(offered >> (32 * offered_half));
      case 0x034:
        return selected < 2 ? most_entries : 0;
      case 0x040:
        REQUIRE(legacy());
        return queue().page;
      case 0x044:
        REQUIRE_FALSE(legacy());
        return queue().ready;
      case 0x060:
        return raised;
      case 0x070:
        if (resetting != 0 && --resetting == 0) {
          status = 0;
        }
        return status;
      case 0x0FC:
        REQUIRE_FALSE(legacy());
        return generation;
      default:
        FAIL("read of register " << offset);
        return 0;
    }
  }

  void write32(std::uint32_t offset, std::uint32_t value) {
    note("w", offset, value);
    if (offset < 0x030) {
      write_features(offset, value);
    } else if (offset == 0x030) {
      selected = value;
    } else if (offset == 0x050) {
      REQUIRE((status & 4) != 0);
      ++doorbells.at(value);
    } else if (offset == 0x064) {
      raised &= ~value;
    } else if (offset == 0x070) {
      write_status(value);
    } else {
      write_queue(offset, value);
    }
  }

  std::uint8_t config8(std::uint32_t offset) const {
    note("r8", offset);
    return config.at(offset - 0x100);
  }
  std::uint16_t config16(std::uint32_t offset) const {
    note("r16", offset);
    REQUIRE(offset % 2 == 0);
    return static_cast<std::uint16_t>(config.at(offset - 0x100) | config.at(offset - 0xFF) << 8);
  }

 private:
  Queue& queue() { return queues.at(selected); }

  void note(const char* what, std::uint32_t offset, std::int64_t value = -1) const {
    std::array<char, 40> text{};
    if (value < 0) {
      std::snprintf(text.data(), text.size(), "%s %03x", what, offset);
    } else {
      std::snprintf(text.data(), text.size(), "%s %03x %llx", what, offset,
                    static_cast<unsigned long long>(value));
    }
    log.emplace_back(text.data());
  }

  void write_features(std::uint32_t offset, std::uint32_t value) {
    if (offset == 0x014) {
      offered_half = value;
    } else if (offset == 0x024) {
      accepted_half = value;
    } else if (offset == 0x020) {
      REQUIRE(accepted_half <= 1);
      accepted |= std::uint64_t{value} << (32 * accepted_half);
      REQUIRE((accepted & ~offered) == 0);
    } else {
      REQUIRE(offset == 0x028);
      REQUIRE(legacy());
      page_bytes = value;
    }
  }

  void write_status(std::uint32_t value) {
    if (value != 0) {
      REQUIRE((value & status) == status);  // bits may only be added
      status = value;
      return;
    }
    resetting = reset_reads;
    status = resetting != 0 ? status | 0x80 : 0;
    accepted = 0;
    if (!keeps_queues) {
      queues = {};
    }
  }

  void write_queue(std::uint32_t offset, std::uint32_t value) {
    REQUIRE(queue().ready == 0);
    REQUIRE(queue().page == 0);
    if (offset == 0x038) {
      REQUIRE(value <= most_entries);
      queue().entries = value;
    } else if (legacy()) {
      write_legacy_queue(offset, value);
    } else if (offset == 0x044) {
      REQUIRE(value == 1);
      REQUIRE(queue().entries != 0);
      const auto address = [&](std::size_t i) {
        return PhysicalAddress{queue().addresses[i] | std::uint64_t{queue().addresses[i + 1]}
                                                          << 32};
      };
      queue().ready = value;
      queue().memory.attach({address(0), address(2), address(4)},
                            static_cast<std::uint16_t>(queue().entries));
    } else {
      const std::uint32_t field = (offset - 0x080) / 0x10;
      REQUIRE(field < 3);
      REQUIRE((offset & 0xB) == 0);
      queue().addresses.at(2 * field + (offset & 4) / 4) = value;
    }
  }

  // 2.7.2: one address determines the others.
  void write_legacy_queue(std::uint32_t offset, std::uint32_t value) {
    if (offset == 0x03C) {
      queue().alignment = value;
      return;
    }
    REQUIRE(offset == 0x040);
    REQUIRE(page_bytes != 0);
    REQUIRE(queue().entries != 0);
    queue().page = value;
    const std::uint64_t entries = queue().entries;
    const std::uint64_t start = high_bits() | std::uint64_t{value} * page_bytes;
    const std::uint64_t available = start + 16 * entries;
    const std::uint64_t end = available + 6 + 2 * entries;
    const std::uint64_t used =
        (end + queue().alignment - 1) / queue().alignment * queue().alignment;
    queue().memory.attach({{start}, {available}, {used}}, static_cast<std::uint16_t>(entries));
  }

  // The host's heap is too high for 32-bit numbers of 4 KiB pages; all of it has the same high
  // bits.
  static std::uint64_t high_bits() {
    const auto somewhere = std::make_unique<char>();
    return reinterpret_cast<std::uintptr_t>(somewhere.get()) & ~((std::uint64_t{1} << 44) - 1);
  }
};

// Registers in a window whose base address is a simulated device.
class SimulatedRegisters {
 public:
  bool open(const MmioWindow& window) {
    device_ = reinterpret_cast<MmioDevice*>(window.base.value);
    return device_->reachable;
  }
  [[nodiscard]] bool open_interrupt(const MmioWindow&) const { return device_->interrupts; }
  [[nodiscard]] std::uint8_t read8(std::uint32_t offset) const { return device_->config8(offset); }
  [[nodiscard]] std::uint16_t read16(std::uint32_t offset) const {
    return device_->config16(offset);
  }
  [[nodiscard]] std::uint32_t read32(std::uint32_t offset) const { return device_->read32(offset); }
  void write32(std::uint32_t offset, std::uint32_t value) const { device_->write32(offset, value); }

 private:
  MmioDevice* device_ = nullptr;
};

}  // namespace mote::virtio
