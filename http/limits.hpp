// The limits of HTTP: connections, requests, replies and times.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::limits {

// --- Connections ---

// Connections open at once where RAM is ample (RamShare), and the least and the most that any
// machine has. For one more, another makes room, the oldest of its kind: one that waits only for
// its peer to close, else an idle one, else one whose request isn't whole (it gets 503), else a
// slow one (kSlowTimeMs). Of the kLooks oldest of a kind the one goes whose address has most
// connections. When all of them are sending well, one whose address has a fraction of
// 1/kGreedyShare of all connections, and twice as many as the new one's; else the new one is reset.
inline constexpr std::size_t kConnections = 1024;
inline constexpr std::size_t kLeastConnections = 64;
inline constexpr std::size_t kMostConnections = 128 * 1024;
inline constexpr std::size_t kLooks = 32;
inline constexpr std::size_t kGreedyShare = 4;

// Chains of addresses that have connections, as a power of two (http/connection/sources.hpp).
inline constexpr unsigned kSourceChainBits = 9;

// --- Requests ---

// Bytes of a request line and of a whole header section (414 and 431 beyond).
inline constexpr std::size_t kRequestLineBytes = 8 * 1024;
inline constexpr std::size_t kHeaderBytes = 16 * 1024;

// Fields in a header section (431 beyond).
inline constexpr std::size_t kHeaderFields = 100;

// Bytes of a request's content, framing counted, that are read and discarded within the header
// time. After more than that the connection ends with the response.
inline constexpr std::uint32_t kContentBytes = 1024 * 1024;

// Bytes of a chunk's line with its extensions, and of a whole trailer section.
inline constexpr std::size_t kChunkLineBytes = 1024;
inline constexpr std::size_t kTrailerBytes = 8 * 1024;

// Buffers for requests that came in pieces or too early, and bytes of each. A medium one holds long
// cookies, a large one the longest request and a segment behind it. When none is free, the
// connection that has held one longest loses it and gets 503: slow senders can lock nobody out.
// Large crowds have one small buffer for every kConnectionsASmallRequest connections.
inline constexpr std::size_t kConnectionsASmallRequest = 8;
inline constexpr std::size_t kSmallRequests = 256;
inline constexpr std::size_t kSmallRequestBytes = 1024;
inline constexpr std::size_t kMediumRequests = 20;
inline constexpr std::size_t kMediumRequestBytes = 4 * 1024;
inline constexpr std::size_t kLargeRequests = 10;
inline constexpr std::size_t kLargeRequestBytes = kRequestLineBytes + kHeaderBytes + 2 * 1024;

// Header sections known by their bytes, with the replies that they got (a power of two), and the
// longest of them.
inline constexpr std::size_t kKnownRequests = 64;
inline constexpr std::size_t kKnownRequestBytes = 512;

// Ranges in one request, and how many of them may be out of ascending order; a request with more
// gets the whole (RFC 9110, 14.2 and 17.15). The former is Apache's limit.
inline constexpr std::size_t kRanges = 200;
inline constexpr std::size_t kUnorderedRanges = 16;

// --- Replies ---

// Reply tails: replies at once that have text of their own, and bytes of that text (414 for a
// redirect that would need more). A redirect or a single range needs its tail until TCP has taken
// the text, several ranges until it has taken the last one, so these leave a fraction of
// 1/kTailsShare to the others. Large crowds have one for every kConnectionsATail connections. When
// none is free, the longest holder gives way (http/reply/holding.hpp); without one, ranges get the
// whole and redirects 503.
inline constexpr std::size_t kReplyTails = 32;
inline constexpr std::size_t kConnectionsATail = 32;
inline constexpr std::size_t kTailsShare = 4;
inline constexpr std::size_t kReplyTextBytes = 768;

// Blocks of copied text that any connection may hold, whatever is left; beyond these no more than a
// fraction of 1/kTextShare of what is left, so that a few can't hold all.
inline constexpr std::size_t kHeldTexts = 4;
inline constexpr std::size_t kTextShare = 4;

// --- Operations ---

// Bytes of a line of the access log, and of each part that the client chose, escapes counted;
// longer ones are cut.
inline constexpr std::size_t kLogLineBytes = 1024;
inline constexpr std::size_t kLogPartBytes = 300;

// Pages of metrics that wait for TCP to take them, which it mostly does at once (503 when none is
// free), and bytes of one.
inline constexpr std::size_t kMetricsPages = 1;
inline constexpr std::size_t kMetricsBytes = 48 * 1024;

// --- Times, in milliseconds ---

// For a whole header section (408 beyond), and for the next request to begin (then the connection
// closes without a word).
inline constexpr std::uint32_t kHeaderTimeMs = 10'000;
inline constexpr std::uint32_t kIdleTimeMs = 15'000;

// A response counts as sent when no more than this of it is left to be acknowledged. Short ones
// never count as being sent: most are acknowledged with the next request.
inline constexpr std::uint32_t kSentSoon = 64 * 1024;

// A peer must take kLeastSendBytes of its response (or all of it) in each kStallTimeMs, or is
// reset: 240 bytes/s, the least rate of IIS and of Kestrel. nginx and Apache are content with one
// acknowledged byte a minute, which would hold a connection for years.
inline constexpr std::uint32_t kStallTimeMs = 60'000;
inline constexpr std::uint32_t kLeastSendBytes = 240 * (kStallTimeMs / 1000);

// A peer that takes longer than this for those bytes (less than 1,440 bytes/s) may be reset as soon
// as all connections are busy and a new one comes.
inline constexpr std::uint32_t kSlowTimeMs = 10'000;

// When text or tails run out, the longest holder is reset (http/reply/holding.hpp) once it has held
// its own for this long without taking kLeastHoldBytes: it is as slow as the one above. The time
// leaves room for a round trip and a delayed ACK (RFC 9293, 3.8.6.3).
inline constexpr std::uint32_t kHoldTimeMs = 1'000;
inline constexpr std::uint32_t kLeastHoldBytes = 1'440;

// A tick of the server's clock, in which its time limits are counted.
inline constexpr std::uint32_t kServerTickMs = 250;
static_assert(kHoldTimeMs % kServerTickMs == 0);

// How long a connection that we have closed discards what comes until its peer closes too.
inline constexpr std::uint32_t kDrainTimeMs = 5'000;

// When the server is to end: a connection without a request for this long is idle, and closed.
inline constexpr std::uint32_t kDrainIdleMs = 500;

}  // namespace mote::limits
