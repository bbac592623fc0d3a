// Our part of an interface's DHCP client: decides which messages lwIP may act on, and how long it
// waits after a refusal. Called by netstack/lwip/patches/dhcp-judge.
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
  // The interface's number, for the console.
  void set_index(unsigned index) { complaints_.set_index(index); }

  // Judges a message of `type`. Returns the type to treat it as: its own, DHCP_NAK if it
  // acknowledges something that can't be used, or 0 to ignore it.
  [[nodiscard]] std::uint8_t judge(const struct dhcp& dhcp, std::uint8_t type,
                                   std::span<const std::byte> bytes);

  // The lease in the last acknowledgement judged.
  [[nodiscard]] const Lease& lease() const { return lease_; }

  // Call when we get an address, for the first time or after it was lost.
  void bound() { bound_ = clock::now(); }

  // Milliseconds to wait after a refusal before asking anew. `in_use`: the refused address was
  // ours, as happens on a new network.
  [[nodiscard]] std::uint32_t restart_delay_ms(bool in_use);

  // Gives up the lease of `netif`, because another station has the address: tells the server (RFC
  // 2131, 4.4.4), and asks anew after limits::kDeclineWaitS.
  void decline(struct netif& netif);

  [[nodiscard]] const DhcpCounters& counters() const { return counters_; }

  // Useless answers so far.
  [[nodiscard]] std::uint64_t answers() const {
    return counters_.unusable + counters_.refusals + counters_.broken;
  }

 private:
  [[nodiscard]] std::uint8_t refuse_stranger(Ipv4Address server);
  [[nodiscard]] std::uint8_t judge_lease(const struct dhcp& dhcp, std::uint8_t type,
                                         const DhcpMessage& message);

  Complaints complaints_;
  DhcpCounters counters_;
  Lease lease_;
  Nanoseconds bound_;
  unsigned refusals_ = 0;  // in a row
};

// The client of an interface; there is one for every possible index.
[[nodiscard]] DhcpClient& dhcp_client_of(unsigned index);

// Takes a name that a lease gives the machine, which has none by its settings. The first counts,
// so that two servers can't rename the machine in turns.
void use_host_name(const HostName& name);

// Milliseconds to wait for an answer to the `tries`th sending of a message (from 1 on), by RFC
// 2131, 4.1.
[[nodiscard]] std::uint16_t dhcp_back_off_ms(unsigned tries);

}  // namespace mote::netstack
