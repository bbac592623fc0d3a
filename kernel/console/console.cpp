// The console's devices, its log and numbers as text.
#include "kernel/console/console.hpp"

#include "kernel/console/framebuffer_text.hpp"
#include "kernel/console/line_ring.hpp"
#include "kernel/console/number_text.hpp"
#include "kernel/console/uart.hpp"
#include "kernel/console/vga_text.hpp"
#include "kernel/limits.hpp"

namespace mote::console {
namespace {

constinit Uart uart{};
constinit VgaText screen{};
constinit FramebufferText framebuffer{};
constinit LineRing<limits::kLogBytes> logged{};
constinit bool is_quiet = false;
constinit bool leaves_out = false;

// Finishes a logged line that was partly sent, so that no other line begins inside it.
void end_logged_line() {
  while (logged.is_within_line() && !logged.empty()) {
    const char character = logged.front();
    if (character != '\r') {  // write() adds it before the newline
      uart.write({&character, 1});
    }
    logged.pop();
  }
}

}  // namespace

void initialize(const BootInfo& info) {
  uart.initialize();
  if (info.way == BootWay::kUefi) {
    framebuffer.initialize(info.framebuffer);
  } else {
    screen.initialize();
  }
}

void set_quiet(bool quiet) { is_quiet = quiet; }
Fact::Fact(bool ordinary) { leaves_out = is_quiet && ordinary; }
Fact::~Fact() { leaves_out = false; }
void speak() { leaves_out = false; }

void drain() { uart.drain(); }

bool log(std::string_view line) { return logged.push(line); }

void send_logged() {
  for (std::size_t i = 0; i < limits::kLogBytesATurn && !logged.empty(); ++i) {
    if (!uart.try_put(logged.front())) {
      return;
    }
    logged.pop();
  }
}

bool has_logged() { return !logged.empty(); }

void write(std::string_view text) {
  if (leaves_out) {
    return;
  }
  end_logged_line();
  uart.write(text);
  screen.write(text);
  framebuffer.write(text);
}

void write_decimal(std::uint64_t value) { write(NumberText<10>(value).text()); }
void write_hex(Hex value) { write(NumberText<16>(value.value, value.digits).text()); }

}  // namespace mote::console
