// What a SYN's options offer, as a SYN cookie keeps it: in eight bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::netstack {

struct SynOffer {
  static constexpr std::uint8_t kNoScale = 15;     // RFC 7323, 2.3, allows up to 14
  static constexpr std::uint16_t kUsualMss = 536;  // without the option (RFC 9293, 3.7.1)

  std::uint16_t mss = kUsualMss;
  std::uint8_t scale = kNoScale;
  bool permits_sack = false;

  // Reads options as lwIP does (tcp_parseopt, with patches/least-mss).
  [[nodiscard]] static SynOffer read(std::span<const std::uint8_t> options);

  // From the least significant bit: SACK permitted, four bits of window scale, and three that say
  // which usual segment size is the longest that isn't longer than the one offered.
  [[nodiscard]] std::uint8_t packed() const;
  [[nodiscard]] static SynOffer unpacked(std::uint8_t bits);

  friend bool operator==(const SynOffer&, const SynOffer&) = default;
};

// The options of a SYN-ACK, in lwIP's order: our segment size, and what the SYN offered besides.
struct SynAckOptions {
  SynAckOptions(const SynOffer& offer, std::uint16_t own_mss, std::uint8_t own_scale);

  [[nodiscard]] std::span<const std::uint8_t> all() const { return std::span(bytes).first(count); }

  std::array<std::uint8_t, 12> bytes{};
  std::size_t count = 0;
};

}  // namespace mote::netstack
