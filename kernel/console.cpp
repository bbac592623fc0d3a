// The console's two devices, and numbers as text.
#include "kernel/console.hpp"

#include "kernel/number_text.hpp"
#include "kernel/uart.hpp"
#include "kernel/vga_text.hpp"

namespace mote::console {
namespace {

constinit Uart uart{};
constinit VgaText screen{};

}  // namespace

void initialize() {
  uart.initialize();
  screen.initialize();
}

void drain() { uart.drain(); }

void write(std::string_view text) {
  uart.write(text);
  screen.write(text);
}

void write_decimal(std::uint64_t value) { write(NumberText<10>(value).text()); }
void write_hex(Hex value) { write(NumberText<16>(value.value, value.digits).text()); }

}  // namespace mote::console
