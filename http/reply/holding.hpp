// What connections hold until their peer acknowledges, and who of them gives way.
//
// Copied text and reply tails are shared by all connections. A peer that acknowledges nothing
// would keep them, so one rule holds for each of them: when somebody needs one and none is left,
// the longest holder is reset. How long it holds is counted from its peer's last progress, or a
// slow reader would go before one that reads nothing; progress is limits::kLeastHoldBytes, or all
// that is in flight, so that a byte now and then is none. Whoever has held for less than
// limits::kHoldTimeMs stays, or a crowd of good readers would reset one another: it is waited for.
// Of the page of metrics there is one, so that no progress counts: one slow reader would keep it.
//
// Request buffers have the same rule without resets (RequestBuffer::longest_holder), connections
// too (make_room in http/connection/server.cpp). Segments need none: mote_tcp_queue_limit keeps
// some for each.
#pragma once

#include <cstdint>

#include "http/limits.hpp"

namespace mote::http {

class Connection;

// Something that a connection holds; a part of what is static and never destroyed.
struct Holding {
  Connection* owner = nullptr;
  Holding* next = nullptr;  // in its queue
  Holding* previous = nullptr;
  std::uint32_t since = 0;  // the owner's last progress, in ticks of the server
  bool is_held = false;
  bool has_page = false;  // a page of metrics comes with it
};

// Holdings of one kind, the longest without progress first.
class HoldingQueue {
 public:
  void add(Holding& holding, std::uint32_t now);
  void renew(Holding& holding, std::uint32_t now);  // nothing if it isn't held
  void remove(Holding& holding);                    // nothing if it isn't held

  [[nodiscard]] bool empty() const { return front_ == nullptr; }

  // Who is to give way to `asker`: never itself. Null: nobody has held for long enough.
  enum class Which : std::uint8_t { kAny, kWithPage };
  [[nodiscard]] Connection* longest_holder(std::uint32_t now, const Connection* asker,
                                           Which which = Which::kAny) const;

 private:
  Holding* front_ = nullptr;
  Holding* back_ = nullptr;
};

// Of blocks for copied text: those of all that is written since the last time that all text was
// acknowledged. And of reply tails.
extern constinit HoldingQueue text_holders;
extern constinit HoldingQueue tail_holders;

}  // namespace mote::http
