// Tests of the serial port's output: on machines of any speed, with a stuck port, and without a
// port. A fast emulator (Bochs at 100 MIPS reads every 50 ns) lost text when waits were counted in
// reads.
#include "kernel/console/uart.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace mote {
namespace {

constexpr std::uint64_t kCharacterNs = 86'806;  // ten bits at 115200 baud
constexpr std::uint64_t kMs = 1'000'000;

// A 16550 with its FIFO, in a machine where each port access takes `access_ns` and the counter runs
// at `khz`, which Mote takes to be `believed_khz`.
struct Port {
  std::uint64_t access_ns = 1'000;
  std::uint64_t khz = 2'000'000;
  std::uint64_t believed_khz = 2'000'000;
  bool there = true;
  bool wedged = false;
  bool stands_still = false;

  std::uint64_t now_ns = 0;
  std::uint64_t busy_until_ns = 0;
  std::uint64_t looks = 0;
  std::string arrived = {};    // characters to be read
  std::uint16_t base = 0x3F8;  // where it is
  std::uint8_t scratch = 0;
  std::uint8_t line_control = 0;
  std::string sent = {};
  std::size_t lost = 0;

  [[nodiscard]] std::uint64_t waiting() const {
    return busy_until_ns > now_ns ? (busy_until_ns - now_ns + kCharacterNs - 1) / kCharacterNs : 0;
  }
  std::uint8_t in8(IoPort at) {
    using namespace uart_register;
    now_ns += access_ns;
    if (!there || at.value < base || at.value >= base + 8) {
      return 0xFF;
    }
    const IoPort port = uart_register::kCom1 + static_cast<std::uint16_t>(at.value - base);
    if (port == kReceiveBuffer && !arrived.empty()) {
      const char next = arrived.front();
      arrived.erase(0, 1);
      return static_cast<std::uint8_t>(next);
    }
    if (port == kLineStatus) {
      ++looks;
      // The shift register holds one character besides the FIFO's.
      const int ready = arrived.empty() ? 0 : kDataReady;
      return static_cast<std::uint8_t>(ready | (wedged           ? 0
                                                : waiting() == 0 ? kHoldingEmpty | kTransmitterEmpty
                                                : waiting() == 1 ? kHoldingEmpty
                                                                 : 0));
    }
    return port == kScratch ? scratch : port == kInterruptIdentification ? kFifosEnabled | 1 : 0;
  }
  void out8(IoPort at, std::uint8_t value) {
    using namespace uart_register;
    now_ns += access_ns;
    const IoPort port = kCom1 + static_cast<std::uint16_t>(at.value - base);
    if (port == kLineControl) {
      line_control = value;
    } else if (port == kScratch) {
      scratch = value;
    } else if (port == kTransmitHolding && (line_control & kDivisorAccess) == 0) {
      if (waiting() > 16 || wedged) {
        ++lost;
        return;
      }
      sent += static_cast<char>(value);
      busy_until_ns = std::max(busy_until_ns, now_ns) + kCharacterNs;
    }
  }
};

struct Machine {
  Port* port;
  [[nodiscard]] std::uint8_t in8(IoPort at) const { return port->in8(at); }
  void out8(IoPort at, std::uint8_t value) const { port->out8(at, value); }
  [[nodiscard]] std::uint64_t now() const {
    return port->stands_still ? 0 : port->now_ns * port->khz / 1'000'000;
  }
  [[nodiscard]] std::uint64_t in(Nanoseconds time) const {
    return time.value * port->believed_khz / 1'000'000;
  }
};

std::string text_of(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    text += "net0: one fact a line, line " + std::to_string(i) + "\n";
  }
  return text;
}

std::string with_returns(std::string_view text) {
  std::string all;
  for (const char character : text) {
    all += character == '\n' ? "\r\n" : std::string(1, character);
  }
  return all;
}

TEST_CASE("no text is lost, however fast the machine reads, even before its clock is known") {
  for (const std::uint64_t access_ns : {1, 5, 50, 1'000, 30'000}) {
    for (const std::uint64_t khz : {100'000, 1'000'000, 5'000'000}) {
      for (const std::uint64_t believed_khz : {khz, std::uint64_t{5'000'000}}) {
        Port port{.access_ns = access_ns, .khz = khz, .believed_khz = believed_khz};
        BasicUart uart(Machine{&port});
        uart.initialize();
        uart.write(text_of(10));
        CHECK(port.sent == with_returns(text_of(10)));
        CHECK(port.lost == 0);
        uart.drain();
        CHECK(port.waiting() == 0);
      }
    }
  }
}

TEST_CASE("a stuck port delays by a single wait until it moves again") {
  for (const std::uint64_t access_ns : {5, 1'000}) {
    Port port{.access_ns = access_ns};
    BasicUart uart(Machine{&port});
    uart.initialize();
    port.wedged = true;
    uart.write(text_of(100));
    uart.drain();
    CHECK(port.sent.empty());
    CHECK(port.now_ns < 20 * kMs + 5'000 * 4 * access_ns);
    port.wedged = false;
    uart.write("again\n");
    CHECK(port.sent == "again\r\n");
    uart.write(text_of(10));
    CHECK(port.sent == "again\r\n" + with_returns(text_of(10)));
  }
}

TEST_CASE("waits end for a port stuck from the start, and with a counter that stands still") {
  Port port{.wedged = true};
  BasicUart uart(Machine{&port});
  uart.initialize();
  uart.write(text_of(10));
  CHECK(port.now_ns < 21 * kMs);
  Port frozen{.wedged = true, .stands_still = true};
  BasicUart other(Machine{&frozen});
  other.initialize();
  other.write(text_of(10));
  CHECK(frozen.looks < 11'000'000);
}

TEST_CASE("without a port nothing is written or waited for") {
  Port port{.there = false};
  BasicUart uart(Machine{&port});
  uart.initialize();
  uart.write(text_of(10));
  uart.drain();
  CHECK(uart.try_put('x'));
  CHECK(port.sent.empty());
  CHECK(port.looks == 0);
  CHECK(port.now_ns < 10'000);
}

TEST_CASE("try_put waits for nothing") {
  Port port;
  BasicUart uart(Machine{&port});
  uart.initialize();
  for (unsigned i = 0; i < 16; ++i) {
    REQUIRE(uart.try_put('x'));
  }
  const std::uint64_t before = port.looks;
  CHECK_FALSE(uart.try_put('y'));
  CHECK(port.looks == before + 1);
  port.now_ns += 17 * kCharacterNs;
  CHECK(uart.try_put('y'));
  CHECK(port.sent == std::string(16, 'x') + 'y');
}

TEST_CASE("another port than the console's, read and written") {
  Port port{.base = 0x2F8};
  BasicUart absent(Machine{&port});
  absent.initialize();
  CHECK_FALSE(absent.is_there());
  CHECK_FALSE(absent.try_get());
  BasicUart uart(Machine{&port}, uart_register::kCom2);
  uart.initialize();
  REQUIRE(uart.is_there());
  CHECK_FALSE(uart.try_get());
  port.arrived = "a\xFF";
  CHECK(uart.try_get() == 'a');
  CHECK(uart.try_get() == '\xFF');
  CHECK_FALSE(uart.try_get());
  CHECK(uart.try_put('b'));
  CHECK(port.sent == "b");
  port.there = false;  // all registers read FFh now
  CHECK_FALSE(uart.try_get());
}

}  // namespace
}  // namespace mote
