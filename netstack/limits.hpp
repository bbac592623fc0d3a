// The limits of interfaces, of IP and of TCP.
#pragma once

#include <cstddef>
#include <cstdint>

#include "drivers/limits.hpp"
#include "kernel/memory/ram_share.hpp"

namespace mote::limits {

// --- Interfaces ---

// Interfaces attached at once. The console names the ninth NIC, and nobody drives it.
inline constexpr std::size_t kInterfaces = 8;

// Frames taken from one NIC in one turn of the run loop.
inline constexpr std::size_t kRxBudget = 64;

// Frames that wait in front of a full transmit ring, for each NIC.
inline constexpr std::size_t kTxBacklog = 512;

// How long the first frame of a backlog may wait for its ring, in milliseconds. Then it is dropped,
// so that it can't hold up the others for ever.
inline constexpr std::uint64_t kTxPatienceMs = 1000;

// Routes of one interface beside its subnet and its gateway; the first that DHCP names are used.
inline constexpr std::size_t kRoutes = 16;

// Bytes of a DHCP message that is read: as many as an Ethernet frame holds (RFC 2132, 9.10).
inline constexpr std::size_t kDhcpMessageBytes = kMtu - 28;

// --- Answers to strangers ---

// ICMP errors sent: at once, and a second.
inline constexpr std::uint32_t kIcmpErrorBurst = 50;
inline constexpr std::uint32_t kIcmpErrorsASecond = 100;

// Resets in answer to segments for no connection, of each share of the addresses: at once, and a
// second, so that an honest scan of all ports takes a minute. And shares: together they send 32,000
// a second.
inline constexpr std::uint32_t kResetBurst = 1000;
inline constexpr std::uint32_t kResetsASecond = 1000;
inline constexpr std::size_t kResetShares = 32;

// Leases declined in a row because another station has the address, and the seconds before the next
// is asked for (RFC 2131, 3.1 (5)). The one after these is kept, whoever has it, too.
inline constexpr unsigned kDeclines = 3;
inline constexpr unsigned kDeclineWaitS = 10;

// Neighbours that ARP doesn't know are answered where they called from. At most one in this many
// milliseconds is asked who it is.
inline constexpr std::uint32_t kNeighbourQuestionMs = 100;

// How often a neighbour whose address another station claims is asked before it is given up, and
// how many milliseconds each question has for its answer.
inline constexpr unsigned kArpPolls = 3;
inline constexpr unsigned kArpPollMs = 1'000;

// ACKs for segments of one connection that aren't believed, in kChallengeTimeMs milliseconds (the
// figures of RFC 5961, 7).
inline constexpr unsigned kChallenges = 10;
inline constexpr unsigned kChallengeTimeMs = 5'000;

// --- TCP ---

// Half-open connections, at most; further SYNs are answered with cookies. As many as clients a
// tenth of a second away, 10,000 of which come in a second.
inline constexpr std::size_t kHalfOpen = 1024;

// Bytes of one connection in flight, at most.
inline constexpr std::uint32_t kLargestSendWindow = 8 * 1024 * 1024;

// The least path MTU that segments are made to fit: every host takes it (RFC 791, 3.1). Where
// routers say less, they may fragment. And how many narrow paths are remembered.
inline constexpr std::uint16_t kLeastPathMtu = 576;
inline constexpr std::size_t kNarrowPaths = 256;

// Ranges of what one connection has in flight, at most (netstack/sender/flight.hpp).
inline constexpr std::size_t kFlightRanges = 512;

// --- Sender ---

// Bytes of text copied behind a frame's headers, in the same block: a response's status line with
// Date and Connection. And of longer text that is copied in one go, into several blocks.
inline constexpr std::size_t kFirstTextBytes = 108;
inline constexpr std::size_t kCopiedBytes = 512;
inline constexpr std::size_t kTextBlocks = (kCopiedBytes + kFirstTextBytes - 1) / kFirstTextBytes;

// Blocks that queues share, at least: for the text of two replies' tails, and a page of metrics.
inline constexpr std::size_t kLeastSharedBlocks = 128 * kTextBlocks;

// Frames in devices' rings whose headers aren't in their queue's own block: half of the frames that
// the largest ring of a NIC in use here holds in three pieces each. Less with little RAM.
inline constexpr std::size_t kFrameHeaders = 512;

// --- lwIP's heap ---

// Blocks for DHCP messages and the like.
inline constexpr std::size_t kTexts = 128;

// Blocks for frames and DHCP messages.
inline constexpr std::size_t kFrameBlocks = 64;

// Blocks of each size that no text may take: peers that acknowledge nothing may hold all others,
// and a lease must be renewed meanwhile.
inline constexpr std::size_t kKeptBlocks = 8;
static_assert(kFrameBlocks / RamShare::kLeast > kKeptBlocks);

}  // namespace mote::limits
