// A machine whose PCI functions are reached through the ports CF8h and CFCh (PCI 3.0, 3.2.2.3.2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/pci/pci.hpp"
#include "tests/unit/kernel/fake_acpi.hpp"
#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/kernel/pci/fake_space.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::pci {

class PciMachine : public FakeMachine {
 public:
  FakeSpace space;
  bool has_ports = true;

  // Writes to configuration space, as offsets; other writes are in `writes`.
  struct Configured {
    Address address;
    std::uint16_t offset;
    unsigned bytes;
    std::uint32_t value;
    friend bool operator==(const Configured&, const Configured&) = default;
  };
  std::vector<Configured> configured;

  PciMachine() {
    acpi::told() = {};
    paging::fake() = {};
    space.add({0, 0, 0}, kHostBridge).put<std::uint32_t>(kVendor, 0x1237'8086);
    on_in = [this](std::uint16_t port, unsigned bytes) { return read_port(port, bytes); };
    on_out = [this](std::uint16_t port, unsigned bytes, std::uint32_t value) {
      write_port(port, bytes, value);
    };
  }

  // The function that the scan finds at this address.
  [[nodiscard]] static Function function(Address address) {
    for (const Function& found : functions()) {
      if (found.address == address) {
        return found;
      }
    }
    FAIL("no such function");
    return {};
  }

  // The same, after scanning the machine anew.
  [[nodiscard]] static Function found(Address address = kHere) {
    scan(MemoryMap(std::span<const MemoryRange>()));
    return function(address);
  }

  // Gives a function a BAR, with a place already or without one yet.
  static void put_bar(Device& device, unsigned index, std::uint32_t address, std::uint32_t bytes,
                      bool is_io = false) {
    device.put<std::uint32_t>(bar_offset(index), address | (is_io ? 1 : 0));
    device.writable[index] = ~(bytes - 1);
  }

  // Puts a capability at `at`, before those already listed.
  static void put_capability(Device& device, std::uint8_t at, std::uint8_t id) {
    device.put<std::uint16_t>(kStatus, kStatusCapabilities);
    device.put<std::uint16_t>(
        at, static_cast<std::uint16_t>(id | device.get<std::uint8_t>(kCapabilities) << 8));
    device.put<std::uint8_t>(kCapabilities, at);
  }

 private:
  static constexpr std::uint32_t kHostBridge = 0x0600'0000;
  static constexpr std::uint16_t kConfigAddress = 0xCF8;
  static constexpr std::uint16_t kConfigData = 0xCFC;

  [[nodiscard]] bool is_data(std::uint16_t port) const {
    return has_ports && port >= kConfigData && port < kConfigData + 4 && selected_ >> 31 == 1;
  }
  [[nodiscard]] Address address() const {
    return {static_cast<std::uint8_t>(selected_ >> 16),
            static_cast<std::uint8_t>(selected_ >> 11 & 31),
            static_cast<std::uint8_t>(selected_ >> 8 & 7)};
  }
  [[nodiscard]] std::uint16_t offset(std::uint16_t port) const {
    return static_cast<std::uint16_t>((selected_ & 0xFC) + port - kConfigData);
  }

  std::uint32_t read_port(std::uint16_t port, unsigned bytes) {
    if (port == kConfigAddress && bytes == 4) {
      return has_ports ? selected_ : ~0U;
    }
    if (is_data(port)) {
      CHECK(bytes == 4);  // all reads are of doublewords
      return space.read32(address(), offset(port));
    }
    const auto found = ports.find(port);
    return found == ports.end() ? ~0U : found->second;
  }

  void write_port(std::uint16_t port, unsigned bytes, std::uint32_t value) {
    if (port == kConfigAddress && bytes == 4) {
      selected_ = value;
      writes.pop_back();
    } else if (is_data(port)) {
      writes.pop_back();
      configured.push_back({address(), offset(port), bytes, value});
      if (bytes == 1) {
        space.write8(address(), offset(port), static_cast<std::uint8_t>(value));
      } else if (bytes == 2) {
        space.write16(address(), offset(port), static_cast<std::uint16_t>(value));
      } else {
        space.write32(address(), offset(port), value);
      }
    } else {
      ports[port] = value;
    }
  }

  std::uint32_t selected_ = 0;
};

}  // namespace mote::pci
