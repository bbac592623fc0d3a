// Resources that connections hold until their peer acknowledges, and which holder gives way.
//
// All connections share the blocks for copied text and the reply tails. A peer that acknowledges
// nothing would keep them, so both follow one rule: when a connection needs one and none is left,
// the longest holder is reset. Holding time counts from the peer's last progress; otherwise a slow
// reader would be reset before one that reads nothing. Progress means limits::kLeastHoldBytes
// acknowledged, or everything in flight, so a byte now and then doesn't count. A connection that
// has held for less than limits::kHoldTimeMs is never reset; otherwise a crowd of good readers
// would reset one another. For the page of metrics progress doesn't count: there is only one, and a
// slow reader would keep it.
//
// Similar rules apply to request buffers (RequestBuffer::longest_holder), whose holder isn't reset
// but gets 503, and to connections (make_room in http/connection/server.cpp). Queues need no rule:
// every connection has blocks of its own (netstack/sender/block.hpp).
#pragma once

#include <cstdint>

#include "http/limits.hpp"

namespace mote::http {

class Connection;

// A resource that a connection holds. It is part of a static object that is never destroyed.
struct Holding {
  Connection* owner = nullptr;
  Holding* next = nullptr;  // in its queue
  Holding* previous = nullptr;
  std::uint32_t since = 0;  // of the owner's last progress, in ticks of the server
  bool is_held = false;
  bool has_page = false;  // includes a page of metrics
};

// Holdings of one kind; the one longest without progress at the front.
class HoldingQueue {
 public:
  void add(Holding& holding, std::uint32_t now);
  void renew(Holding& holding, std::uint32_t now);  // no effect unless held
  void remove(Holding& holding);                    // no effect unless held

  [[nodiscard]] bool empty() const { return front_ == nullptr; }

  // The connection that must give way to `asker`; never `asker` itself. Null: none has held for
  // long enough.
  enum class Which : std::uint8_t { kAny, kWithPage };
  [[nodiscard]] Connection* longest_holder(std::uint32_t now, const Connection* asker,
                                           Which which = Which::kAny) const;

 private:
  Holding* front_ = nullptr;
  Holding* back_ = nullptr;
};

// text_holders: blocks of copied text, all those that a connection has written since its text was
// last acknowledged in full. tail_holders: reply tails.
extern constinit HoldingQueue text_holders;
extern constinit HoldingQueue tail_holders;

}  // namespace mote::http
