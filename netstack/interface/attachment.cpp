// An interface as lwIP sees it: bring-up, link state, addresses and routes, frames handed to lwIP.
#include "netstack/interface/attachment.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "drivers/limits.hpp"
#include "kernel/console/console.hpp"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ip4.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dhcp.h"
#include "netif/ethernet.h"
#include "netstack/interface/claims.hpp"
#include "netstack/interface/receive.hpp"
#include "netstack/ip/path_mtu.hpp"
#include "netstack/limits.hpp"
#include "netstack/tcp/connections.hpp"

namespace mote::netstack {
namespace {

constexpr std::uint16_t kLeastMtu = 576;  // RFC 791, 3.1: every host takes this much; DHCP needs it

// Whether it is a TCP segment, in a whole datagram without options to the interface's address.
bool is_segment_for(const struct netif& netif, const struct pbuf& datagram) {
  const auto& ip = *static_cast<const Ipv4Header*>(datagram.payload);
  return ip.protocol == Ipv4Header::kTcp &&
         ip.version_and_words == Ipv4Header::kVersion4NoOptions && !ip.is_fragment() &&
         ip.destination.raw() == ip4_addr_get_u32(netif_ip4_addr(&netif)) && netif_is_up(&netif) &&
         ip.total_bytes == datagram.tot_len;
}

// Does what remains of ip4_input: all that it would check, the classifier has judged.
void give_segment(struct netif& netif, struct pbuf* datagram) {
  const auto* const header = static_cast<const struct ip_hdr*>(datagram->payload);
  ip_data.current_netif = ip_data.current_input_netif = &netif;
  ip_data.current_ip4_header = header;
  ip_data.current_ip_header_tot_len = sizeof(Ipv4Header);
  ip_addr_copy_from_ip4(ip_data.current_iphdr_src, header->src);
  ip_addr_copy_from_ip4(ip_data.current_iphdr_dest, header->dest);
  pbuf_remove_header(datagram, sizeof(Ipv4Header));
  tcp_input(datagram, &netif);
  ip_data = {};
}

// All attached interfaces by index, for routes.
constinit std::array<Attachment*, limits::kInterfaces> attachments{};

// Packets to other networks leave by the first interface with a gateway or default route.
void choose_default_route() {
  for (Attachment* attachment : attachments) {
    if (attachment != nullptr && attachment->usable() && attachment->has_way_out()) {
      netif_set_default(&attachment->netif());
      return;
    }
  }
  netif_set_default(nullptr);
}

}  // namespace

std::optional<InterfaceReport> report_on(unsigned index) {
  if (index >= attachments.size()) {
    return std::nullopt;
  }
  if (attachments[index] != nullptr) {
    return attachments[index]->report();
  }
  return Attachment::last_report(index);
}

Ipv4Address usable_address(unsigned index) {
  const Attachment* const attachment = index < attachments.size() ? attachments[index] : nullptr;
  return attachment != nullptr && attachment->usable() ? attachment->host().address : Ipv4Address{};
}

Attachment& attachment_of(struct netif* netif) { return *static_cast<Attachment*>(netif->state); }

unsigned receiving_interface() {
  struct netif* const netif = ip_current_input_netif();
  return netif == nullptr ? 0 : attachment_of(netif).index();
}

struct netif* interface_with_address(std::uint32_t address) {
  if (address == 0) {
    return nullptr;
  }
  for (Attachment* attachment : attachments) {
    if (attachment != nullptr &&
        ip4_addr_get_u32(netif_ip4_addr(&attachment->netif())) == address) {
      return &attachment->netif();
    }
  }
  return nullptr;
}

struct netif* interface_with_route(std::uint32_t destination) {
  struct netif* found = nullptr;
  int longest = -1;
  for (Attachment* attachment : attachments) {
    if (attachment == nullptr || !attachment->usable()) {
      continue;
    }
    const Route* const route = attachment->route_to({std::byteswap(destination)});
    if (route == nullptr || route->prefix_bits <= longest) {
      continue;
    }
    longest = route->prefix_bits;
    found = &attachment->netif();
  }
  return found;
}

Attachment::Attachment() = default;

InterfaceReport Attachment::report() const {
  return {.model = model_,
          .mac = host().mac,
          .link_up = netif_is_link_up(&netif_) != 0,
          .device = device_counters_,
          .stack = &counters_,
          .has_way_out = usable() && has_way_out(),
          .dhcp = dhcp_client().counters(),
          .address = host().address,
          .netmask = host().netmask};
}

bool Attachment::usable() const {
  return netif_is_link_up(&netif_) && !ip4_addr_isany_val(*netif_ip4_addr(&netif_));
}

bool Attachment::has_way_out() const {
  return !ip4_addr_isany_val(*netif_ip4_gw(&netif_)) ||
         std::ranges::any_of(routes_.all(), &Route::is_default);
}

void Attachment::offer_mtu(std::uint16_t mtu) {
  if (mtu >= kLeastMtu) {
    netif_.mtu = std::min(mtu, largest_mtu_);
    narrow_connections(netif_);
  }
}

void Attachment::use_lease(const Lease& lease) {
  peers_.forget();
  use_routes(lease.address, lease.prefix_bits, lease.routes);
  netif_.mtu = largest_mtu_;
  if (lease.mtu) {
    offer_mtu(*lease.mtu);
  }
  if (*netif_get_hostname(&netif_) == '\0') {
    use_host_name(lease.host_name);
  }
}

err_t Attachment::initialize_netif(struct netif* netif) {
  netif->name[0] = 'e';
  netif->name[1] = 'n';
  netif->hwaddr_len = ETH_HWADDR_LEN;
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  return ERR_OK;
}

bool Attachment::attach(unsigned index, const DeviceFacts& facts, const InterfaceSettings& settings,
                        Ways ways) {
  index_ = index;
  owner_ = ways.owner;
  segment_ = ways.segment;
  packet_ = ways.packet;
  announce_device(facts, settings.offload);
  if (index >= attachments.size() ||
      netif_add_noaddr(&netif_, this, initialize_netif, ethernet_input) == nullptr) {
    print_name();
    console::line("no room for this interface");
    return false;
  }
  attachments[index] = this;
  complaints_.set_index(index);
  dhcp_client().set_index(index);
  model_ = facts.model;
  device_counters_ = facts.counters;
  std::ranges::copy(facts.mac.octets, netif_.hwaddr);
  largest_mtu_ = std::min(facts.mtu, limits::kMtu);
  if (settings.mtu != 0) {
    largest_mtu_ = std::min(largest_mtu_, std::max(settings.mtu, kLeastMtu));
  }
  netif_.mtu = largest_mtu_;
  netif_.output = ways.datagram;
  netif_.linkoutput = ways.frame;
  // The classifier verifies IP's checksum, and `seal` fills it in. Only TCP's is left to the
  // device, because a UDP datagram may be sent in fragments.
  constexpr unsigned kOurs = NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_GEN_IP;
  const unsigned offloaded = facts.offloads.tx_checksum ? NETIF_CHECKSUM_GEN_TCP : 0U;
  NETIF_SET_CHECKSUM_CTRL(&netif_, NETIF_CHECKSUM_ENABLE_ALL & ~kOurs & ~offloaded);
  offloads_ = facts.offloads;
  longest_payload_ =
      offloads_.segmentation == Segmentation::kNone ? std::uint16_t{0} : limits::kTxPayloadBytes;
  netif_set_hostname(&netif_, settings.host_name);
  netif_set_status_callback(&netif_, status_changed);
  netif_set_up(&netif_);
  if (facts.link_up) {
    netif_set_link_up(&netif_);
  }
  set_routes_ = settings.routes;
  dhcp_ = !settings.address.has_value();
  if (dhcp_) {
    dhcp_start(&netif_);
  } else {
    use_static_address(*settings.address);
  }
  next_complaint_ = clock::now() + Complaints::kPeriod;
  return true;
}

void Attachment::leave() {
  end_connections(netif_get_index(&netif_));
  netif_set_status_callback(&netif_, nullptr);
  if (dhcp_) {
    dhcp_release_and_stop(&netif_);
    dhcp_cleanup(&netif_);
  }
  netif_remove(&netif_);
  netif_.flags = 0;
  attachments[index_] = nullptr;
  choose_default_route();
}

void Attachment::status_changed(struct netif* netif) {
  Attachment& self = attachment_of(netif);
  if (ip4_addr_isany_val(*netif_ip4_addr(netif))) {
    self.use_lease({});
  }
  self.look_again();
}

void Attachment::look_again() {
  peers_.forget();
  choose_default_route();
  announce();
  conflict_.look(*this);
}

void Attachment::decline_lease() { dhcp_client().decline(netif_); }

void Attachment::set_link(bool up) {
  peers_.forget();
  {
    const console::Fact fact(up && !tells_of_link_);  // a quiet console tells a trouble's end, too
    tells_of_link_ = !up;
    print_name();
    console::line(up ? "link up" : "link down");
  }
  if (up) {
    netif_set_link_up(&netif_);
    conflict_.on_link_up();
  } else {
    netif_set_link_down(&netif_);
  }
  choose_default_route();
}

void Attachment::tend(Nanoseconds now, bool link_up) {
  if (link_up != static_cast<bool>(netif_is_link_up(&netif_))) {
    set_link(link_up);
  }
  if (dhcp_) {
    const struct dhcp* dhcp = netif_dhcp_data(&netif_);
    if (dhcp == nullptr || dhcp->state == DHCP_STATE_OFF) {
      dhcp_start(&netif_);
    }
    complain_of_silence(now);
  }
  look_at_claims();
  look_again();
}

// lwIP is given the frame from after the Ethernet header. The classifier has judged that and IP's,
// so lwIP's ethernet_input would have nothing to do.
void Attachment::hand_up(Packet packet, RxChecksum checksum, Fate fate) {
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(packet.data());
  if (ethernet.type == EthernetHeader::kArp) {
    give_arp_to_lwip(std::move(packet));
    return;
  }
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(&ethernet + 1);
  caller_ = {ip.source.raw(), ethernet.source};
  // Removes the padding after a short datagram.
  packet.set_bytes(sizeof(EthernetHeader) + ip.total_bytes);
  const bool scarce = Packet::scarce();
  struct pbuf* datagram = nullptr;
  if (scarce || fate == Fate::kUpFragment) {
    ++counters_.rx_copied;
    datagram = copy_frame(packet.frame().subspan(sizeof(EthernetHeader)));
  } else {
    datagram = adopt_packet(std::move(packet), sizeof(EthernetHeader));
  }
  packet = Packet();
  // The device vouches for this frame only, not for the datagram that a fragment completes.
  give_to_lwip(datagram, checksum != RxChecksum::kUnknown && fate != Fate::kUpFragment);
}

void Attachment::hand_up(std::span<Packet> pieces, RxChecksum checksum) {
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(pieces.front().data());
  caller_ = {reinterpret_cast<const Ipv4Header*>(&ethernet + 1)->source.raw(), ethernet.source};
  struct pbuf* frame = nullptr;
  if (Packet::scarce()) {
    ++counters_.rx_copied;
    frame = copy_frame(pieces);
  } else {
    frame = adopt_packets(pieces);
  }
  for (Packet& piece : pieces) {
    piece = Packet();
  }
  if (frame != nullptr) {
    pbuf_remove_header(frame, sizeof(EthernetHeader));
  }
  give_to_lwip(frame, checksum != RxChecksum::kUnknown);
}

// `datagram` is null if there was no memory for it.
void Attachment::give_to_lwip(struct pbuf* datagram, bool verified) {
  if (datagram == nullptr) {
    caller_.address = 0;
    ++counters_.rx_no_memory;
    return;
  }
  constexpr unsigned kChecks = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
  const auto flags = netif_.chksum_flags;
  if (verified) {
    NETIF_SET_CHECKSUM_CTRL(&netif_, flags & ~kChecks);
  }
  if (is_segment_for(netif_, *datagram)) [[likely]] {
    give_segment(netif_, datagram);
  } else {
    ip4_input(datagram, &netif_);
  }
  caller_.address = 0;
  NETIF_SET_CHECKSUM_CTRL(&netif_, flags);
}

// May change what lwIP knows about any station, but not about us.
void Attachment::give_arp_to_lwip(Packet packet) {
  peers_.forget();
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(packet.data());
  const auto& arp = *reinterpret_cast<const ArpPacket*>(&ethernet + 1);
  if (conflict_.is_conflict(*this, arp, ethernet.destination != host().mac)) {
    return;
  }
  etharp_input(adopt_packet(std::move(packet), sizeof(EthernetHeader)), &netif_);
}

}  // namespace mote::netstack
