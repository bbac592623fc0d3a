// The world of the network stack's tests: virtual time, a device whose frames the test sees, and
// fakes of the kernel's services.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/net_device.hpp"
#include "firmware/plan.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/interface/interface.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::world {

using Bytes = std::vector<std::uint8_t>;

// Advances virtual time, which otherwise stands still.
void advance(Nanoseconds time);

// The console's output since the last call.
std::string printed();

// A device with a ring of `ring` frames, which sends when the stack reclaims. Like real ones, it
// writes its header in front of a frame's first piece at once, but reads the frame late; a frame
// changed meanwhile is a fault of the stack.
class Device {
 public:
  struct Options {
    MacAddress mac;
    std::uint16_t mtu = 1500;
    bool tx_checksum = false;
    bool rx_checksum = false;
    Segmentation segmentation = Segmentation::kNone;
  };
  explicit Device(Options options) : options_(options) {}

  [[nodiscard]] std::string_view model() const { return "fake-net"; }
  [[nodiscard]] std::string_view features() const { return options_.tx_checksum ? "csum" : ""; }
  [[nodiscard]] MacAddress mac() const { return options_.mac; }
  [[nodiscard]] std::uint16_t mtu() const { return options_.mtu; }
  [[nodiscard]] Offloads offloads() const {
    return {options_.tx_checksum, options_.rx_checksum, options_.segmentation};
  }
  [[nodiscard]] const DeviceCounters& counters() const { return counters_; }
  [[nodiscard]] bool link_up() { return link; }

  template <typename Sink>
  std::size_t poll_rx(std::size_t budget, Sink&& sink) {
    std::size_t count = 0;
    for (; count < budget && !incoming_.empty(); ++count) {
      auto [packet, checksum] = std::move(incoming_.front());
      incoming_.pop_front();
      sink(std::move(packet), checksum);
    }
    for (; !large_.empty(); large_.pop_front(), ++count) {
      sink(std::span(large_.front()), RxChecksum::kVerified);
    }
    return count;
  }

  bool transmit(Packet& packet, TxChecksum checksum);
  bool transmit(const TxFrame& frame);
  void reclaim(void (*release)(void*));
  [[nodiscard]] bool has_sent() const { return sending_.empty(); }
  void watch(Watch& watch, bool for_sent) const {
    if (!incoming_.empty() || !large_.empty() || (for_sent && !stuck && !sending_.empty())) {
      watch.add_due();
    }
  }
  [[nodiscard]] bool can_wake() const { return true; }
  void arm(bool) {}
  void disarm() {}
  void flush() { ++flushes; }
  void shut_down(void (*release)(void*)) {
    stuck = keeps = false;
    reclaim(release);
    incoming_.clear();
    large_.clear();
  }

  // Puts a frame into the receive ring; false if there is no packet for it.
  bool receive(std::span<const std::uint8_t> frame, RxChecksum checksum = RxChecksum::kUnknown);

  // The same for a frame joined by the device, in packets of at most `piece` bytes.
  bool receive_large(std::span<const std::uint8_t> frame, std::size_t piece);

  bool link = true;
  bool stuck = false;      // sends nothing
  bool keeps = false;      // sends, but returns nothing
  std::size_t ring = 256;  // frames in flight
  std::size_t flushes = 0;
  std::deque<Bytes> wire;  // frames sent, after cutting, with finished checksums
  std::size_t cuts = 0;    // segments given to be cut

 private:
  struct Sending {
    std::vector<Piece> segments;
    TxChecksum checksum;
    void* cookie = nullptr;
    Packet packet;
    Bytes submitted;
    TxCut cut;
    bool sent = false;
  };
  [[nodiscard]] static Bytes read(const Sending& sending);
  void send(Sending& sending);
  void cut(const Sending& sending, const Bytes& segment);

  Options options_;
  DeviceCounters counters_;
  std::deque<std::pair<Packet, RxChecksum>> incoming_;
  std::deque<std::vector<Packet>> large_;
  std::deque<Sending> sending_;
};
static_assert(NetDevice<Device>);

// How the machine under test cuts segments; set it before the machine is made.
extern Segmentation machine_segmentation;

// The sizes of all its pools; likewise.
extern Plan machine_plan;

// Whose requests it answers promptly: nobody's at first.
extern constinit netstack::PromptServer prompt_server;

// The machine under test, made once per program: 10.0.0.1/24 on an offloading device.
struct Machine {
  Device device;
  netstack::Interface<Device, prompt_server> interface;
};
Machine& machine();

// Runs lwIP's timers and senders', as far as they are due.
void run_timers();

// Runs timers and turns of the machine until there is nothing left to do.
void settle(Machine& machine);

inline constexpr MacAddress kMachineMac{{0x52, 0x54, 0, 0, 0, 1}};
inline constexpr MacAddress kPeerMac{{0x52, 0x54, 0, 0, 0, 2}};
inline constexpr std::uint32_t kMachineAddress = 0x0A000001;
inline constexpr std::uint32_t kPeerAddress = 0x0A000002;

// Frames as the peer sends them, with right checksums.
Bytes ipv4_frame(std::uint8_t protocol, std::span<const std::uint8_t> payload,
                 std::uint16_t flags_and_offset = 0, std::uint16_t identification = 1);
Bytes echo_message(std::size_t bytes, std::uint8_t type = 8);
Bytes arp_reply(std::uint32_t address, MacAddress mac);

// The textbook's checksum over bytes in network order (RFC 1071, 4.1).
std::uint16_t plain_checksum(std::span<const std::uint8_t> bytes, std::uint32_t start = 0);

// The sum of a TCP or UDP pseudo-header, for `plain_checksum` to start with.
std::uint32_t pseudo_sum(std::uint32_t source, std::uint32_t destination, std::uint8_t protocol,
                         std::size_t bytes);

}  // namespace mote::world
