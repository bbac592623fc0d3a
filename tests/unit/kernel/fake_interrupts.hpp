// Interrupts for unit tests: whether there are any, and what was asked of them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/interrupts/interrupts.hpp"

namespace mote::interrupts {

struct Fake {
  bool starts = true;
  std::optional<Message> message;
  std::vector<std::uint8_t> lines;  // that there are
  std::vector<std::uint32_t> wires;

  std::vector<std::uint8_t> opened_lines;
  std::vector<std::uint32_t> opened_wires;
  int closed = 0;
  int acknowledged = 0;

  std::vector<std::uint64_t> dozes;  // ticks of each
  bool (*on_doze)() = nullptr;       // says whether a device ended it
  bool waits = false;
};
Fake& fake();

inline constexpr Message kMessage{.address = 0xFEE0'5000, .data = 0x41};

}  // namespace mote::interrupts
