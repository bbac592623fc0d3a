// The hooks that lwIP calls. Defined in netstack/lwip/lwip_port.cpp, netstack/dhcp/client.cpp,
// netstack/interface/neighbours.cpp and claims.cpp beside it, netstack/ip/icmp_errors.cpp and
// path_mtu.cpp beside it, netstack/sender/seam.cpp, netstack/tcp/acceptance.cpp, resets.cpp and
// syn_cookies.cpp beside it.
#pragma once

#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include "lwip/pbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

struct netif;
struct dhcp;
struct eth_addr;
struct tcp_hdr;
struct tcp_pcb;
struct tcp_pcb_listen;

// An initial sequence number by RFC 6528.
u32_t mote_tcp_isn(const ip_addr_t* local_ip, u16_t local_port, const ip_addr_t* remote_ip,
                   u16_t remote_port);

// An unpredictable identification for a datagram. Not called for one that may not be fragmented.
u16_t mote_ip_id(void);

// ICMP reports a destination as unreachable; `message` begins with ICMP's header, of which at least
// four bytes are contiguous.
void mote_icmp_unreachable(const struct pbuf* message, const struct netif* netif);

// A connection is established: limits its segments to its path's MTU, as far as that is known.
void mote_tcp_path(struct tcp_pcb* pcb);

// The sender's side of the seam with lwIP's state machine (opt.h, LWIP_TCP_SENDER;
// netstack/sender/seam.cpp). `options` are those in the segment's first piece.
u32_t mote_tcp_clock(void);
u8_t mote_tcp_syn(struct tcp_pcb* pcb, const struct tcp_hdr* header);
err_t mote_tcp_established(struct tcp_pcb* pcb);
u32_t mote_tcp_acknowledged(struct tcp_pcb* pcb, const struct tcp_hdr* header, u16_t text_bytes,
                            const u8_t* options, u16_t option_bytes);
void mote_tcp_fin(struct tcp_pcb* pcb);
void mote_tcp_output(struct tcp_pcb* pcb);
void mote_tcp_end(struct tcp_pcb* pcb);

// The number of half-open connections that there may be.
u16_t mote_tcp_half_open(void);

// A SYN is to be answered without a PCB. Its options: the first bytes lie behind the header, the
// rest at `more` (patches/syn-cookies).
void mote_tcp_syn_without_pcb(const struct tcp_hdr* header, u16_t option_bytes, u16_t first_bytes,
                              const u8_t* more);

// The initial sequence number of a half-open connection, whose addresses and ports are set.
u32_t mote_tcp_syn_isn(const struct tcp_pcb* pcb, const struct tcp_hdr* header, u16_t option_bytes,
                       u16_t first_bytes, const u8_t* more);

// An ACK for no connection came to a listener. ERR_OK: it opens the one written to `opened`, which
// is in SYN-RECEIVED and takes the segment, or null, and there is nothing to say. Otherwise it is
// answered with a reset.
err_t mote_tcp_listen_ack(const struct tcp_pcb_listen* listener, const struct tcp_hdr* header,
                          struct tcp_pcb** opened);

// Whether lwIP may take a segment for a connection (ERR_OK); otherwise it has been answered.
err_t mote_tcp_judge(struct tcp_pcb* pcb, const struct tcp_hdr* header, const struct pbuf* text);

// Whether a segment from this address, which belongs to no connection or not to its handshake, may
// be answered with a reset.
u8_t mote_tcp_reset(const ip_addr_t* to);

// Whether an ICMP error may be sent about a datagram; the pbuf begins with its IP header.
u8_t mote_icmp_error(const struct pbuf* datagram);

// The entry of the ARP table that gives way to one for `address`, ARP_TABLE_SIZE if none needs to,
// or ERR_MEM if none may; `reason` is an etharp_reason.
s16_t mote_arp_make_room(const ip4_addr_t* address, const struct netif* netif, int reason);

// An entry of the ARP table was made; and a frame goes to its station.
void mote_arp_made(size_t entry);
void mote_arp_used(size_t entry);

// A station says that it has the address of an entry that knows one: ERR_OK if it is to be believed
// (patches/arp-claims).
err_t mote_arp_claim(size_t entry, const struct eth_addr* station);

// The interface whose address is `source`, or null.
struct netif* mote_route_by_source(const ip4_addr_t* source);

// The interface with the longest route to `destination` besides subnets and gateways, or null.
struct netif* mote_route_by_destination(const ip4_addr_t* destination);

// Judges a DHCP message of a type: returns the type to treat it as, or 0 to ignore it
// (patches/dhcp-judge).
u8_t mote_dhcp_message(struct netif* netif, const struct dhcp* dhcp, u8_t type,
                       struct pbuf* message);

// The message judged last is an acknowledgement, which takes effect now.
void mote_dhcp_acknowledged(struct netif* netif, struct dhcp* dhcp);

// Milliseconds to wait after a refusal before asking anew.
u16_t mote_dhcp_restart_delay(struct netif* netif, struct dhcp* dhcp);

// Milliseconds to wait for an answer to a message sent for the `tries`th time.
u16_t mote_dhcp_back_off(u8_t tries);

#ifdef __cplusplus
}
#endif

#define LWIP_HOOK_TCP_ISN mote_tcp_isn
#define LWIP_HOOK_IP4_ID(header) \
  ((IPH_OFFSET(header) & PP_HTONS(IP_DF)) != 0 ? (u16_t)0 : mote_ip_id())
#define LWIP_HOOK_ICMP_UNREACHABLE mote_icmp_unreachable
#define LWIP_HOOK_TCP_CLOCK mote_tcp_clock
#define LWIP_HOOK_TCP_SYN mote_tcp_syn
#define LWIP_HOOK_TCP_ACK(pcb) (((pcb)->flags & TF_ECN_ECHO) != 0 ? TCP_ECE : 0)
#define LWIP_HOOK_TCP_ESTABLISHED mote_tcp_established
#define LWIP_HOOK_TCP_ACKNOWLEDGED mote_tcp_acknowledged
#define LWIP_HOOK_TCP_FIN mote_tcp_fin
#define LWIP_HOOK_TCP_OUTPUT mote_tcp_output
#define LWIP_HOOK_TCP_END mote_tcp_end
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, all_options, first_options, second_options, text) \
  ((pcb)->state <= SYN_SENT ? ERR_OK : mote_tcp_judge(pcb, header, text))
#define LWIP_HOOK_TCP_SYN_WITHOUT_PCB mote_tcp_syn_without_pcb
#define LWIP_HOOK_TCP_SYN_ISN mote_tcp_syn_isn
#define LWIP_HOOK_TCP_LISTEN_ACK mote_tcp_listen_ack
#define LWIP_HOOK_TCP_RESET mote_tcp_reset
#define LWIP_HOOK_ICMP_ERROR mote_icmp_error
#define LWIP_HOOK_ETHARP_MAKE_ROOM mote_arp_make_room
#define LWIP_HOOK_ETHARP_MADE mote_arp_made
#define LWIP_HOOK_ETHARP_USED mote_arp_used
#define LWIP_HOOK_ETHARP_CLAIM mote_arp_claim
#define LWIP_HOOK_DHCP_MESSAGE mote_dhcp_message
#define LWIP_HOOK_DHCP_ACKNOWLEDGED mote_dhcp_acknowledged
#define LWIP_HOOK_DHCP_RESTART_DELAY mote_dhcp_restart_delay

// etharp_output is called only with stations on the link: Attachment::find_station.
#define LWIP_HOOK_ETHARP_GET_GW(netif, station) (station)
