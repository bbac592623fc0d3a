// The seam between a server and the network: all that a server needs of a connection.
//
// A server's connection owns a TcpStream and gets its events (StreamEvents). Neither side calls the
// other through a table: the server's type is a template parameter of the callbacks below, and the
// stream's functions are in netstack/tcp/stream.cpp, which link-time optimization inlines. So the
// server includes no header of lwIP's. It isn't a template over its stream either: a test links
// tests/fakes/fake_stream.cpp in place of that source, and HTTP stays in source files. What stands
// between later, such as TLS, is a class with the same functions (the concept Stream); HTTP names
// its stream in one place (http/connection/reply_writer.hpp).
//
// No stream counts anything: what is in flight, acknowledged or free is read from lwIP's accounts.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/memory/piece.hpp"

struct pbuf;
struct tcp_pcb;

namespace mote::netstack {

// A peer's address as on the wire: 4 bytes of IPv4, or 16 of IPv6.
class PeerAddress {
 public:
  constexpr explicit PeerAddress(std::span<const std::uint8_t> bytes)
      : size_(static_cast<std::uint8_t>(bytes.size())) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      bytes_[at] = bytes[at];
    }
  }

  [[nodiscard]] constexpr std::span<const std::uint8_t> bytes() const {
    return {bytes_.data(), size_};
  }

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint8_t size_;
};

// Bytes from the peer, in one piece or more. They stay until the event's handler returns.
struct Arrived {
  std::string_view piece;  // the first one
  std::uint32_t bytes;     // of all
  const pbuf* rest;        // those behind the first; null: none

  [[nodiscard]] static Arrived from(const pbuf& data);
  [[nodiscard]] bool is_one_piece() const { return rest == nullptr; }
  [[nodiscard]] Arrived behind_first() const { return from(*rest); }  // there must be a rest
};

// The events that a stream's owner gets.
template <typename Owner>
concept StreamEvents = requires(Owner& owner, const Arrived& data, std::uint32_t bytes) {
  owner.on_arrived(data);
  owner.on_peer_closed();        // nothing more will arrive
  owner.on_acknowledged(bytes);  // so many bytes more
  owner.on_retry();              // asked for by retry_later
  owner.on_lost();               // the connection is gone, and the stream with it
};

// What a server answers to a request that it knows by all of its bytes. The first piece is copied,
// the others stay as they are.
struct PromptReply {
  std::span<const Piece> pieces;  // none: not known
  std::size_t bytes = 0;          // of all of them
  const void* origin = nullptr;   // the owner's own
};

// An owner whose requests may be answered before TCP hears of them
// (netstack/tcp/prompt_answer.hpp).
template <typename Owner>
concept PromptAnswerer =
    StreamEvents<Owner> &&
    requires(Owner& owner, const Owner& asked, std::string_view bytes, const PromptReply& reply) {
      // The answer, if `bytes` are one request and no more, and the owner, of whose bytes all are
      // acknowledged, is ready for it. Changes nothing.
      { asked.find_prompt(bytes) } -> std::same_as<PromptReply>;
      owner.note_prompt(reply);  // is being sent
    };

// One end of a TCP connection. Whoever holds it must give it back: release or abort. Then, and when
// it is lost, no event comes any more.
class TcpStream {
 public:
  // A handler's result, and the callbacks, as lwIP has them (err.h, tcp.h).
  using Result = std::int8_t;
  struct Callbacks {
    Result (*received)(void* owner, tcp_pcb* pcb, pbuf* data, Result error);
    Result (*acknowledged)(void* owner, tcp_pcb* pcb, std::uint16_t bytes);
    void (*lost)(void* owner, Result error);
  };

  // Bytes that a peer may send before the window is opened again, and those of its segments.
  static constexpr std::uint32_t kSegmentBytes = 1460;
  static constexpr std::uint32_t kWindowBytes = 6 * kSegmentBytes;

  // The most pieces of a message.
  static constexpr std::size_t kMessagePieces = 7;

  TcpStream() = default;
  explicit TcpStream(tcp_pcb* pcb) : pcb_(pcb) {}

  // Events go to `owner` from here on; once.
  template <StreamEvents Owner>
  void begin(Owner& owner);

  // Sending. What is written leaves when the handler returns, or by flush. Pieces are referenced
  // until they are acknowledged, unless they are copied.
  enum class Write : std::uint8_t { kReferenced, kCopied };

  // Writes pieces, all of them or nothing, as a segment of its own, the first by copy. False: it
  // can't be one now, but `write` may do. `bytes` is their sum.
  [[nodiscard]] bool write_message(std::span<const Piece> pieces, std::size_t bytes);

  // Writes a piece for which there is room. `more`: more follows at once. False: no memory.
  [[nodiscard]] bool write(Piece piece, Write how, bool more);

  // Bytes of room; and for so many in so many pieces.
  [[nodiscard]] std::uint32_t room() const;
  [[nodiscard]] bool has_room(std::uint32_t bytes, unsigned pieces) const;

  // Room for which it is worth to wait while acknowledgements are to come: whoever writes as soon
  // as there is room for two frames hands over segments of two frames.
  [[nodiscard]] std::uint32_t worthwhile_room() const;

  // The payload of a frame.
  [[nodiscard]] std::uint32_t frame_bytes() const;

  // Bytes written and not yet acknowledged.
  [[nodiscard]] std::uint32_t in_flight() const;

  // The place behind all that was written, and whether all up to a place was acknowledged.
  using Position = std::uint32_t;
  [[nodiscard]] Position end() const;
  [[nodiscard]] bool has_acknowledged(Position position) const;

  // Whether on_retry shall come in a while, again and again: when there was no memory, no event
  // need come by itself, because nothing need be in flight.
  template <StreamEvents Owner>
  void retry_later(bool wanted);

  // Sends what is written; for those that write outside an event's handler.
  void flush();

  // Receiving: so many bytes that arrived are done with, and the peer may send as many more.
  void open_window(std::uint32_t bytes);

  // The end. close: nothing more will be written, the peer learns of it behind all that is.
  // release: the owner needs it no more; what is in flight is still delivered. abort: resets the
  // connection.
  void close();
  void release();
  void abort();

  [[nodiscard]] PeerAddress peer() const;
  [[nodiscard]] unsigned interface() const;  // its index

  // The prompt answer knows an owner's connections by this callback.
  template <StreamEvents Owner>
  static Result received(void* owner, tcp_pcb* pcb, pbuf* data, Result error);

 private:
  template <StreamEvents Owner>
  static Result acknowledged(void* owner, tcp_pcb* pcb, std::uint16_t bytes);
  template <StreamEvents Owner>
  static Result retry(void* owner, tcp_pcb* pcb);
  template <StreamEvents Owner>
  static void lost(void* owner, Result error);

  static void give_back(pbuf* data);
  static Result result_for(const tcp_pcb* pcb);

  void begin(void* owner, const Callbacks& callbacks);
  void set_retry(Result (*retry)(void* owner, tcp_pcb* pcb));
  tcp_pcb* detach();
  static void reset(tcp_pcb* pcb);

  tcp_pcb* pcb_ = nullptr;
};

// The owners of one type whose requests may be answered promptly. Interfaces are told as a template
// argument, so that nothing is called through this at run time.
struct PromptServer {
  TcpStream::Result (*received)(void*, tcp_pcb*, pbuf*, TcpStream::Result);  // they are known by it
  PromptReply (*find)(const void* owner, std::string_view bytes);
  void (*sent)(void* owner, const PromptReply& reply);
};

// None.
inline constexpr PromptServer kNoPromptServer{};

template <PromptAnswerer Owner>
inline constexpr PromptServer kPromptServer{
    .received = TcpStream::received<Owner>,
    .find =
        [](const void* owner, std::string_view bytes) {
          return static_cast<const Owner*>(owner)->find_prompt(bytes);
        },
    .sent = [](void* owner,
               const PromptReply& reply) { static_cast<Owner*>(owner)->note_prompt(reply); }};

// What HTTP asks of a stream: TCP's, or one that stands before it.
template <typename S>
concept Stream = requires(S& stream, const S& seen, std::span<const Piece> pieces, Piece piece,
                          std::uint32_t bytes, typename S::Position position) {
  { stream.write_message(pieces, pieces.size()) } -> std::same_as<bool>;
  { stream.write(piece, S::Write::kCopied, true) } -> std::same_as<bool>;
  { seen.room() } -> std::same_as<std::uint32_t>;
  { seen.has_room(bytes, 1U) } -> std::same_as<bool>;
  { seen.worthwhile_room() } -> std::same_as<std::uint32_t>;
  { seen.frame_bytes() } -> std::same_as<std::uint32_t>;
  { seen.in_flight() } -> std::same_as<std::uint32_t>;
  { seen.end() } -> std::same_as<typename S::Position>;
  { seen.has_acknowledged(position) } -> std::same_as<bool>;
  { seen.peer() } -> std::same_as<PeerAddress>;
  { seen.interface() } -> std::same_as<unsigned>;
  stream.flush();
  stream.open_window(bytes);
  stream.close();
  stream.release();
  stream.abort();
};
static_assert(Stream<TcpStream>);

// Listens on a port, on all interfaces. `accept` takes over each new stream and begins it; or
// returns false, and the peer gets a reset. False: no memory, or the port is taken.
template <bool (*accept)(TcpStream stream)>
[[nodiscard]] bool listen(std::uint16_t port);

// Calls a function once, in so many milliseconds. One such call may be waited for.
void call_later(std::uint32_t milliseconds, void (*function)(void* unused));

// Blocks left for copied text that is longer than a segment's header has room for. All connections
// share them: peers that acknowledge none of it may not take all.
[[nodiscard]] std::size_t text_blocks_left();
[[nodiscard]] inline bool has_text_room() { return text_blocks_left() > 0; }

template <StreamEvents Owner>
void TcpStream::begin(Owner& owner) {
  begin(&owner, {received<Owner>, acknowledged<Owner>, lost<Owner>});
}

template <StreamEvents Owner>
void TcpStream::retry_later(bool wanted) {
  set_retry(wanted ? retry<Owner> : nullptr);
}

template <StreamEvents Owner>
TcpStream::Result TcpStream::received(void* owner, tcp_pcb* pcb, pbuf* data, Result /*error*/) {
  if (data == nullptr) {
    static_cast<Owner*>(owner)->on_peer_closed();
  } else {
    static_cast<Owner*>(owner)->on_arrived(Arrived::from(*data));
    give_back(data);
  }
  return result_for(pcb);
}

template <StreamEvents Owner>
TcpStream::Result TcpStream::acknowledged(void* owner, tcp_pcb* pcb, std::uint16_t bytes) {
  static_cast<Owner*>(owner)->on_acknowledged(bytes);
  return result_for(pcb);
}

template <StreamEvents Owner>
TcpStream::Result TcpStream::retry(void* owner, tcp_pcb* pcb) {
  static_cast<Owner*>(owner)->on_retry();
  return result_for(pcb);
}

template <StreamEvents Owner>
void TcpStream::lost(void* owner, Result /*error*/) {
  static_cast<Owner*>(owner)->on_lost();
}

namespace detail {

// What lwIP is told when nobody takes a new connection, and whether it offers one at all.
inline constexpr TcpStream::Result kAccepted = 0;
inline constexpr TcpStream::Result kRefused = -1;
[[nodiscard]] bool listen(std::uint16_t port,
                          TcpStream::Result (*accepted)(void*, tcp_pcb*, TcpStream::Result));

template <bool (*accept)(TcpStream stream)>
TcpStream::Result accepted(void* /*unused*/, tcp_pcb* pcb, TcpStream::Result error) {
  const bool is_one = error == kAccepted && pcb != nullptr;
  return is_one && accept(TcpStream(pcb)) ? kAccepted : kRefused;
}

}  // namespace detail

template <bool (*accept)(TcpStream stream)>
bool listen(std::uint16_t port) {
  return detail::listen(port, detail::accepted<accept>);
}

}  // namespace mote::netstack
