// A driver of a network card whose device lies: what must hold whatever the device writes.
//
// The input steers a script of commands. The common ones are here: they use the driver as the stack
// does. The others are the device's own; a `Device` has bring-up, a count of its commands, and
// `act(command, script)`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory/packet.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/script.hpp"

namespace mote::fuzz {

// Demands that what the driver hands out is whole, and keeps it for a while as the stack may.
class Received {
 public:
  void operator()(Packet packet, RxChecksum) {
    check(packet);
    kept_[next_++ % kept_.size()] = std::move(packet);
  }
  void operator()(std::span<Packet> packets, RxChecksum) {
    demand(packets.size() > 1 && packets.size() <= limits::kRxPieces, "a wrong number of pieces");
    for (Packet& packet : packets) {
      check(packet);
    }
    kept_[next_++ % kept_.size()] = std::move(packets.front());
  }
  void let_go() { kept_ = {}; }

 private:
  static void check(const Packet& packet) {
    demand(static_cast<bool>(packet), "no packet");
    demand(packet.bytes() != 0 && packet.bytes() <= Packet::kMaxFrameBytes, "a wrong length");
    demand(Packet::free_count() < limits::kPackets, "a packet that is free, too");
  }

  std::array<Packet, 8> kept_{};
  std::size_t next_ = 0;
};

template <typename Device>
class SpoiltDevice {
 public:
  explicit SpoiltDevice(Script script) : script_(script), device_(script_) {
    demand(Packet::free_count() == limits::kPackets, "packets are missing at first");
  }

  void run() {
    if (device_.bring_up(nic_)) {
      while (!script_.empty()) {
        step();
      }
      nic_.shut_down(taker());
    }
    received_.let_go();
    demand(sent_.empty(), "a cookie wasn't given back");
    demand(Packet::free_count() == limits::kPackets, "packets are missing at the end");
  }

 private:
  enum Command : std::uint8_t {
    kPoll,
    kSendPacket,
    kSendFrame,
    kReclaim,
    kFlush,
    kLook,
    kDoze,
    kLetGo,
    kOwn
  };

  void step() {
    const std::uint8_t command = script_.byte() % (kOwn + Device::kCommands);
    switch (command) {
      case kPoll:
        poll(script_.byte() % 65);
        break;
      case kSendPacket:
        send_packet(script_.word());
        break;
      case kSendFrame:
        send_frame(script_.byte());
        break;
      case kReclaim:
        nic_.reclaim(taker());
        break;
      case kFlush:
        nic_.flush();
        break;
      case kLook:
        static_cast<void>(nic_.link_up());
        break;
      case kDoze:
        doze((script_.byte() & 1) != 0);
        break;
      case kLetGo:
        received_.let_go();
        break;
      default:
        device_.act(static_cast<std::uint8_t>(command - kOwn), script_);
        break;
    }
  }

  void poll(std::size_t budget) {
    demand(nic_.poll_rx(budget, received_) <= budget, "more frames than asked for");
  }

  void send_packet(std::size_t bytes) {
    Packet packet = Packet::allocate();
    if (!packet) {
      return;
    }
    packet.set_bytes(kEthernetHeaderBytes + bytes % (nic_.mtu() + 1));
    static_cast<void>(nic_.transmit(packet, {}));
  }

  void send_frame(std::size_t pieces) {
    std::array<Piece, limits::kTxSegments> segments;
    const std::size_t count = 1 + pieces % segments.size();
    for (std::size_t i = 0; i < count; ++i) {
      segments[i] = {memory_.data() + limits::kHeadroom, kEthernetHeaderBytes + i};
    }
    void* const cookie = memory_.data() + next_cookie_++ % memory_.size();
    const TxFrame frame{
        .segments = std::span(segments).first(count), .checksum = {}, .cookie = cookie};
    if (!sent_.contains(cookie) && nic_.transmit(frame)) {
      sent_.insert(cookie);
    }
  }

  void doze(bool for_sent) {
    Watch watch;
    nic_.watch(watch, for_sent);
    if (nic_.can_wake()) {
      nic_.arm(for_sent);
      nic_.disarm();
    }
  }

  [[nodiscard]] auto taker() {
    return [this](void* cookie) { demand(sent_.erase(cookie) == 1, "a cookie that isn't lent"); };
  }

  Script script_;
  Device device_;
  typename Device::Nic nic_;
  Received received_;
  std::array<std::byte, 2048> memory_{};
  std::size_t next_cookie_ = 0;
  std::set<void*> sent_;
};

}  // namespace mote::fuzz
