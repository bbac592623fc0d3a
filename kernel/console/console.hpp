// The console: the first serial port (16550), and the screen: VGA text or, under UEFI, a
// framebuffer. One fact a line.
//
// `print("net", 0, ": link ", "up")` writes its parts without a newline, `line(...)` with one. A
// part is text, a decimal integer, `Hex`, or any type whose own header declares `print_to` for it.
// Nothing here allocates; a slow or missing UART delays output only by a bounded time.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "kernel/boot_info.hpp"
#include "kernel/limits.hpp"

namespace mote::console {

// A number in hexadecimal, with at least `digits` digits and without a prefix.
struct Hex {
  std::uint64_t value;
  unsigned digits = 1;
};

// Finds and programs the serial port and the screen, if present.
void initialize(const BootInfo& info);

// Waits, for a bounded time, until everything written has left the machine.
void drain();

// Queues a line, given without its end, for the serial port only; `send_logged` sends it when the
// port is ready. False: there is no room and the line is lost.
[[nodiscard]] bool log(std::string_view line);

// Sends at most limits::kLogBytesATurn queued bytes without waiting. Any other output first sends
// the rest of a line already begun.
void send_logged();

// Whether queued bytes remain to be sent.
[[nodiscard]] bool has_logged();

// Whether to suppress output written while a Fact lives.
void set_quiet(bool quiet);

// Marks the output during its life as a fact of an ordinary run, such as an address or a link that
// is up. Report trouble without one, or with `false`.
class Fact {
 public:
  explicit Fact(bool ordinary = true);
  ~Fact();
  Fact(const Fact&) = delete;
  Fact& operator=(const Fact&) = delete;
};

// Ends the suppression, even while a Fact lives: for a panic in the middle of one.
void speak();

void write(std::string_view text);
void write_decimal(std::uint64_t value);
void write_hex(Hex value);

inline void print_to(std::string_view text) { write(text); }
inline void print_to(char character) { write({&character, 1}); }
inline void print_to(Hex value) { write_hex(value); }
template <std::integral Integer>
  requires(!std::same_as<Integer, char>)
void print_to(Integer value) {
  if (value < 0) {
    write("-");
    write_decimal(-static_cast<std::uint64_t>(value));
  } else {
    write_decimal(static_cast<std::uint64_t>(value));
  }
}

template <typename... Parts>
void print(const Parts&... parts) {
  (print_to(parts), ...);
}

template <typename... Parts>
void line(const Parts&... parts) {
  (print_to(parts), ...);
  write("\n");
}

}  // namespace mote::console
