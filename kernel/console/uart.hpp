// A serial port: a 16550 (National PC16550D data sheet) or a hypervisor's imitation. Its registers
// in the data sheet's order, polled output, and polled input.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/port_io.hpp"
#include "kernel/time/patience.hpp"

namespace mote {

namespace uart_register {
inline constexpr IoPort kCom1{0x3F8};
inline constexpr IoPort kCom2{0x2F8};
inline constexpr IoPort kCom3{0x3E8};
inline constexpr IoPort kCom4{0x2E8};

// COM1's; the other ports' lie in the same order.
inline constexpr IoPort kReceiveBuffer = kCom1 + 0;  // read
inline constexpr IoPort kTransmitHolding = kCom1 + 0;
inline constexpr IoPort kDivisorLow = kCom1 + 0;   // while kDivisorAccess is set
inline constexpr IoPort kDivisorHigh = kCom1 + 1;  // while kDivisorAccess is set
inline constexpr IoPort kInterruptEnable = kCom1 + 1;
inline constexpr IoPort kInterruptIdentification = kCom1 + 2;  // read
inline constexpr IoPort kFifoControl = kCom1 + 2;              // write
inline constexpr IoPort kLineControl = kCom1 + 3;
inline constexpr IoPort kModemControl = kCom1 + 4;
inline constexpr IoPort kLineStatus = kCom1 + 5;
inline constexpr IoPort kScratch = kCom1 + 7;

inline constexpr std::uint8_t kEightBitsNoParity = 0x03;
inline constexpr std::uint8_t kDivisorAccess = 0x80;
inline constexpr std::uint8_t kFifoEnableAndClear = 0x07;
inline constexpr std::uint8_t kFifosEnabled = 0xC0;
inline constexpr std::uint8_t kReadyAndRequest = 0x03;  // data terminal ready, request to send
inline constexpr std::uint8_t kDataReady = 0x01;
inline constexpr std::uint8_t kHoldingEmpty = 0x20;
inline constexpr std::uint8_t kTransmitterEmpty = 0x40;
}  // namespace uart_register

// This machine's ports and time.
struct MachinePorts : TimeStamps {
  [[nodiscard]] static std::uint8_t in8(IoPort port) { return port::in8(port); }
  static void out8(IoPort port, std::uint8_t value) { port::out8(port, value); }
};

template <typename Machine>
class BasicUart {
 public:
  constexpr BasicUart() = default;
  explicit constexpr BasicUart(Machine machine, IoPort base = uart_register::kCom1)
      : machine_(machine), base_(base) {}

  // Looks for the port and programs it to 115200 8N1 with its FIFO on. Without one, `write`
  // does nothing.
  void initialize();
  [[nodiscard]] bool is_there() const { return fifo_bytes_ != 0; }

  // Sends text, each newline as carriage return and newline. Waits for a busy port; but if it stays
  // busy far longer than a character takes, drops text until it is ready again.
  void write(std::string_view text);

  // Sends a character unchanged. False: there is no room for it now. Without a port, drops it and
  // returns true.
  [[nodiscard]] bool try_put(char character);

  // The next character received, if there is one. Without a port there is none.
  [[nodiscard]] std::optional<char> try_get();

  // Waits, for a bounded time, until the last bit has left.
  void drain();

 private:
  static constexpr unsigned kFifoBytes = 16;
  static constexpr std::uint16_t kDivisor = 1;  // 1.8432 MHz / 16 / 115200

  // A full FIFO drains in 1.4 ms at 115200 baud; the reader of a virtual one may need longer.
  static constexpr Nanoseconds kLongestWait = milliseconds(20);

  [[nodiscard]] std::uint8_t in(IoPort reg) { return machine_.in8(at(reg)); }
  void out(IoPort reg, std::uint8_t value) { machine_.out8(at(reg), value); }
  [[nodiscard]] IoPort at(IoPort reg) const {
    return {static_cast<std::uint16_t>(base_.value + (reg.value - uart_register::kCom1.value))};
  }
  [[nodiscard]] bool remembers(std::uint8_t value);
  [[nodiscard]] bool has(std::uint8_t bits);
  bool wait_for(std::uint8_t bits);
  void put(char character);

  [[no_unique_address]] Machine machine_{};
  IoPort base_ = uart_register::kCom1;
  unsigned fifo_bytes_ = 0;  // 0: no port
  unsigned room_ = 0;        // characters certain to fit now
  bool stuck_ = false;       // a wait timed out: don't wait until the port is ready
};

using Uart = BasicUart<MachinePorts>;

template <typename Machine>
void BasicUart<Machine>::initialize() {
  using namespace uart_register;
  // An absent port reads as FFh, or as whatever was on the bus last.
  if (!remembers(0x5A) || !remembers(0xA5)) {
    return;
  }
  wait_for(kTransmitterEmpty);  // the boot loader's last words
  out(kInterruptEnable, 0);
  out(kLineControl, kDivisorAccess);
  out(kDivisorLow, kDivisor & 0xFF);
  out(kDivisorHigh, kDivisor >> 8);
  out(kLineControl, kEightBitsNoParity);
  out(kFifoControl, kFifoEnableAndClear);
  out(kModemControl, kReadyAndRequest);
  const std::uint8_t identification = in(kInterruptIdentification);
  fifo_bytes_ = (identification & kFifosEnabled) == kFifosEnabled ? kFifoBytes : 1;
}

template <typename Machine>
void BasicUart<Machine>::write(std::string_view text) {
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

template <typename Machine>
void BasicUart<Machine>::put(char character) {
  if (room_ == 0 && wait_for(uart_register::kHoldingEmpty)) {
    room_ = fifo_bytes_;
  }
  if (room_ > 0) {
    --room_;
    out(uart_register::kTransmitHolding, static_cast<std::uint8_t>(character));
  }
}

template <typename Machine>
bool BasicUart<Machine>::try_put(char character) {
  if (fifo_bytes_ == 0) {
    return true;
  }
  if (room_ == 0) {
    if (!has(uart_register::kHoldingEmpty)) {
      return false;
    }
    room_ = fifo_bytes_;
  }
  put(character);
  return true;
}

template <typename Machine>
std::optional<char> BasicUart<Machine>::try_get() {
  const std::uint8_t status = fifo_bytes_ == 0 ? std::uint8_t{0} : in(uart_register::kLineStatus);
  if ((status & uart_register::kDataReady) == 0 || status == 0xFF) {  // FFh: the port has gone
    return std::nullopt;
  }
  return static_cast<char>(in(uart_register::kReceiveBuffer));
}

template <typename Machine>
void BasicUart<Machine>::drain() {
  if (fifo_bytes_ != 0) {
    wait_for(uart_register::kTransmitterEmpty);
  }
}

template <typename Machine>
bool BasicUart<Machine>::remembers(std::uint8_t value) {
  out(uart_register::kScratch, value);
  return in(uart_register::kScratch) == value;
}

template <typename Machine>
bool BasicUart<Machine>::has(std::uint8_t bits) {
  return (in(uart_register::kLineStatus)&bits) == bits;
}

// Waits for all of `bits` in the line status; false if the time is up. A stuck port is read only
// once.
template <typename Machine>
bool BasicUart<Machine>::wait_for(std::uint8_t bits) {
  bool there = has(bits);
  if (!there && !stuck_) {
    Patience patience(kLongestWait, machine_);
    do {
      there = has(bits);
    } while (!there && !patience.is_over());
  }
  stuck_ = !there;
  return there;
}

}  // namespace mote
