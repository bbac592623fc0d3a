// The far end of TCP connections in tests.
#include "tests/unit/netstack/tcp_peer.hpp"

#include <algorithm>
#include <cstring>

#include "kernel/faults/panic.hpp"
#include "lwip/priv/tcp_priv.h"
#include "netstack/stack.hpp"

namespace mote::world {

using netstack::Ipv4Header;
using netstack::TcpHeader;

namespace {
constexpr Nanoseconds kResend = milliseconds(250);
constexpr Nanoseconds kDelay = milliseconds(40);
}  // namespace

Bytes TcpPeer::segment(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement,
                       const Bytes& payload) const {
  Bytes options;
  if ((flags & kSyn) != 0) {
    options = {2, 4,    static_cast<std::uint8_t>(mss >> 8), static_cast<std::uint8_t>(mss), 1, 3,
               3, scale};
    if (permits_sack) options.insert(options.end(), {1, 1, 4, 2});  // RFC 2018, 2
  }
  return segment_with(flags, sequence, acknowledgement, options, payload);
}

Bytes TcpPeer::segment_with_size(std::uint16_t bytes) const {
  const Bytes size{2, 4, static_cast<std::uint8_t>(bytes >> 8), static_cast<std::uint8_t>(bytes)};
  return segment_with(kAck, next_, expected, size, {});
}

Bytes TcpPeer::segment_with(std::uint8_t flags, std::uint32_t sequence,
                            std::uint32_t acknowledgement, const Bytes& options,
                            const Bytes& payload) const {
  Bytes bytes(sizeof(TcpHeader));
  const std::size_t words = (sizeof(TcpHeader) + options.size()) / 4;
  auto& tcp = *reinterpret_cast<TcpHeader*>(bytes.data());
  tcp = {
      port_,  service, sequence, acknowledgement, static_cast<std::uint16_t>(words << 12 | flags),
      window, 0,       0};
  bytes.insert(bytes.end(), options.begin(), options.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  const std::uint16_t checksum = plain_checksum(
      bytes, pseudo_sum(kPeerAddress, kMachineAddress, Ipv4Header::kTcp, bytes.size()));
  reinterpret_cast<TcpHeader*>(bytes.data())->checksum = checksum;
  return ipv4_frame(Ipv4Header::kTcp, bytes);
}

void TcpPeer::connect() {
  syn_sent_ = true;
  next_ = unacknowledged_ + 1;
  resend();
}

void TcpPeer::send(const Bytes& request) {
  request_ = request;
  next_ = unacknowledged_ + static_cast<std::uint32_t>(request.size());
  resend();
}

void TcpPeer::close() {
  outgoing.push_back(segment(kFin | kAck, next_, expected));
  ++next_;
  unacknowledged_ = next_;
}

void TcpPeer::reset() { outgoing.push_back(segment(kRst | kAck, next_, expected)); }

void TcpPeer::resend() {
  resend_at_ = now_ + kResend;
  if (syn_sent_ && !established) {
    outgoing.push_back(segment(kSyn, unacknowledged_, 0));
  } else if (!request_.empty()) {
    outgoing.push_back(segment(kAck | kPush, unacknowledged_, expected, request_));
  }
}

void TcpPeer::acknowledge() {
  unacknowledged_segments_ = 0;
  acknowledge_at_ = {};
  outgoing.push_back(segment(kAck, next_, expected));
}

void TcpPeer::receive(const Bytes& frame) {
  if (frame.size() < 54 || frame[12] != 8 || frame[13] != 0 || frame[23] != 6) return;
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame.data() + 14);
  const auto& tcp = *reinterpret_cast<const TcpHeader*>(frame.data() + 34);
  if (ip.destination != kPeerAddress || tcp.destination_port != port_) return;
  const std::size_t bytes = ip.total_bytes - 20U;
  if (plain_checksum({frame.data() + 34, bytes},
                     pseudo_sum(ip.source, ip.destination, Ipv4Header::kTcp, bytes)) != 0) {
    panic("a segment with a wrong checksum");
  }
  const unsigned flags = tcp.offset_and_flags & 0x3F;
  const std::size_t header = (tcp.offset_and_flags >> 12) * 4U;
  if ((flags & kRst) != 0) {
    was_reset = true;
    reset_at = tcp.sequence;
    return;
  }
  if ((flags & kSyn) != 0) {
    their_isn = tcp.sequence;
    if (!established) {
      established = true;
      expected = their_isn + 1;
      unacknowledged_ = next_;
    }
    acknowledge();
    return;
  }
  if ((flags & kAck) != 0 && tcp.acknowledgement == next_) {
    unacknowledged_ = next_;
    request_.clear();
  }
  const auto first = frame.begin() + 34 + static_cast<long>(header);
  accept_data(tcp.sequence, Bytes(first, frame.begin() + 34 + static_cast<long>(bytes)),
              (flags & kFin) != 0);
}

void TcpPeer::accept_data(std::uint32_t sequence, Bytes data, bool fin) {
  if (data.empty() && !fin) {
    // A probe: what isn't acceptable is answered (RFC 9293, 3.10.7.4).
    if (static_cast<std::int32_t>(sequence - expected) < 0) acknowledge();
    return;
  }
  received += data.size();
  longest = std::max(longest, data.size());
  const std::uint32_t end = sequence + static_cast<std::uint32_t>(data.size()) + (fin ? 1 : 0);
  if (full || static_cast<std::int32_t>(end - expected) <= 0) {  // no room, or seen already
    acknowledge();
    return;
  }
  if (static_cast<std::int32_t>(sequence - expected) < 0) {  // seen in part
    const auto seen = std::min<std::size_t>(expected - sequence, data.size());
    data.erase(data.begin(), data.begin() + static_cast<long>(seen));
    sequence = expected;
  }
  const bool in_order = sequence == expected;
  most_beyond = std::max(
      most_beyond, static_cast<std::int32_t>(sequence - expected) + static_cast<int>(data.size()));
  early_.insert_or_assign(sequence - their_isn, Piece{std::move(data), fin});
  bool filled = false;
  for (auto piece = early_.begin(); piece != early_.end() && piece->first <= expected - their_isn;
       piece = early_.erase(piece)) {
    const Bytes& bytes = piece->second.data;
    const std::size_t seen = expected - their_isn - piece->first;
    if (seen > bytes.size() || (seen == bytes.size() && !piece->second.fin)) continue;
    body.insert(body.end(), bytes.begin() + static_cast<long>(seen), bytes.end());
    expected += static_cast<std::uint32_t>(bytes.size() - seen);
    if (piece->second.fin) {
      ++expected;
      finished = true;
    }
    filled = piece->first != sequence - their_isn;
  }
  if (!in_order || filled || !early_.empty() || fin || ++unacknowledged_segments_ >= 2) {
    acknowledge();
  } else if (acknowledge_at_.value == 0) {
    acknowledge_at_ = now_ + kDelay;
  }
}

void TcpPeer::tick(Nanoseconds now) {
  now_ = now;
  if (acknowledge_at_.value != 0 && now >= acknowledge_at_) acknowledge();
  if (now >= resend_at_) resend();
}

void Line::push(Bytes frame, Nanoseconds now) {
  if (carries && !carries(frame)) return;
  std::uniform_real_distribution<> chance;
  if (chance(random_) < loss) {
    ++lost;
    return;
  }
  Nanoseconds arrival = now + latency;
  if (chance(random_) < reorder) arrival = arrival + milliseconds(2);
  frames_.emplace(arrival.value, std::move(frame));
}

Bytes Line::pop(Nanoseconds now) {
  const auto first = frames_.begin();
  if (first == frames_.end() || first->first > now.value) return {};
  Bytes frame = std::move(first->second);
  frames_.erase(first);
  return frame;
}

struct tcp_pcb* connection_with(std::uint16_t port) {
  struct tcp_pcb* pcb = tcp_active_pcbs;
  while (pcb != nullptr && pcb->remote_port != port) pcb = pcb->next;
  return pcb;
}

void step(Machine& machine, Network& network, std::span<TcpPeer*> peers) {
  advance(milliseconds(1));
  const Nanoseconds now = clock::now();
  for (TcpPeer* peer : peers) {
    peer->tick(now);
    for (; !peer->outgoing.empty(); peer->outgoing.pop_front()) {
      network.to_machine.push(std::move(peer->outgoing.front()), now);
    }
  }
  for (Bytes frame = network.to_machine.pop(now); !frame.empty();
       frame = network.to_machine.pop(now)) {
    machine.device.receive(frame);
  }
  settle(machine);
  for (; !machine.device.wire.empty(); machine.device.wire.pop_front()) {
    Bytes& frame = machine.device.wire.front();
    if (frame[13] == 6) {  // an ARP request: the peer answers without delay or loss
      machine.device.receive(arp_reply(kPeerAddress, kPeerMac));
    } else {
      network.to_peer.push(std::move(frame), now);
    }
  }
  for (Bytes frame = network.to_peer.pop(now); !frame.empty(); frame = network.to_peer.pop(now)) {
    for (TcpPeer* peer : peers) peer->receive(frame);
  }
}

}  // namespace mote::world
