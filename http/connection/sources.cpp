// Counting the connections of each address, in a hash table with chains.
#include "http/connection/sources.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace mote::http {
namespace {

std::uint64_t key_of(const netstack::PeerAddress& address) {
  std::uint64_t key = 0;
  const auto bytes = address.bytes();
  __builtin_memcpy(&key, bytes.data(), std::min(bytes.size(), sizeof(key)));
  return key;
}

}  // namespace

bool Sources::set_up(Arena& arena, std::size_t connections) {
  memory_ = arena.take<Source>(connections + 1);
  return !memory_.empty();
}

Source& Sources::unused() {
  if (free_ != nullptr) {
    return *std::exchange(free_, free_->next);
  }
  return *new (&memory_[touched_++]) Source;
}

Source& Sources::enter(const netstack::PeerAddress& address) {
  const std::uint64_t key = key_of(address);
  Source*& first = chains_[chain_of(key)];
  Source* source = first;
  while (source != nullptr && source->key != key) {
    source = source->next;
  }
  if (source == nullptr) {
    source = &unused();
    *source = {.key = key, .next = first};
    first = source;
  }
  ++source->open;
  return *source;
}

void Sources::leave(Source& source) {
  if (--source.open != 0) {
    return;
  }
  Source** place = &chains_[chain_of(source.key)];
  while (*place != &source) {
    place = &(*place)->next;
  }
  *place = std::exchange(source.next, free_);
  free_ = &source;
}

}  // namespace mote::http
