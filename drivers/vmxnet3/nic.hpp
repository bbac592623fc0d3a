// The vmxnet3 network device: VMware's paravirtual NIC, in QEMU too.
//
// An object lives forever, in static memory, and starts as all zeros. Its shared area and rings
// come from kernel/memory/dma.hpp. `link_up`, called now and then, finds a device that reports a
// stopped queue and resets it at once; the next `reclaim` restarts it, without the frames that were
// in flight. If either fails, the console says so once, and it is tried again every kLooksATry
// calls of `link_up`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "drivers/vmxnet3/pci_registers.hpp"
#include "drivers/vmxnet3/receive_queue.hpp"
#include "drivers/vmxnet3/registers.hpp"
#include "drivers/vmxnet3/shared_area.hpp"
#include "drivers/vmxnet3/transmit_queue.hpp"

namespace mote::vmxnet3 {

template <Registers Link>
class Nic {
 public:
  using Location = typename Link::Location;

  // Whether there is a vmxnet3 device at `location`.
  [[nodiscard]] static bool drives(const Location& location) { return Link::is_device(location); }

  // Resets the device at `location` and starts it, with at most `receive_buffers` of the pool's
  // packets lent to it. False: `error` says why, and the device stays silent.
  [[nodiscard]] bool bring_up(const Location& location,
                              std::size_t receive_buffers = limits::kReceiveBuffers);
  [[nodiscard]] std::string_view error() const { return error_; }

  // The contract of drivers/net_device.hpp.
  [[nodiscard]] std::string_view model() const { return "vmxnet3"; }
  [[nodiscard]] std::string_view features() const { return "csum tso4 rxcsum"; }
  [[nodiscard]] MacAddress mac() const { return mac_; }
  [[nodiscard]] std::uint16_t mtu() const { return limits::kMtu; }
  [[nodiscard]] Offloads offloads() const {
    return {.tx_checksum = true, .rx_checksum = true, .segmentation = Segmentation::kNoLengthInSum};
  }
  [[nodiscard]] const DeviceCounters& counters() const { return counters_; }

  [[nodiscard]] bool link_up();

  template <typename Sink>
  std::size_t poll_rx(std::size_t budget, Sink&& sink) {
    return is_running() ? receive_.poll(budget, sink, counters_) : 0;
  }

  [[nodiscard]] bool transmit(Packet& packet, TxChecksum checksum) {
    return is_running() && transmit_.transmit(packet, checksum, counters_);
  }
  [[nodiscard]] bool transmit(const TxFrame& frame) {
    return is_running() && transmit_.transmit(frame, counters_);
  }

  template <typename Release>
  void reclaim(Release&& release) {
    if (state_ == State::kReset) [[unlikely]] {
      restart(release);
    }
    if (is_running()) {
      transmit_.reclaim(release, counters_);
    }
  }

  [[nodiscard]] bool has_sent() const { return transmit_.has_sent(); }
  void watch(Watch& watch, bool for_sent) const;

  // The mask covers all causes alike. An interrupt raised while it was set ends the next doze.
  [[nodiscard]] bool can_wake() const { return link_.can_interrupt(); }
  void arm(bool) {
    if (is_running()) {
      link_.write_fast(fast_register::kInterruptMask, 0);
    }
  }
  void disarm() {
    if (is_running()) {
      link_.write_fast(fast_register::kInterruptMask, 1);
    }
  }

  void flush();

  template <typename Release>
  void shut_down(Release&& release) {
    static_cast<void>(reset());
    state_ = State::kDown;
    transmit_.take_all(release);
    receive_.take_all();
  }

 private:
  // How many calls of `link_up` a failed device rests: 10 s at four a second.
  static constexpr unsigned kLooksATry = 40;

  enum class State : std::uint8_t {
    kDown,  // never came up
    kRunning,
    kReset,   // no longer uses memory; `reclaim` starts it
    kFailed,  // did not reset or restart, and rests; may still use memory
  };

  [[nodiscard]] bool is_running() const { return state_ == State::kRunning; }

  bool fail(std::string_view why) {
    error_ = why;
    return false;
  }
  void order(Command what) const {
    link_.write_device(device_register::kCommand, static_cast<std::uint32_t>(what));
  }
  [[nodiscard]] std::uint32_t ask(Command what) const {
    order(what);
    return link_.read_device(device_register::kCommand);
  }

  [[nodiscard]] bool agree_on_version();
  [[nodiscard]] bool reset();
  [[nodiscard]] bool read_address();
  [[nodiscard]] bool find_memory();
  void describe();
  [[nodiscard]] bool start();

  void begin_anew();
  void give_up();

  template <typename Release>
  void restart(Release&& release);

  Link link_;
  SharedArea* shared_ = nullptr;
  ReceiveQueue receive_;
  TransmitQueue transmit_;
  DeviceCounters counters_;
  std::size_t receive_buffers_ = 0;
  MacAddress mac_;
  State state_ = State::kDown;
  unsigned looks_ = 0;       // since the last try to restart the device
  bool complained_ = false;  // since it last ran
  std::string_view error_;
};

// The device was reset, after which alone it no longer uses memory.
template <Registers Link>
template <typename Release>
void Nic<Link>::restart(Release&& release) {
  transmit_.take_all(release);
  receive_.take_all();
  if (!start()) {
    give_up();
  }
}

// If there are lent buffers that the device was not told of, its request for a doorbell is work,
// too.
template <Registers Link>
void Nic<Link>::watch(Watch& watch, bool for_sent) const {
  if (!is_running()) {
    return;
  }
  watch.add(receive_.watched());
  if (receive_.has_news()) {
    static_assert(offsetof(ReceiveQueueDescriptor, wants_doorbell) % sizeof(std::uint32_t) == 0);
    const auto& wish = shared_->queues.receive.wants_doorbell;
    watch.add({.word = word_at(&wish), .mask = 0xFF, .quiet = 0});
  }
  if (for_sent || receive_.is_short()) {
    watch.add(transmit_.watched());
  }
}

template <Registers Link>
void Nic<Link>::flush() {
  if (!is_running()) {
    return;
  }
  // The device sees new buffers by their generation and requests the doorbell only when it has run
  // out. It may do so just after we looked, so the request is checked even if nothing was refilled
  // now.
  receive_.refill(counters_);
  if (load(&shared_->queues.receive.wants_doorbell) != 0) {
    const auto tell = [this](std::uint32_t doorbell, BufferRing& ring) {
      if (ring.has_news()) {
        link_.write_fast(doorbell, ring.producer());
        ++counters_.doorbells;
      }
    };
    tell(fast_register::kReceiveProducer, receive_.heads());
    tell(fast_register::kReceiveProducer2, receive_.bodies());
  }
  if (transmit_.doorbell_due()) {
    link_.write_fast(fast_register::kTransmitProducer, transmit_.producer());
    ++counters_.doorbells;
  }
}

extern template class Nic<PciRegisters>;

using PciNic = Nic<PciRegisters>;
static_assert(NetDevice<PciNic>);

}  // namespace mote::vmxnet3
