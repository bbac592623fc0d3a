// Our part of an interface's DHCP client: which messages lwIP may act on, and how long it waits
// when it was refused. netstack/lwip/patches/dhcp-judge asks it.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/time/clock.hpp"
#include "lwip/dhcp.h"
#include "lwip/prot/dhcp.h"
#include "netstack/dhcp/lease.hpp"
#include "netstack/interface/complaints.hpp"
#include "netstack/stats.hpp"

namespace mote::netstack {

class DhcpClient {
 public:
  // Whose client it is: its number on the console.
  void set_index(unsigned index) { complaints_.set_index(index); }

  // A message of `type`, as which it is to be taken: itself, DHCP_NAK when what it acknowledges
  // can't be used, or none (0).
  [[nodiscard]] std::uint8_t judge(const struct dhcp& dhcp, std::uint8_t type,
                                   std::span<const std::byte> bytes);

  // The lease of the acknowledgement that was judged last.
  [[nodiscard]] const Lease& lease() const { return lease_; }

  // An address has become ours for the first time, or after it was lost.
  void bound() { bound_ = clock::now(); }

  // How long to wait after a refusal before asking anew. `in_use`: an address that we had was
  // refused, as happens on a new network.
  [[nodiscard]] std::uint32_t restart_delay_ms(bool in_use);

  [[nodiscard]] const DhcpCounters& counters() const { return counters_; }

  // Answers so far that led to nothing.
  [[nodiscard]] std::uint64_t answers() const {
    return counters_.unusable + counters_.refusals + counters_.broken;
  }

 private:
  [[nodiscard]] std::uint8_t judge_lease(const struct dhcp& dhcp, std::uint8_t type,
                                         const DhcpMessage& message);

  Complaints complaints_;
  DhcpCounters counters_;
  Lease lease_;
  Nanoseconds bound_;
  unsigned refusals_ = 0;  // in a row
};

// The client of an interface, which exists for each there can be.
[[nodiscard]] DhcpClient& dhcp_client_of(unsigned index);

// How long to wait for an answer to a message sent for the `tries`th time, from 1 on, by RFC 2131,
// 4.1.
[[nodiscard]] std::uint16_t dhcp_back_off_ms(unsigned tries);

}  // namespace mote::netstack
