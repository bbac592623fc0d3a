// lwIP's options: which parts are built, and how large. lwIP's opt.h explains each; the comments
// here say why it has its value. netstack/lwip/lwip_port.cpp checks the numbers against
// netstack/limits.hpp.
#pragma once

// One loop, no threads, the raw API.
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_RAW 0
#define LWIP_DNS 0
#define LWIP_IGMP 0

// Only two kinds of statistics, in 32 bits: how much of each pool is in use, on which connections'
// shares depend, and TCP's, for operators (netstack/stats.hpp).
#define LWIP_STATS 1
#define LWIP_STATS_LARGE 1
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define IPFRAG_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 1
#define MEMP_STATS 1

// Memory: netstack/lwip/pools.cpp has the pools for lwIP's own structures, and
// netstack/lwip/heap.cpp is its heap, with size classes and constant time. netstack/plan.hpp
// decides at boot how many PCBs, segments and PBUFs there are; lwIP insists on numbers here.
#define MEMP_MEM_MALLOC 0
#define MEM_ALIGNMENT 8
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC mote_lwip_allocate
#define MEM_CUSTOM_CALLOC mote_lwip_allocate_zeroed
#define MEM_CUSTOM_FREE mote_lwip_free

// Packet buffers. Frames stay in their own packets (custom pbufs); the pool is for the copy-break
// and for fragments. A datagram of 64 KiB arrives in 45 of them.
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_POOL_SIZE 160
#define PBUF_POOL_BUFSIZE 1520
#define PBUF_LINK_ENCAPSULATION_HLEN 16
#define MEMP_NUM_PBUF 1
#define LWIP_NETIF_TX_SINGLE_PBUF 0

// Interfaces. Each interface chooses its checksums. Those of IP and ICMP are always computed here,
// and the classifier verifies an IP header's before lwIP sees it
// (netstack/interface/classifier.cpp).
#define CHECKSUM_CHECK_IP 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_HWADDRHINT 1
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_INLINE_IP_CHKSUM 1
#define ETHARP_TABLE_MATCH_NETIF 1

// Neighbours. MOTE_ARP_PENDING entries of the table may be unresolved requests, and the queue has
// room for all packets waiting for them, plus one for the newest before the oldest is dropped. Of
// the other entries, those sent to within the last MOTE_ARP_IN_USE seconds stay when a stranger
// comes (patches/neighbours).
#define ARP_TABLE_SIZE 120
#define MOTE_ARP_PENDING 16
#define MOTE_ARP_IN_USE 60
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 3
#define MEMP_NUM_ARP_QUEUE (MOTE_ARP_PENDING * ARP_QUEUE_LEN + 1)

// IP. Reassembly keeps at most two datagrams of 64 KiB, for at most 15 seconds; the oldest gives
// way.
#define IP_REASSEMBLY 1
#define IP_FRAG 1
#define IP_REASS_MAX_PBUFS 96
#define MEMP_NUM_REASSDATA 32
#define MEMP_NUM_FRAG_PBUF 192
#define IP_FORWARD 0
#define LWIP_BROADCAST_PING 0
#define LWIP_MULTICAST_PING 0

// UDP serves DHCP only.
#define MEMP_NUM_UDP_PCB 2
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1

// DHCP. Timers count seconds, so that short leases are honoured. lwIP would probe for an address
// before it binds it; we do that afterwards (netstack/interface/address_conflict.hpp). We also
// request classless routes (121, and 249, their earlier number), which must come before routers
// (RFC 3442), and the MTU (26; RFC 2132, 5.1) and a host name (12). Options have room for the
// longest host name besides everything else.
#define LWIP_DHCP 1
#define LWIP_ACD 0
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define LWIP_DHCP_MAX_DNS_SERVERS 0
#define DHCP_CREATE_RAND_XID 1
#define DHCP_TIMEOUT_SIZE_T unsigned int
#define DHCP_COARSE_TIMER_SECS 1
#define DHCP_OPTIONS_LEN 128U
#define DHCP_FIRST_REQUEST_OPTIONS 121, 249,
#define DHCP_ADD_EXTRA_REQUEST_OPTIONS , 26, 12
#define DHCP_DEFINE_CUSTOM_TIMEOUTS 1
#define MOTE_DHCP_SECONDS(seconds) ((seconds) != 0 ? (seconds) : 1)
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T0_LEASE(result, dhcp) \
  ((result) = MOTE_DHCP_SECONDS((dhcp)->offered_t0_lease))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T1_RENEW(result, dhcp) \
  ((result) = MOTE_DHCP_SECONDS((dhcp)->offered_t1_renew))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T2_REBIND(result, dhcp) \
  ((result) = MOTE_DHCP_SECONDS((dhcp)->offered_t2_rebind))
#define DHCP_NEXT_TIMEOUT_THRESHOLD 60
#define DHCP_REQUEST_BACKOFF_SEQUENCE mote_dhcp_back_off

// TCP. Requests are small and come in order: a small receive window, and no queue for segments out
// of order. Data is sent by our own sender (netstack/sender/), to which peers may send SACKs.
#define LWIP_TCP 1
#define LWIP_TCP_SENDER 1

// Our flags of a PCB: both ends have agreed on ECN; a mark arrived and the peer hasn't said CWR
// since (RFC 3168, 6.1.3); routers may fragment its segments.
#define TF_ECN 0x2000U
#define TF_ECN_ECHO 0x8000U
#define TF_FRAGMENT 0x4000U

#define TCP_MSS 1460
#define MEMP_NUM_TCP_PCB 1
#define MEMP_NUM_TCP_PCB_LISTEN 4
#define MEMP_NUM_TCP_SEG TCP_SND_QUEUELEN
#ifndef TCP_WND
#define TCP_WND (6 * TCP_MSS)
#endif
#ifndef TCP_QUEUE_OOSEQ
#define TCP_QUEUE_OOSEQ 0
#endif
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 0
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_MAX_SACK_NUM 1
#define TCP_OVERSIZE 0

// lwIP itself queues a SYN at most.
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8

// Timers: a tick of 50 ms, for handshakes and delayed ACKs. A SYN is resent after a second at first
// (RFC 6298, 2.1). tcp_poll's interval counts 100 ms.
#define TCP_TMR_INTERVAL 50
#define LWIP_TCP_RTO_TIME 1000

// A closed connection is remembered for 2 × 15 s, or less if a new one needs its place.
#define TCP_MSL 15000UL

// No limit on connections that the server has still to accept, but MOTE_TCP_HALF_OPEN half-open
// ones at most get a PCB, or a few more, whose predecessors were in TIME-WAIT
// (patches/syn-cookies). When PCBs run out, closed connections give way first; then the oldest of
// these few; then those that the server has given up, which may still be delivering a response
// (patches/connections).
#define TCP_LISTEN_BACKLOG 0
#define MOTE_TCP_HALF_OPEN mote_tcp_half_open()

// Hooks, declared in port/mote_hooks.h.
#define LWIP_HOOK_FILENAME "mote_hooks.h"
#define LWIP_HOOK_IP4_ROUTE_SRC(source, destination) \
  ((source) != NULL ? mote_route_by_source(source) : mote_route_by_destination(destination))

// Timers: lwIP's own, and the HTTP server's tick.
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)
