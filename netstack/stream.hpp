// The interface between a server and the network: everything a server needs of a connection.
//
// A server's connection owns a TcpStream and receives its events (StreamEvents). No calls go
// through virtual tables: the server's type is a template parameter of the callbacks below, and the
// stream's functions are in netstack/tcp/stream.cpp, which link-time optimization inlines. So the
// server includes no lwIP header. Nor is it a template over its stream: tests link
// tests/fakes/fake_stream.cpp instead of that source, and HTTP stays in source files. A later layer
// in between, such as TLS, will be a class with the same functions (the concept Stream); HTTP names
// its stream in one place (http/connection/reply_writer.hpp).
//
// Streams keep no counts of their own: bytes in flight, acknowledged or free are read from the
// connection's sender (netstack/sender/sender.hpp).
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

// Bytes from the peer, in one or more pieces. Valid until the event's handler returns.
class Arrived {
 public:
  explicit Arrived(const pbuf* first) : first_(first) {}

  [[nodiscard]] std::string_view piece() const;  // the first one
  [[nodiscard]] std::uint32_t bytes() const;     // of all
  [[nodiscard]] bool is_one_piece() const { return rest() == nullptr; }
  [[nodiscard]] Arrived behind_first() const { return Arrived(rest()); }  // needs a rest

 private:
  [[nodiscard]] const pbuf* rest() const;

  const pbuf* first_;
};

// The events that a stream's owner receives.
template <typename Owner>
concept StreamEvents = requires(Owner& owner, Arrived data, std::uint32_t bytes) {
  owner.on_arrived(data);
  owner.on_peer_closed();        // nothing more will arrive
  owner.on_acknowledged(bytes);  // this many more bytes
  owner.on_retry();              // requested by retry_later
  owner.on_lost();               // the connection is gone, and the stream with it
};

// A server's reply to a request that it recognizes by all its bytes. The first piece is copied; the
// memory of the others must stay unchanged.
struct PromptReply {
  std::span<const Piece> pieces;  // none: not known
  std::size_t bytes = 0;          // of all of them
  bool is_last = false;           // the stream is closed behind it
  const void* origin = nullptr;   // for the owner's use
};

// An owner whose requests may be answered before TCP sees them (netstack/tcp/prompt_answer.hpp).
template <typename Owner>
concept PromptAnswerer =
    StreamEvents<Owner> &&
    requires(Owner& owner, const Owner& asked, std::string_view bytes, const PromptReply& reply) {
      // The reply, if `bytes` are exactly one request and the owner is ready for it; everything it
      // sent counts as acknowledged. Changes nothing.
      { asked.find_prompt(bytes) } -> std::same_as<PromptReply>;
      owner.note_prompt(reply);  // the reply is being sent
    };

// One end of a TCP connection. Its owner must give it back with release or abort. After that, and
// after on_lost, no more events come.
class TcpStream {
 public:
  // A callback's result, and the callbacks, with lwIP's types (err.h, tcp.h).
  using Result = std::int8_t;
  struct Callbacks {
    Result (*received)(void* owner, tcp_pcb* pcb, pbuf* data, Result error);
    Result (*acknowledged)(void* owner, tcp_pcb* pcb, std::uint32_t bytes);
    void (*lost)(void* owner, Result error);
  };

  // The receive window: bytes that a peer may send before the window is reopened. And the payload
  // of its longest segments.
  static constexpr std::uint32_t kSegmentBytes = 1460;
  static constexpr std::uint32_t kWindowBytes = 6 * kSegmentBytes;

  // The most pieces of a message.
  static constexpr std::size_t kMessagePieces = 7;

  TcpStream() = default;
  explicit TcpStream(tcp_pcb* pcb) : pcb_(pcb) {}

  // Sends events to `owner` from now on. Call once.
  template <StreamEvents Owner>
  void begin(Owner& owner);

  // Sending. Written data leaves when the handler returns, or on flush. Pieces are referenced until
  // acknowledged, unless they are copied.
  enum class Write : std::uint8_t { kReferenced, kCopied };

  // Writes all the pieces, or none; the first is copied. `bytes` is their sum. False: that isn't
  // possible now, but `write` may work.
  [[nodiscard]] bool write_message(std::span<const Piece> pieces, std::size_t bytes);

  // Writes a piece; there must be room for it. A copied one has at most limits::kCopiedBytes.
  // False: no memory.
  [[nodiscard]] bool write(Piece piece, Write how);

  // Bytes that can be written now, however many of them can be sent; and whether this many can, in
  // this many pieces.
  [[nodiscard]] std::uint32_t room() const;
  [[nodiscard]] bool has_room(std::uint32_t bytes, unsigned pieces) const;

  // Bytes written and not yet acknowledged.
  [[nodiscard]] std::uint32_t in_flight() const;

  // The end of everything written, and whether everything up to a position is acknowledged.
  using Position = std::uint32_t;
  [[nodiscard]] Position end() const;
  [[nodiscard]] bool has_let_go(Position position) const;

  // Turns repeated calls of on_retry on or off. For lack of memory: if nothing is in flight, no
  // other event will come.
  template <StreamEvents Owner>
  void retry_later(bool wanted);

  // Sends written data now; needed only outside an event's handler.
  void flush();

  // Receiving: the owner has finished with this many bytes that arrived, and the peer may send as
  // many more.
  void open_window(std::uint32_t bytes);

  // Ending. close: nothing more will be written; a FIN follows everything written so far. release:
  // the owner is finished with the stream; TCP still delivers data in flight. abort: resets the
  // connection.
  void close();
  void release();
  void abort();

  [[nodiscard]] PeerAddress peer() const;
  [[nodiscard]] unsigned interface() const;  // its index

  // The prompt answer recognizes an owner's connections by this callback.
  template <StreamEvents Owner>
  static Result received(void* owner, tcp_pcb* pcb, pbuf* data, Result error);

 private:
  template <StreamEvents Owner>
  static Result acknowledged(void* owner, tcp_pcb* pcb, std::uint32_t bytes);
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

// One type of owner whose requests may be answered promptly. Interfaces get it as a template
// argument, so its calls aren't indirect at run time.
struct PromptServer {
  TcpStream::Result (*received)(void*, tcp_pcb*, pbuf*,
                                TcpStream::Result);  // identifies its connections
  PromptReply (*find)(const void* owner, std::string_view bytes);
  void (*sent)(void* owner, const PromptReply& reply);
};

// No owner.
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

// What HTTP requires of a stream: TcpStream, or a layer on top of it.
template <typename S>
concept Stream = requires(S& stream, const S& seen, std::span<const Piece> pieces, Piece piece,
                          std::uint32_t bytes, typename S::Position position) {
  { stream.write_message(pieces, pieces.size()) } -> std::same_as<bool>;
  { stream.write(piece, S::Write::kCopied) } -> std::same_as<bool>;
  { seen.room() } -> std::same_as<std::uint32_t>;
  { seen.has_room(bytes, 1U) } -> std::same_as<bool>;
  { seen.in_flight() } -> std::same_as<std::uint32_t>;
  { seen.end() } -> std::same_as<typename S::Position>;
  { seen.has_let_go(position) } -> std::same_as<bool>;
  { seen.peer() } -> std::same_as<PeerAddress>;
  { seen.interface() } -> std::same_as<unsigned>;
  stream.flush();
  stream.open_window(bytes);
  stream.close();
  stream.release();
  stream.abort();
};
static_assert(Stream<TcpStream>);

// Listens on a port, on all interfaces. `accept` takes over each new stream and begins it, or
// returns false; then the peer gets a reset. False: no memory, or the port is taken.
template <bool (*accept)(TcpStream stream)>
[[nodiscard]] bool listen(std::uint16_t port);

// Stops listening on a port: from now on, who connects gets a reset. Streams live on, and `accept`
// still gets those for which a SYN came before.
void stop_listening(std::uint16_t port);

// Calls a function once, after this many milliseconds. At most one call may be pending.
void call_later(std::uint32_t milliseconds, void (*function)(void* unused));

// Memory left for copied text longer than limits::kFirstTextBytes, in texts of kCopiedBytes. All
// connections share it, so peers that acknowledge nothing must not be able to take all of it.
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
    static_cast<Owner*>(owner)->on_arrived(Arrived(data));
    give_back(data);
  }
  return result_for(pcb);
}

template <StreamEvents Owner>
TcpStream::Result TcpStream::acknowledged(void* owner, tcp_pcb* pcb, std::uint32_t bytes) {
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

// Results of the accept callback, as lwIP defines them.
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
