// Programming how a function raises its interrupt.
#include "kernel/pci/interrupts.hpp"

#include <optional>

#include "kernel/cpu/mmio.hpp"
#include "kernel/memory/paging.hpp"

namespace mote::pci {
namespace {

// 6.8.1: MSI. With a 64-bit address, the fields after the address lie 4 bytes later.
namespace msi {
constexpr std::uint8_t kId = 0x05;
constexpr std::uint16_t kControl = 2;
constexpr std::uint16_t kAddress = 4;
constexpr std::uint16_t kUpperAddress = 8;
constexpr std::uint16_t kData = 8;
constexpr std::uint16_t kMasks = 12;
constexpr std::uint16_t kEnable = 1 << 0;
constexpr std::uint16_t kMessages = 7 << 4;  // how many are in use; 0: one
constexpr std::uint16_t kIs64 = 1 << 7;
constexpr std::uint16_t kHasMasks = 1 << 8;
}  // namespace msi

// 6.8.2: MSI-X, and an entry of its table.
namespace msi_x {
constexpr std::uint8_t kId = 0x11;
constexpr std::uint16_t kControl = 2;
constexpr std::uint16_t kTable = 4;  // a BAR's index, and the table's offset there
constexpr std::uint32_t kTableBar = 7;
constexpr std::uint16_t kMaskAll = 1 << 14;
constexpr std::uint16_t kEnable = 1 << 15;
constexpr std::uint32_t kEntryBytes = 16;
constexpr std::uint32_t kAddress = 0;
constexpr std::uint32_t kUpperAddress = 4;
constexpr std::uint32_t kData = 8;
constexpr std::uint32_t kVectorControl = 12;  // bit 0: masked
}  // namespace msi_x

std::optional<std::uint16_t> find(const Function& function, std::uint8_t id) {
  for (const Capability capability : function.capabilities()) {
    if (capability.id == id) {
      return capability.offset;
    }
  }
  return std::nullopt;
}

std::uint16_t at(std::uint16_t capability, std::uint16_t field) {
  return static_cast<std::uint16_t>(capability + field);
}

}  // namespace

bool use_msi_x(const Function& function, const interrupts::Message& message) {
  const auto capability = find(function, msi_x::kId);
  if (!capability) {
    return false;
  }
  const std::uint32_t place = function.read32(at(*capability, msi_x::kTable));
  const std::uint32_t offset = place & ~msi_x::kTableBar;
  const Bar bar = function.bar(place & msi_x::kTableBar);
  if (!bar || bar.is_io || bar.bytes < msi_x::kEntryBytes ||
      offset > bar.bytes - msi_x::kEntryBytes ||
      !paging::map_device({bar.address + offset}, msi_x::kEntryBytes)) {
    return false;
  }
  // Masks all entries until this one is complete.
  const std::uint16_t at_control = at(*capability, msi_x::kControl);
  const std::uint16_t control = function.read16(at_control);
  function.write16(at_control,
                   static_cast<std::uint16_t>(control | msi_x::kEnable | msi_x::kMaskAll));
  const PhysicalAddress entry{bar.address + offset};
  mmio::write32(entry + msi_x::kAddress, static_cast<std::uint32_t>(message.address));
  mmio::write32(entry + msi_x::kUpperAddress, static_cast<std::uint32_t>(message.address >> 32));
  mmio::write32(entry + msi_x::kData, message.data);
  mmio::write32(entry + msi_x::kVectorControl, 0);
  function.write16(at_control,
                   static_cast<std::uint16_t>((control | msi_x::kEnable) & ~msi_x::kMaskAll));
  return true;
}

bool use_msi(const Function& function, const interrupts::Message& message) {
  const auto capability = find(function, msi::kId);
  if (!capability) {
    return false;
  }
  const std::uint16_t at_control = at(*capability, msi::kControl);
  const std::uint16_t control = function.read16(at_control);
  const bool is_64 = (control & msi::kIs64) != 0;
  const std::uint16_t behind = is_64 ? 4 : 0;
  const auto low = static_cast<std::uint32_t>(message.address);
  function.write32(at(*capability, msi::kAddress), low);
  if (is_64) {
    function.write32(at(*capability, msi::kUpperAddress),
                     static_cast<std::uint32_t>(message.address >> 32));
  }
  function.write16(at(*capability, msi::kData + behind), static_cast<std::uint16_t>(message.data));
  if ((control & msi::kHasMasks) != 0) {
    function.write32(at(*capability, msi::kMasks + behind), 0);
  }
  function.write16(at_control,
                   static_cast<std::uint16_t>((control & ~msi::kMessages) | msi::kEnable));
  return true;
}

bool use_pin(const Function& function) {
  constexpr std::uint16_t kLine = 0x3C;
  constexpr std::uint16_t kPin = 0x3D;
  if (function.read8(kPin) == 0 || !interrupts::use_line(function.read8(kLine))) {
    return false;
  }
  function.write16(kCommand,
                   static_cast<std::uint16_t>(function.read16(kCommand) & ~kCommandNoInterrupt));
  return true;
}

}  // namespace mote::pci
