// vmxnet3's bring-up, in the order of VMware's own drivers.
//
// The part of nic.hpp that only nic.cpp needs, and tests with registers of their own.
#pragma once

#include "drivers/limits.hpp"
#include "drivers/vmxnet3/nic.hpp"
#include "kernel/console/console.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/barriers.hpp"
#include "kernel/memory/dma.hpp"

namespace mote::vmxnet3 {

template <Registers Link>
bool Nic<Link>::bring_up(const typename Link::Location& location, std::size_t receive_buffers) {
  *this = {};  // the object may have failed with another device
  receive_buffers_ = receive_buffers;
  if (const std::string_view missing = link_.open(location); !missing.empty()) {
    return fail(missing);
  }
  // The firmware may have used the device: the reset discards its settings.
  return agree_on_version() && reset() && read_address() && find_memory() && start();
}

// A device offers every revision that it supports. Ours is the first, which none lacks.
template <Registers Link>
bool Nic<Link>::agree_on_version() {
  if ((link_.read_device(device_register::kRevision) & kRevision1) == 0) {
    return fail("vmxnet3: the device doesn't offer revision 1 of its interface");
  }
  link_.write_device(device_register::kRevision, kRevision1);
  if ((link_.read_device(device_register::kUptVersion) & kUptVersion1) == 0) {
    return fail("vmxnet3: the device doesn't offer version 1 of UPT");
  }
  link_.write_device(device_register::kUptVersion, kUptVersion1);
  return true;
}

template <Registers Link>
bool Nic<Link>::reset() {
  order(Command::kQuiesce);
  if (ask(Command::kReset) != 0) {
    return fail("vmxnet3: the device refuses to be reset");
  }
  return true;
}

// The device filters by the address in MACL and MACH, which an earlier driver may have changed.
template <Registers Link>
bool Nic<Link>::read_address() {
  const std::uint64_t low = ask(Command::kGetPermanentAddressLow);
  const std::uint64_t high = ask(Command::kGetPermanentAddressHigh);
  std::uint64_t rest = low | high << 32;
  for (std::uint8_t& octet : mac_.octets) {
    octet = static_cast<std::uint8_t>(rest);
    rest >>= 8;
  }
  if (!mac_.is_station()) {
    return fail("vmxnet3: the device's MAC address can't be a station's");
  }
  link_.write_device(device_register::kAddressLow, static_cast<std::uint32_t>(low));
  link_.write_device(device_register::kAddressHigh, static_cast<std::uint32_t>(high));
  return true;
}

template <Registers Link>
bool Nic<Link>::find_memory() {
  using Receive = ReceiveQueue::Memory;
  using Transmit = TransmitQueue::Memory;
  constexpr std::size_t kMostBytes = 60 * 1024;  // of the arena, for one of eight NICs
  static_assert(sizeof(SharedArea) + sizeof(Receive) + sizeof(Transmit) <= kMostBytes);
  const auto shared = dma::allocate(sizeof(SharedArea), alignof(SharedArea));
  const auto receive = dma::allocate(sizeof(Receive), alignof(Receive));
  const auto transmit = dma::allocate(sizeof(Transmit), alignof(Transmit));
  if (shared.empty() || receive.empty() || transmit.empty()) {
    return fail("vmxnet3: no memory is left for its rings");
  }
  shared_ = reinterpret_cast<SharedArea*>(shared.data());
  receive_.attach(*reinterpret_cast<Receive*>(receive.data()));
  transmit_.attach(*reinterpret_cast<Transmit*>(transmit.data()));
  return true;
}

// One queue each way. The device wants an interrupt configured even if all are disabled.
template <Registers Link>
void Nic<Link>::describe() {
  constexpr std::uint32_t kDriverVersion = 1;
  *shared_ = {};
  DriverShared& driver = shared_->driver;
  driver.magic = DriverShared::kMagic;
  General& general = driver.general;
  general.driver_version = kDriverVersion;
  general.guest = General::kGuest64Bit | General::kGuestLinux;
  general.revisions = kRevision1;
  general.upt_versions = kUptVersion1;
  general.features = General::kReceiveChecksum | (receive_.large() ? General::kLargeReceive : 0);
  general.queues = physical(&shared_->queues).value;
  general.queues_bytes = sizeof(shared_->queues);
  general.mtu = limits::kMtu;
  general.most_receive_pieces = receive_.large() ? limits::kRxPieces : 1;
  general.transmit_queues = 1;
  general.receive_queues = 1;
  driver.interrupts.auto_mask = 1;
  driver.interrupts.count = 1;
  driver.interrupts.control = link_.can_interrupt() ? 0 : Interrupts::kDisableAll;
  driver.filter.mode = ReceiveFilter::kUnicast | ReceiveFilter::kBroadcast;
  driver.filter.vlans[0] = 1;  // frames with a priority tag only, which names no VLAN
  transmit_.describe(shared_->queues.transmit);
  receive_.describe(shared_->queues.receive);
}

// From reset to running. Also used after a later reset, when the memory is already there.
template <Registers Link>
bool Nic<Link>::start() {
  transmit_.restart();
  receive_.restart(receive_buffers_);
  describe();
  receive_.refill(counters_);
  write_barrier();
  const std::uint64_t shared = physical(shared_).value;
  link_.write_device(device_register::kSharedLow, static_cast<std::uint32_t>(shared));
  link_.write_device(device_register::kSharedHigh, static_cast<std::uint32_t>(shared >> 32));
  if (ask(Command::kActivate) != 0) {
    if (reset()) {
      receive_.take_all();
    }
    return fail("vmxnet3: the device refuses to be activated");
  }
  link_.write_fast(fast_register::kInterruptMask, 1);
  link_.write_fast(fast_register::kReceiveProducer, receive_.heads().producer());
  link_.write_fast(fast_register::kReceiveProducer2, receive_.bodies().producer());
  order(Command::kUpdateReceiveMode);
  state_ = State::kRunning;
  complained_ = false;
  return true;
}

// A stopped queue stays stopped until a reset.
template <Registers Link>
bool Nic<Link>::link_up() {
  constexpr std::uint32_t kStopped = DriverShared::kReceiveError | DriverShared::kTransmitError;
  if (is_running() && (load(&shared_->driver.events) & kStopped) != 0) {
    begin_anew();
  } else if (state_ == State::kFailed && ++looks_ >= kLooksATry) {
    begin_anew();
  }
  return is_running() && (ask(Command::kGetLink) & kLinkUp) != 0;
}

// Until a reset succeeds, every buffer in flight must stay in place. No wait is needed: the device
// has carried out the command when its write returns.
template <Registers Link>
void Nic<Link>::begin_anew() {
  if (reset()) {
    state_ = State::kReset;
  } else {
    give_up();
  }
}

// Rests until the next try, and says so: a machine gone silent is the worst failure for those who
// need to reach it.
template <Registers Link>
void Nic<Link>::give_up() {
  state_ = State::kFailed;
  looks_ = 0;
  if (complained_) {
    return;
  }
  complained_ = true;
  console::line(error_, "; NIC ", MacText(mac_).text(), " is down, to be tried again");
}

}  // namespace mote::vmxnet3
