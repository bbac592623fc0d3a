// Path MTU discovery: decides which messages to believe, and acts on them.
#include "netstack/ip/path_mtu.hpp"

#include <algorithm>
#include <span>

#include "drivers/limits.hpp"
#include "kernel/platform/entropy.hpp"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "mote_hooks.h"
#include "netstack/limits.hpp"
#include "netstack/sender/sender.hpp"
#include "netstack/tcp/connections.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {
namespace {

constinit NarrowPaths paths;
constinit PathMtuCounters counters;

constexpr std::uint16_t kHeaders = sizeof(Ipv4Header) + sizeof(TcpHeader);
constexpr std::uint16_t kLeastLinkMtu = 68;  // RFC 791, 3.2

// "Destination unreachable: fragmentation needed and DF set", with the next hop's MTU (RFC 1191, 4)
// and the part of the datagram that every router quotes (RFC 792).
struct FragmentationNeeded {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
  Be16 unused;
  Be16 next_hop_mtu;
  Ipv4Header ip;
  Be16 source_port;
  Be16 destination_port;
  Be32 sequence;

  static constexpr std::uint8_t kCode = 4;
};
static_assert(sizeof(FragmentationNeeded) == 36 && alignof(FragmentationNeeded) == 1);

// Whether it quotes the beginning of a segment sent by the host that the message is addressed to.
bool quotes_ours(const FragmentationNeeded& message) {
  const Ipv4Header& ip = message.ip;
  return ip.version_and_words == Ipv4Header::kVersion4NoOptions &&
         ip.protocol == Ipv4Header::kTcp && ip.flags_and_offset == Ipv4Header::kDontFragment &&
         ip.source.raw() == ip4_addr_get_u32(ip4_current_dest_addr());
}

bool in_flight(const struct tcp_pcb& pcb, std::uint32_t sequence) {
  return pcb.sender != nullptr && TCP_SEQ_GEQ(sequence, pcb.lastack) &&
         TCP_SEQ_LT(sequence, pcb.snd_nxt);
}

// The MTU that the router states or implies, if less than the datagram's length; else 0.
std::uint16_t mtu_of(const FragmentationNeeded& message) {
  // A device or host on the way may have merged segments.
  const std::uint16_t bytes = std::min<std::uint16_t>(message.ip.total_bytes, limits::kMtu);
  const std::uint16_t said = message.next_hop_mtu;
  const std::uint16_t mtu = said != 0 ? said : plateau_below(bytes);
  return mtu >= kLeastLinkMtu && mtu < bytes ? mtu : std::uint16_t{0};
}

std::uint16_t mss_for(std::uint16_t mtu) {
  return std::max<std::uint16_t>(mtu, limits::kLeastPathMtu) - kHeaders;
}

// Makes a connection's segments, now of at most `mss_now`, short enough. False: they already are.
// Below the least length, routers are allowed to fragment them instead.
bool shorten(struct tcp_pcb& pcb, std::uint32_t mss_now, std::uint16_t mtu) {
  const bool too_narrow = mtu < limits::kLeastPathMtu && (pcb.flags & TF_FRAGMENT) == 0;
  const std::uint16_t mss = mss_for(mtu);
  if (mss >= mss_now && !too_narrow) {
    return false;
  }
  pcb.mss = static_cast<std::uint16_t>(std::min<std::uint32_t>(mss, mss_now));
  if (too_narrow) {
    tcp_set_flags(&pcb, TF_FRAGMENT);
  }
  return true;
}

bool believe(const struct pbuf& received, const struct netif& netif) {
  FragmentationNeeded message;
  if (pbuf_copy_partial(&received, &message, sizeof message, 0) != sizeof message ||
      !quotes_ours(message)) {
    return false;
  }
  const ConnectionEnds ends{{message.ip.source.raw()},
                            {message.ip.destination.raw()},
                            message.source_port,
                            message.destination_port};
  struct tcp_pcb* const pcb = find_connection(ends, netif_get_index(&netif));
  const std::uint16_t mtu = mtu_of(message);
  if (pcb == nullptr || !in_flight(*pcb, message.sequence) || mtu == 0 ||
      inet_chksum_pbuf(const_cast<struct pbuf*>(&received)) != 0) {  // lwIP takes no const
    return false;
  }
  auto& sender = *static_cast<Sender*>(pcb->sender);
  if (shorten(*pcb, sender.longest(), mtu)) {
    const Nanoseconds now = Sender::turn_began();
    paths.learn(message.ip.destination, mtu, now);
    sender.shorten(pcb->mss, now);
    sender.send(now);
  }
  return true;
}

}  // namespace

std::uint16_t plateau_below(std::uint16_t bytes) {
  // RFC 1191, table 7-1, up to the length of our datagrams.
  constexpr std::uint16_t kPlateaus[] = {1492, 1006, 508, 296, 68};
  static_assert(limits::kMtu < 2002, "the next one above");
  for (const std::uint16_t plateau : kPlateaus) {
    if (plateau < bytes) {
      return plateau;
    }
  }
  return 0;
}

std::size_t NarrowPaths::place_of(std::uint32_t destination) {
  return entropy::keyed_hash(std::as_bytes(std::span(&destination, 1))) % kPlaces;
}

std::uint16_t NarrowPaths::look_up(std::uint32_t destination, Nanoseconds now) const {
  for (const Path& path : places_[place_of(destination)]) {
    if (path.destination == destination && now < path.expiry) {
      return path.mtu;
    }
  }
  return 0;
}

void NarrowPaths::learn(std::uint32_t destination, std::uint16_t mtu, Nanoseconds now) {
  Place& place = places_[place_of(destination)];
  auto path = std::ranges::find(place, destination, &Path::destination);
  if (path == place.end()) {
    path =
        std::ranges::min_element(place, {}, [](const Path& known) { return known.expiry.value; });
  }
  last_expiry_ = now + kLifetime;
  *path = {destination, mtu, last_expiry_};
}

// What is in flight has left by now.
void narrow_connections(const struct netif& netif) {
  for (struct tcp_pcb* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next) {
    auto* const sender = static_cast<Sender*>(pcb->sender);
    if (pcb->netif_idx == netif_get_index(&netif) && sender != nullptr) {
      (void)shorten(*pcb, sender->longest(), netif.mtu);
      sender->narrow(mss_for(netif.mtu), Sender::turn_began());
    }
  }
}

const PathMtuCounters& path_mtu_counters() { return counters; }

}  // namespace mote::netstack

using namespace mote::netstack;

extern "C" {

void mote_icmp_unreachable(const struct pbuf* message, const struct netif* netif) {
  if (static_cast<const std::uint8_t*>(message->payload)[1] != FragmentationNeeded::kCode) {
    return;
  }
  ++(believe(*message, *netif) ? counters.believed : counters.refused);
}

void mote_tcp_path(struct tcp_pcb* pcb) {
  // It may have fallen since the SYN.
  shorten(*pcb, pcb->mss, netif_get_by_index(pcb->netif_idx)->mtu);
  const std::uint32_t destination = std::byteswap(ip4_addr_get_u32(ip_2_ip4(&pcb->remote_ip)));
  if (const std::uint16_t mtu = paths.find(destination, mote::clock::now()); mtu != 0) {
    shorten(*pcb, pcb->mss, mtu);
  }
}

}  // extern "C"
