// A controller of the e1000 family: bring-up, and its two rings put together.
//
// An object lives forever, in static memory, and starts as all zeros. Its rings come from
// kernel/memory/dma.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/e1000/model.hpp"
#include "drivers/e1000/pci_registers.hpp"
#include "drivers/e1000/receive_ring.hpp"
#include "drivers/e1000/registers.hpp"
#include "drivers/e1000/transmit_ring.hpp"
#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "kernel/time/clock.hpp"

namespace mote::e1000 {

template <RegisterFile Registers>
class Nic {
 public:
  using Location = typename Registers::Location;

  // Whether there is a controller at `location` that this driver supports.
  [[nodiscard]] static bool drives(const Location& location) {
    return family_of(Registers::identifier(location)) != nullptr;
  }

  // Resets the controller at `location` and starts it, with at most `receive_buffers` of the pool's
  // packets lent to it. False: `error` says why, and the controller stays silent.
  [[nodiscard]] bool bring_up(const Location& location,
                              std::size_t receive_buffers = limits::kReceiveBuffers);
  [[nodiscard]] std::string_view error() const { return error_; }

  // The contract of drivers/net_device.hpp.
  [[nodiscard]] std::string_view model() const { return family_->word; }
  [[nodiscard]] std::string_view features() const {
    return family_->cuts ? "csum tso4 rxcsum" : "csum rxcsum";
  }
  [[nodiscard]] MacAddress mac() const { return mac_; }
  [[nodiscard]] std::uint16_t mtu() const { return limits::kMtu; }
  // 3.5.5: the device adds each frame's length to IP's header and to the pseudo-header.
  [[nodiscard]] Offloads offloads() const {
    return {.tx_checksum = true,
            .rx_checksum = true,
            .segmentation = family_->cuts ? Segmentation::kNoLength : Segmentation::kNone};
  }
  [[nodiscard]] const DeviceCounters& counters() const { return counters_; }

  [[nodiscard]] bool link_up() {
    const std::uint32_t said = registers_.read(Register::kStatus);
    return said != status::kGone && (said & status::kLinkUp) != 0;
  }

  template <typename Sink>
  std::size_t poll_rx(std::size_t budget, Sink&& sink) {
    return receive_.poll(budget, sink, counters_);
  }

  [[nodiscard]] bool transmit(Packet& packet, TxChecksum checksum) {
    return transmit_.transmit(packet, checksum, counters_);
  }
  [[nodiscard]] bool transmit(const TxFrame& frame) { return transmit_.transmit(frame, counters_); }

  template <typename Release>
  void reclaim(Release&& release) {
    transmit_.reclaim(release);
  }

  [[nodiscard]] bool has_sent() const { return transmit_.has_sent(); }
  void watch(Watch& watch, bool for_sent) const {
    receive_.watch(watch);
    if (for_sent || receive_.is_short()) {
      transmit_.watch(watch);
    }
  }

  [[nodiscard]] bool can_wake() const { return registers_.can_interrupt(); }
  void arm(bool for_sent);
  void disarm();

  void flush();

  template <typename Release>
  void shut_down(Release&& release) {
    silence();
    static_cast<void>(reset());
    transmit_.take_all(release);
    receive_.take_all();
  }

 private:
  bool fail(std::string_view why) {
    error_ = why;
    return false;
  }

  // Bring-up, step by step. A step that can fail reports it by `fail`.
  void silence();
  [[nodiscard]] bool reset();
  void settle();
  [[nodiscard]] bool read_mac();
  [[nodiscard]] bool read_mac_from_eeprom();
  [[nodiscard]] bool allocate(std::size_t receive_buffers);
  void configure_link();
  void configure_filters();
  void start_transmitter();
  void start_receiver();

  void change(Register at, std::uint32_t clear, std::uint32_t set) {
    registers_.write(at, (registers_.read(at) & ~clear) | set);
  }
  [[nodiscard]] bool becomes(Register at, std::uint32_t mask, std::uint32_t value,
                             Nanoseconds within);
  void write_address(Register low, Register high, const void* memory);

  Registers registers_;
  ReceiveRing receive_;
  TransmitRing transmit_;
  DeviceCounters counters_;
  const Family* family_ = nullptr;
  const void* receive_memory_ = nullptr;
  const void* transmit_memory_ = nullptr;
  MacAddress mac_;
  std::string_view error_;
};

// 13.4.17: ICR notes every cause, masked or not. Reading it first clears old causes, which would
// otherwise end the doze at once.
template <RegisterFile Registers>
void Nic<Registers>::arm(bool for_sent) {
  const bool sent = for_sent || receive_.is_short();
  static_cast<void>(registers_.read(Register::kInterruptCause));
  registers_.write(Register::kInterruptMaskSet, interrupt::kReceived | interrupt::kReceiveFull |
                                                    interrupt::kLinkChange |
                                                    (sent ? interrupt::kSent : 0));
}

template <RegisterFile Registers>
void Nic<Registers>::disarm() {
  registers_.write(Register::kInterruptMaskClear, interrupt::kAll);
}

// The tails are the doorbells.
template <RegisterFile Registers>
void Nic<Registers>::flush() {
  if (receive_.refill(counters_)) {
    registers_.write(Register::kReceiveTail, receive_.tail());
    ++counters_.doorbells;
  }
  if (transmit_.publish()) {
    registers_.write(Register::kTransmitTail, transmit_.tail());
    ++counters_.doorbells;
  }
}

using PciNic = Nic<PciRegisters>;
static_assert(NetDevice<PciNic>);

extern template class Nic<PciRegisters>;

}  // namespace mote::e1000
