// The world of the network stack's tests.
#include "tests/unit/netstack/world.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "drivers/limits.hpp"
#include "kernel/faults/panic.hpp"
#include "kernel/limits.hpp"
#include "kernel/platform/entropy.hpp"
#include "netstack/stack.hpp"
#include "netstack/wire/checksum.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/fake_console.hpp"

namespace mote {

void panic(std::string_view words) {
  std::fprintf(stderr, "panic: %.*s\n", static_cast<int>(words.size()), words.data());
  std::abort();
}

namespace clock {
namespace {
// A second before lwIP's 32-bit milliseconds wrap around, so that every test passes that moment.
std::uint64_t virtual_time = ((std::uint64_t{1} << 32) - 1000) * 1'000'000;
}  // namespace
Nanoseconds now() { return {virtual_time}; }
}  // namespace clock

namespace entropy {
namespace {
std::mt19937_64 generator(7);
}
void stir(std::uint64_t) {}
std::uint64_t random64() { return generator(); }
std::uint64_t keyed_hash(std::span<const std::byte> message) {
  std::uint64_t hash = 14695981039346656037U;
  for (const std::byte byte : message)
    hash = (hash ^ static_cast<std::uint8_t>(byte)) * 1099511628211U;
  return hash;
}
}  // namespace entropy

namespace world {
namespace {

// Stores the ones' complement of the sum from `start` on (virtio 1.2, 5.1.6.2).
void finish_checksum(Bytes& frame, TxChecksum checksum) {
  if (checksum.start == 0) return;
  const std::uint16_t sum =
      plain_checksum({frame.data() + checksum.start, frame.size() - checksum.start});
  const std::size_t at = checksum.start + checksum.offset;
  frame.at(at) = static_cast<std::uint8_t>(sum >> 8);
  frame.at(at + 1) = static_cast<std::uint8_t>(sum);
}

// A checksum covers bytes up to the end of the IP packet, not the frame's padding.
void cut_padding(Bytes& frame) {
  const auto* ip = reinterpret_cast<const netstack::Ipv4Header*>(frame.data() + 14);
  frame.resize(14U + ip->total_bytes);
}

}  // namespace

void advance(Nanoseconds time) { clock::virtual_time += time.value; }

std::string printed() { return std::exchange(console::written(), {}); }

Bytes Device::read(const Sending& sending) {
  Bytes bytes;
  for (const Piece& segment : sending.segments) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(segment.data);
    bytes.insert(bytes.end(), data, data + segment.bytes);
  }
  return bytes;
}

bool Device::transmit(Packet& packet, TxChecksum checksum) {
  if (sending_.size() >= ring) return false;
  Sending sending{{{packet.data(), static_cast<std::uint32_t>(packet.bytes())}},
                  checksum,
                  nullptr,
                  std::move(packet),
                  {},
                  {}};
  sending.submitted = read(sending);
  sending_.push_back(std::move(sending));
  return true;
}

bool Device::transmit(const TxFrame& frame) {
  if (sending_.size() >= ring) return false;
  Sending sending{{frame.segments.begin(), frame.segments.end()},
                  frame.checksum,
                  frame.cookie,
                  {},
                  {},
                  frame.cut};
  std::memset(const_cast<std::byte*>(frame.segments[0].data) - limits::kHeadroom, 0xDD,
              limits::kHeadroom);
  sending.submitted = read(sending);
  sending_.push_back(std::move(sending));
  return true;
}

void Device::send(Sending& sending) {
  Bytes frame = read(sending);
  if (frame != sending.submitted) panic("a frame changed before the device read it");
  if (frame.size() < 60) panic("a frame shorter than Ethernet allows");
  if (sending.cut.payload_bytes != 0) {
    cut(sending, frame);
  } else {
    if (frame.size() > 14U + options_.mtu) panic("a frame longer than the MTU");
    if (sending.checksum.start != 0) {
      cut_padding(frame);
      finish_checksum(frame, sending.checksum);
    }
    wire.push_back(std::move(frame));
  }
  sending.sent = true;
}

void Device::reclaim(void (*release)(void*)) {
  if (stuck) return;
  for (Sending& sending : sending_) {
    if (!sending.sent) send(sending);
  }
  while (!keeps && !sending_.empty()) {
    if (read(sending_.front()) != sending_.front().submitted) {
      panic("a frame changed while the device had it");
    }
    void* cookie = sending_.front().cookie;
    sending_.pop_front();
    if (cookie != nullptr) release(cookie);
  }
}

// Cuts as virtio's hosts do: each frame gets the headers, with its own lengths and numbers.
void Device::cut(const Sending& sending, const Bytes& segment) {
  ++cuts;
  if (options_.segmentation != Segmentation::kWholeLength) panic("a segment that none can cut");
  const std::size_t headers = sending.cut.header_bytes;
  if (sending.segments[0].bytes < headers || segment.size() - headers > limits::kTxPayloadBytes ||
      sending.checksum.start != 34 || sending.checksum.offset != 16 || headers != 54) {
    panic("a segment that can't be cut");
  }
  const auto& given_ip = *reinterpret_cast<const netstack::Ipv4Header*>(segment.data() + 14);
  const auto& given_tcp = *reinterpret_cast<const netstack::TcpHeader*>(segment.data() + 34);
  const auto sum = static_cast<std::uint16_t>(~plain_checksum(
      {}, pseudo_sum(given_ip.source, given_ip.destination, 6, segment.size() - 34)));
  if (given_ip.total_bytes != segment.size() - 14 || given_tcp.checksum != sum ||
      plain_checksum({segment.data() + 14, 20}) != 0) {
    panic("headers of a segment to cut with lengths or sums that are wrong");
  }
  for (std::size_t at = headers; at < segment.size(); at += sending.cut.payload_bytes) {
    const std::size_t bytes = std::min<std::size_t>(sending.cut.payload_bytes, segment.size() - at);
    Bytes frame(segment.begin(), segment.begin() + static_cast<long>(headers));
    frame.insert(frame.end(), segment.begin() + static_cast<long>(at),
                 segment.begin() + static_cast<long>(at + bytes));
    if (frame.size() > 14U + options_.mtu) panic("a frame cut longer than the MTU");
    auto& ip = *reinterpret_cast<netstack::Ipv4Header*>(frame.data() + 14);
    auto& tcp = *reinterpret_cast<netstack::TcpHeader*>(frame.data() + 34);
    ip.total_bytes = static_cast<std::uint16_t>(frame.size() - 14);
    ip.checksum = 0;
    ip.checksum = plain_checksum({frame.data() + 14, 20});
    tcp.sequence = static_cast<std::uint32_t>(tcp.sequence + (at - headers));
    if (at + bytes < segment.size()) {
      tcp.offset_and_flags = static_cast<std::uint16_t>(tcp.offset_and_flags & ~9U);  // PSH, FIN
    }
    tcp.checksum = 0;
    tcp.checksum = plain_checksum({frame.data() + 34, frame.size() - 34},
                                  pseudo_sum(ip.source, ip.destination, 6, frame.size() - 34));
    wire.push_back(std::move(frame));
  }
}

bool Device::receive(std::span<const std::uint8_t> frame, RxChecksum checksum) {
  Packet packet = Packet::allocate();
  if (!packet) return false;
  std::ranges::copy(std::as_bytes(frame), packet.data());
  packet.set_bytes(frame.size());
  incoming_.emplace_back(std::move(packet), checksum);
  return true;
}

bool Device::receive_large(std::span<const std::uint8_t> frame, std::size_t piece) {
  std::vector<Packet> packets;
  for (; !frame.empty(); frame = frame.subspan(std::min(piece, frame.size()))) {
    packets.push_back(Packet::allocate());
    if (!packets.back()) return false;
    packets.back().set_bytes(std::min(piece, frame.size()));
    std::memcpy(packets.back().data(), frame.data(), packets.back().bytes());
  }
  large_.push_back(std::move(packets));
  return true;
}

constinit Segmentation machine_segmentation = Segmentation::kNone;
constinit Plan machine_plan = kAmplePlan;
constinit netstack::PromptServer prompt_server{};

Machine& machine() {
  static Machine* const the = [] {
    auto* made = new Machine{Device({.mac = kMachineMac,
                                     .tx_checksum = true,
                                     .rx_checksum = true,
                                     .segmentation = machine_segmentation}),
                             {}};
    if (!netstack::set_up(ample_arena(), machine_plan.netstack)) panic("no memory");
    netstack::initialize();
    const netstack::InterfaceSettings settings{
        .host_name = "tester",
        .address = netstack::StaticAddress{{kMachineAddress}, 24, {kPeerAddress}}};
    if (!made->interface.attach(made->device, 0, settings)) panic("no interface");
    made->device.receive(arp_reply(kPeerAddress, kPeerMac));
    settle(*made);
    return made;
  }();
  return *the;
}

void run_timers() {
  netstack::run_departures(clock::now());
  netstack::run_timers();
}

void settle(Machine& machine) {
  run_timers();
  while (machine.interface.turn()) {
  }
}

std::uint16_t plain_checksum(std::span<const std::uint8_t> bytes, std::uint32_t start) {
  std::uint32_t sum = start;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += bytes[i] * 256U + (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint32_t pseudo_sum(std::uint32_t source, std::uint32_t destination, std::uint8_t protocol,
                         std::size_t bytes) {
  return (source >> 16) + (source & 0xFFFF) + (destination >> 16) + (destination & 0xFFFF) +
         protocol + static_cast<std::uint32_t>(bytes);
}

Bytes ipv4_frame(std::uint8_t protocol, std::span<const std::uint8_t> payload,
                 std::uint16_t flags_and_offset, std::uint16_t identification) {
  Bytes frame(34 + payload.size());
  auto& ethernet = *reinterpret_cast<netstack::EthernetHeader*>(frame.data());
  auto& ip = *reinterpret_cast<netstack::Ipv4Header*>(frame.data() + 14);
  ethernet = {kMachineMac, kPeerMac, netstack::EthernetHeader::kIpv4};
  ip = {0x45,
        0,
        static_cast<std::uint16_t>(20 + payload.size()),
        identification,
        flags_and_offset,
        64,
        protocol,
        0,
        kPeerAddress,
        kMachineAddress};
  ip.checksum = plain_checksum({frame.data() + 14, 20});
  std::ranges::copy(payload, frame.begin() + 34);
  return frame;
}

Bytes echo_message(std::size_t bytes, std::uint8_t type) {
  Bytes message(8 + bytes);
  for (std::size_t i = 0; i < bytes; ++i) message[8 + i] = static_cast<std::uint8_t>(i * 31 >> 3);
  auto& echo = *reinterpret_cast<netstack::IcmpEcho*>(message.data());
  echo = {type, 0, 0, 0x4242, 1};
  echo.checksum = plain_checksum(message);
  return message;
}

Bytes arp_reply(std::uint32_t address, MacAddress mac) {
  Bytes frame(60);
  *reinterpret_cast<netstack::EthernetHeader*>(frame.data()) = {kMachineMac, mac,
                                                                netstack::EthernetHeader::kArp};
  *reinterpret_cast<netstack::ArpPacket*>(frame.data() + 14) = {
      1, 0x0800, 6, 4, 2, mac, address, kMachineMac, kMachineAddress};
  return frame;
}

}  // namespace world
}  // namespace mote
