// Finds an adapter's registers, takes it from firmware, and brings up one port after the other.
#include "drivers/ahci/controller.hpp"

#include <algorithm>
#include <new>

#include "kernel/console/console.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/time/allowance.hpp"
#include "kernel/time/patience.hpp"

namespace mote::ahci {
namespace {

constexpr unsigned kBar = 5;                        // ABAR (2.1.11)
constexpr std::uint64_t kMostBytes = 0x1100;        // 3: with all 32 ports
constexpr std::uint32_t kGone = ~std::uint32_t{0};  // read from a device that went away

// A bit for each port whose registers lie in a window of `bytes`.
constexpr std::uint32_t ports_within(std::uint64_t bytes) {
  const std::uint64_t count = bytes < port::kFirst ? 0 : (bytes - port::kFirst) / port::kBytes;
  return static_cast<std::uint32_t>((std::uint64_t{1} << std::min<std::uint64_t>(count, 32)) - 1);
}
static_assert(ports_within(kMostBytes) == ~std::uint32_t{0} && ports_within(0x180) == 1 &&
              ports_within(0x17F) == 0 && ports_within(0) == 0);

}  // namespace

bool Controller::drives(const pci::Function& function) {
  constexpr std::uint8_t kStorage = 0x01;
  constexpr std::uint8_t kSata = 0x06;
  constexpr std::uint8_t kAhci = 0x01;
  return function.class_code == kStorage && function.subclass == kSata &&
         function.interface == kAhci;
}

bool Controller::bring_up(const pci::Function& function) {
  *this = {};
  function_ = function;
  const pci::Bar bar = function.bar(kBar);
  const std::uint64_t bytes = std::min(bar.bytes, kMostBytes);
  if (!bar || bar.is_io || ports_within(bytes) == 0) {
    return fail("the adapter's registers have no place in memory");
  }
  if (!paging::map_device({bar.address}, bytes)) {
    return fail("the adapter's registers can't be mapped");
  }
  registers_ = {bar.address};
  function.enable_bus_master();
  if (mmio::read32(registers_ + host::kControl) == kGone) {
    return fail("the adapter is gone");
  }
  // 3.1.2: before any other register is used. Interrupts are off.
  mmio::write32(registers_ + host::kControl, host::kAhciEnable);
  take_from_firmware();
  ports_ = mmio::read32(registers_ + host::kPortsImplemented) & ports_within(bytes);
  return true;
}

bool Controller::becomes(std::uint32_t at, std::uint32_t mask, Nanoseconds within) const {
  Patience patience(within);
  while ((mmio::read32(registers_ + at) & mask) != 0) {
    if (patience.is_over()) {
      return false;
    }
  }
  return true;
}

// 10.6.3. If firmware never lets go, the adapter is taken from it.
void Controller::take_from_firmware() const {
  if ((mmio::read32(registers_ + host::kCapabilities2) & host::kHasHandoff) == 0) {
    return;
  }
  const std::uint32_t handoff = mmio::read32(registers_ + host::kHandoff);
  mmio::write32(registers_ + host::kHandoff, handoff | host::kWeOwn);
  if (!becomes(host::kHandoff, host::kFirmwareOwns, allowance::at_most(kHandoffTime)) &&
      (mmio::read32(registers_ + host::kHandoff) & host::kFirmwareBusy) != 0) {
    static_cast<void>(becomes(host::kHandoff, host::kFirmwareOwns | host::kFirmwareBusy,
                              allowance::at_most(kBusyHandoffTime)));
  }
}

bool Controller::has_drive(unsigned number) {
  port_ = Port(registers_ + port::kFirst + number * port::kBytes);
  return (ports_ >> number & 1) != 0 && port_.is_in_use();
}

// Brings up the port's drive; if it can't be, says so.
bool Controller::open(unsigned number) {
  memory_mark_ = dma::mark();
  const auto memory = dma::allocate(sizeof(PortMemory), PortMemory::kAlignment);
  std::string_view trouble = "no memory for it";
  if (!memory.empty()) {
    auto& own = *new (memory.data()) PortMemory;
    if (!port_.start(own)) {
      trouble = port_.error();
    } else if (disk_.bring_up(port_, own.scratch)) {
      return true;
    } else {
      trouble = disk_.error();
    }
  }
  console::line("pci ", function_.address, " port ", number, " is passed over: ", trouble);
  return false;
}

// A port that doesn't stop keeps its memory, and so does whatever it was reading into.
bool Controller::close() {
  is_stopped_ = port_.stop();
  if (is_stopped_) {
    dma::rewind(memory_mark_);
  }
  return is_stopped_;
}

// Unless it has memory of ours, the adapter can be left as it is; or else it is reset (10.4.3).
bool Controller::shut_down() {
  if (registers_.value == 0) {
    return true;
  }
  if (!is_stopped_) {
    mmio::write32(registers_ + host::kControl, host::kAhciEnable | host::kReset);
    is_stopped_ = becomes(host::kControl, host::kReset, kHostResetTime);
  }
  return is_stopped_;
}

}  // namespace mote::ahci
