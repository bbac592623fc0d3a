// Our part of DHCP: judges messages, and computes delays.
#include "netstack/dhcp/client.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "kernel/platform/entropy.hpp"
#include "mote_hooks.h"
#include "netstack/dhcp/message.hpp"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/stack.hpp"
#include "netstack/wire/address_text.hpp"

namespace mote::netstack {
namespace {

using namespace std::string_view_literals;
using Code = DhcpMessage::Code;

// Message type, maximum size, address, server, parameter list, the longest host name, and the end.
static_assert(DHCP_OPTIONS_LEN >= 3 + 4 + 6 + 6 + (2 + 7) + (2 + HostName::kMostBytes) + 1);

// A lease in use for this long makes earlier refusals forgotten.
constexpr Nanoseconds kSettled = milliseconds(64'000);

bool has_address(const struct dhcp& dhcp) {
  return dhcp.state == DHCP_STATE_REBOOTING || dhcp.state == DHCP_STATE_RENEWING ||
         dhcp.state == DHCP_STATE_REBINDING;
}

// Forgets the lease's times so far. lwIP keeps them when a lease is refused or renewed without end
// (RFC 2131, 3.3), and would give the address up once they had passed.
void forget_times(struct dhcp& dhcp) {
  dhcp.t0_timeout = dhcp.t1_timeout = dhcp.t2_timeout = 0;
  dhcp.t1_renew_time = dhcp.t2_rebind_time = dhcp.lease_used = 0;
}

// Whether an answer comes from the server that was asked. Another server has no say in this one's
// leases: if two servers disagree, its refusals would keep us from ever getting an address, and its
// acknowledgements are a forger's. Only when all are asked may each answer (RFC 2131, 4.3.2).
bool concerns_us(const struct dhcp& dhcp, std::optional<Ipv4Address> server) {
  const bool asked_one = dhcp.state == DHCP_STATE_REQUESTING || dhcp.state == DHCP_STATE_RENEWING;
  const std::uint32_t asked = std::byteswap(ip4_addr_get_u32(&dhcp.server_ip_addr));
  return !asked_one || !server || server->value == asked;
}

// The message being read. One suffices: there is a single loop.
constinit std::array<std::byte, limits::kDhcpMessageBytes> message_bytes{};

constinit std::array<DhcpClient, limits::kInterfaces> clients{};

constinit HostName leased_name{};

}  // namespace

DhcpClient& dhcp_client_of(unsigned index) { return clients[index]; }

std::uint8_t DhcpClient::judge(const struct dhcp& dhcp, std::uint8_t type,
                               std::span<const std::byte> bytes) {
  const bool asking = dhcp.state == DHCP_STATE_REQUESTING || has_address(dhcp);
  const bool answers = type == DHCP_ACK || type == DHCP_NAK;
  if (dhcp.state == DHCP_STATE_SELECTING ? type != DHCP_OFFER : !asking || !answers) {
    return 0;
  }
  const auto message = DhcpMessage::read(bytes);
  if (!message) {
    ++counters_.broken;
    complaints_.say("message"sv, {}, "a DHCP message is broken: not used");
    return 0;
  }
  const auto server = message->address(Code::kServerIdentifier);
  const bool is_heard = type == DHCP_OFFER || concerns_us(dhcp, server);
  if (type != DHCP_NAK) {
    return is_heard ? judge_lease(dhcp, type, *message)
                    : refuse_stranger(server.value_or(Ipv4Address{}));
  }
  ++counters_.refusals;
  if (!is_heard) {
    return 0;
  }
  complaints_.say("refusal"sv, {}, "DHCP server ", server.value_or(Ipv4Address{}),
                  " refuses our request, asking anew");
  return DHCP_NAK;
}

std::uint8_t DhcpClient::refuse_stranger(Ipv4Address server) {
  ++counters_.unusable;
  complaints_.say("stranger"sv, {}, "DHCP server ", server,
                  " acknowledges what another was asked for: not used");
  return 0;
}

std::uint8_t DhcpClient::judge_lease(const struct dhcp& dhcp, std::uint8_t type,
                                     const DhcpMessage& message) {
  if (type == DHCP_OFFER && !message.address(Code::kServerIdentifier)) {
    ++counters_.unusable;
    complaints_.say("server"sv, {}, message.address(),
                    " comes from a DHCP server that doesn't name itself: refused");
    return 0;
  }
  const auto lease = read_lease(message, complaints_);
  if (lease) {
    if (type == DHCP_ACK) {
      lease_ = *lease;
    }
    return type;
  }
  ++counters_.unusable;
  // An address in use stays until its lease ends, because nobody has refused it.
  const bool in_use = dhcp.state == DHCP_STATE_RENEWING || dhcp.state == DHCP_STATE_REBINDING;
  return type == DHCP_ACK && !in_use ? DHCP_NAK : 0;
}

std::uint32_t DhcpClient::restart_delay_ms(bool in_use) {
  if (in_use && clock::now() >= bound_ + kSettled) {
    refusals_ = 0;
  }
  ++refusals_;
  return in_use && refusals_ == 1 ? 0 : dhcp_back_off_ms(refusals_);
}

void DhcpClient::decline(struct netif& netif) {
  ++counters_.declines;
  struct dhcp& dhcp = *netif_dhcp_data(&netif);
  netif_set_addr(&netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
  dhcp_decline(&netif);
  forget_times(dhcp);
  const std::uint32_t wait_ms = limits::kDeclineWaitS * 1000 + entropy::random32() % 1000;
  dhcp.request_timeout = static_cast<u16_t>(wait_ms / DHCP_FINE_TIMER_MSECS + 1);
}

std::string_view leased_host_name() { return leased_name.text(); }

void use_host_name(const HostName& name) {
  if (name.is_empty() || !leased_name.is_empty()) {
    return;
  }
  leased_name = name;
  const console::Fact fact;
  console::line("host: ", leased_host_name());
}

// RFC 2131, 4.1: 4, 8, 16, 32, then 64 seconds, each randomized by up to one second.
std::uint16_t dhcp_back_off_ms(unsigned tries) {
  const unsigned seconds = 4U << std::min(tries - 1, 4U);
  return static_cast<std::uint16_t>(seconds * 1000 - 1000 + entropy::random32() % 2001);
}

}  // namespace mote::netstack

using namespace mote;

extern "C" {

u8_t mote_dhcp_message(struct netif* netif, const struct dhcp* dhcp, u8_t type,
                       struct pbuf* message) {
  // Of a message that is too long, the beginning is used, unless it ends within an option.
  const u16_t size = pbuf_copy_partial(message, netstack::message_bytes.data(),
                                       static_cast<u16_t>(netstack::message_bytes.size()), 0);
  return netstack::attachment_of(netif).dhcp_client().judge(
      *dhcp, type, std::span(netstack::message_bytes).first(size));
}

void mote_dhcp_acknowledged(struct netif* netif, struct dhcp* dhcp) {
  netstack::Attachment& attachment = netstack::attachment_of(netif);
  const netstack::Lease& lease = attachment.dhcp_client().lease();
  const auto to_lwip = [](netstack::Ipv4Address address) {
    return ip4_addr_t{std::byteswap(address.value)};
  };
  dhcp->offered_sn_mask = to_lwip(netstack::mask_of(lease.prefix_bits));
  dhcp->flags |= DHCP_FLAG_SUBNET_MASK_GIVEN;
  dhcp->offered_gw_addr = to_lwip(lease.gateway);
  dhcp->offered_t0_lease = lease.seconds;
  dhcp->offered_t1_renew = lease.renewal_s;
  dhcp->offered_t2_rebind = lease.rebinding_s;
  netstack::forget_times(*dhcp);
  // After rebinding, renew with the server that answered.
  if (lease.server) {
    dhcp->server_ip_addr = to_lwip(*lease.server);
  }
  if (!dhcp_supplied_address(netif)) {
    attachment.dhcp_client().bound();
  }
  attachment.use_lease(lease);
}

u16_t mote_dhcp_restart_delay(struct netif* netif, struct dhcp* dhcp) {
  netstack::forget_times(*dhcp);
  return static_cast<u16_t>(
      netstack::attachment_of(netif).dhcp_client().restart_delay_ms(netstack::has_address(*dhcp)));
}

u16_t mote_dhcp_back_off(u8_t tries) { return netstack::dhcp_back_off_ms(tries); }

}  // extern "C"
