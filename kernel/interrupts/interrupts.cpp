// Dozing, the interrupts that end a doze, and the one that ends a turn without end.
#include "kernel/interrupts/interrupts.hpp"

#include "kernel/acpi/acpi.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/interrupts/io_apic.hpp"
#include "kernel/interrupts/legacy_pic.hpp"
#include "kernel/interrupts/local_apic.hpp"
#include "kernel/interrupts/vectors.hpp"

extern "C" {
// Whether the timer's interrupt is the limit's, not a doze's: boot/traps.asm asks.
constinit bool turn_timer_is_on = false;
}

namespace mote::interrupts {
namespace {

constinit LocalApic apic{};
constinit std::optional<Message> nic_message{};
constinit LegacyPic pic{};
constinit bool has_lines = false;
constinit std::uint64_t limit_ticks = 0;  // 0: there is no limit
constinit std::uint64_t limit_due = 0;    // of the time stamp counter

void start_limit() {
  limit_due = cpu::time_stamp() + limit_ticks;
  apic.start_timer(limit_ticks);
}

// Interrupts are on from here, but only the timer's get through. Those of devices that were asked
// for in vain stay pending until the next doze. The 8259As heed no priority.
void let_timer_in() {
  if (has_lines) {
    apic.close_pin();
  }
  cpu::set_task_priority(vector::kOnlyTimer);
  turn_timer_is_on = true;
  cpu::enable_interrupts();
}

void let_all_in_next() {
  cpu::disable_interrupts();
  turn_timer_is_on = false;
  cpu::set_task_priority(0);
  if (has_lines) {
    apic.open_pin();
  }
}

}  // namespace

// Messages have fixed delivery, are edge-triggered, and go to one CPU by its identifier, for which
// a message has eight bits.
bool start() {
  constexpr std::uint64_t kMessages = 0xFEE0'0000;
  constexpr unsigned kIdentifierShift = 12;
  constexpr std::uint32_t kMostIdentifier = 0xFE;  // FFh is a broadcast
  if (!apic.start() || apic.identifier() > kMostIdentifier) {
    return false;
  }
  nic_message = {.address = kMessages | std::uint64_t{apic.identifier()} << kIdentifierShift,
                 .data = vector::kDevice};
  return true;
}

std::optional<Message> message() { return nic_message; }

bool use_line(std::uint8_t line) {
  if (!nic_message || !pic.open(line)) {
    return false;
  }
  has_lines = true;
  if (limit_ticks == 0) {
    apic.open_pin();
  }
  return true;
}

void close_lines() { pic.close(); }

bool use_wire(std::uint32_t interrupt) {
  return nic_message && io_apic::open(acpi::io_apic(interrupt), interrupt, apic.identifier());
}

// Takes at most one interrupt, because the stub returns with interrupts off. Another may be
// pending.
bool doze(std::uint64_t ticks) {
  if (limit_ticks != 0) {
    let_all_in_next();
  }
  apic.start_timer(ticks);
  cpu::halt_until_interrupt();
  const bool by_device = !apic.in_service(vector::kTimer);
  if (limit_ticks != 0) {
    start_limit();
  } else {
    apic.stop_timer();
  }
  return by_device;
}

bool device_waits() { return apic.is_requested(vector::kDevice) || pic.any_requested(); }

void acknowledge() {
  apic.end_of_interrupt();
  pic.end_of_interrupt();
  if (limit_ticks != 0) {
    let_timer_in();
  }
}

bool prepare_limit() { return nic_message || apic.begin(); }

void set_limit(std::uint64_t ticks) {
  if (apic.calibrate()) {
    limit_ticks = ticks;
    start_limit();
    let_timer_in();
  }
}

// A doze's timer may run out just after a device has ended the doze. The interrupt then comes when
// it is the limit's. An eighth is for the difference between the timer and the counter.
bool take_limit() {
  const bool is_due = cpu::time_stamp() + limit_ticks / 8 >= limit_due;
  apic.end_of_interrupt();
  start_limit();
  return is_due;
}

}  // namespace mote::interrupts
