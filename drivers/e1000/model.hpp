// The controllers that this driver supports, and how they differ.
//
// They are the ones that hypervisors offer: 82540EM, 82545EM and 82544GC (QEMU, Proxmox VE),
// 82540EM, 82543GC and 82545EM (VirtualBox), 82545EM (VMware's "e1000"), 82574L ("e1000e" of QEMU
// and VMware), and siblings that differ in name only. Not supported: the 82542, whose registers lie
// elsewhere; 82541 and 82547, whose PHYs need many workarounds; everything with fibre or SerDes,
// which sets up its link differently; 82571 to 82573 and later ones in chipsets, which share PHY
// and EEPROM with the firmware; 82575 and later (igb), which have other descriptors.
//
// There is no workaround for the 82544's erratum: in a PCI-X slot, which hypervisors don't have, it
// hangs on transmit buffers that end at certain addresses. Nor do early 82545 and 82546, which
// can't write across a 64 KiB boundary, need one: no ring and no packet crosses one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "drivers/e1000/registers.hpp"

namespace mote::e1000 {

// How EERD is laid out (5.3.1; 82574, 10.2).
struct EepromLayout {
  std::uint32_t done;          // this bit: the word has been read
  std::uint8_t address_shift;  // of the word's number
};

inline constexpr EepromLayout kEeprom8254x = {.done = bit(4), .address_shift = 8};
inline constexpr EepromLayout kEeprom82574 = {.done = bit(1), .address_shift = 2};

// The differences between families of controllers; the defaults fit most.
struct Family {
  std::string_view word;  // what the console calls it
  std::uint8_t gap;       // TIPG.IPGT: the gap between frames, without the MAC's own share
  EepromLayout eeprom = kEeprom8254x;
  std::uint32_t control = control::kAutoSpeed;  // bits of CTRL to set with SLU
  std::uint32_t transmit_control = 0;           // bits of TCTL to set with the common ones
  // TXDCTL
  std::uint32_t transmit_descriptor_control =
      descriptor_control::kInDescriptors | descriptor_control::kWriteBackEach;
  bool cuts = true;            // TCP segmentation
  bool has_management = true;  // MANC may withhold ARP requests from the host
  bool is_express = false;     // PCI Express: coordinates its reset with the firmware (82574, 4.6)
};

// 13.4.34: IPGT is 8 for the 82544 and 10 for the others. The 82543GC, the 82544's predecessor, has
// a manual of its own; neither has management. The 82543GC's Specification Update (revision 2.1,
// June 2004) forbids TCP segmentation, which may hang it (erratum 14), and a transmitter's WTHRESH
// other than 0 (erratum 35).
inline constexpr Family k82543 = {.word = "e1000",
                                  .gap = 8,
                                  .transmit_descriptor_control = descriptor_control::kInDescriptors,
                                  .cuts = false,
                                  .has_management = false};
inline constexpr Family k82544 = {.word = "e1000", .gap = 8, .has_management = false};
inline constexpr Family k82540 = {.word = "e1000", .gap = 10};
// The 82574's MAC always takes its speed from the PHY.
inline constexpr Family k82574 = {
    .word = "e1000e",
    .gap = 8,
    .eeprom = kEeprom82574,
    .control = 0,
    .transmit_control =
        transmit_control::kMultipleRequests | transmit_control::kReadRequestThreshold,
    .transmit_descriptor_control = descriptor_control::kInDescriptors |
                                   descriptor_control::kWriteBackEach |
                                   descriptor_control::kCountDescriptors,
    .is_express = true};

struct Model {
  std::uint16_t device_id;
  const Family* family;
};

inline constexpr std::uint16_t kVendor = 0x8086;

// All with a copper PHY.
inline constexpr std::array kModels = {
    Model{0x1004, &k82543},  // 82543GC
    Model{0x1008, &k82544},  // 82544EI
    Model{0x100C, &k82544},  // 82544GC
    Model{0x100D, &k82544},  // 82544GC on a mainboard
    Model{0x100E, &k82540},  // 82540EM
    Model{0x1015, &k82540},  // 82540EM on a mainboard
    Model{0x1017, &k82540},  // 82540EP
    Model{0x100F, &k82540},  // 82545EM
    Model{0x1010, &k82540},  // 82546EB
    Model{0x10D3, &k82574},  // 82574L
    Model{0x10F6, &k82574},  // 82574L of another board
};

// Null for an unsupported device.
constexpr const Family* family_of(std::uint16_t device_id) {
  for (const Model& model : kModels) {
    if (model.device_id == device_id) {
      return model.family;
    }
  }
  return nullptr;
}

}  // namespace mote::e1000
