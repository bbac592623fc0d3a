// One named port of a virtio console device with several (virtio 1.2, 5.3): bring-up, resets, and
// the bytes both ways.
//
// An object lives forever, in static memory. Everything is polled, and no call waits but
// `bring_up`, for the reset. `tend`, called now and then, finds a device that needs a reset
// (2.1.2); until it is over, and if the device then fails, the port is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/virtio/any_transport.hpp"
#include "drivers/virtio/port_queues.hpp"
#include "drivers/virtio/text.hpp"
#include "drivers/virtio/transport.hpp"

namespace mote::virtio {

template <Transport T>
class SerialPort {
 public:
  using Location = typename T::Location;

  // Whether there is a virtio console device at `location`. Prints nothing.
  [[nodiscard]] static bool drives(const Location& location) {
    return T::is_device(location, kConsoleDevice);
  }

  // Resets the device at `location` and starts to look for its port `name`. False: `error` says
  // why; empty if the device is a sound one without named ports. It is then left in reset.
  [[nodiscard]] bool bring_up(const Location& location, std::string_view name);
  [[nodiscard]] std::string_view error() const { return error_.view(); }

  // The port as PortQueues has it, while the device runs.
  [[nodiscard]] bool is_running() const { return state_ == State::kRunning; }
  // Whether it runs, or will after a reset.
  [[nodiscard]] bool is_sound() const { return is_running() || state_ == State::kResetting; }
  [[nodiscard]] PortQueues& queues() { return queues_; }

  // Rings the doorbells that are due. Call after any use of the queues.
  void flush();

  // Looks whether the device needs a reset, and after one starts it again; rings again for one that
  // missed a doorbell. Costs an exit. False: the device has failed, as `error` says, and is never
  // used again.
  [[nodiscard]] bool tend();

  // Resets the device, which leaves, and never uses it again. Nobody waits for the reset's end: see
  // to it that the device can't access memory.
  void let_go();

  [[nodiscard]] bool can_wake() const { return transport_.can_interrupt(); }
  void arm(bool takes_input);
  void disarm();

 private:
  static constexpr Features kWanted = feature::kConsoleMultiport | feature::kEventIndex |
                                      feature::kVersion1 | feature::kAccessPlatform |
                                      feature::kOrderPlatform;

  // The largest queue of the legacy interface: QEMU's ports have 128 entries.
  static constexpr std::uint16_t kMostEntries = 128;

  // An impossible status: reads of a missing device return all ones.
  static constexpr std::uint8_t kNoAnswer = 0xFF;

  enum class State : std::uint8_t { kDown, kRunning, kResetting, kFailed };

  bool fail(std::string_view words, std::uint64_t first = 0, std::uint64_t second = 0) {
    return Failure{error_, "virtio-serial"}(words, first, second);
  }
  void add_status(std::uint8_t bits) {
    transport_.set_status(static_cast<std::uint8_t>(transport_.status() | bits));
  }

  [[nodiscard]] bool start(std::uint32_t port);
  [[nodiscard]] bool negotiate();
  [[nodiscard]] std::uint16_t agree_on_entries(std::uint16_t number, PortQueue queue);
  [[nodiscard]] bool set_up(std::uint16_t number, PortQueue queue);
  void ring(unsigned queues);  // as bits

  T transport_{};
  PortQueues queues_{};
  std::string_view name_;
  Features features_ = 0;
  std::uint32_t port_ = PortQueues::kUsualPort;  // the next to try
  State state_ = State::kDown;
  Text error_{};
};

using AnySerialPort = SerialPort<AnyTransport>;
extern template class SerialPort<AnyTransport>;

}  // namespace mote::virtio
