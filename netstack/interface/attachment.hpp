// An interface as lwIP sees it: addresses, DHCP, link state, console lines, counters.
//
// Everything independent of the device's type is here, so that `Interface`, the template that owns
// one, stays thin.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/net_device.hpp"
#include "kernel/memory/packet.hpp"
#include "kernel/time/clock.hpp"
#include "lwip/netif.h"
#include "netstack/dhcp/client.hpp"
#include "netstack/interface/address_conflict.hpp"
#include "netstack/interface/classifier.hpp"
#include "netstack/interface/complaints.hpp"
#include "netstack/interface/peers.hpp"
#include "netstack/ip/routes.hpp"
#include "netstack/sender/waiting.hpp"
#include "netstack/stats.hpp"

namespace mote::netstack {

struct StaticAddress {
  Ipv4Address address;
  std::uint8_t prefix_bits = 0;  // 0 to 32
  Ipv4Address gateway;           // zero: none
};

struct InterfaceSettings {
  const char* host_name = "";                 // zero-terminated, outlives the interface; empty: as
                                              // DHCP says
  std::optional<StaticAddress> address = {};  // absent: DHCP
  Routes routes = {};                         // win over those of DHCP to the same networks
  std::uint16_t mtu = 0;                      // bytes of IP packet; 0: the device's
  bool offload = true;                        // false: the stack computes checksums itself, and
                                              // sends no long segments
};

// The facts about a device that lwIP needs.
struct DeviceFacts {
  std::string_view model;
  std::string_view features;
  MacAddress mac;
  std::uint16_t mtu = 0;
  Offloads offloads;
  bool link_up = false;
  const DeviceCounters* counters = nullptr;  // outlive the attachment
};

class Attachment {
 public:
  [[gnu::noinline]] Attachment();  // compiled once for all kinds of device
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  [[nodiscard]] InterfaceCounters& counters() { return counters_; }
  [[nodiscard]] Complaints& complaints() { return complaints_; }
  [[nodiscard]] InterfaceReport report() const;
  [[nodiscard]] unsigned index() const { return index_; }

  // The addresses that frames on this interface are for, as of now.
  [[nodiscard]] Host host() const {
    return {std::bit_cast<MacAddress>(netif_.hwaddr),
            {std::byteswap(ip4_addr_get_u32(netif_ip4_addr(&netif_)))},
            {std::byteswap(ip4_addr_get_u32(netif_ip4_netmask(&netif_)))}};
  }

  // Whether the interface has an address and a link.
  [[nodiscard]] bool usable() const;

  // Whether hosts on other networks can be reached: by a gateway, or a default route.
  [[nodiscard]] bool has_way_out() const;

  // The longest route to `destination` apart from subnet and gateway, or null.
  [[nodiscard]] const Route* route_to(Ipv4Address destination) const {
    return routes_.find(destination);
  }

  // Uses what DHCP leases besides address, mask and gateway, which lwIP sets itself.
  void use_lease(const Lease& lease);

  // Whether the address is from DHCP, and gives it up because another station has it.
  [[nodiscard]] bool is_leased() const { return dhcp_; }
  void decline_lease();

  // An MTU from DHCP: used if it is smaller than device and settings allow.
  void offer_mtu(std::uint16_t mtu);

  [[nodiscard]] DhcpClient& dhcp_client() const { return dhcp_client_of(index_); }
  [[nodiscard]] struct netif& netif() { return netif_; }

  // The functions by which lwIP sends datagrams and frames, senders their segments (false: no room;
  // the sender waits), and others a frame in a packet (false: no room; the packet is still theirs).
  // `owner` outlives the attachment.
  struct Ways {
    void* owner;
    netif_output_fn datagram;
    netif_linkoutput_fn frame;
    bool (*segment)(void* owner, const TxFrame& frame);
    bool (*packet)(void* owner, Packet& packet, TxChecksum checksum);
  };

  // Makes the interface known to lwIP and on the console; starts DHCP, or sets the static address.
  // False if there is no room for it; the console then says so.
  bool attach(unsigned index, const DeviceFacts& facts, const InterfaceSettings& settings,
              Ways ways);

  // Takes the interface from lwIP for ever, which resets the connections over it while they can
  // still be told; then, when nothing is counted any more, keeps the counters for `report_on`.
  void leave();
  void keep_report();
  [[nodiscard]] static std::optional<InterfaceReport> last_report(unsigned index);

  // Call at least once a second: notices link changes, keeps DHCP going, reports changes.
  void tend(Nanoseconds now, bool link_up);

  // Puts the Ethernet header in front of a datagram for `destination` (in memory as on the wire),
  // if the next station is known. False: use `find_station`. Inline, because every sent frame
  // passes through here.
  [[nodiscard, gnu::always_inline]] bool frame_for(std::uint32_t destination,
                                                   struct pbuf& datagram) const {
    const EthernetHeader* const header = peers_.find(next_hop(destination));
    if (header == nullptr || pbuf_add_header(&datagram, sizeof(EthernetHeader)) != 0) {
      return false;
    }
    __builtin_memcpy(datagram.payload, header, sizeof(EthernetHeader));
    return true;
  }

  // The same for an answer to the datagram that lwIP is taking in, if that came from a neighbour
  // that lwIP doesn't know: the answer goes to the station that sent it. So answering strangers
  // takes no place in lwIP's table.
  [[nodiscard]] bool frame_for_caller(std::uint32_t destination, struct pbuf& datagram);
  // The same for a station that isn't known: lwIP finds it out, and sends then.
  err_t find_station(std::uint32_t destination, struct pbuf& datagram);

  // The header for frames to `destination` (in memory as on the wire): to its next hop, if known,
  // or to the caller that lwIP is taking a datagram in from, written to `caller`. Null: give the
  // datagram to lwIP, by send_datagram, which finds the station.
  [[nodiscard]] const EthernetHeader* station_for(std::uint32_t destination,
                                                  EthernetHeader& caller) {
    const EthernetHeader* const known = peers_.find(next_hop(destination));
    return known != nullptr || !is_unknown_caller(destination, caller) ? known : &caller;
  }
  void send_datagram(struct pbuf& datagram, std::uint32_t destination);

  // The header for an answer, without delay, to the datagram that lwIP is taking in: to the next
  // hop to `destination`, its source, if known, else to the station that it came from.
  [[nodiscard]] EthernetHeader station_of_caller(std::uint32_t destination);

  // A frame that is lost if there is no room for it: false.
  [[nodiscard]] bool transmit(Packet& packet, TxChecksum checksum) {
    return packet_(owner_, packet, checksum);
  }

  // For senders: a segment's frame for the device; false: no room. What the device does for it,
  // and the longest payload that it cuts (0: none).
  [[nodiscard]] bool transmit(const TxFrame& frame) { return segment_(owner_, frame); }
  [[nodiscard]] const Offloads& offloads() const { return offloads_; }
  [[nodiscard]] std::uint32_t longest_payload() const { return longest_payload_; }
  // Those that found no room.
  [[nodiscard]] Waiting& waiting() { return waiting_; }
  [[nodiscard]] const Waiting& waiting() const { return waiting_; }

  // Learns from a frame made by lwIP which station its datagram goes to.
  void learn_station(const struct pbuf& frame);

  // Gives a frame to lwIP, in its packet, or as a copy if packets are scarce or lwIP may hold it
  // long.
  void hand_up(Packet packet, RxChecksum checksum, Fate fate);

  // The same for a frame in several packets.
  void hand_up(std::span<Packet> pieces, RxChecksum checksum);

  // The owner given to `attach`.
  [[nodiscard]] void* owner() const { return owner_; }

 private:
  // A datagram's sender; the address in memory as on the wire.
  struct Caller {
    std::uint32_t address = 0;  // 0: none
    MacAddress mac;
  };

  void give_to_lwip(struct pbuf* datagram, bool verified);
  void give_arp_to_lwip(Packet packet);
  [[nodiscard]] bool is_on_subnet(std::uint32_t destination) const {
    const std::uint32_t own = ip4_addr_get_u32(netif_ip4_addr(&netif_));
    return ((destination ^ own) & ip4_addr_get_u32(netif_ip4_netmask(&netif_))) == 0;
  }

  // The on-link station to which a datagram goes next; 0: none. All in memory as on the wire.
  [[nodiscard]] std::uint32_t next_hop(std::uint32_t destination) const {
    const bool is_near = routes_.empty() && is_on_subnet(destination);
    return is_near ? destination : far_hop(destination);
  }
  [[nodiscard, gnu::noinline]] std::uint32_t far_hop(std::uint32_t destination) const;
  [[nodiscard, gnu::noinline]] std::uint32_t hop_by_route(std::uint32_t destination) const;
  [[nodiscard, gnu::noinline]] bool is_unknown_caller(std::uint32_t destination,
                                                      EthernetHeader& header);
  static err_t initialize_netif(struct netif* netif);
  static void status_changed(struct netif* netif);
  void set_link(bool up);
  void use_static_address(const StaticAddress& address);
  void use_routes(Ipv4Address own, unsigned prefix_bits, const Routes& leased);
  void complain_of_route(const Route& route, std::string_view fault) const;
  void look_again();
  void announce_device(const DeviceFacts& facts, bool offload) const;
  void announce();
  void announce_address(const Host& now, Ipv4Address gateway);
  void announce_routes();
  void complain_of_silence(Nanoseconds now);
  void print_name() const;

  struct netif netif_{};
  void* owner_ = nullptr;
  bool (*segment_)(void* owner, const TxFrame& frame) = nullptr;
  bool (*packet_)(void* owner, Packet& packet, TxChecksum checksum) = nullptr;
  Offloads offloads_;
  std::uint32_t longest_payload_ = 0;
  Waiting waiting_;
  InterfaceCounters counters_;
  Complaints complaints_;
  unsigned index_ = 0;
  std::string_view model_;
  const DeviceCounters* device_counters_ = nullptr;
  Peers peers_;
  Caller caller_;  // of the datagram that lwIP is taking in
  Nanoseconds next_question_;
  AddressConflict conflict_;
  Routes routes_;  // in use
  bool routes_are_news_ = false;
  bool dhcp_ = false;
  std::uint16_t largest_mtu_ = 0;
  Host announced_;
  Ipv4Address announced_gateway_;
  bool tells_of_address_ = false;  // the console was told that it is lost
  bool tells_of_link_ = false;     // the console was told that it is down
  std::uint64_t answers_ = 0;      // of DHCP servers, at the last check
  Nanoseconds next_complaint_;
  Routes set_routes_;       // of the settings
  Ipv4Address judged_for_;  // our address when they were last complained of
};

// The attachment of an lwIP interface.
[[nodiscard]] Attachment& attachment_of(struct netif* netif);

// The index of the interface that received the packet lwIP is taking in; 0 at other times.
[[nodiscard]] unsigned receiving_interface();

// The interface that has `address` (in memory as on the wire), or null.
[[nodiscard]] struct netif* interface_with_address(std::uint32_t address);

// The interface with the longest route to `destination`, apart from subnets and gateways, or null.
[[nodiscard]] struct netif* interface_with_route(std::uint32_t destination);

}  // namespace mote::netstack
