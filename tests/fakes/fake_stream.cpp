// The peers, and the streams that the server calls.
#include "tests/fakes/fake_stream.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "netstack/limits.hpp"
#include "tests/fakes/demand.hpp"

using namespace mote;
using fakes::Peer;
using netstack::TcpStream;

// The two types that netstack/stream.hpp only declares.
struct tcp_pcb {
  Peer& peer;
  void* owner;
  TcpStream::Callbacks callbacks;
  TcpStream::Result (*retry)(void* owner, tcp_pcb* pcb);
};

struct pbuf {
  // Exactly as large as the content, so that the sanitizer sees any read beyond it.
  explicit pbuf(std::string_view content) : memory(new char[content.size()]), size(content.size()) {
    std::ranges::copy(content, memory.get());
    ++fakes::frames_held;
  }
  ~pbuf() { --fakes::frames_held; }
  pbuf(const pbuf&) = delete;
  pbuf& operator=(const pbuf&) = delete;

  [[nodiscard]] std::string_view text() const { return {memory.get(), size}; }

  std::unique_ptr<char[]> memory;
  std::size_t size;
  std::unique_ptr<pbuf> next;
};

namespace mote::fakes {
namespace {

constexpr std::size_t kMostPieces = 256;  // queued by a stream

TcpStream::Result (*offer)(void*, tcp_pcb*, TcpStream::Result) = nullptr;
void (*timer)(void*) = nullptr;
std::uint32_t timer_ms = 0;
std::uint32_t waited_ms = 0;
std::size_t writes_before_failure = 0;
std::size_t failures_left = 0;

bool lacks_memory() {
  ++writes_tried;
  if (writes_before_failure == 0 && failures_left > 0) {
    --failures_left;
    return true;
  }
  writes_before_failure -= writes_before_failure > 0 ? 1 : 0;
  return false;
}

}  // namespace

void Peer::open(std::uint32_t room) {
  room_ = room;
  interface_ = interface;
  address_ = address;
  pcb_ = new tcp_pcb{*this, nullptr, {}, nullptr};
  refused_ = offer(nullptr, pcb_, 0) != 0;
  if (refused_) {
    got_reset_ = true;
    let_go();
  } else {
    demand(pcb_->owner != nullptr, "a stream is taken that nobody owns");
  }
}

void Peer::let_go() {
  delete std::exchange(pcb_, nullptr);
  for (Reference& reference : references_) {
    text_blocks += std::exchange(reference.is_text, false) ? 1 : 0;
  }
}

bool Peer::is_retried() const { return pcb_ != nullptr && pcb_->retry != nullptr; }

std::size_t Peer::send(std::string_view bytes, std::size_t most, bool chained) {
  while (!bytes.empty() && pcb_ != nullptr && window_ > 0 && !has_closed_) {
    const std::size_t size = std::min({bytes.size(), most, window_});
    deliver(bytes.substr(0, size), chained);
    bytes.remove_prefix(size);
  }
  return bytes.size();
}

void Peer::deliver(std::string_view bytes, bool chained) {
  if (acknowledges) {
    if (!chained && is_answered_promptly(bytes)) {
      return;
    }
    acknowledge_all();
    if (pcb_ == nullptr) {
      return;
    }
  }
  const std::size_t first = chained ? (bytes.size() + 1) / 2 : bytes.size();
  auto frame = std::make_unique<pbuf>(bytes.substr(0, first));
  if (first < bytes.size()) {
    frame->next = std::make_unique<pbuf>(bytes.substr(first));
  }
  sent += bytes;
  window_ -= bytes.size();
  pcb_->callbacks.received(pcb_->owner, pcb_, frame.release(), 0);
}

// Follows netstack/tcp/prompt_answer.cpp.
bool Peer::is_answered_promptly(std::string_view bytes) {
  if (prompt_server == nullptr || pcb_ == nullptr || unacknowledged() == 0 ||
      unacknowledged() > kSegmentBytes || got_fin_ || has_closed_ || window_ != kWindowBytes) {
    return false;
  }
  const netstack::PromptReply reply = prompt_server->find(pcb_->owner, bytes);
  if (reply.pieces.empty() || reply.bytes > kSegmentBytes) {
    return false;
  }
  take_acknowledgement(unacknowledged());
  sent += bytes;
  for (const Piece& piece : reply.pieces) {
    put(piece, &piece == reply.pieces.data());
  }
  demand(reply.bytes == unacknowledged(), "a prompt answer is as long as it says");
  got_fin_ = reply.is_last;
  prompt_server->sent(pcb_->owner, reply);
  ++prompt_answers;
  return true;
}

void Peer::close() {
  if (pcb_ != nullptr && !std::exchange(has_closed_, true)) {
    pcb_->callbacks.received(pcb_->owner, pcb_, nullptr, 0);
  }
}

void Peer::reset() {
  if (pcb_ != nullptr) {
    has_reset_ = true;
    pcb_->callbacks.lost(pcb_->owner, 0);
    let_go();
  }
}

// The counts change at once; the owner is told in parts, as by several ACKs.
void Peer::acknowledge(std::size_t bytes) {
  bytes = std::min(bytes, unacknowledged());
  take_acknowledgement(bytes);
  while (bytes > 0 && pcb_ != nullptr) {
    const auto part = static_cast<std::uint16_t>(std::min<std::size_t>(bytes, 0xFFFF));
    bytes -= part;
    pcb_->callbacks.acknowledged(pcb_->owner, pcb_, part);
  }
}

// Until now TCP might have had to resend the oldest bytes, so their memory must be unchanged.
void Peer::take_acknowledgement(std::size_t bytes) {
  acknowledged_ += static_cast<std::uint32_t>(bytes);
  while (bytes > 0) {
    Reference& oldest = references_.front();
    const std::size_t part = std::min(bytes, oldest.content.size());
    if (oldest.data != nullptr) {
      demand(Piece{oldest.data, part}.text() == oldest.content.substr(0, part),
             "memory changes on its way");
      oldest.data += part;
    }
    oldest.content.erase(0, part);
    bytes -= part;
    if (oldest.content.empty()) {
      text_blocks += oldest.is_text ? 1 : 0;
      references_.pop_front();
    }
  }
}

void Peer::retry() {
  if (is_retried()) {
    pcb_->retry(pcb_->owner, pcb_);
  }
}

void Peer::put(Piece piece, bool copies) {
  demand(copies ? piece.bytes <= limits::kCopiedBytes
                : may_be_sent == nullptr || may_be_sent(piece.text()),
         "memory is sent that nobody may see");
  end_ += static_cast<std::uint32_t>(piece.bytes);
  received += piece.text();
  copied += copies ? piece.bytes : 0;
  bytes_written += piece.bytes;
  const bool is_text = copies && piece.bytes > limits::kFirstTextBytes;
  demand(!is_text || text_blocks > 0, "text is written without memory for it");
  text_blocks -= is_text ? 1 : 0;
  references_.push_back({copies ? nullptr : piece.data, std::string(piece.text()), is_text});
}

void fail_writes(std::size_t after, std::size_t failures) {
  writes_before_failure = after;
  failures_left = failures;
}

bool writes_will_fail() { return failures_left > 0; }

void pass_time(std::uint32_t milliseconds) {
  for (waited_ms += milliseconds; timer_ms != 0 && waited_ms >= timer_ms;) {
    waited_ms -= std::exchange(timer_ms, 0);
    timer(nullptr);
  }
}

void pass_ticks(unsigned ticks) { pass_time(ticks * timer_ms); }

}  // namespace mote::fakes

namespace mote::netstack {

using fakes::demand;
using fakes::kSegmentBytes;
using fakes::kWindowBytes;

std::string_view Arrived::piece() const { return first_->text(); }

std::uint32_t Arrived::bytes() const {
  std::size_t bytes = 0;
  for (const pbuf* piece = first_; piece != nullptr; piece = piece->next.get()) {
    bytes += piece->size;
  }
  return static_cast<std::uint32_t>(bytes);
}

const pbuf* Arrived::rest() const { return first_->next.get(); }

void TcpStream::give_back(pbuf* data) { delete data; }

TcpStream::Result TcpStream::result_for(const tcp_pcb*) { return 0; }

void TcpStream::begin(void* owner, const Callbacks& callbacks) {
  pcb_->owner = owner;
  pcb_->callbacks = callbacks;
}

bool TcpStream::write_message(std::span<const Piece> pieces, std::size_t bytes) {
  Peer& peer = pcb_->peer;
  demand(!pieces.empty() && pieces.size() <= kMessagePieces, "as many pieces as may be");
  demand(!peer.got_fin_, "a write behind the end");
  std::size_t sum = 0;
  for (const Piece& piece : pieces) {
    demand(piece.bytes > 0, "an empty piece");
    sum += piece.bytes;
  }
  demand(sum == bytes, "a message is as long as it says");
  if (fakes::lacks_memory() || !peer.has_room_for(bytes) ||
      pieces.front().bytes > limits::kFirstTextBytes) {
    return false;
  }
  for (const Piece& piece : pieces) {
    peer.put(piece, &piece == pieces.data());
  }
  return true;
}

bool TcpStream::write(Piece piece, Write how) {
  Peer& peer = pcb_->peer;
  demand(piece.bytes > 0 && peer.has_room_for(piece.bytes), "a write that has no room");
  demand(!peer.got_fin_, "a write behind the end");
  if (fakes::lacks_memory()) {
    return false;
  }
  peer.put(piece, how == Write::kCopied);
  return true;
}

std::uint32_t TcpStream::room() const { return pcb_->peer.room_ - in_flight(); }

bool TcpStream::has_room(std::uint32_t bytes, unsigned pieces) const {
  return pcb_->peer.has_room_for(bytes) &&
         pcb_->peer.references_.size() + pieces <= fakes::kMostPieces;
}

std::uint32_t TcpStream::in_flight() const { return pcb_->peer.end_ - pcb_->peer.acknowledged_; }

TcpStream::Position TcpStream::end() const { return pcb_->peer.end_; }

bool TcpStream::has_let_go(Position position) const { return pcb_->peer.acknowledged_ >= position; }

void TcpStream::set_retry(Result (*retry)(void* owner, tcp_pcb* pcb)) { pcb_->retry = retry; }

void TcpStream::flush() {}

void TcpStream::open_window(std::uint32_t bytes) {
  Peer& peer = pcb_->peer;
  demand(peer.window_ + bytes <= kWindowBytes, "the window is opened too far");
  peer.window_ += bytes;
}

void TcpStream::close() { demand(!std::exchange(pcb_->peer.got_fin_, true), "closed twice"); }

// TCP sends a reset if received data was never read (RFC 2525, 2.17).
void TcpStream::release() {
  Peer& peer = std::exchange(pcb_, nullptr)->peer;
  peer.got_reset_ |= !peer.got_fin_ && peer.window_ != kWindowBytes;
  peer.got_fin_ = true;
  peer.let_go();
}

void TcpStream::abort() {
  Peer& peer = std::exchange(pcb_, nullptr)->peer;
  peer.got_reset_ = true;
  peer.let_go();
}

PeerAddress TcpStream::peer() const {
  return PeerAddress(std::array<std::uint8_t, 4>{192, 0, 2, pcb_->peer.address_});
}

unsigned TcpStream::interface() const { return pcb_->peer.interface_; }

bool detail::listen(std::uint16_t,
                    TcpStream::Result (*accepted)(void*, tcp_pcb*, TcpStream::Result)) {
  fakes::offer = accepted;
  return true;
}

void stop_listening(std::uint16_t) {
  fakes::offer = [](void*, tcp_pcb*, TcpStream::Result) { return detail::kRefused; };
}

void call_later(std::uint32_t milliseconds, void (*function)(void* unused)) {
  fakes::timer = function;
  fakes::timer_ms = milliseconds;
}

std::size_t text_blocks_left() { return fakes::text_blocks; }

}  // namespace mote::netstack
