// Tests of the console: parts of lines, and logged lines that are sent when the port has room.
//
// The port lives as long as the program: the first case finds it.
#include "kernel/console/console.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "kernel/limits.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::console {
namespace {

// A 16550 at COM1, busy or not as the test says. There is no VGA.
struct Pc : FakeMachine {
  bool busy = false;
  std::uint32_t scratch = 0;
  std::uint32_t line_control = 0;
  std::string sent;

  Pc() {
    on_in = [this](std::uint16_t port, unsigned) -> std::uint32_t {
      ticks += 1000;
      return port == 0x3FD   ? (busy ? 0x00 : 0x60)
             : port == 0x3FA ? 0x01  // no FIFO
             : port == 0x3FF ? scratch
                             : 0xFF;
    };
    on_out = [this](std::uint16_t port, unsigned, std::uint32_t value) {
      if (port == 0x3FF) {
        scratch = value;
      } else if (port == 0x3FB) {
        line_control = value;
      } else if (port == 0x3F8 && (line_control & 0x80) == 0) {
        sent += static_cast<char>(value);
      }
    };
  }
};

TEST_CASE("text, numbers and characters make a line that ends in CR and LF") {
  Pc pc;
  initialize(BootInfo{});
  pc.sent.clear();
  line("net", 0, ':', " mtu ", std::uint16_t{1500}, ", ", -7, ", 0x", Hex{0xFEB0'0000}, " ",
       Hex{0x1F, 4}, ' ', ~std::uint64_t{0});
  CHECK(pc.sent == "net0: mtu 1500, -7, 0xfeb00000 001f 18446744073709551615\r\n");
  pc.sent.clear();
  line(INT64_MIN);
  CHECK(pc.sent == "-9223372036854775808\r\n");
  drain();
}

TEST_CASE("a quiet console omits facts, but prints trouble and panics") {
  Pc pc;
  initialize(BootInfo{});
  pc.sent.clear();
  {
    const Fact fact;
    line("link up");
  }
  CHECK(pc.sent == "link up\r\n");
  set_quiet(true);
  pc.sent.clear();
  {
    const Fact fact;
    line("link ", "up");
  }
  {
    const Fact trouble(false);
    line("link down");
  }
  line("no answer");
  {
    const Fact fact;
    print("net0: ");
    speak();
    line("panic");
  }
  set_quiet(false);
  CHECK(pc.sent == "link down\r\nno answer\r\npanic\r\n");
}

TEST_CASE("logged lines leave piece by piece, while the port has room") {
  Pc pc;
  CHECK_FALSE(has_logged());
  const std::string text(limits::kLogBytesATurn, 'l');
  REQUIRE(log(text));
  CHECK(has_logged());
  pc.busy = true;
  send_logged();
  CHECK(pc.sent.empty());
  pc.busy = false;
  send_logged();
  CHECK(pc.sent == text);
  CHECK(has_logged());  // the line's end remains
  send_logged();
  CHECK(pc.sent == text + "\r\n");
  CHECK_FALSE(has_logged());
}

TEST_CASE("a logged line already begun is finished before other output; the rest waits") {
  Pc pc;
  REQUIRE(log(std::string(limits::kLogBytesATurn + 3, 'l')));
  REQUIRE(log("second"));
  line("first");
  CHECK(pc.sent == "first\r\n");
  pc.sent.clear();
  send_logged();
  line("between");
  CHECK(pc.sent == std::string(limits::kLogBytesATurn + 3, 'l') + "\r\nbetween\r\n");
  pc.sent.clear();
  send_logged();
  CHECK(pc.sent == "second\r\n");
}

TEST_CASE("a full log drops whole lines") {
  Pc pc;
  unsigned kept = 0;
  while (log("0123456789")) {
    ++kept;
  }
  CHECK(kept >= limits::kLogBytes / 16);
  while (has_logged()) {
    send_logged();
  }
  CHECK(pc.sent.size() == 12 * kept);
}

}  // namespace
}  // namespace mote::console
