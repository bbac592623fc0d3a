// The console: the first serial port (16550) and VGA text, one fact a line.
//
// `print("net", 0, ": link ", "up")` writes its parts without a newline, `line(...)` with one.
// Parts are text, integers in decimal, `Hex`, or any type T for which the type's own header
// declares `void print_to(T)`. Nothing here allocates; a slow or missing UART can delay output
// only by a bounded time.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "kernel/limits.hpp"

namespace mote::console {

// A number in hexadecimal, with at least `digits` digits and without a prefix.
struct Hex {
  std::uint64_t value;
  unsigned digits = 1;
};

// Finds and programs the serial port and the VGA text screen, where they are there.
void initialize();

// Waits, for a bounded time, until everything written has left the machine.
void drain();

// Keeps a line, without its end, for the serial port alone, until `send_logged` finds the port
// ready. False: there is no room for it, and it is lost.
[[nodiscard]] bool log(std::string_view line);

// Sends at most limits::kLogBytesATurn bytes of what was logged, and waits for nothing. Whatever is
// written otherwise has the line that was begun sent whole first.
void send_logged();

// Whether something logged has yet to be sent.
[[nodiscard]] bool has_logged();

// Whether what is written while a Fact lives is left out.
void set_quiet(bool quiet);

// While one lives, what is written is a fact of an ordinary run, such as an address or a link that
// is up. Trouble is told without one, or with one of `false`.
class Fact {
 public:
  explicit Fact(bool ordinary = true);
  ~Fact();
  Fact(const Fact&) = delete;
  Fact& operator=(const Fact&) = delete;
};

// What is written from now on is seen, even if a Fact lives: for a panic in the middle of one.
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
