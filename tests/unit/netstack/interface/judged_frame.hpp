// Frames for the classifier's tests: echo requests to alter and classify.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "netstack/interface/classifier.hpp"

namespace mote::netstack {

inline constexpr Host kHost{{{0x52, 0x54, 0, 0x12, 0x34, 0x56}}, {0x0A00020F}, {0xFFFFFF00}};
inline constexpr MacAddress kPeerMac{{0x52, 0x55, 10, 0, 2, 2}};
inline constexpr std::uint32_t kPeer = 0x0A000202;

// The textbook's checksum (RFC 1071, 4.1), byte pair by byte pair in network order.
inline std::uint16_t plain_checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const unsigned low = i + 1 < bytes.size() ? bytes[i + 1] : 0U;
    sum += bytes[i] * 256U + low;
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// A frame under construction, in memory exactly as large as a packet's frame may be.
struct Frame {
  std::vector<std::uint8_t> bytes;

  template <typename T>
  T& at(std::size_t offset) {
    return *reinterpret_cast<T*>(bytes.data() + offset);
  }
  EthernetHeader& ethernet() { return at<EthernetHeader>(0); }
  Ipv4Header& ip() { return at<Ipv4Header>(14); }
  IcmpEcho& echo() { return at<IcmpEcho>(34); }

  void seal_ip() {
    ip().checksum = 0;
    ip().checksum = plain_checksum({bytes.data() + 14, ip().header_bytes()});
  }
  void seal_echo() {
    echo().checksum = 0;
    echo().checksum = plain_checksum({bytes.data() + 34, ip().total_bytes - 20U});
  }

  // Classifies a copy, which then replaces the frame. The copy's buffer ends at the frame's end,
  // but not before 60 bytes, so that the address sanitizer catches any access beyond.
  Decision judge(const Host& host = kHost) {
    const std::size_t frame_bytes = bytes.size();
    bytes.resize(std::max<std::size_t>(frame_bytes, 60), 0xEE);
    bytes.shrink_to_fit();
    return classify(std::as_writable_bytes(std::span(bytes)), frame_bytes, host);
  }
};

inline Frame echo_request(std::size_t payload, std::size_t padding = 0) {
  Frame frame;
  frame.bytes.resize(14 + 20 + 8 + payload + padding, 0);
  frame.ethernet() = {kHost.mac, kPeerMac, EthernetHeader::kIpv4};
  frame.ip() = {0x45,
                0x10,
                static_cast<std::uint16_t>(28 + payload),
                0x4711,
                0,
                37,
                Ipv4Header::kIcmp,
                0,
                kPeer,
                kHost.address.value};
  frame.echo() = {IcmpEcho::kRequest, 0, 0, 0x1234, 7};
  for (std::size_t i = 0; i < payload; ++i) {
    frame.bytes[42 + i] = static_cast<std::uint8_t>(i * 7 + payload);
  }
  frame.seal_ip();
  frame.seal_echo();
  return frame;
}

inline Fate fate_of(Frame frame, const Host& host = kHost) { return frame.judge(host).fate; }

}  // namespace mote::netstack
