// The pools of request buffers.
#include "http/request/request_buffer.hpp"

#include <array>

#include "http/limits.hpp"

namespace mote::http {
namespace {

using limits::kLargeRequestBytes;
using limits::kMediumRequestBytes;
using limits::kSmallRequestBytes;

static_assert(kLargeRequestBytes <= 0xFFFF);

// Buffers of one size. Those from `touched_` on were never used. Each of the others is in one of
// two lists: the free ones, or those in use, held longest first.
template <std::size_t kBytes>
class Pool {
 public:
  static constexpr std::uint16_t kNone = 0xFFFF;

  [[nodiscard]] bool set_up(Arena& arena, std::size_t count) {
    memory_ = arena.take<std::array<char, kBytes>>(count);
    slots_ = arena.take<Slot>(count);
    return count < kNone && memory_.size() == count && slots_.size() == count;
  }

  // The index of a free buffer, or kNone.
  std::uint16_t take(Connection& owner) {
    const std::uint16_t index = free_ != kNone ? free_ : fresh();
    if (index == kNone) {
      return kNone;
    }
    free_ = free_ != kNone ? slots_[index].next : kNone;
    slots_[index] = {.owner = &owner, .next = kNone, .previous = newest_};
    (newest_ == kNone ? oldest_ : slots_[newest_].next) = index;
    newest_ = index;
    ++in_use_;
    return index;
  }
  void give_back(std::uint16_t index) {
    const Slot slot = slots_[index];
    (slot.previous == kNone ? oldest_ : slots_[slot.previous].next) = slot.next;
    (slot.next == kNone ? newest_ : slots_[slot.next].previous) = slot.previous;
    slots_[index].next = free_;
    free_ = index;
    --in_use_;
  }

  // The owner of the buffer held longest; null if a buffer is free.
  [[nodiscard]] Connection* longest_holder() const {
    return in_use_ < slots_.size() || oldest_ == kNone ? nullptr : slots_[oldest_].owner;
  }

  char* data(std::size_t index) { return memory_[index].data(); }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::size_t in_use() const { return in_use_; }

 private:
  struct Slot {
    Connection* owner;
    std::uint16_t next;  // in its list
    std::uint16_t previous;
  };

  std::uint16_t fresh() {
    return touched_ < slots_.size() ? static_cast<std::uint16_t>(touched_++) : kNone;
  }

  std::span<std::array<char, kBytes>> memory_;
  std::span<Slot> slots_;
  std::uint16_t free_ = kNone;
  std::uint16_t oldest_ = kNone;
  std::uint16_t newest_ = kNone;
  std::size_t in_use_ = 0;
  std::size_t touched_ = 0;
};

constinit Pool<kSmallRequestBytes> small_buffers;
constinit Pool<kMediumRequestBytes> medium_buffers;
constinit Pool<kLargeRequestBytes> large_buffers;

// Buffers are numbered from 1: the small, then the medium, then the large ones.
constinit std::uint16_t first_medium = 1;
constinit std::uint16_t first_large = 1;

// Takes the smallest free buffer for this many bytes. Returns its number, or 0.
std::uint16_t take(std::size_t bytes, Connection& owner) {
  const auto number_in = [&](auto& pool, std::size_t most, std::uint16_t first) {
    const std::uint16_t index = bytes <= most ? pool.take(owner) : pool.kNone;
    return index == pool.kNone ? std::uint16_t{0} : static_cast<std::uint16_t>(first + index);
  };
  if (const std::uint16_t number = number_in(small_buffers, kSmallRequestBytes, 1)) {
    return number;
  }
  if (const std::uint16_t number = number_in(medium_buffers, kMediumRequestBytes, first_medium)) {
    return number;
  }
  return number_in(large_buffers, kLargeRequestBytes, first_large);
}

// Calls `use(pool, index)` for the buffer with this number, which must not be 0.
auto with_buffer(std::uint16_t number, auto&& use) {
  const auto index_from = [=](std::uint16_t first) {
    return static_cast<std::uint16_t>(number - first);
  };
  return number >= first_large    ? use(large_buffers, index_from(first_large))
         : number >= first_medium ? use(medium_buffers, index_from(first_medium))
                                  : use(small_buffers, index_from(1));
}

void give_back(std::uint16_t number) {
  if (number != 0) {
    with_buffer(number, [](auto& pool, std::uint16_t index) { pool.give_back(index); });
  }
}

char* memory_of(std::uint16_t number) {
  const auto data = [](auto& pool, std::uint16_t index) { return pool.data(index); };
  return number == 0 ? nullptr : with_buffer(number, data);
}

}  // namespace

bool RequestBuffer::set_up(Arena& arena, const Plan& plan) {
  first_medium = static_cast<std::uint16_t>(1 + plan.small_requests);
  first_large = static_cast<std::uint16_t>(first_medium + plan.medium_requests);
  return plan.small_requests + plan.medium_requests + plan.large_requests < 0xFFFF &&
         small_buffers.set_up(arena, plan.small_requests) &&
         medium_buffers.set_up(arena, plan.medium_requests) &&
         large_buffers.set_up(arena, plan.large_requests);
}

char* RequestBuffer::data() const { return memory_of(number_); }

std::size_t RequestBuffer::capacity() const {
  return number_ >= first_large    ? kLargeRequestBytes
         : number_ >= first_medium ? kMediumRequestBytes
         : number_ != 0            ? kSmallRequestBytes
                                   : 0;
}

bool RequestBuffer::append(std::string_view bytes, Connection& owner) {
  const std::size_t total = bytes_ + bytes.size();
  if (total > capacity()) {
    const std::uint16_t number = take(total, owner);
    if (number == 0) {
      return false;
    }
    if (bytes_ > 0) {
      __builtin_memcpy(memory_of(number), data(), bytes_);
    }
    give_back(std::exchange(number_, number));
  }
  if (!bytes.empty()) {
    __builtin_memcpy(data() + bytes_, bytes.data(), bytes.size());
  }
  bytes_ = static_cast<std::uint16_t>(total);
  return true;
}

void RequestBuffer::consume(std::size_t bytes) {
  if (bytes >= bytes_) {
    clear();
  } else if (bytes > 0) {
    bytes_ = static_cast<std::uint16_t>(bytes_ - bytes);
    __builtin_memmove(data(), data() + bytes, bytes_);
  }
}

void RequestBuffer::clear() {
  give_back(std::exchange(number_, std::uint16_t{0}));
  bytes_ = 0;
}

Connection* RequestBuffer::longest_holder(std::size_t bytes) {
  return bytes <= kSmallRequestBytes    ? small_buffers.longest_holder()
         : bytes <= kMediumRequestBytes ? medium_buffers.longest_holder()
         : bytes <= kLargeRequestBytes  ? large_buffers.longest_holder()
                                        : nullptr;
}

std::size_t RequestBuffer::in_use() {
  return small_buffers.in_use() + medium_buffers.in_use() + large_buffers.in_use();
}

}  // namespace mote::http
