// Queues of the connections that hold shared resources.
#include "http/reply/holding.hpp"

#include "http/limits.hpp"

namespace mote::http {

constinit HoldingQueue text_holders{};
constinit HoldingQueue tail_holders{};

void HoldingQueue::add(Holding& holding, std::uint32_t now) {
  holding.since = now;
  holding.is_held = true;
  holding.next = nullptr;
  holding.previous = back_;
  (back_ == nullptr ? front_ : back_->next) = &holding;
  back_ = &holding;
}

void HoldingQueue::renew(Holding& holding, std::uint32_t now) {
  if (holding.is_held) {
    remove(holding);
    add(holding, now);
  }
}

void HoldingQueue::remove(Holding& holding) {
  if (!holding.is_held) {
    return;
  }
  (holding.previous == nullptr ? front_ : holding.previous->next) = holding.next;
  (holding.next == nullptr ? back_ : holding.next->previous) = holding.previous;
  holding.is_held = false;
}

Connection* HoldingQueue::longest_holder(std::uint32_t now, const Connection* asker,
                                         Which which) const {
  constexpr std::uint32_t kLeast = limits::kHoldTimeMs / limits::kServerTickMs;
  for (const Holding* at = front_; at != nullptr && now - at->since >= kLeast; at = at->next) {
    if (at->owner != asker && (which == Which::kAny || at->has_page)) {
      return at->owner;
    }
  }
  return nullptr;
}

}  // namespace mote::http
