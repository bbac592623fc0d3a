// An interface: a device below, lwIP above, and the path of frames between them.
//
//   device.poll_rx → classify: Reply (same buffer to the transmit ring)
//                            | Drop  (counted, buffer back to the pool; under pressure, early)
//                            | Up    → lwIP → … → a sender's segment → device.transmit
//
// What lwIP sends itself comes by `output` and `link_output`. The types of device and server are
// template parameters, so the only indirect calls per frame are lwIP's own and the sender's.
#pragma once

#include <cstddef>
#include <utility>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/cpu/injection.hpp"
#include "kernel/memory/packet.hpp"
#include "kernel/platform/entropy.hpp"
#include "kernel/time/clock.hpp"
#include "lwip/etharp.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/interface/classifier.hpp"
#include "netstack/interface/pressure.hpp"
#include "netstack/interface/transmit.hpp"
#include "netstack/limits.hpp"
#include "netstack/sender/block.hpp"
#include "netstack/tcp/prompt_answer.hpp"

namespace mote::netstack {

template <NetDevice Device, const PromptServer& kServer = kNoPromptServer>
class Interface {
 public:
  // Attaches the device to lwIP as `net<index>` and prints its line. The device is up and outlives
  // the interface. False, with a line that says so, if there are too many.
  bool attach(Device& device, unsigned index, const InterfaceSettings& settings) {
    device_ = &device;
    if (settings.offload) {
      offloads_ = device.offloads();
    }
    const DeviceFacts facts{device.model(), device.features(), device.mac(),      device.mtu(),
                            offloads_,      device.link_up(),  &device.counters()};
    return attachment_.attach(index, facts, settings,
                              {this, output, link_output, send_segment, send_packet});
  }

  // One turn of the run loop: takes back sent frames, sends the backlog, receives a budget of
  // frames, sends what their ACKs allow, rings the doorbells. Returns whether there was any work.
  bool turn() {
    device_->reclaim(release_frame);
    if (!backlog_.empty()) {
      send_backlog();
    }
    if (!attachment_.waiting().empty()) {
      attachment_.waiting().resume();
    }
    const std::size_t received = device_->poll_rx(pressure_.budget(), Receiver{*this});
    pressure_.on_turn(received);
    if (!attachment_.waiting().empty()) {
      attachment_.waiting().resume();
    }
    device_->flush();
    if (received != 0) {
      entropy::stir(cpu::time_stamp());
    }
    const bool sent = attachment_.counters().tx_frames != tx_frames_before_;
    tx_frames_before_ = attachment_.counters().tx_frames;
    return received != 0 || sent;
  }

  // Takes back sent frames, so that their memory may be used again.
  void reclaim() { device_->reclaim(release_frame); }

  // Whether the device has sent all that it was given, and nothing waits for it.
  [[nodiscard]] bool has_sent() const { return !is_waiting() && device_->has_sent(); }

  // Adds the words that change when a turn has work to do (see NetDevice).
  void watch(Watch& watch) const { device_->watch(watch, is_waiting()); }

  // For a doze (see NetDevice).
  [[nodiscard]] bool can_wake() const { return device_->can_wake(); }
  void arm() { device_->arm(is_waiting()); }
  void disarm() { device_->disarm(); }

  // Call at least once a second: link state, DHCP, console lines, a stuck backlog.
  void tend(Nanoseconds now) {
    look_at_backlog(now);
    attachment_.tend(now, device_->link_up());
  }

  // For ever, before the device goes: ends the connections over it, takes back all that was lent to
  // it, and keeps the counters for reports (netstack/stats.hpp).
  void detach() {
    attachment_.leave();
    reclaim();
    send_backlog();
    device_->flush();  // the farewells: resets, and a release to DHCP's server
    clock::wait(kFarewell);
    device_->shut_down(release_frame);
    while (!backlog_.empty()) {
      backlog_.pop();
    }
    attachment_.keep_report();
  }

  [[nodiscard]] const Device& device() const { return *device_; }
  [[nodiscard]] Attachment& attachment() { return attachment_; }

 private:
  // The device hands received frames to this.
  struct Receiver {
    Interface& interface;
    [[gnu::always_inline]] void operator()(Packet packet, RxChecksum checksum) const {
      interface.receive(std::move(packet), checksum);
    }
    void operator()(std::span<Packet> pieces, RxChecksum checksum) const {
      interface.receive_large(pieces, checksum);
    }
  };

  // Inline: its only caller is the driver's loop, and every frame passes through it.
  [[gnu::always_inline]] void receive(Packet packet, RxChecksum checksum) {
    checksum = believed(checksum);
    if constexpr (injection::kIsOn) {
      if (checksum != RxChecksum::kAbsent && injection::strikes()) {
        packet.frame().back() ^= std::byte{0xFF};
        checksum = RxChecksum::kUnknown;
      }
    }
    if (answered_promptly(packet, checksum)) {
      return;
    }
    if (pressure_.is_on() && !pressure_.admits(packet.frame(), attachment_.netif())) [[unlikely]] {
      ++attachment_.counters()[Fate::kEarlyDrop];
      return;
    }
    const std::size_t room = Packet::kMaxFrameBytes;
    const Decision decision = classify({packet.data(), room}, packet.bytes(), attachment_.host());
    ++attachment_.counters()[decision.fate];
    switch (decision.fate) {
      case Fate::kReply:
        packet.set_bytes(decision.reply_bytes);
        if (!device_->transmit(packet, TxChecksum{})) {
          ++attachment_.counters().replies_dropped;
        }
        break;
      case Fate::kUp:
      case Fate::kUpFragment:
        attachment_.hand_up(std::move(packet), checksum, decision.fate);
        break;
      default:
        break;  // dropped: the packet returns to the pool here
    }
  }

  // Answers a request without lwIP, if possible.
  [[gnu::always_inline]] bool answered_promptly(const Packet& packet, RxChecksum checksum) {
    const Prompt prompt = prompt_answer(attachment_.netif(), packet.frame(), checksum, kServer);
    if (prompt == Prompt::kNo) {
      return false;
    }
    ++attachment_.counters()[Fate::kUp];
    attachment_.counters().prompt_answers += prompt == Prompt::kAnswered ? 1 : 0;
    return true;
  }

  // A segment in several packets, judged by the first.
  void receive_large(std::span<Packet> pieces, RxChecksum checksum) {
    checksum = believed(checksum);
    std::size_t bytes = 0;
    for (const Packet& piece : pieces) {
      bytes += piece.bytes();
    }
    Packet& first = pieces.front();
    Fate fate = judge_large(first.frame(), bytes, attachment_.host());
    if (fate == Fate::kUnknownProtocol && remove_priority_tag(first.frame())) {
      first.set_bytes(first.bytes() - sizeof(VlanTag));
      fate = judge_large(first.frame(), bytes - sizeof(VlanTag), attachment_.host());
    }
    ++attachment_.counters()[fate];
    if (fate == Fate::kUp) {
      attachment_.hand_up(pieces, checksum);
    }
  }

  // With offloads off the device's verdict is ignored. But a checksum that was never computed can't
  // be verified even then.
  RxChecksum believed(RxChecksum checksum) const {
    const bool ignored = checksum == RxChecksum::kVerified && !offloads_.rx_checksum;
    return ignored ? RxChecksum::kUnknown : checksum;
  }

  static Interface& of(struct netif* netif) {
    return *static_cast<Interface*>(attachment_of(netif).owner());
  }

  // lwIP's output functions: for a datagram, which lacks its IP header's checksum and nearly always
  // goes to a known station, and for a frame.
  static err_t output(struct netif* netif, struct pbuf* datagram, const ip4_addr_t* destination) {
    Interface& self = of(netif);
    seal(*datagram);
    const std::uint32_t address = ip4_addr_get_u32(destination);
    if (!self.attachment_.frame_for(address, *datagram) &&
        !self.attachment_.frame_for_caller(address, *datagram)) {
      return self.attachment_.find_station(address, *datagram);
    }
    return self.queue(datagram);
  }

  static err_t link_output(struct netif* netif, struct pbuf* frame) {
    Interface& self = of(netif);
    self.attachment_.learn_station(*frame);
    return self.queue(frame);
  }

  // ERR_MEM makes lwIP try again later if it is a SYN. A frame that no device takes must stay out
  // of the backlog, where it would block all others.
  err_t queue(struct pbuf* frame) {
    if (frame->tot_len > sizeof(EthernetHeader) + limits::kMtu) {
      ++attachment_.counters().tx_unsendable;
      return ERR_OK;
    }
    if (backlog_.empty() && send(*frame)) {
      return ERR_OK;
    }
    if (backlog_.push(frame)) {
      ++attachment_.counters().tx_waited;
      return ERR_OK;
    }
    ++attachment_.counters().tx_refused;
    return ERR_MEM;
  }

  // False if the ring is full, or if the frame must be copied and no packet is left.
  bool send(struct pbuf& frame) {
    SegmentList list;
    const bool sent = list.gather(frame) ? send_by_reference(frame, list) : send_copy(frame);
    if (sent) {
      ++attachment_.counters().tx_frames;
    }
    return sent;
  }

  bool send_by_reference(struct pbuf& frame, const SegmentList& list) {
    const TxChecksum checksum = offload({static_cast<std::byte*>(frame.payload), frame.len});
    if (!device_->transmit(TxFrame{list.segments(), checksum, &frame})) {
      return false;
    }
    pbuf_ref(&frame);
    return true;
  }

  bool send_copy(const struct pbuf& frame) {
    Packet packet = copy_to_packet(frame);
    if (!packet || !device_->transmit(packet, offload(packet.frame()))) {
      return false;
    }
    ++attachment_.counters().tx_copied;
    return true;
  }

  TxChecksum offload(std::span<std::byte> headers) const {
    return offloads_.tx_checksum ? prepare_checksum(headers) : TxChecksum{};
  }

  // A sender's segment. It overtakes nothing that waits.
  static bool send_segment(void* owner, const TxFrame& frame) {
    Interface& self = *static_cast<Interface*>(owner);
    if (!self.backlog_.empty() || !self.device_->transmit(frame)) {
      return false;
    }
    ++self.attachment_.counters().tx_frames;
    return true;
  }

  static bool send_packet(void* owner, Packet& packet, TxChecksum checksum) {
    Interface& self = *static_cast<Interface*>(owner);
    if (!self.backlog_.empty() || !self.device_->transmit(packet, checksum)) {
      return false;
    }
    ++self.attachment_.counters().tx_frames;
    return true;
  }

  // Whether somebody waits for room in the transmit ring.
  [[nodiscard]] bool is_waiting() const {
    return !backlog_.empty() || !attachment_.waiting().empty();
  }

  void send_backlog() {
    while (!backlog_.empty()) {
      if (!send(*backlog_.front())) {
        return;
      }
      backlog_.pop();
    }
  }

  // The front of the backlog leaves within limits::kTxPatienceMs, even if the device, the pool or
  // the frame itself is at fault.
  void look_at_backlog(Nanoseconds now) {
    if (backlog_.empty()) {
      front_seen_ = kNone;
    } else if (backlog_.departures() != front_seen_) {
      front_seen_ = backlog_.departures();
      front_since_ = now;
    } else if (now.value - front_since_.value >= limits::kTxPatienceMs * 1'000'000) {
      backlog_.pop();
      ++attachment_.counters().tx_stuck;
    }
  }

  // A device may send in the background; it hardly ever takes so long.
  static constexpr Nanoseconds kFarewell = milliseconds(2);

  static void release_frame(void* cookie) {
    if (blocks::is_cookie(cookie)) {
      blocks::frame_sent(blocks::block_of(cookie));
    } else {
      pbuf_free(static_cast<struct pbuf*>(cookie));
    }
  }

  Attachment attachment_;
  Device* device_ = nullptr;
  Offloads offloads_;  // those of the device's that are used
  Backlog backlog_;
  Pressure pressure_;
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  std::uint64_t front_seen_ = kNone;  // departures before the front seen last
  Nanoseconds front_since_{};
  std::uint64_t tx_frames_before_ = 0;
};

}  // namespace mote::netstack
