// Interrupts for unit tests.
#include "tests/unit/kernel/fake_interrupts.hpp"

#include <algorithm>

namespace mote::interrupts {

Fake& fake() {
  static Fake state;
  return state;
}

bool start() {
  if (fake().starts) {
    fake().message = kMessage;
  }
  return fake().starts;
}
std::optional<Message> message() { return fake().message; }

bool use_line(std::uint8_t line) {
  fake().opened_lines.push_back(line);
  return std::ranges::find(fake().lines, line) != fake().lines.end();
}
void close_lines() { ++fake().closed; }

bool use_wire(std::uint32_t wire) {
  fake().opened_wires.push_back(wire);
  return std::ranges::find(fake().wires, wire) != fake().wires.end();
}

bool doze(std::uint64_t ticks) {
  fake().dozes.push_back(ticks);
  return fake().on_doze();
}
void acknowledge() { ++fake().acknowledged; }
bool prepare_limit() { return fake().has_limit; }
void set_limit(std::uint64_t ticks) { fake().limits.push_back(ticks); }
bool take_limit() { return fake().is_limits; }
bool device_waits() { return fake().waits; }

}  // namespace mote::interrupts
