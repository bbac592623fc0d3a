// An interface as lwIP sees it: bringing it up, DHCP, link state, and what the console says.
#include "netstack/attachment.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "kernel/console.hpp"
#include "kernel/limits.hpp"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
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

Host Attachment::host() const {
  return {std::bit_cast<MacAddress>(netif_.hwaddr), from_lwip(netif_ip4_addr(&netif_)),
          from_lwip(netif_ip4_netmask(&netif_))};
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
  netif->output = etharp_output;
  netif->hwaddr_len = ETH_HWADDR_LEN;
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  return ERR_OK;
}

bool Attachment::attach(unsigned index, const DeviceFacts& facts, const InterfaceSettings& settings,
                        netif_linkoutput_fn output) {
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
  netif_.linkoutput = output;
  // Only TCP's checksum is left to the device: a UDP datagram may be sent in fragments.
  const unsigned offloaded = facts.offloads.tx_checksum ? NETIF_CHECKSUM_GEN_TCP : 0U;
  NETIF_SET_CHECKSUM_CTRL(&netif_, NETIF_CHECKSUM_ENABLE_ALL & ~offloaded);
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

void Attachment::hand_up(Packet packet, RxChecksum checksum, Fate fate) {
  const bool scarce = Packet::scarce();
  struct pbuf* frame = nullptr;
  if (scarce || fate == Fate::kUpFragment) {
    ++counters_.rx_copied;
    frame = copy_frame(packet.frame());
  } else {
    frame = adopt_packet(std::move(packet));
  }
  packet = Packet();
  // The device's word holds for this frame only, and not for the datagram that a fragment ends.
  give_to_lwip(frame, checksum != RxChecksum::kUnknown && fate != Fate::kUpFragment);
}

void Attachment::hand_up(std::span<Packet> pieces, RxChecksum checksum) {
  struct pbuf* frame = nullptr;
  if (Packet::scarce()) {
    ++counters_.rx_copied;
    frame = copy_frame(pieces);
  } else {
    frame = adopt_packets(pieces);
  }
  for (Packet& piece : pieces) piece = Packet();
  give_to_lwip(frame, checksum != RxChecksum::kUnknown);
}

// `frame` is null when there was no memory for it.
void Attachment::give_to_lwip(struct pbuf* frame, bool verified) {
  if (frame == nullptr) {
    ++counters_.rx_no_memory;
    return;
  }
  constexpr unsigned kChecks = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
  const auto flags = netif_.chksum_flags;
  if (verified) NETIF_SET_CHECKSUM_CTRL(&netif_, flags & ~kChecks);
  if (netif_.input(frame, &netif_) != ERR_OK) pbuf_free(frame);
  if (verified) NETIF_SET_CHECKSUM_CTRL(&netif_, flags);
}

}  // namespace mote::netstack
