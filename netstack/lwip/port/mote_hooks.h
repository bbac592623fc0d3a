// Hooks by which lwIP asks netstack/lwip_port.cpp.
#pragma once

#include "lwip/ip_addr.h"
#include "lwip/pbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

struct netif;
struct dhcp;
struct tcp_pcb;

// An initial sequence number by RFC 6528.
u32_t mote_tcp_isn(const ip_addr_t* local_ip, u16_t local_port, const ip_addr_t* remote_ip,
                   u16_t remote_port);

// An unpredictable identification for a datagram, which needs none if it may not be fragmented.
u16_t mote_ip_id(void);

// ICMP says that a destination is unreachable; `message` begins with ICMP's header, at least four
// bytes of it in one piece.
void mote_icmp_unreachable(const struct pbuf* message, const struct netif* netif);

// A connection was established, and has sent no data yet.
void mote_tcp_established(struct tcp_pcb* pcb);

// How many pbufs a connection may have queued now: fewer when memory for segments is scarce.
u16_t mote_tcp_queue_limit(void);

// How many half-open connections stay when PCBs run out.
u16_t mote_tcp_half_open(void);

// A segment is being sent once more.
void mote_tcp_resent(void);

// A connection's accounts don't add up: it is being reset.
void mote_tcp_broken(void);
// A segment wasn't believed (patches/04): whether the ACK that says so was sent, or withheld, there
// having been many.
void mote_tcp_challenge(u8_t sent);

// Whether an ICMP error may be sent about a datagram, whose IP header the pbuf begins with.
u8_t mote_icmp_error(const struct pbuf* datagram);

// The interface whose address is `source`, or null.
struct netif* mote_route_by_source(const ip4_addr_t* source);

// An option, which lwIP does not handle itself, of a DHCP message of this type.
void mote_dhcp_option(struct netif* netif, u8_t type, u8_t option, u8_t bytes, struct pbuf* message,
                      u16_t offset);

#ifdef __cplusplus
}
#endif

#define LWIP_HOOK_TCP_ISN mote_tcp_isn
#define LWIP_HOOK_IP4_ID(header) \
  ((IPH_OFFSET(header) & PP_HTONS(IP_DF)) != 0 ? (u16_t)0 : mote_ip_id())
#define LWIP_HOOK_ICMP_UNREACHABLE mote_icmp_unreachable
#define LWIP_HOOK_TCP_ESTABLISHED mote_tcp_established
#define LWIP_HOOK_TCP_QUEUE_LIMIT mote_tcp_queue_limit
#define LWIP_HOOK_TCP_RESENT mote_tcp_resent
#define LWIP_HOOK_TCP_BROKEN mote_tcp_broken
#define LWIP_HOOK_TCP_CHALLENGE mote_tcp_challenge
#define LWIP_HOOK_ICMP_ERROR mote_icmp_error
#define LWIP_HOOK_DHCP_PARSE_OPTION(netif, dhcp, state, message, type, option, bytes, pbuf, at) \
  mote_dhcp_option((netif), (type), (option), (bytes), (pbuf), (at))
