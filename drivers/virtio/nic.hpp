// The virtio network device (virtio 1.2, 5.1): bring-up, and the two queues put together.
//
// An object lives forever, in static memory, and starts as all zeros. Its rings come from
// kernel/memory/dma.hpp. `link_up`, called now and then, rings again for a device that missed a
// doorbell, and finds one that needs a reset (2.1.2) and begins it at once. No call waits for the
// reset to end; the first `reclaim` after that restarts the device, without the frames that were in
// flight. If the restart fails, the console says so once, and it is tried again every kLooksATry
// calls of `link_up`.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "drivers/virtio/nic_wire.hpp"
#include "drivers/virtio/pci_transport.hpp"
#include "drivers/virtio/receive_queue.hpp"
#include "drivers/virtio/text.hpp"
#include "drivers/virtio/transmit_queue.hpp"
#include "drivers/virtio/transport.hpp"

namespace mote::virtio {

template <Transport T>
class Nic {
 public:
  using Location = typename T::Location;

  // Whether there is a virtio network device at `location`. Prints nothing.
  [[nodiscard]] static bool drives(const Location& location) {
    return T::is_device(location, kNetDevice);
  }

  // Resets the device at `location` and starts it, with at most `receive_buffers` of the pool's
  // packets lent to it. False: `error` says why, and the device stays silent.
  [[nodiscard]] bool bring_up(const Location& location,
                              std::size_t receive_buffers = limits::kReceiveBuffers);
  [[nodiscard]] std::string_view error() const { return error_.view(); }

  // The contract of drivers/net_device.hpp.
  [[nodiscard]] std::string_view model() const { return "virtio-net"; }
  [[nodiscard]] std::string_view features() const { return words_.view(); }
  [[nodiscard]] MacAddress mac() const { return mac_; }
  [[nodiscard]] std::uint16_t mtu() const { return mtu_; }
  [[nodiscard]] Offloads offloads() const {
    return {.tx_checksum = has(feature::kNetChecksum),
            .rx_checksum = has(feature::kNetGuestChecksum),
            .segmentation =
                has(feature::kNetHostTso4) ? Segmentation::kWholeLength : Segmentation::kNone};
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
  void reclaim(Release&& release);

  [[nodiscard]] bool has_sent() const { return transmit_.ring().lent() == 0; }
  void watch(Watch& watch, bool for_sent) const;

  [[nodiscard]] bool can_wake() const { return transport_.can_interrupt(); }
  void arm(bool for_sent);
  void disarm();

  void flush();

  template <typename Release>
  void shut_down(Release&& release);

 private:
  static constexpr Features kWanted = feature::kNetChecksum | feature::kNetGuestChecksum |
                                      feature::kNetMtu | feature::kNetMac | feature::kNetGuestTso4 |
                                      feature::kNetHostTso4 | feature::kNetMergeable |
                                      feature::kNetStatus | feature::kEventIndex;
  static constexpr Features kWantedLegacy = kWanted | feature::kAnyLayout;
  static constexpr Features kWantedModern =
      kWanted | feature::kVersion1 | feature::kAccessPlatform | feature::kOrderPlatform;

  // How many calls of `link_up` a reset may take, and a failed device rests: 10 s at four a second.
  static constexpr unsigned kLooksATry = 40;

  enum class State : std::uint8_t {
    kDown,  // never came up
    kRunning,
    kResetting,  // after having run: may still use memory
    kReset,      // no longer uses memory; `reclaim` starts it
    kFailed,     // did not start after a reset; rests until the next try
  };

  // The fewest entries that a queue may have: one chain of the longest kind.
  static constexpr std::uint16_t kLeastEntries = std::bit_ceil(TransmitQueue::kMaxPieces);

  [[nodiscard]] bool is_running() const { return state_ == State::kRunning; }
  [[nodiscard]] bool has(Features bits) const { return (features_ & bits) == bits; }

  bool fail(std::string_view words, std::uint64_t first = 0, std::uint64_t second = 0) {
    return failure()(words, first, second);
  }
  [[nodiscard]] Failure failure() { return {error_, model()}; }

  [[nodiscard]] bool start();
  [[nodiscard]] bool negotiate(bool first);
  [[nodiscard]] Features agreeable(Features offered);
  [[nodiscard]] bool read_facts();
  [[nodiscard]] MacAddress read_mac();
  [[nodiscard]] bool set_up(std::uint16_t number, SplitRing& ring);
  void name_features();

  void begin_reset();
  void look_after_reset();
  void look_after_doorbells();
  void complain();

  template <typename Release>
  void restart(Release&& release);
  template <typename Release>
  void take_all(Release&& release);

  T transport_;
  ReceiveQueue receive_;
  TransmitQueue transmit_;
  DeviceCounters counters_;
  Features features_ = 0;
  std::size_t receive_buffers_ = 0;
  MacAddress mac_;
  std::uint16_t mtu_ = 0;
  State state_ = State::kDown;
  unsigned looks_ = 0;       // since the last reset began
  bool complained_ = false;  // since it last ran
  Text error_;
  Text words_;
};

template <Transport T>
template <typename Release>
void Nic<T>::reclaim(Release&& release) {
  if (state_ == State::kReset) [[unlikely]] {
    restart(release);
  }
  if (is_running()) {
    transmit_.reclaim(release, counters_);
  }
}

// The device stopped, and its reset, after which alone it no longer uses memory, has ended.
template <Transport T>
template <typename Release>
void Nic<T>::restart(Release&& release) {
  take_all(release);
  if (!start()) {
    state_ = State::kFailed;
    complain();
  }
}

template <Transport T>
template <typename Release>
void Nic<T>::take_all(Release&& release) {
  const auto give_back = [&](const Owner& owner) { TransmitQueue::give_back(owner, release); };
  transmit_.ring().take_all(give_back);
  receive_.ring().take_all(give_back);
}

template <Transport T>
template <typename Release>
void Nic<T>::shut_down(Release&& release) {
  static_cast<void>(transport_.reset());
  state_ = State::kDown;
  take_all(release);
}

// A device in reset changes no word: only the next `link_up` will tell.
template <Transport T>
void Nic<T>::watch(Watch& watch, bool for_sent) const {
  if (!is_running()) {
    return;
  }
  watch.add(receive_.ring().watched());
  if (for_sent || receive_.is_short()) {
    watch.add(transmit_.ring().watched());
  }
}

template <Transport T>
void Nic<T>::arm(bool for_sent) {
  if (!is_running()) {
    return;
  }
  receive_.ring().ask_for_interrupt();
  if (for_sent || receive_.is_short()) {
    transmit_.ring().ask_for_interrupt();
  }
}

template <Transport T>
void Nic<T>::disarm() {
  if (!is_running()) {
    return;
  }
  receive_.ring().ask_for_none();
  transmit_.ring().ask_for_none();
  transport_.clear_interrupt();
}

template <Transport T>
void Nic<T>::flush() {
  if (!is_running()) {
    return;
  }
  if (receive_.refill(counters_)) {
    transport_.notify(kReceiveQueue);
    ++counters_.doorbells;
  }
  if (transmit_.ring().publish()) {
    transport_.notify(kTransmitQueue);
    ++counters_.doorbells;
  }
}

using PciNic = Nic<PciTransport>;
static_assert(NetDevice<PciNic>);

extern template class Nic<PciTransport>;

}  // namespace mote::virtio
