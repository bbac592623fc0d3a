// The reference timers' registers.
#include "kernel/time/reference_timer.hpp"

#include "kernel/cpu/port_io.hpp"

namespace mote {
namespace {

// Intel 8254 data sheet; the gate and speaker bits of port 61h are the PC/AT's.
constexpr IoPort kChannel2{0x42};
constexpr IoPort kControl{0x43};
constexpr IoPort kGate{0x61};
constexpr std::uint8_t kGateOn = 0x01;
constexpr std::uint8_t kSpeakerOn = 0x02;
constexpr std::uint8_t kChannel2BothBytesRate = 0xB4;  // mode 2, rate generator
constexpr std::uint8_t kLatchChannel2 = 0x80;

}  // namespace

std::uint32_t PmTimer::read() const { return port::in32(port_); }

void Pit::start() {
  old_gate_ = port::in8(kGate);
  port::out8(kGate, static_cast<std::uint8_t>((old_gate_ & ~kSpeakerOn) | kGateOn));
  port::out8(kControl, kChannel2BothBytesRate);
  port::out8(kChannel2, 0);  // 65,536: the longest period
  port::out8(kChannel2, 0);
}

void Pit::stop() { port::out8(kGate, old_gate_); }

std::uint32_t Pit::read() const {
  port::out8(kControl, kLatchChannel2);
  const std::uint32_t low = port::in8(kChannel2);
  return low | std::uint32_t{port::in8(kChannel2)} << 8;
}

}  // namespace mote
