// Implementation of the clients in a life.
#include "tests/fuzz/life_client.hpp"

#include <algorithm>
#include <cstddef>

#include "drivers/limits.hpp"
#include "netstack/wire/headers.hpp"
#include "tests/fakes/demand.hpp"

namespace mote::fuzz {

using netstack::EthernetHeader;
using netstack::Ipv4Header;
using netstack::TcpHeader;
using world::Bytes;

namespace {

// Beyond the end of any stream in a life.
constexpr std::uint32_t kFar = 1U << 26;

bool is_before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

}  // namespace

Bytes LifeClient::frame_of(const Segment& segment) const {
  const std::size_t words = 5 + segment.options.size() / 4;
  Bytes tcp(sizeof(TcpHeader));
  *reinterpret_cast<TcpHeader*>(tcp.data()) = {
      port_,
      80,
      segment.sequence,
      segment.acknowledgement,
      static_cast<std::uint16_t>(words << 12 | segment.flags),
      segment.window,
      0,
      0};
  tcp.insert(tcp.end(), segment.options.begin(), segment.options.end());
  tcp.insert(tcp.end(), segment.data.begin(), segment.data.end());
  const std::uint32_t sum = world::pseudo_sum(address_, world::kMachineAddress, 6, tcp.size());
  reinterpret_cast<TcpHeader*>(tcp.data())->checksum = world::plain_checksum(tcp, sum);

  Bytes frame = world::ipv4_frame(6, tcp);
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + sizeof(EthernetHeader));
  ip.source = address_;
  ip.checksum = 0;
  ip.checksum = world::plain_checksum({frame.data() + sizeof(EthernetHeader), sizeof(Ipv4Header)});
  return frame;
}

Bytes LifeClient::too_long(std::uint32_t sequence, std::uint16_t mtu) const {
  struct {
    netstack::Be16 type_and_code{0x0304};
    netstack::Be16 checksum;
    netstack::Be16 unused;
    netstack::Be16 mtu;
    Ipv4Header ip;
    netstack::Be16 source_port{80};
    netstack::Be16 destination_port;
    netstack::Be32 sequence;
  } message;
  message.mtu = mtu;
  message.ip = {Ipv4Header::kVersion4NoOptions,
                0,
                1500,
                0,
                Ipv4Header::kDontFragment,
                63,
                Ipv4Header::kTcp,
                0,
                world::kMachineAddress,
                address_};
  message.destination_port = port_;
  message.sequence = sequence;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(&message), sizeof message);
  message.checksum = world::plain_checksum(bytes);
  return world::ipv4_frame(Ipv4Header::kIcmp, bytes);
}

bool LifeClient::receive(const Bytes& frame, bool is_lost) {
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame.data() + sizeof(EthernetHeader));
  const std::size_t at = sizeof(EthernetHeader) + ip.header_bytes();
  const auto& tcp = *reinterpret_cast<const TcpHeader*>(frame.data() + at);
  if (ip.destination != address_ || tcp.destination_port != port_) return false;
  const std::size_t data_at = at + tcp.header_bytes();
  const std::size_t end = sizeof(EthernetHeader) + ip.total_bytes;
  demand(data_at <= end && end <= frame.size(), "a segment whose lengths are wrong");
  demand(frame.size() <= sizeof(EthernetHeader) + limits::kMtu, "a frame that is too long");
  const std::string_view data(reinterpret_cast<const char*>(frame.data()) + data_at, end - data_at);
  const std::uint32_t sequence = tcp.sequence;
  if ((tcp.offset_and_flags & kRst) != 0) {
    reset = true;
    return true;
  }
  if ((tcp.offset_and_flags & kSyn) != 0) {
    if (answered && sequence + 1 == first_) return true;
    first_ = expected = beyond = sequence + 1;
    answered = true;
    stream_.clear();
    known_.clear();
    return true;
  }
  if (!answered) return true;  // for an earlier connection on this port
  compare(sequence, data);
  const bool fin = (tcp.offset_and_flags & kFin) != 0;
  const auto after = static_cast<std::uint32_t>(sequence + data.size() + (fin ? 1 : 0));
  if (is_before(beyond, after)) beyond = after;
  if (!is_lost && !is_before(expected, sequence) && is_before(expected, after)) {
    expected = after;
    finished |= fin;
  }
  return true;
}

void LifeClient::compare(std::uint32_t sequence, std::string_view data) {
  const std::uint32_t at = sequence - first_;
  if (data.empty() || at > kFar) return;
  if (stream_.size() < at + data.size()) {
    stream_.resize(at + data.size());
    known_.resize(at + data.size());
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    char& byte = stream_[at + i];
    demand(known_[at + i] == 0 || byte == data[i] || is_stream_doubted_,
           "a byte that was sent again is another");
    byte = data[i];
    known_[at + i] = 1;
  }
}

}  // namespace mote::fuzz
