// Every limit of the appliance, in one place. Static memory and pools are sized from these; how
// many of what a machine's RAM holds, kernel/plan.hpp says.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::limits {

// --- Network interfaces and their frames ---

// NICs driven at once. The ninth is named on the console and left alone.
inline constexpr std::size_t kInterfaces = 8;

// Largest IP packet sent or received, in bytes (Ethernet's own MTU; jumbo frames are not used).
inline constexpr std::uint16_t kMtu = 1500;

// ICMP errors: so many at once, and so many a second.
inline constexpr std::uint32_t kIcmpErrorBurst = 50;
inline constexpr std::uint32_t kIcmpErrorsASecond = 100;

// Of neighbours that ARP doesn't know, and that are answered where they called from, one in so many
// milliseconds is asked who it is.
inline constexpr std::uint32_t kNeighbourQuestionMs = 100;

// Buffers in the packet pool, shared by all NICs: receive rings, echo replies in flight, and
// frames that lwIP holds. In little RAM there are fewer, and as much less of what else says so.
inline constexpr std::size_t kPackets = 640;

// Bytes of one packet buffer: headroom, a whole Ethernet frame, and tail room.
inline constexpr std::size_t kPacketBytes = 2048;

// Writable bytes in front of every frame, for a device's own header (virtio 1.2, 5.1.6: 12 bytes).
inline constexpr std::size_t kHeadroom = 16;

// Buffers that one NIC keeps posted for receive, whatever its queue size.
inline constexpr std::size_t kReceiveBuffers = 256;

// When fewer pool buffers than this are free (of kPackets), frames for lwIP are copied out of
// theirs (the copy-break), so that a slow reader can never starve a receive ring.
inline constexpr std::size_t kPacketReserve = 128;

// Entries of the largest virtqueue supported (QEMU's maximum).
inline constexpr std::size_t kQueueEntries = 1024;

// Pieces of one transmitted frame; a frame in more pieces is copied into one buffer first.
inline constexpr std::size_t kTxSegments = 8;

// Bytes of TCP payload in a segment that the device cuts into frames: 44 of an Ethernet's, so that
// the whole stays within IP's 65,535.
inline constexpr std::uint16_t kTxPayloadBytes = 44 * 1460;

// Packets of one frame that the device put together from several: IP's 65,535 bytes.
inline constexpr std::size_t kRxPieces = 34;

// Frames taken from one NIC in one turn of the run loop.
inline constexpr std::size_t kRxBudget = 64;

// Frames that wait in front of a full transmit ring, for each NIC.
inline constexpr std::size_t kTxBacklog = 512;

// How long the first frame of a backlog may wait for its ring, in milliseconds. Then it is dropped,
// so that whatever keeps it from leaving keeps no others.
inline constexpr std::uint64_t kTxPatienceMs = 1000;

// Bytes that drivers carve their rings from, once, when they are brought up; fewer in little RAM.
inline constexpr std::size_t kDmaArenaBytes = 512 * 1024;

// Routes of one interface beside its subnet and its gateway; of more that DHCP tells, the first are
// used.
inline constexpr std::size_t kRoutes = 16;

// Bytes of a DHCP message that is read: as many as an Ethernet frame holds (RFC 2132, 9.10).
inline constexpr std::size_t kDhcpMessageBytes = kMtu - 28;

// --- PCI ---

// PCI functions remembered by the scan.
inline constexpr std::size_t kPciFunctions = 128;

// --- Devices without a bus ---

// Register windows remembered of those that ACPI and the command line name; QEMU's microvm has 24.
inline constexpr std::size_t kMmioWindows = 32;

// --- TCP and HTTP ---

// HTTP connections open at once. For one more another makes room, the oldest of its kind: one that
// waits only for its peer to close, else an idle one, else one whose request isn't whole (it gets
// 503), else a slow one (kSlowTimeMs). When all of them are sending well, the new one is reset.
// How many they are, RAM decides, or the configuration: so many where there is kAmpleBytes of it.
inline constexpr std::size_t kConnections = 1024;
inline constexpr std::size_t kLeastConnections = 64;

// Segments are made to fit a path's MTU down to this one, which every host takes (RFC 791, 3.1);
// where routers say less, they may fragment. And how many narrow paths are remembered.
inline constexpr std::uint16_t kLeastPathMtu = 576;
inline constexpr std::size_t kNarrowPaths = 256;

// Half-open TCP connections that stay when PCBs run out, at most.
inline constexpr std::size_t kHalfOpen = 128;
inline constexpr std::size_t kMostConnections = 128 * 1024;

// ACKs for segments of a connection that aren't believed (RFC 5961), in so many milliseconds; the
// numbers are that RFC's own, section 7.
inline constexpr unsigned kChallenges = 10;
inline constexpr unsigned kChallengeTimeMs = 5'000;

// Free RAM that holds pools of every size that is stated here. Of less, the pools are smaller, but
// not below the least share, a fraction of 1/kLeastShare.
inline constexpr std::size_t kAmpleBytes = 6 * 1024 * 1024;
inline constexpr std::size_t kLeastShare = 4;

// Blocks of lwIP's heap for frames and DHCP messages.
inline constexpr std::size_t kFrameBlocks = 64;

// Request line and whole header section, in bytes (414 and 431 beyond).
inline constexpr std::size_t kRequestLineBytes = 8 * 1024;
inline constexpr std::size_t kHeaderBytes = 16 * 1024;

// Fields in a header section (431 beyond).
inline constexpr std::size_t kHeaderFields = 100;

// Content of a request, which nothing here wants: so many bytes of it, framing counted, are read
// and discarded within the header time, and the connection goes on; for more it ends with the
// response.
inline constexpr std::uint32_t kContentBytes = 1024 * 1024;

// A chunk's line with its extensions, and a whole trailer section, in bytes.
inline constexpr std::size_t kChunkLineBytes = 1024;
inline constexpr std::size_t kTrailerBytes = 8 * 1024;

// Buffers for requests that came in pieces or too early, and bytes of each. A medium one holds long
// cookies, a large one the longest request and a segment behind it. When none is free, the one held
// longest is taken away, and its request answered with 503: slow senders can lock nobody out.
// Of large crowds each kConnectionsASmallRequest have a small one.
inline constexpr std::size_t kConnectionsASmallRequest = 8;
inline constexpr std::size_t kSmallRequests = 256;
inline constexpr std::size_t kSmallRequestBytes = 1024;
inline constexpr std::size_t kMediumRequests = 20;
inline constexpr std::size_t kMediumRequestBytes = 4 * 1024;
inline constexpr std::size_t kLargeRequests = 10;
inline constexpr std::size_t kLargeRequestBytes = kRequestLineBytes + kHeaderBytes + 2 * 1024;

// Header sections that are known by their bytes, with the replies that they got (a power of two),
// and the longest of them.
inline constexpr std::size_t kKnownRequests = 64;
inline constexpr std::size_t kKnownRequestBytes = 512;

// Ranges in one request, and of such that aren't in ascending order; with more of them it gets the
// whole (RFC 9110, 14.2 and 17.15). The former is Apache's limit.
inline constexpr std::size_t kRanges = 200;
inline constexpr std::size_t kUnorderedRanges = 16;

// Replies at once with text made for them, and bytes of it (414 for a redirect that would put more
// behind its target). Redirects and single ranges need theirs until lwIP took the text, several
// ranges until it took the last one, so these leave a fraction of 1/kTailsShare to the others. Of
// large crowds each kConnectionsATail have one. When none is free, the longest holder gives way
// (http/reply/holding.hpp); while there is none, ranges get the whole, redirects 503.
inline constexpr std::size_t kReplyTails = 32;
inline constexpr std::size_t kConnectionsATail = 32;
inline constexpr std::size_t kTailsShare = 4;
inline constexpr std::size_t kReplyTextBytes = 768;

// Bytes of text that are copied behind TCP's header, in the same block: a response's status line
// with Date and Connection.
inline constexpr std::size_t kFirstTextBytes = 108;

// Bytes of longer text that are copied in one go.
inline constexpr std::size_t kCopiedBytes = 512;

// Blocks at least for longer text that is copied: two for each tail, and a page of metrics.
inline constexpr std::size_t kLeastTexts = 128;

// Blocks of them that any connection may hold, whatever is left; beyond these not more than a
// fraction of 1/kTextShare of what is left, so that a few that ask for much can't hold all.
inline constexpr std::size_t kHeldTexts = 4;
inline constexpr std::size_t kTextShare = 4;

// Blocks of each size that no such text may take: peers that acknowledge nothing may keep all
// others, and a lease must be renewed meanwhile.
inline constexpr std::size_t kKeptBlocks = 8;
static_assert(kFrameBlocks / kLeastShare > kKeptBlocks);

// --- Settings ---

// Bytes of the settings file that QEMU's fw_cfg may hold.
inline constexpr std::size_t kSettingsBytes = 4096;

// --- Logs and metrics ---

// Bytes of the access log that wait for the serial port, and how many of them it gets in a turn of
// the run loop: as many as its FIFO takes.
inline constexpr std::size_t kLogBytes = 8 * 1024;
inline constexpr std::size_t kLogBytesATurn = 16;

// Bytes of a line of the access log, and of each of its parts that the client chose, as they are
// written, escapes and all; longer ones are cut.
inline constexpr std::size_t kLogLineBytes = 1024;
inline constexpr std::size_t kLogPartBytes = 300;

// Pages of metrics that wait for lwIP to take them at a time, which it mostly does at once (for
// more it is 503), and bytes of one.
inline constexpr std::size_t kMetricsPages = 1;
inline constexpr std::size_t kMetricsBytes = 44 * 1024;

// --- Time ---

// A connection that sent no complete header section within this time gets 408 and is closed; one
// idle between requests is closed without a word. In milliseconds.
inline constexpr std::uint32_t kHeaderTimeMs = 10'000;
inline constexpr std::uint32_t kIdleTimeMs = 15'000;

// A peer must take at least so many bytes of its response (or all of it) in each such time, or is
// reset: 240 bytes/s, the least rate of IIS and of Kestrel. An acknowledged byte a minute, with
// which nginx's and Apache's limits are content, would hold a connection for years.
inline constexpr std::uint32_t kStallTimeMs = 60'000;
inline constexpr std::uint32_t kLeastSendBytes = 240 * (kStallTimeMs / 1000);

// One that takes longer than this for those bytes (less than 1,440 bytes/s) may be reset already
// when all connections are busy and a new one comes.
inline constexpr std::uint32_t kSlowTimeMs = 10'000;

// When text or tails run out, the longest holder is reset (http/reply/holding.hpp), if it has held
// for so long without progress, and progress is to take so many bytes: it is as slow as the one
// above. The time leaves room for a round trip and a delayed ACK (RFC 9293, 3.8.6.3).
inline constexpr std::uint32_t kHoldTimeMs = 1'000;
inline constexpr std::uint32_t kLeastHoldBytes = 1'440;

// A tick of the server's clock, in which its time limits are counted.
inline constexpr std::uint32_t kServerTickMs = 250;
static_assert(kHoldTimeMs % kServerTickMs == 0);

// How long a connection that we have closed waits for its peer to close, discarding what comes.
inline constexpr std::uint32_t kDrainTimeMs = 5'000;

}  // namespace mote::limits
