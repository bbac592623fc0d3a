// An interface as lwIP sees it: bringing it up, DHCP, link state, and what the console says.
#include "netstack/attachment.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "kernel/console.hpp"
#include "kernel/limits.hpp"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ip4.h"
#include "lwip/prot/dhcp.h"
#include "netif/ethernet.h"
#include "netstack/receive.hpp"

namespace mote::netstack {
namespace {

constexpr Nanoseconds kComplaintPeriod = milliseconds(60'000);
constexpr std::uint16_t kLeastMtu = 576;  // RFC 791, 3.1: every host takes so much; DHCP needs it

// All attached interfaces by index, for routes.
constinit std::array<Attachment*, limits::kInterfaces> attachments{};

Ipv4Address from_lwip(const ip4_addr_t* address) {
  return {std::byteswap(ip4_addr_get_u32(address))};
}

ip4_addr_t to_lwip(Ipv4Address address) { return {std::byteswap(address.value)}; }

void print_to(Ipv4Address address) {
  console::print(address.value >> 24, '.', address.value >> 16 & 0xFF, '.',
                 address.value >> 8 & 0xFF, '.', address.value & 0xFF);
}

void print_to(const MacAddress& mac) {
  for (std::size_t i = 0; i < mac.octets.size(); ++i) {
    console::print(i == 0 ? "" : ":", console::Hex{mac.octets[i], 2});
  }
}

// Packets to other networks leave by the first interface that has a gateway.
void choose_default_route() {
  for (Attachment* attachment : attachments) {
    if (attachment != nullptr && attachment->usable() && attachment->has_gateway()) {
      netif_set_default(&attachment->netif());
      return;
    }
  }
  netif_set_default(nullptr);
}

}  // namespace

std::optional<InterfaceReport> report_on(unsigned index) {
  if (index >= attachments.size() || attachments[index] == nullptr) return std::nullopt;
  return attachments[index]->report();
}

Attachment& attachment_of(struct netif* netif) { return *static_cast<Attachment*>(netif->state); }

unsigned receiving_interface() {
  struct netif* const netif = ip_current_input_netif();
  return netif == nullptr ? 0 : attachment_of(netif).index();
}

struct netif* interface_with_address(std::uint32_t address) {
  if (address == 0) return nullptr;
  for (Attachment* attachment : attachments) {
    if (attachment != nullptr &&
        ip4_addr_get_u32(netif_ip4_addr(&attachment->netif())) == address) {
      return &attachment->netif();
    }
  }
  return nullptr;
}

InterfaceReport Attachment::report() const {
  return {model_, host().mac, netif_is_link_up(&netif_) != 0, device_counters_, &counters_};
}

bool Attachment::usable() const {
  return netif_is_link_up(&netif_) && !ip4_addr_isany_val(*netif_ip4_addr(&netif_));
}

bool Attachment::has_gateway() const { return !ip4_addr_isany_val(*netif_ip4_gw(&netif_)); }

void Attachment::offer_mtu(std::uint16_t mtu) {
  if (mtu >= kLeastMtu) netif_.mtu = std::min(mtu, largest_mtu_);
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
  print_name();
  console::print(facts.model, ' ');
  print_to(facts.mac);
  console::print(facts.link_up ? ", link up" : ", link down");
  if (!settings.offload) {
    console::print(", offloads off");
  } else if (!facts.features.empty()) {
    console::print(", offloads ", facts.features);
  }
  console::print("\n");
  if (index >= attachments.size() ||
      netif_add_noaddr(&netif_, this, initialize_netif, ethernet_input) == nullptr) {
    print_name();
    console::line("no room for this interface");
    return false;
  }
  attachments[index] = this;
  model_ = facts.model;
  device_counters_ = facts.counters;
  std::ranges::copy(facts.mac.octets, netif_.hwaddr);
  largest_mtu_ = std::min(facts.mtu, limits::kMtu);
  if (settings.mtu != 0) largest_mtu_ = std::min(largest_mtu_, std::max(settings.mtu, kLeastMtu));
  netif_.mtu = largest_mtu_;
  netif_.output = ways.datagram;
  netif_.linkoutput = ways.frame;
  // IP's checksum is verified by the fast path and filled in by `seal`. Only TCP's is left to the
  // device: a UDP datagram may be sent in fragments.
  constexpr unsigned kOurs = NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_GEN_IP;
  const unsigned offloaded = facts.offloads.tx_checksum ? NETIF_CHECKSUM_GEN_TCP : 0U;
  NETIF_SET_CHECKSUM_CTRL(&netif_, NETIF_CHECKSUM_ENABLE_ALL & ~kOurs & ~offloaded);
  netif_.tso_bytes =
      facts.offloads.segmentation == Segmentation::kNone ? u16_t{0} : limits::kTxPayloadBytes;
  netif_set_hostname(&netif_, settings.host_name);
  netif_set_status_callback(&netif_, status_changed);
  netif_set_up(&netif_);
  if (facts.link_up) netif_set_link_up(&netif_);
  dhcp_ = !settings.address.has_value();
  if (dhcp_) {
    dhcp_start(&netif_);
  } else {
    use_static_address(*settings.address);
  }
  next_complaint_ = clock::now() + kComplaintPeriod;
  return true;
}

void Attachment::use_static_address(const StaticAddress& address) {
  const std::uint32_t host_bits = address.prefix_bits >= 32 ? 0 : 0xFFFFFFFF >> address.prefix_bits;
  const ip4_addr_t own = to_lwip(address.address);
  const ip4_addr_t mask = to_lwip({~host_bits});
  const ip4_addr_t gateway = to_lwip(address.gateway);
  netif_set_addr(&netif_, &own, &mask, &gateway);
}

void Attachment::status_changed(struct netif* netif) { attachment_of(netif).announce(); }

// Says which address there is now, if it isn't the one last told of.
void Attachment::announce() {
  peers_.forget();
  choose_default_route();
  const Host now = host();
  const Ipv4Address gateway = from_lwip(netif_ip4_gw(&netif_));
  if (now.address == announced_.address && now.netmask == announced_.netmask &&
      gateway == announced_gateway_) {
    return;
  }
  const bool had_address = announced_.address.value != 0;
  announced_ = now;
  announced_gateway_ = gateway;
  if (now.address.value == 0) {
    if (!had_address) return;
    print_name();
    console::line("address lost, asking DHCP again");
    return;
  }
  print_name();
  print_to(now.address);
  console::print('/', std::popcount(now.netmask.value));
  if (gateway.value != 0) {
    console::print(" via ");
    print_to(gateway);
  }
  const struct dhcp* dhcp = netif_dhcp_data(&netif_);
  if (!dhcp_ || dhcp == nullptr) {
    console::line(" (static)");
  } else if (dhcp->offered_t0_lease == 0xFFFFFFFF) {  // RFC 2131, 3.3
    console::line(" (dhcp, lease without end)");
  } else {
    console::line(" (dhcp, lease ", dhcp->offered_t0_lease, " s)");
  }
}

void Attachment::set_link(bool up) {
  peers_.forget();
  print_name();
  console::line(up ? "link up" : "link down");
  if (up) {
    netif_set_link_up(&netif_);
  } else {
    netif_set_link_down(&netif_);
  }
  choose_default_route();
}

void Attachment::second(Nanoseconds now, bool link_up) {
  if (link_up != static_cast<bool>(netif_is_link_up(&netif_))) set_link(link_up);
  if (dhcp_) {
    const struct dhcp* dhcp = netif_dhcp_data(&netif_);
    if (dhcp == nullptr || dhcp->state == DHCP_STATE_OFF) dhcp_start(&netif_);
    complain_of_silence(now);
  }
  announce();
}

void Attachment::complain_of_silence(Nanoseconds now) {
  if (usable() || !netif_is_link_up(&netif_)) {
    next_complaint_ = now + kComplaintPeriod;
  } else if (now >= next_complaint_) {
    next_complaint_ = now + kComplaintPeriod;
    print_name();
    console::line("no answer to DHCP yet, still asking");
  }
}

void Attachment::print_name() const { console::print("net", index_, ": "); }

// The address on the link of the station that takes a datagram further, as etharp_output has it.
// Zero: the datagram is for several stations, or for none.
std::uint32_t Attachment::next_hop(std::uint32_t destination) const {
  const std::uint32_t own = ip4_addr_get_u32(netif_ip4_addr(&netif_));
  const std::uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(&netif_));
  if (((destination ^ own) & mask) == 0) return destination;
  const Ipv4Address address{std::byteswap(destination)};
  const bool routed = address.value >> 28 < 0xE && !address.is_link_local();
  return routed ? ip4_addr_get_u32(netif_ip4_gw(&netif_)) : 0;
}

bool Attachment::frame_for(std::uint32_t destination, struct pbuf& datagram) const {
  const EthernetHeader* const header = peers_.find(next_hop(destination));
  if (header == nullptr || pbuf_add_header(&datagram, sizeof(EthernetHeader)) != 0) return false;
  __builtin_memcpy(datagram.payload, header, sizeof(EthernetHeader));
  return true;
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
  // One that stays shall become known, and a flood of them cause no flood of questions.
  if (const Nanoseconds now = clock::now(); now >= next_question_) {
    next_question_ = now + milliseconds(limits::kNeighbourQuestionMs);
    etharp_query(&netif_, &address, nullptr);
  }
  return true;
}

void Attachment::learn_station(const struct pbuf& frame) {
  if (frame.len < sizeof(EthernetHeader) + sizeof(Ipv4Header)) return;
  const auto& header = *static_cast<const EthernetHeader*>(frame.payload);
  if (header.type != EthernetHeader::kIpv4 || is_group(header.destination)) return;
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(&header + 1);
  if (const std::uint32_t hop = next_hop(ip.destination.raw()); hop != 0) {
    peers_.learn(hop, header);
  }
}

// What lwIP is given begins behind the Ethernet header, which the fast path has judged, as it has
// IP's; so lwIP's ethernet_input has nothing to do.
void Attachment::hand_up(Packet packet, RxChecksum checksum, Fate fate) {
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(packet.data());
  if (ethernet.type == EthernetHeader::kArp) {
    give_arp_to_lwip(std::move(packet));
    return;
  }
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(&ethernet + 1);
  const Caller caller{ip.source.raw(), ethernet.source};
  // Without the padding behind a short datagram.
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
  // The device's word holds for this frame only, and not for the datagram that a fragment ends.
  give_to_lwip(datagram, checksum != RxChecksum::kUnknown && fate != Fate::kUpFragment, caller);
}

void Attachment::hand_up(std::span<Packet> pieces, RxChecksum checksum) {
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(pieces.front().data());
  const Caller caller{reinterpret_cast<const Ipv4Header*>(&ethernet + 1)->source.raw(),
                      ethernet.source};
  struct pbuf* frame = nullptr;
  if (Packet::scarce()) {
    ++counters_.rx_copied;
    frame = copy_frame(pieces);
  } else {
    frame = adopt_packets(pieces);
  }
  for (Packet& piece : pieces) piece = Packet();
  if (frame != nullptr) pbuf_remove_header(frame, sizeof(EthernetHeader));
  give_to_lwip(frame, checksum != RxChecksum::kUnknown, caller);
}

// `datagram` is null when there was no memory for it.
void Attachment::give_to_lwip(struct pbuf* datagram, bool verified, const Caller& caller) {
  if (datagram == nullptr) {
    ++counters_.rx_no_memory;
    return;
  }
  constexpr unsigned kChecks = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
  const auto flags = netif_.chksum_flags;
  if (verified) NETIF_SET_CHECKSUM_CTRL(&netif_, flags & ~kChecks);
  caller_ = caller;
  ip4_input(datagram, &netif_);
  caller_.address = 0;
  NETIF_SET_CHECKSUM_CTRL(&netif_, flags);
}

// May change what lwIP knows of any station.
void Attachment::give_arp_to_lwip(Packet packet) {
  peers_.forget();
  etharp_input(adopt_packet(std::move(packet), sizeof(EthernetHeader)), &netif_);
}

}  // namespace mote::netstack
