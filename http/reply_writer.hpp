// A reply on its way: what of it lwIP doesn't have yet, and how much of it the peer hasn't taken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "http/reply.hpp"

struct tcp_pcb;

namespace mote::http {

// Its owner is static and never destroyed, so `give_up` takes a destructor's place.
class ReplyWriter {
 public:
  ReplyWriter() = default;
  ReplyWriter(const ReplyWriter&) = delete;
  ReplyWriter& operator=(const ReplyWriter&) = delete;

  // Takes over a reply, tail and all, when the one before is written.
  void begin(const Reply& reply);

  // Hands lwIP as much as it takes. False: lwIP lacked memory, and may not call back by itself,
  // because nothing need be in flight; so try again a little later.
  [[nodiscard]] bool write(tcp_pcb& pcb);

  // What isn't written yet never will be, and what is written is none of our business any more.
  void give_up();

  // The peer has taken so many bytes.
  void acknowledge(std::uint32_t bytes) { in_flight_ -= bytes; }

  [[nodiscard]] bool is_writing() const { return piece_ < end_ || tail_ != nullptr; }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }

 private:
  enum class Result : std::uint8_t { kTaken, kNoRoom, kNoMemory };

  [[nodiscard]] Result write(tcp_pcb& pcb, Reply::Piece& piece, bool is_last) const;
  [[nodiscard]] std::uint64_t room_for(const tcp_pcb& pcb, const Reply::Piece& piece) const;

  std::array<Reply::Piece, Reply::kPieces> pieces_{};
  ReplyTail* tail_ = nullptr;
  std::uint32_t in_flight_ = 0;  // bytes written to lwIP and not yet acknowledged
  std::uint8_t piece_ = 0;       // the first of pieces_ that isn't wholly written
  std::uint8_t end_ = 0;         // behind the last that isn't empty
};

}  // namespace mote::http
