// Interrupts for unit tests: whether there are any, and the calls made.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/interrupts/interrupts.hpp"

namespace mote::interrupts {

struct Fake {
  bool starts = true;
  std::optional<Message> message;
  std::vector<std::uint8_t> lines;  // the lines that exist
  std::vector<std::uint32_t> wires;

  std::vector<std::uint8_t> opened_lines;
  std::vector<std::uint32_t> opened_wires;
  int closed = 0;
  int acknowledged = 0;

  std::vector<std::uint64_t> dozes;  // length of each, in ticks
  bool (*on_doze)() = nullptr;       // returns whether a device ended it
  bool waits = false;

  bool has_limit = true;
  std::vector<std::uint64_t> limits;  // in ticks
  bool is_limits = true;              // whether an interrupt is the limit's
};
Fake& fake();

inline constexpr Message kMessage{.address = 0xFEE0'5000, .data = 0x41};

}  // namespace mote::interrupts
