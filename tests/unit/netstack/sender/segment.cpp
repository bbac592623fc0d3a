// Segments of a client's with any options.
#include "tests/unit/netstack/sender/segment.hpp"

#include <algorithm>

#include "kernel/faults/panic.hpp"

namespace mote::world {

using netstack::Ipv4Header;
using netstack::TcpHeader;

namespace {

void append32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

}  // namespace

Bytes frame_of(const Segment& segment) {
  Bytes bytes(sizeof(TcpHeader));
  const std::size_t words = (sizeof(TcpHeader) + segment.options.size()) / 4;
  *reinterpret_cast<TcpHeader*>(bytes.data()) = {
      segment.from,
      segment.to,
      segment.sequence,
      segment.acknowledgement,
      static_cast<std::uint16_t>(words << 12 | segment.flags),
      segment.window,
      0,
      0};
  bytes.insert(bytes.end(), segment.options.begin(), segment.options.end());
  bytes.insert(bytes.end(), segment.payload.begin(), segment.payload.end());
  const std::uint16_t checksum = plain_checksum(
      bytes, pseudo_sum(kPeerAddress, kMachineAddress, Ipv4Header::kTcp, bytes.size()));
  reinterpret_cast<TcpHeader*>(bytes.data())->checksum = checksum;
  Bytes frame = ipv4_frame(Ipv4Header::kTcp, bytes);
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  ip.type_of_service = static_cast<std::uint8_t>(segment.ecn);
  ip.checksum = 0;
  ip.checksum = plain_checksum({frame.data() + 14, sizeof ip});
  return frame;
}

std::optional<Segment> segment_in(const Bytes& frame) {
  if (frame.size() < 54 || frame[12] != 8 || frame[13] != 0 || frame[23] != Ipv4Header::kTcp) {
    return std::nullopt;
  }
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame.data() + 14);
  const auto& tcp = *reinterpret_cast<const TcpHeader*>(frame.data() + 34);
  const std::size_t bytes = ip.total_bytes - 20U;
  if (plain_checksum({frame.data() + 34, bytes},
                     pseudo_sum(ip.source, ip.destination, Ipv4Header::kTcp, bytes)) != 0) {
    panic("a segment with a wrong checksum");
  }
  const auto options = frame.begin() + 34 + sizeof(TcpHeader);
  const auto payload = frame.begin() + 34 + (tcp.offset_and_flags >> 12) * 4;
  return Segment{.from = tcp.source_port,
                 .to = tcp.destination_port,
                 .sequence = tcp.sequence,
                 .acknowledgement = tcp.acknowledgement,
                 .flags = tcp.offset_and_flags & 0xFFU,
                 .window = tcp.window,
                 .ecn = ip.type_of_service & 3U,
                 .options = Bytes(options, payload),
                 .payload = Bytes(payload, frame.begin() + 34 + static_cast<long>(bytes))};
}

Bytes syn_options(std::uint16_t mss, int scale, bool sack, bool timestamps) {
  Bytes options{2, 4, static_cast<std::uint8_t>(mss >> 8), static_cast<std::uint8_t>(mss)};
  const auto append = [&](std::initializer_list<std::uint8_t> more) {
    options.insert(options.end(), more);
  };
  if (timestamps) {
    append({1, 1, 8, 10});
    append32(options, 12'345);
    append32(options, 0);
  }
  if (sack) append({1, 1, 4, 2});
  if (scale >= 0) append({1, 3, 3, static_cast<std::uint8_t>(scale)});
  return options;
}

Bytes sack_option(std::span<const Range> blocks) {
  if (blocks.empty()) return {};
  Bytes options{1, 1, 5, static_cast<std::uint8_t>(2 + 8 * blocks.size())};
  for (const auto& [begin, end] : blocks) {
    append32(options, begin);
    append32(options, end);
  }
  return options;
}

}  // namespace mote::world
