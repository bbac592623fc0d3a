// The bring-up of an e1000, in the order of chapter 14 (82574, 4.6).
//
// The part of nic.hpp that only nic.cpp needs, and tests with registers of their own. Important
// registers are written even where the manual relies on their value after reset, because QEMU's
// 8254x accept CTRL.RST without resetting anything, and the firmware may have used the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/e1000/nic.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/time/clock.hpp"

namespace mote::e1000 {

// The longest waits of the reset. Virtual devices finish theirs at once.
inline constexpr Nanoseconds kResetPause = microseconds(10);  // 13.4.1 asks for about one
inline constexpr Nanoseconds kResetTime = milliseconds(100);
inline constexpr Nanoseconds kMasterTime = milliseconds(80);     // for transfers in flight to end
inline constexpr Nanoseconds kOwnershipTime = milliseconds(20);  // for the firmware to release MDIO
inline constexpr Nanoseconds kEepromTime = milliseconds(20);     // for a reload after reset
inline constexpr Nanoseconds kEepromWordTime = milliseconds(5);

template <RegisterFile Registers>
bool Nic<Registers>::bring_up(const typename Registers::Location& location,
                              std::size_t receive_buffers) {
  *this = {};  // the object may have failed with another device
  family_ = family_of(Registers::identifier(location));
  if (family_ == nullptr) {
    return fail("e1000: not a controller of this family");
  }
  if (const std::string_view missing = registers_.open(location); !missing.empty()) {
    return fail(missing);
  }
  silence();
  if (!reset() || !read_mac() || !allocate(receive_buffers)) {
    return false;
  }
  configure_link();
  configure_filters();
  start_transmitter();
  start_receiver();
  flush();
  return true;
}

template <RegisterFile Registers>
bool Nic<Registers>::becomes(Register at, std::uint32_t mask, std::uint32_t value,
                             Nanoseconds within) {
  const Nanoseconds deadline = clock::now() + within;
  while ((registers_.read(at) & mask) != value) {
    if (clock::now() > deadline) {
      return false;
    }
  }
  return true;
}

template <RegisterFile Registers>
void Nic<Registers>::silence() {
  registers_.write(Register::kInterruptMaskClear, interrupt::kAll);
  registers_.write(Register::kReceiveControl, 0);
  registers_.write(Register::kTransmitControl, 0);
}

// 14.7, 13.4.1 (82574, 4.6.3).
//
// The 8254x could also be reset through their I/O ports, which avoids a bus cycle that real ones in
// 64-bit slots can't answer; but hypervisors ignore those ports or have none.
template <RegisterFile Registers>
bool Nic<Registers>::reset() {
  if (family_->is_express) {
    // If either wait times out, the reset cuts off whatever is still in flight.
    change(Register::kControl, 0, control::kMasterDisable);
    static_cast<void>(becomes(Register::kStatus, status::kMasterEnable, 0, kMasterTime));
    // The firmware may be talking to the PHY. The bit sticks once we have ownership.
    constexpr std::uint32_t kOwned = extended_configuration::kSoftwareOwnsMdio;
    const Nanoseconds deadline = clock::now() + kOwnershipTime;
    do {
      change(Register::kExtendedConfiguration, 0, kOwned);
    } while ((registers_.read(Register::kExtendedConfiguration) & kOwned) == 0 &&
             clock::now() <= deadline);
  }
  change(Register::kControl, 0, control::kReset);
  clock::wait(kResetPause);  // no register may be touched before
  if (!becomes(Register::kControl, control::kReset, 0, kResetTime)) {
    return fail("e1000: the device does not end its reset");
  }
  settle();
  return true;
}

// After the reset the controller reloads its EEPROM and forgets its interrupt mask.
template <RegisterFile Registers>
void Nic<Registers>::settle() {
  if (family_->is_express) {
    static_cast<void>(becomes(Register::kEepromControl, eeprom_control::kAutoReadDone,
                              eeprom_control::kAutoReadDone, kEepromTime));
    change(Register::kExtendedConfiguration, extended_configuration::kSoftwareOwnsMdio, 0);
    change(Register::kExtendedControl, 0, extended_control::kDriverLoaded);
  }
  silence();
  static_cast<void>(registers_.read(Register::kInterruptCause));  // clears it
}

// The reset loads the first receive address register from the EEPROM (13.5.3); if it hasn't, read
// the EEPROM itself.
template <RegisterFile Registers>
bool Nic<Registers>::read_mac() {
  if (becomes(Register::kAddressHigh, address_high::kValid, address_high::kValid, kEepromTime)) {
    const std::uint32_t low = registers_.read(Register::kAddressLow);
    const std::uint32_t high = registers_.read(Register::kAddressHigh);
    for (unsigned i = 0; i < mac_.octets.size(); ++i) {
      mac_.octets[i] = static_cast<std::uint8_t>(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
    }
  } else if (!read_mac_from_eeprom()) {
    return fail("e1000: the device has no MAC address");
  }
  if (!mac_.is_station()) {
    return fail("e1000: the device's MAC address can't be a station's");
  }
  return true;
}

// 5.3.1. The address lies in words 0 to 2, low octet first (5.6.1).
template <RegisterFile Registers>
bool Nic<Registers>::read_mac_from_eeprom() {
  constexpr std::uint32_t kStart = bit(0);
  for (unsigned word = 0; word < 3; ++word) {
    registers_.write(Register::kEepromRead, word << family_->eeprom.address_shift | kStart);
    const std::uint32_t done = family_->eeprom.done;
    if (!becomes(Register::kEepromRead, done, done, kEepromWordTime)) {
      return false;
    }
    const std::uint32_t data = registers_.read(Register::kEepromRead) >> 16;
    mac_.octets[2 * word] = static_cast<std::uint8_t>(data);
    mac_.octets[2 * word + 1] = static_cast<std::uint8_t>(data >> 8);
  }
  return true;
}

template <RegisterFile Registers>
bool Nic<Registers>::allocate(std::size_t receive_buffers) {
  const auto make = []<typename T>(std::span<T>& memory, std::size_t entries, std::size_t align) {
    const std::span<std::byte> bytes = dma::allocate(entries * sizeof(T), align);
    memory = {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
    return !bytes.empty();
  };
  // 13.4.25, 13.4.36 want multiples of 16 bytes. Page alignment also keeps a ring from crossing 64
  // KiB, which early 82545 and 82546 can't handle.
  constexpr std::size_t kAlignment = 4096;
  static_assert(ReceiveRing::kEntries * sizeof(ReceiveDescriptor) <= kAlignment);
  std::span<ReceiveDescriptor> receive;
  std::span<PacketIndex> packets;
  std::span<TransmitDescriptor> transmit;
  std::span<TransmitRing::Slot> slots;
  if (!make(receive, ReceiveRing::kEntries, kAlignment) ||
      !make(transmit, TransmitRing::kEntries, kAlignment) ||
      !make(packets, ReceiveRing::kEntries, alignof(PacketIndex)) ||
      !make(slots, TransmitRing::kEntries, alignof(TransmitRing::Slot))) {
    return fail("e1000: no memory left for rings");
  }
  receive_memory_ = receive.data();
  transmit_memory_ = transmit.data();
  receive_.start(receive, packets, receive_buffers);
  transmit_.start(transmit, slots);
  return true;
}

// 14.3. After the reset the PHY negotiates by itself, and the MAC follows it. No flow control.
template <RegisterFile Registers>
void Nic<Registers>::configure_link() {
  constexpr std::uint32_t kOff = control::kMasterDisable | control::kLinkReset |
                                 control::kAutoSpeed | control::kInvertLoss | control::kForceSpeed |
                                 control::kForceDuplex | control::kReceiveFlow |
                                 control::kTransmitFlow | control::kVlan | control::kPhyReset;
  // On the 8254x bit 2 is reserved and reads as 0, so clearing it changes nothing.
  change(Register::kControl, kOff, control::kLinkUp | family_->control);
  for (const Register unused :
       {Register::kFlowAddressLow, Register::kFlowAddressHigh, Register::kFlowType,
        Register::kFlowTimer, Register::kFlowThresholdLow, Register::kFlowThresholdHigh}) {
    registers_.write(unused, 0);
  }
}

// 14.4: frames for our own address and broadcasts, no multicast.
template <RegisterFile Registers>
void Nic<Registers>::configure_filters() {
  const auto& octets = mac_.octets;
  std::uint32_t low = 0;
  for (unsigned i = 0; i < 4; ++i) {
    low |= std::uint32_t{octets[i]} << 8 * i;
  }
  const std::uint32_t high = std::uint32_t{octets[4]} | std::uint32_t{octets[5]} << 8;
  registers_.write(Register::kAddressLow, low);  // 13.5.3: written low to high, cleared high to low
  registers_.write(Register::kAddressHigh, high | address_high::kValid);
  for (unsigned i = 1; i < kAddressPairs; ++i) {
    registers_.write(entry(Register::kAddressHigh, i, 8), 0);
    registers_.write(entry(Register::kAddressLow, i, 8), 0);
  }
  for (unsigned i = 0; i < kMulticastRegisters; ++i) {
    registers_.write(entry(Register::kMulticastTable, i, 4), 0);
  }
  if (family_->has_management) {
    change(Register::kManagement, management::kArp, 0);
  }
}

template <RegisterFile Registers>
void Nic<Registers>::write_address(Register low, Register high, const void* memory) {
  const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(memory));
  registers_.write(low, static_cast<std::uint32_t>(address));
  registers_.write(high, static_cast<std::uint32_t>(address >> 32));
}

// 14.5.
template <RegisterFile Registers>
void Nic<Registers>::start_transmitter() {
  constexpr std::uint32_t kBytes = TransmitRing::kEntries * sizeof(TransmitDescriptor);
  write_address(Register::kTransmitBaseLow, Register::kTransmitBaseHigh, transmit_memory_);
  registers_.write(Register::kTransmitLength, kBytes);
  registers_.write(Register::kTransmitHead, 0);
  registers_.write(Register::kTransmitTail, 0);
  registers_.write(Register::kTransmitDescriptorControl, family_->transmit_descriptor_control);
  // 13.4.34: IPGR1 (8) and IPGR2 (6) matter only in half duplex.
  registers_.write(Register::kTransmitGap, std::uint32_t{family_->gap} | 8 << 10 | 6 << 20);
  registers_.write(Register::kTransmitControl,
                   transmit_control::kEnable | transmit_control::kPadShort |
                       transmit_control::kCollisionThreshold |
                       transmit_control::kCollisionDistance | family_->transmit_control);
}

// 14.4. The first flush writes the tail, after the receiver is enabled, as the 82574 requires.
template <RegisterFile Registers>
void Nic<Registers>::start_receiver() {
  constexpr std::uint32_t kBytes = ReceiveRing::kEntries * sizeof(ReceiveDescriptor);
  write_address(Register::kReceiveBaseLow, Register::kReceiveBaseHigh, receive_memory_);
  registers_.write(Register::kReceiveLength, kBytes);
  registers_.write(Register::kReceiveHead, 0);
  registers_.write(Register::kReceiveTail, 0);
  registers_.write(Register::kReceiveDelay, 0);
  registers_.write(Register::kReceiveDescriptorControl,
                   descriptor_control::kInDescriptors | descriptor_control::kWriteBackEach);
  if (family_->is_express) {
    registers_.write(Register::kReceiveFilter, 0);  // no extended descriptors (EXSTEN)
  }
  registers_.write(Register::kReceiveChecksum, receive_checksum::kIp | receive_checksum::kTcpUdp);
  registers_.write(Register::kReceiveControl,
                   receive_control::kEnable | receive_control::kAcceptBroadcast |
                       receive_control::kBuffer2048 | receive_control::kStripCrc);
}

}  // namespace mote::e1000
