// The watchdog timer of Intel's 6300ESB ICH, which QEMU and libvirt offer: it resets the machine
// unless it is fed.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/cpu/addresses.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/time/clock.hpp"

namespace mote::i6300esb {

class Watchdog {
 public:
  [[nodiscard]] static bool knows(const pci::Function& function);

  // Finds its registers. Returns a complaint if that fails. Doesn't start it.
  [[nodiscard]] std::string_view open(const pci::Function& function);

  // Whether it was it that reset the machine. Until `start` only.
  [[nodiscard]] bool has_fired() const;

  // From here on it resets the machine `time` after it was last fed. False: it can't, because
  // firmware has locked it.
  [[nodiscard]] bool start(Nanoseconds time) const;

  // Three writes to registers, each an exit to the hypervisor.
  void feed() const;

  void stop() const;

 private:
  void write_preload(std::uint32_t offset, std::uint32_t value) const;
  void unlock() const;

  pci::Function function_;
  PhysicalAddress registers_;
};

}  // namespace mote::i6300esb
