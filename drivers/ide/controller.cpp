// Finds a controller's ports, and brings up one drive after the other.
#include "drivers/ide/controller.hpp"

#include "kernel/console/console.hpp"

namespace mote::ide {
namespace {

// 2.4: the programming interface has a bit for each channel that is in native mode.
constexpr std::array<std::uint8_t, 2> kNative = {1 << 0, 1 << 2};

// 2.1: the old places.
constexpr std::array<Ports, 2> kOldPorts = {
    {{IoPort{0x1F0}, IoPort{0x3F6}}, {IoPort{0x170}, IoPort{0x376}}}};

// 2.4: a channel has two base addresses, of its command block and of its control block.
constexpr unsigned kCommandBytes = 8;
constexpr unsigned kControlBytes = 4;
constexpr std::uint16_t kControlOffset = 2;

Ports native_ports(const pci::Function& function, unsigned channel) {
  const pci::Bar command = function.bar(2 * channel);
  const pci::Bar control = function.bar(2 * channel + 1);
  if (!command || !command.is_io || command.bytes < kCommandBytes || !control || !control.is_io ||
      control.bytes < kControlBytes) {
    return {};
  }
  return {IoPort{static_cast<std::uint16_t>(command.address)},
          IoPort{static_cast<std::uint16_t>(control.address)} + kControlOffset};
}

}  // namespace

bool Controller::drives(const pci::Function& function) {
  constexpr std::uint8_t kStorage = 0x01;
  constexpr std::uint8_t kIde = 0x01;
  return function.class_code == kStorage && function.subclass == kIde;
}

// It needs no access to memory: words are read one by one.
bool Controller::bring_up(const pci::Function& function) {
  *this = {};
  function_ = function;
  for (unsigned channel = 0; channel < channels_.size(); ++channel) {
    channels_[channel] = (function.interface & kNative[channel]) != 0
                             ? native_ports(function, channel)
                             : kOldPorts[channel];
  }
  function.write16(pci::kCommand,
                   static_cast<std::uint16_t>(function.read16(pci::kCommand) | pci::kCommandIo));
  return true;
}

// Brings up a drive. If it is there and can't be, says so. QEMU answers for the first drive of a
// channel that has only a second, and refuses each command.
bool Controller::open(unsigned number) {
  link_ = DriveLink(channels_[number / 2], number % 2 != 0);
  if (!link_.is_in_use()) {
    return false;
  }
  if (disk_.bring_up(link_, scratch_)) {
    return true;
  }
  const bool is_absent = link_.is_usable() && !disk_.is_known();
  if (!is_absent) {
    console::line("pci ", function_.address, " drive ", number, " is passed over: ", disk_.error());
  }
  return false;
}

}  // namespace mote::ide
