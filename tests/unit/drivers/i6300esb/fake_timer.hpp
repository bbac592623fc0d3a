// A machine with the 6300ESB's watchdog timer, as its data sheet has it (300641-004US, chapter 16):
// what a write does, by which key, and when it would reset the machine.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>

#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::i6300esb {

inline constexpr std::uint64_t kWindow = 0xFEB0'0000;

struct Pc : pci::PciMachine {
  pci::Device& timer = space.add(pci::kHere, 0x0880'0000);
  std::uint32_t preload[2] = {0xF'FFFF, 0xF'FFFF};
  bool has_fired = false;
  int reloads = 0;

  Pc() {
    timer.put<std::uint32_t>(0, 0x25AB'8086);
    timer.put<std::uint16_t>(0x60, 0x2004);  // a reserved bit, which must stay, and WDT_PRE_SEL
    put_bar(timer, 0, kWindow, 0x10);
    windows = {{kWindow, kWindow + 0x10}};
    on_read = [this](std::uint64_t at, unsigned bytes) -> std::uint64_t {
      CHECK(at == kWindow + 0x0C);
      CHECK(bytes == 2);
      return has_fired ? 0x0200 : 0;
    };
    on_write = [this](std::uint64_t at, unsigned bytes, std::uint64_t value) {
      write_register(at - kWindow, bytes, static_cast<std::uint32_t>(value));
    };
  }

  // Milliseconds from a reload to the reset; none if it isn't enabled, or may not reset.
  [[nodiscard]] std::optional<std::uint64_t> patience_ms() const {
    const auto configuration = timer.get<std::uint16_t>(0x60);
    if ((timer.get<std::uint8_t>(0x68) & 0b110) != 0b010 || (configuration & 1 << 5) != 0) {
      return std::nullopt;
    }
    const unsigned shift = (configuration & 1 << 2) != 0 ? 5 : 15;
    return ((std::uint64_t{preload[0]} + preload[1]) << shift) / 33'000;
  }

 private:
  void write_register(std::uint64_t offset, unsigned bytes, std::uint32_t value) {
    if (offset == 0x0C && (value == 0x80 || value == 0x86)) {
      keys_ = value == 0x80 ? 1 : keys_ == 1 ? 2 : 0;
      return;
    }
    CHECK(keys_ == 2);  // anything else is ignored
    keys_ = 0;
    if (offset == 0x0C) {
      CHECK(bytes == 2);
      reloads += (value & 1 << 8) != 0 ? 1 : 0;
      has_fired = has_fired && (value & 1 << 9) == 0;
    } else {
      CHECK(bytes == 4);
      preload[offset / 4 & 1] = value;
    }
  }

  int keys_ = 0;
};

}  // namespace mote::i6300esb
