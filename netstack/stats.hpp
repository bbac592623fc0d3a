// The stack's counters: of each interface since it was attached, of TCP, of memory pools. Never
// reset.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "drivers/net_device.hpp"
#include "netstack/interface/classifier.hpp"
#include "netstack/tcp/resets.hpp"
#include "netstack/tcp/syn_cookies.hpp"

namespace mote::netstack {

struct InterfaceCounters {
  std::array<std::uint64_t, kFates> fates{};  // received frames, by their fate
  std::uint64_t prompt_answers = 0;           // of those for lwIP, requests answered without it
  std::uint64_t replies_dropped = 0;          // echo replies that found the ring full
  std::uint64_t rx_copied = 0;                // frames copied out of their packet (copy-break)
  std::uint64_t rx_no_memory = 0;             // frames dropped because no pbuf was left
  std::uint64_t tx_frames = 0;                // given to the device, but for echo replies
  std::uint64_t tx_copied = 0;                // of these, copied into a packet first
  std::uint64_t tx_waited = 0;                // frames that waited in the backlog
  std::uint64_t tx_refused = 0;               // lwIP's frames that found the backlog full
  std::uint64_t tx_unsendable = 0;            // frames that no device takes; dropped
  std::uint64_t tx_stuck = 0;                 // frames that waited too long in front; dropped
  std::uint64_t tx_no_route = 0;              // datagrams without a route
  std::uint64_t claims_refused = 0;           // claims of a neighbour's address, not believed
  std::uint64_t neighbours_moved = 0;         // neighbours that have another station now
  std::uint64_t address_conflicts = 0;        // ARP packets of others that have our address

  [[nodiscard]] constexpr std::uint64_t& operator[](Fate fate) {
    return fates[static_cast<std::size_t>(fate)];
  }
  [[nodiscard]] constexpr std::uint64_t operator[](Fate fate) const {
    return fates[static_cast<std::size_t>(fate)];
  }
};

// Useless DHCP messages, and leases.
struct DhcpCounters {
  std::uint64_t unusable = 0;  // offers and acknowledgements that can't be used
  std::uint64_t refusals = 0;  // of our requests (DHCPNAK)
  std::uint64_t broken = 0;    // messages that can't be read
  std::uint64_t declines = 0;  // of leases by us (DHCPDECLINE)
};

// An interface, for reports.
struct InterfaceReport {
  std::string_view model;
  MacAddress mac;
  bool link_up = false;
  bool is_gone = false;  // unplugged: this is what it was
  const DeviceCounters* device = nullptr;
  const InterfaceCounters* stack = nullptr;
  bool has_way_out = false;  // to other networks: by a gateway or a default route
  DhcpCounters dhcp = {};
  Ipv4Address address = {};  // zero: none
  Ipv4Address netmask = {};
};

// The interface with an index, if there is or was one.
[[nodiscard]] std::optional<InterfaceReport> report_on(unsigned index);

// Segments. lwIP counts received ones in 32 bits.
struct TcpCounters {
  std::uint64_t resent = 0;      // of data or FIN; a long one that the device cuts counts once
  std::uint64_t challenges = 0;  // ACKs for segments that weren't believed (RFC 5961)
  std::uint64_t challenges_withheld = 0;
  std::uint32_t dropped_checksum = 0;   // received with a wrong checksum
  std::uint32_t dropped_length = 0;     // received with a wrong length in them
  std::uint32_t dropped_stray = 0;      // received for no connection
  std::uint32_t dropped_otherwise = 0;  // for instance, data that wasn't accepted
  std::uint64_t path_mtu_believed = 0;  // messages about paths' MTUs (netstack/ip/path_mtu.hpp)
  std::uint64_t path_mtu_refused = 0;
  std::uint32_t no_memory = 0;  // SYNs for which there was no memory
  CookieCounters cookies;
  ResetCounters resets;
};
[[nodiscard]] TcpCounters tcp_counters();

// Occasions for sending ICMP errors (RFC 1122, 3.2.2).
struct IcmpErrors {
  std::uint64_t sent = 0;
  std::uint64_t withheld = 0;   // over the rate limit
  std::uint64_t forbidden = 0;  // not allowed, for instance about another error
};
[[nodiscard]] IcmpErrors icmp_errors();

// A pool of equal elements.
struct PoolUsage {
  std::string_view name;
  std::size_t elements = 0;
  std::size_t used = 0;        // now
  std::size_t most_used = 0;   // at once, since the start
  std::uint64_t failures = 0;  // requests that found none left
};

// The sender's pools, and those of lwIP's that are used.
inline constexpr std::size_t kPools = 11;
[[nodiscard]] std::array<PoolUsage, kPools> pools();

// A segment wasn't believed: whether the ACK that says so was sent, or withheld, there having been
// many.
void note_challenge(bool sent);

}  // namespace mote::netstack
