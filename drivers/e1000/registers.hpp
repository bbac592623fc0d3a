// The registers of Intel's gigabit controllers that the driver uses, and their fields.
//
// Names in comments are those of the "PCI/PCI-X Family of Gigabit Ethernet Controllers Software
// Developer's Manual" (317453), whose chapter 13 describes each; section numbers in this folder
// refer to that manual. "82574" stands for the "82574 GbE Controller Family Datasheet", whose
// registers (10.2) are the same unless a comment says otherwise.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace mote::e1000 {

// Offset in bytes in the window of BAR 0; all registers have 32 bits.
enum class Register : std::uint32_t {
  kControl = 0x0000,                    // CTRL, 13.4.1
  kStatus = 0x0008,                     // STATUS, 13.4.2
  kEepromControl = 0x0010,              // EECD, 13.4.3
  kEepromRead = 0x0014,                 // EERD, 13.4.4
  kExtendedControl = 0x0018,            // CTRL_EXT
  kFlowAddressLow = 0x0028,             // FCAL
  kFlowAddressHigh = 0x002C,            // FCAH
  kFlowType = 0x0030,                   // FCT
  kInterruptCause = 0x00C0,             // ICR: a read clears it
  kInterruptMaskSet = 0x00D0,           // IMS
  kInterruptMaskClear = 0x00D8,         // IMC
  kReceiveControl = 0x0100,             // RCTL, 13.4.22
  kFlowTimer = 0x0170,                  // FCTTV
  kTransmitControl = 0x0400,            // TCTL, 13.4.33
  kTransmitGap = 0x0410,                // TIPG, 13.4.34
  kExtendedConfiguration = 0x0F00,      // EXTCNF_CTRL (82574 only)
  kFlowThresholdLow = 0x2160,           // FCRTL, 13.4.23
  kFlowThresholdHigh = 0x2168,          // FCRTH, 13.4.24
  kReceiveBaseLow = 0x2800,             // RDBAL, 13.4.25
  kReceiveBaseHigh = 0x2804,            // RDBAH, 13.4.26
  kReceiveLength = 0x2808,              // RDLEN, 13.4.27: bytes
  kReceiveHead = 0x2810,                // RDH, 13.4.28
  kReceiveTail = 0x2818,                // RDT, 13.4.29
  kReceiveDelay = 0x2820,               // RDTR, 13.4.30
  kReceiveDescriptorControl = 0x2828,   // RXDCTL
  kTransmitBaseLow = 0x3800,            // TDBAL, 13.4.36
  kTransmitBaseHigh = 0x3804,           // TDBAH, 13.4.37
  kTransmitLength = 0x3808,             // TDLEN, 13.4.38: bytes
  kTransmitHead = 0x3810,               // TDH, 13.4.39
  kTransmitTail = 0x3818,               // TDT, 13.4.40
  kTransmitDescriptorControl = 0x3828,  // TXDCTL
  kReceiveChecksum = 0x5000,            // RXCSUM
  kReceiveFilter = 0x5008,              // RFCTL (82574 only)
  kMulticastTable = 0x5200,             // MTA, 13.5.1: 128 registers
  kAddressLow = 0x5400,                 // RAL, 13.5.2: 16 pairs of registers
  kAddressHigh = 0x5404,                // RAH, 13.5.3
  kManagement = 0x5820,                 // MANC
};

inline constexpr std::uint32_t kWindowBytes = 128 * 1024;  // decoded by BAR 0 (4.1)
inline constexpr unsigned kMulticastRegisters = 128;
inline constexpr unsigned kAddressPairs = 16;

// Register `index` of a table whose entries lie `stride` bytes apart.
constexpr Register entry(Register first, unsigned index, unsigned stride) {
  return static_cast<Register>(static_cast<std::uint32_t>(first) + index * stride);
}
static_assert(entry(Register::kAddressLow, 15, 8) == Register{0x5478});
static_assert(entry(Register::kMulticastTable, kMulticastRegisters - 1, 4) == Register{0x53FC});

constexpr std::uint32_t bit(unsigned number) { return std::uint32_t{1} << number; }

namespace control {
inline constexpr std::uint32_t kMasterDisable = bit(2);  // GIO Master Disable (82574 only)
inline constexpr std::uint32_t kLinkReset = bit(3);      // LRST
inline constexpr std::uint32_t kAutoSpeed = bit(5);      // ASDE
inline constexpr std::uint32_t kLinkUp = bit(6);         // SLU
inline constexpr std::uint32_t kInvertLoss = bit(7);     // ILOS
inline constexpr std::uint32_t kForceSpeed = bit(11);    // FRCSPD
inline constexpr std::uint32_t kForceDuplex = bit(12);   // FRCDPLX
inline constexpr std::uint32_t kReset = bit(26);         // RST, clears itself
inline constexpr std::uint32_t kReceiveFlow = bit(27);   // RFCE
inline constexpr std::uint32_t kTransmitFlow = bit(28);  // TFCE
inline constexpr std::uint32_t kVlan = bit(30);          // VME
inline constexpr std::uint32_t kPhyReset = bit(31);      // PHY_RST
}  // namespace control

namespace status {
inline constexpr std::uint32_t kLinkUp = bit(1);         // LU
inline constexpr std::uint32_t kMasterEnable = bit(19);  // GIO Master Enable Status (82574 only)
inline constexpr std::uint32_t kGone = 0xFFFF'FFFF;      // read from a device that went away
}  // namespace status

namespace eeprom_control {
inline constexpr std::uint32_t kAutoReadDone = bit(9);  // AUTO_RD (82574 only)
}

namespace extended_control {
inline constexpr std::uint32_t kDriverLoaded = bit(28);  // DRV_LOAD (82574 only)
}

namespace extended_configuration {
inline constexpr std::uint32_t kSoftwareOwnsMdio = bit(5);  // MDIO SW Ownership (82574 only)
}

// ICR, IMS and IMC (13.4.17).
namespace interrupt {
inline constexpr std::uint32_t kSent = bit(0);         // TXDW
inline constexpr std::uint32_t kLinkChange = bit(2);   // LSC
inline constexpr std::uint32_t kReceiveFull = bit(6);  // RXO
inline constexpr std::uint32_t kReceived = bit(7);     // RXT0
inline constexpr std::uint32_t kAll = 0xFFFF'FFFF;
}  // namespace interrupt

namespace receive_control {
inline constexpr std::uint32_t kEnable = bit(1);            // EN
inline constexpr std::uint32_t kAcceptBroadcast = bit(15);  // BAM
inline constexpr std::uint32_t kBuffer2048 = 0;             // BSIZE 00b, BSEX 0b
inline constexpr std::uint32_t kStripCrc = bit(26);         // SECRC
// Left at zero on purpose: SBP (bad frames), UPE and MPE (promiscuous), LPE (frames longer than
// 1,522 bytes), VFE (VLAN filter), and on the 82574 DTYP (packet split).
}  // namespace receive_control

namespace transmit_control {
inline constexpr std::uint32_t kEnable = bit(1);                 // EN
inline constexpr std::uint32_t kPadShort = bit(3);               // PSP: to 64 bytes with CRC
inline constexpr std::uint32_t kCollisionThreshold = 0x0F << 4;  // CT, as recommended
inline constexpr std::uint32_t kCollisionDistance = 0x40 << 12;  // COLD, for full duplex
inline constexpr std::uint32_t kMultipleRequests = bit(28);      // MULR (82574 only)
inline constexpr std::uint32_t kReadRequestThreshold = 1 << 29;  // RRTHRESH 01b (82574 only)
}  // namespace transmit_control

// RXDCTL and TXDCTL: when descriptors are written back.
namespace descriptor_control {
inline constexpr std::uint32_t kWriteBackEach = 1 << 16;     // WTHRESH
inline constexpr std::uint32_t kCountDescriptors = bit(22);  // for the 82574's transmitter
inline constexpr std::uint32_t kInDescriptors = bit(24);     // GRAN: thresholds count descriptors
}  // namespace descriptor_control

namespace receive_checksum {
inline constexpr std::uint32_t kIp = bit(8);      // IPOFL
inline constexpr std::uint32_t kTcpUdp = bit(9);  // TUOFL
}  // namespace receive_checksum

namespace address_high {
inline constexpr std::uint32_t kValid = bit(31);  // AV
}

namespace management {
inline constexpr std::uint32_t kArp = bit(13);  // ARP_EN: requests go to the management controller
}

// A way to reach one controller's registers. `open` comes first; it returns an empty text, or what
// is missing.
template <typename T>
concept RegisterFile = requires(T file, const T& constant, const typename T::Location& location,
                                Register at, std::uint32_t value) {
  // The PCI device identifier if the vendor is Intel, else 0.
  { T::identifier(location) } -> std::same_as<std::uint16_t>;
  { file.open(location) } -> std::same_as<std::string_view>;
  { constant.read(at) } -> std::same_as<std::uint32_t>;
  { constant.write(at, value) } -> std::same_as<void>;

  // Whether the controller's interrupts reach us.
  { constant.can_interrupt() } -> std::same_as<bool>;
};

}  // namespace mote::e1000
