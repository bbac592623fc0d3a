// Reads from QEMU's DSDT how PCI devices are plugged (QEMU docs/specs/acpi_pci_hotplug): the port
// of the registers, and the number by which they know each bus.
//
// Like kernel/acpi/aml.hpp this knows a few terms and skips all other bytes one by one: the
// operation region PCST, and under the host bridge PCI0 devices with constant `_ADR` and `BSEL`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/acpi/aml.hpp"
#include "kernel/acpi/tables.hpp"
#include "kernel/cpu/addresses.hpp"

namespace mote::acpi {

namespace aml {
inline constexpr std::uint8_t kScope = 0x10;
inline constexpr std::uint8_t kExtended = 0x5B;  // the first byte of kDevice and kRegion
inline constexpr Signature kAdr("_ADR");
inline constexpr Signature kBsel("BSEL");
inline constexpr Signature kPci0("PCI0");
inline constexpr Signature kPcst("PCST");
inline constexpr std::size_t kNameLetters = 4;
}  // namespace aml

// The deepest bus that is understood: bridges from the host bridge to it.
inline constexpr std::size_t kMostBridges = 4;

// A bus into which devices can be plugged.
struct HotplugBus {
  std::uint32_t selector = 0;                         // its number in the registers
  std::array<std::uint32_t, kMostBridges> bridges{};  // the way to it, each as in `_ADR` (6.1.1):
  std::size_t depth = 0;                              // device in the upper half, then function
};

// The registers' first port.
[[nodiscard]] inline std::optional<IoPort> hotplug_port_of(Bytes dsdt) {
  constexpr std::size_t kSpace = sizeof(aml::kRegion) + aml::kNameLetters;
  for (std::size_t at = kHeaderBytes; at < dsdt.size(); ++at) {
    if (dsdt[at] != std::byte{aml::kExtended} || field<std::uint16_t>(dsdt, at) != aml::kRegion ||
        field<std::uint32_t>(dsdt, at + sizeof(aml::kRegion)) != aml::kPcst.value ||
        field<std::uint8_t>(dsdt, at + kSpace) != kSpaceIo) {
      continue;
    }
    std::size_t value = at + kSpace + 1;
    const auto port = take_integer(dsdt, value);
    if (port && *port != 0 && *port <= 0xFFFF) {
      return IoPort{static_cast<std::uint16_t>(*port)};
    }
  }
  return std::nullopt;
}

// The walk over the devices below the host bridge. Keeps those that it is in on a stack.
class HotplugWalk {
 public:
  explicit HotplugWalk(Bytes dsdt) : code_(dsdt) {}

  // Calls `sink(HotplugBus)` for each bus with a number.
  template <typename Sink>
  void run(Sink sink) {
    for (std::size_t at = kHeaderBytes; at < code_.size(); ++at) {
      const auto byte = std::to_integer<std::uint8_t>(code_[at]);
      if (byte == aml::kExtended || byte == aml::kScope) {
        enter(at, byte == aml::kScope ? 1 : sizeof(aml::kDevice));
      } else if (byte == aml::kName) {
        if (const auto bus = read_name(at)) {
          sink(*bus);
        }
      }
    }
  }

 private:
  struct Level {
    std::size_t end;
    std::optional<std::uint32_t> address;
  };

  // Enters the scope or device at `at`, unless there is none. Only the host bridge's scope matters,
  // and in it only devices.
  void enter(std::size_t at, std::size_t opcode_bytes) {
    leave(at);
    if (opcode_bytes != 1 && !is_device_at(code_, at)) {
      return;
    }
    const auto package = package_at(code_, at + opcode_bytes);
    if (!package) {
      return;
    }
    const bool is_host = field<std::uint32_t>(code_, package->begin) == aml::kPci0.value;
    if (is_host) {
      host_end_ = package->end;
      depth_ = 0;
    } else if (opcode_bytes != 1 && at < host_end_ && depth_ < levels_.size()) {
      levels_[depth_++] = {package->end, std::nullopt};
    }
  }

  void leave(std::size_t at) {
    while (depth_ != 0 && levels_[depth_ - 1].end <= at) {
      --depth_;
    }
  }

  // A bus's number, with the way to it.
  std::optional<HotplugBus> read_name(std::size_t at) {
    leave(at);
    const auto name = field<std::uint32_t>(code_, at + 1);
    if (at >= host_end_ || (name != aml::kAdr.value && name != aml::kBsel.value)) {
      return std::nullopt;
    }
    std::size_t value_at = at + aml::kNameBytes;
    const auto value = take_integer(code_, value_at);
    if (!value) {
      return std::nullopt;
    }
    if (name == aml::kAdr.value) {
      if (depth_ != 0) {
        levels_[depth_ - 1].address = static_cast<std::uint32_t>(*value);
      }
      return std::nullopt;
    }
    HotplugBus bus{.selector = static_cast<std::uint32_t>(*value), .depth = depth_};
    for (std::size_t i = 0; i < depth_; ++i) {
      if (i == kMostBridges || !levels_[i].address) {
        return std::nullopt;
      }
      bus.bridges[i] = *levels_[i].address;
    }
    return bus;
  }

  Bytes code_;
  std::size_t host_end_ = 0;
  std::array<Level, kMostBridges + 1> levels_{};  // one more, to tell what is too deep
  std::size_t depth_ = 0;
};

}  // namespace mote::acpi
