// The 16550's registers in the data sheet's order, and polled output.
#include "kernel/uart.hpp"

#include <cstdint>

#include "kernel/port_io.hpp"
#include "kernel/types.hpp"

namespace mote {
namespace {

constexpr IoPort kCom1{0x3F8};
constexpr IoPort kTransmitHolding = kCom1 + 0;
constexpr IoPort kDivisorLow = kCom1 + 0;   // while kDivisorAccess is set
constexpr IoPort kDivisorHigh = kCom1 + 1;  // while kDivisorAccess is set
constexpr IoPort kInterruptEnable = kCom1 + 1;
constexpr IoPort kInterruptIdentification = kCom1 + 2;  // read
constexpr IoPort kFifoControl = kCom1 + 2;              // write
constexpr IoPort kLineControl = kCom1 + 3;
constexpr IoPort kModemControl = kCom1 + 4;
constexpr IoPort kLineStatus = kCom1 + 5;
constexpr IoPort kScratch = kCom1 + 7;

constexpr std::uint8_t kEightBitsNoParity = 0x03;
constexpr std::uint8_t kDivisorAccess = 0x80;
constexpr std::uint8_t kFifoEnableAndClear = 0x07;
constexpr std::uint8_t kFifosEnabled = 0xC0;
constexpr std::uint8_t kReadyAndRequest = 0x03;  // data terminal ready, request to send
constexpr std::uint8_t kHoldingEmpty = 0x20;
constexpr std::uint8_t kTransmitterEmpty = 0x40;

constexpr unsigned kFifoBytes = 16;
constexpr std::uint16_t kDivisor = 1;  // 1.8432 MHz / 16 / 115200

// A full FIFO takes 1.4 ms to drain at 115200 baud; a port read takes about 1 us on an ISA bus
// and longer in a virtual machine.
constexpr unsigned kMostPolls = 20'000;

bool remembers(std::uint8_t value) {
  port::out8(kScratch, value);
  return port::in8(kScratch) == value;
}

// Whether all of `bits` came up in the line status within so many looks at it.
bool wait_for(std::uint8_t bits, unsigned polls) {
  for (; polls > 0; --polls) {
    if ((port::in8(kLineStatus) & bits) == bits) {
      return true;
    }
  }
  return false;
}

}  // namespace

void Uart::initialize() {
  // A port that is not there reads as FFh, or as whatever was on the bus last.
  if (!remembers(0x5A) || !remembers(0xA5)) {
    return;
  }
  wait_for(kTransmitterEmpty, kMostPolls);  // the boot loader's last words
  port::out8(kInterruptEnable, 0);
  port::out8(kLineControl, kDivisorAccess);
  port::out8(kDivisorLow, kDivisor & 0xFF);
  port::out8(kDivisorHigh, kDivisor >> 8);
  port::out8(kLineControl, kEightBitsNoParity);
  port::out8(kFifoControl, kFifoEnableAndClear);
  port::out8(kModemControl, kReadyAndRequest);
  const bool has_fifo = (port::in8(kInterruptIdentification) & kFifosEnabled) == kFifosEnabled;
  fifo_bytes_ = has_fifo ? kFifoBytes : 1;
}

void Uart::write(std::string_view text) {
  if (fifo_bytes_ == 0) {
    return;
  }
  for (const char character : text) {
    if (character == '\n') {
      put('\r');
    }
    put(character);
  }
}

void Uart::put(char character) {
  if (room_ == 0 && wait_for_room()) {
    room_ = fifo_bytes_;
  }
  if (room_ > 0) {
    --room_;
    port::out8(kTransmitHolding, static_cast<std::uint8_t>(character));
  }
}

bool Uart::try_put(char character) {
  if (fifo_bytes_ == 0) {
    return true;
  }
  if (room_ == 0) {
    if (!wait_for(kHoldingEmpty, 1)) {
      return false;
    }
    room_ = fifo_bytes_;
  }
  put(character);
  return true;
}

bool Uart::wait_for_room() {
  stuck_ = !wait_for(kHoldingEmpty, stuck_ ? 1 : kMostPolls);
  return !stuck_;
}

void Uart::drain() const {
  if (fifo_bytes_ != 0) {
    wait_for(kTransmitterEmpty, kMostPolls);
  }
}

}  // namespace mote
