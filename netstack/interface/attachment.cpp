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
#include "lwip/prot/dhcp.h"
#include "netif/ethernet.h"
#include "netstack/interface/receive.hpp"
#include "netstack/limits.hpp"

namespace mote::netstack {
namespace {

constexpr std::uint16_t kLeastMtu = 576;  // RFC 791, 3.1: every host takes this much; DHCP needs it

// All attached interfaces by index, for routes.
constinit std::array<Attachment*, limits::kInterfaces> attachments{};

bool is_group(Ipv4Address address) { return address.is_multicast() || address.is_broadcast(); }

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
  announce_device(facts, settings.offload);
  if (index >= attachments.size() ||
      netif_add_noaddr(&netif_, this, initialize_netif, ethernet_input) == nullptr) {
    print_name();
    console::line("no room for this interface");
    return false;
  }
  attachments[index] = this;
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
  netif_.tso_bytes =
      facts.offloads.segmentation == Segmentation::kNone ? u16_t{0} : limits::kTxPayloadBytes;
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
}

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
  look_again();
}

// The on-link address of the station to which a datagram goes next. Zero: the datagram is for a
// group, or no route leads there.
std::uint32_t Attachment::far_hop(std::uint32_t destination) const {
  const std::uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(&netif_));
  if (!routes_.empty()) [[unlikely]] {
    if (const std::uint32_t hop = hop_by_route(destination); hop != 0) {
      return hop;
    }
  }
  if (is_on_subnet(destination)) {
    return destination;
  }
  const Ipv4Address address{std::byteswap(destination)};
  if (is_group(address)) {
    return 0;
  }
  // No router forwards to a link-local address (RFC 3927, 2.6.2), except where only the gateway is
  // on the link, as in clouds whose own servers have such addresses.
  if (address.is_link_local() && mask != 0xFFFFFFFF) {
    return destination;
  }
  return ip4_addr_get_u32(netif_ip4_gw(&netif_));
}

// The next hop by a route, if its prefix is longer than the subnet's: the longest wins.
std::uint32_t Attachment::hop_by_route(std::uint32_t destination) const {
  const Ipv4Address address{std::byteswap(destination)};
  const Route* const route = is_group(address) ? nullptr : routes_.find(address);
  if (route == nullptr) {
    return 0;
  }
  const Host own = host();
  const bool on_subnet = ((address.value ^ own.address.value) & own.netmask.value) == 0;
  if (on_subnet && route->prefix_bits <= std::popcount(own.netmask.value)) {
    return 0;
  }
  return route->is_on_link() ? destination : std::byteswap(route->router.value);
}

err_t Attachment::find_station(std::uint32_t destination, struct pbuf& datagram) {
  const Ipv4Address address{std::byteswap(destination)};
  ip4_addr_t station{destination};
  if (!is_group(address)) {
    station.addr = next_hop(destination);
    if (station.addr == 0) {
      ++counters_.tx_no_route;
      return ERR_RTE;
    }
  }
  return etharp_output(&netif_, &datagram, &station);
}

bool Attachment::frame_for_caller(std::uint32_t destination, struct pbuf& datagram) {
  if (destination == 0 || destination != caller_.address || next_hop(destination) != destination) {
    return false;
  }
  const ip4_addr_t address{destination};
  struct eth_addr* known_mac = nullptr;
  const ip4_addr_t* known_address = nullptr;
  if (etharp_find_addr(&netif_, &address, &known_mac, &known_address) >= 0 ||
      pbuf_add_header(&datagram, sizeof(EthernetHeader)) != 0) {
    return false;
  }
  const EthernetHeader header{caller_.mac, host().mac, EthernetHeader::kIpv4};
  __builtin_memcpy(datagram.payload, &header, sizeof(header));
  // Get to know a station that stays, but ask at a limited rate, so that a flood of strangers
  // causes no flood of ARP requests.
  if (const Nanoseconds now = clock::now(); now >= next_question_) {
    next_question_ = now + milliseconds(limits::kNeighbourQuestionMs);
    etharp_query(&netif_, &address, nullptr);
  }
  return true;
}

void Attachment::learn_station(const struct pbuf& frame) {
  if (frame.len < sizeof(EthernetHeader) + sizeof(Ipv4Header)) {
    return;
  }
  const auto& header = *static_cast<const EthernetHeader*>(frame.payload);
  if (header.type != EthernetHeader::kIpv4 || is_group(header.destination)) {
    return;
  }
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(&header + 1);
  if (const std::uint32_t hop = next_hop(ip.destination.raw()); hop != 0) {
    peers_.learn(hop, header);
  }
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
  ip4_input(datagram, &netif_);
  caller_.address = 0;
  NETIF_SET_CHECKSUM_CTRL(&netif_, flags);
}

// May change what lwIP knows about any station.
void Attachment::give_arp_to_lwip(Packet packet) {
  peers_.forget();
  etharp_input(adopt_packet(std::move(packet), sizeof(EthernetHeader)), &netif_);
}

}  // namespace mote::netstack
