// The vmxnet3 network device: VMware's paravirtual NIC, in QEMU too.
//
// An object lives for ever, in static memory, and starts as all zeros. Its shared area and rings
// come from kernel/dma.hpp. A device that says that one of its queues has stopped is found by
// `link_up`, which whoever drives it calls now and then; the next `reclaim` starts it anew, with
// its frames in flight lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

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

  // Whether a vmxnet3 device lies at `location`.
  [[nodiscard]] static bool drives(const Location& location) { return Link::is_device(location); }

  // Resets the device at `location` and starts it, with at most `receive_buffers` of the pool's
  // packets lent to it. False: `error` says why, and the device stays silent.
  [[nodiscard]] bool bring_up(const Location& location,
                              std::size_t receive_buffers = limits::kReceiveBuffers);
  [[nodiscard]] std::string_view error() const { return error_; }

  // What follows is the contract of drivers/net_device.hpp.
  [[nodiscard]] std::string_view model() const { return "vmxnet3"; }
  [[nodiscard]] std::string_view features() const { return "csum rxcsum"; }
  [[nodiscard]] MacAddress mac() const { return mac_; }
  [[nodiscard]] std::uint16_t mtu() const { return limits::kMtu; }
  [[nodiscard]] Offloads offloads() const { return {.tx_checksum = true, .rx_checksum = true}; }
  [[nodiscard]] const DeviceCounters& counters() const { return counters_; }

  [[nodiscard]] bool link_up();

  template <typename Sink>
  std::size_t poll_rx(std::size_t budget, Sink&& sink) {
    return running_ ? receive_.poll(budget, sink, counters_) : 0;
  }

  [[nodiscard]] bool transmit(Packet& packet, TxChecksum checksum) {
    return running_ && transmit_.transmit(packet, checksum, counters_);
  }
  [[nodiscard]] bool transmit(const TxFrame& frame) {
    return running_ && transmit_.transmit(frame, counters_);
  }

  template <typename Release>
  void reclaim(Release&& release) {
    if (restart_due_) [[unlikely]] {
      restart(release);
    }
    if (running_) {
      transmit_.reclaim(release, counters_);
    }
  }

  void flush();

 private:
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

  template <typename Release>
  void restart(Release&& release);

  Link link_;
  SharedArea* shared_ = nullptr;
  ReceiveQueue receive_;
  TransmitQueue transmit_;
  DeviceCounters counters_;
  std::size_t receive_buffers_ = 0;
  MacAddress mac_;
  bool running_ = false;
  bool restart_due_ = false;
  std::string_view error_;
};

// Only a reset makes the device let go of memory; until that has worked, every buffer in flight
// stays where it is.
template <Registers Link>
template <typename Release>
void Nic<Link>::restart(Release&& release) {
  restart_due_ = false;
  if (!reset()) {
    return;
  }
  transmit_.take_all(release);
  receive_.take_all();
  static_cast<void>(start());
}

template <Registers Link>
void Nic<Link>::flush() {
  if (!running_) {
    return;
  }
  // The device sees new buffers by their generation. It asks for the doorbell only when it has run
  // out of them; that it may do just after we looked, so that a ring without news is looked at too.
  receive_.refill(counters_);
  if (load(&shared_->queues.receive.wants_doorbell) != 0 && receive_.has_news()) {
    link_.write_fast(fast_register::kReceiveProducer, receive_.producer());
    ++counters_.doorbells;
  }
  if (transmit_.doorbell_due()) {
    link_.write_fast(fast_register::kTransmitProducer, transmit_.producer());
    ++counters_.doorbells;
  }
}

extern template class Nic<PciRegisters>;

using Device = Nic<PciRegisters>;
static_assert(NetDevice<Device>);

}  // namespace mote::vmxnet3
