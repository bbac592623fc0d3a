// One named port of a virtio console device (virtio 1.2, 5.3): its queues, and the control messages
// that lead to it. Memory shared with a device, no registers.
//
// The driver can't know a port's number before the device tells its name, and may not set up queues
// later: it guesses, and starts again if `other_port` says so.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/virtio/console_wire.hpp"
#include "drivers/virtio/ring.hpp"
#include "kernel/cpu/watch.hpp"

namespace mote::virtio {

class PortQueues {
 public:
  // Ports with a higher number are passed over.
  static constexpr std::uint32_t kPorts = 32;

  // The usual number of a port: QEMU's first virtio-serial port that isn't a console.
  static constexpr std::uint32_t kUsualPort = 1;

  // Takes memory, once and forever. False: there is none left.
  [[nodiscard]] bool take_memory();

  [[nodiscard]] SplitRing& ring(PortQueue queue) { return rings_[queue]; }

  // Begins with port `port` of the name, after the rings were restarted and before the device runs.
  void start(std::uint32_t port, std::string_view name);

  // Takes in control messages, and lends what is to be sent.
  void poll();

  [[nodiscard]] std::uint32_t port() const { return port_; }
  [[nodiscard]] std::optional<std::uint32_t> other_port() const { return other_port_; }

  // Whether somebody is at the other end.
  [[nodiscard]] bool is_open() const { return is_named_ && is_open_; }

  // Whether the other end was closed since the last call.
  [[nodiscard]] bool was_closed();

  // Whether a reset must bring back buffers. If the other end is closed before it has read what was
  // sent, QEMU forgets the buffer; another then takes its place. A reset loses what the next client
  // has sent: there had better be none.
  [[nodiscard]] bool needs_reset() const {
    constexpr unsigned kAll = (1U << PortBuffers::kPieces) - 1;
    return orphans_ == kAll || (orphans_ != 0 && !is_open_);
  }

  // Bytes received, until `consume`d.
  [[nodiscard]] std::span<const char> received();
  void consume(std::size_t bytes);

  // Room for bytes to be sent, if the last ones are gone; then `send`.
  [[nodiscard]] std::span<char> room();
  void send(std::size_t bytes);

  // Which queues ask for a doorbell, as bits.
  [[nodiscard]] unsigned publish();

  // The same for those that have waited for one since the last call (SplitRing::has_lost_doorbell).
  [[nodiscard]] unsigned lost_doorbells();

  // Adds the words that change when there is work; `takes_input`: received bytes are work.
  void watch(Watch& watch, bool takes_input) const;
  void ask_for_interrupts(bool takes_input);
  void ask_for_none();

 private:
  void handle(std::span<const char> message);
  void send_control();
  void lend(PortQueue queue, std::span<const char> bytes, std::size_t index);
  void lend_control(std::size_t index);
  void lend_received(std::size_t index);
  void take_back_sent();
  [[nodiscard]] bool awaits(std::size_t queue, bool takes_input) const;

  std::array<SplitRing, kPortQueues> rings_{};
  PortBuffers* buffers_ = nullptr;
  std::string_view name_;
  std::uint32_t port_ = 0;
  std::optional<std::uint32_t> other_port_;
  std::uint32_t to_greet_ = 0;  // ports that we haven't said to be ready for, as bits
  bool ready_is_due_ = false;   // the message that the device may tell of its ports
  bool open_is_due_ = false;
  bool is_named_ = false;
  bool is_open_ = false;
  bool was_closed_ = false;
  unsigned sent_ = 0;               // buffers that the device has, as bits
  unsigned orphans_ = 0;            // those of them that a client left unread
  std::size_t index_ = 0;           // of the buffer being read
  std::span<const char> unread_{};  // in it
};

}  // namespace mote::virtio
