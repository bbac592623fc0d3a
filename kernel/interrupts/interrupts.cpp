// Dozing, and the interrupts that end a doze.
#include "kernel/interrupts/interrupts.hpp"

#include "kernel/acpi/acpi.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/interrupts/io_apic.hpp"
#include "kernel/interrupts/legacy_pic.hpp"
#include "kernel/interrupts/local_apic.hpp"
#include "kernel/interrupts/vectors.hpp"

namespace mote::interrupts {
namespace {

constinit LocalApic apic{};
constinit std::optional<Message> nic_message{};
constinit LegacyPic pic{};

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
  apic.open_pin();
  return true;
}

void close_lines() { pic.close(); }

bool use_wire(std::uint32_t interrupt) {
  return nic_message && io_apic::open(acpi::io_apic(interrupt), interrupt, apic.identifier());
}

// Takes at most one interrupt, because the stub returns with interrupts off. Another may be
// pending.
bool doze(std::uint64_t ticks) {
  apic.start_timer(ticks);
  cpu::halt_until_interrupt();
  const bool by_device = !apic.in_service(vector::kTimer);
  apic.stop_timer();
  return by_device;
}

bool device_waits() { return apic.is_requested(vector::kDevice) || pic.any_requested(); }

void acknowledge() {
  apic.end_of_interrupt();
  pic.end_of_interrupt();
}

}  // namespace mote::interrupts
