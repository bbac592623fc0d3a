// The pools of request buffers.
#include "http/request_buffer.hpp"

#include <array>

#include "kernel/limits.hpp"

namespace mote::http {
namespace {

using limits::kLargeRequestBytes;
using limits::kLargeRequests;
using limits::kMediumRequestBytes;
using limits::kMediumRequests;
using limits::kSmallRequestBytes;
using limits::kSmallRequests;

static_assert(kLargeRequestBytes <= 0xFFFF);
static_assert(kSmallRequests + kMediumRequests + kLargeRequests < 0xFFFF);

// A fixed number of buffers, all zero at start: those never used are told by a count.
template <std::size_t kBytes, std::size_t kCount>
class Pool {
 public:
  // The index of a free buffer, or kCount.
  std::size_t take(Connection& owner) {
    const std::size_t index = free_count_ > 0 ? free_[--free_count_] : touched_;
    if (index < kCount) {
      touched_ += index == touched_ ? 1 : 0;
      owners_[index] = &owner;
      taken_[index] = ++takes_;
    }
    return index;
  }
  void give_back(std::size_t index) {
    owners_[index] = nullptr;
    free_[free_count_++] = static_cast<std::uint16_t>(index);
  }

  // The owner of the buffer that was taken first, if none is free. Only looked for in need.
  [[nodiscard]] Connection* longest_holder() const {
    if (in_use() < kCount) {
      return nullptr;
    }
    std::size_t oldest = 0;
    for (std::size_t index = 1; index < kCount; ++index) {
      oldest = takes_ - taken_[index] > takes_ - taken_[oldest] ? index : oldest;
    }
    return owners_[oldest];
  }

  char* data(std::size_t index) { return memory_[index].data(); }
  [[nodiscard]] std::size_t in_use() const { return touched_ - free_count_; }

 private:
  std::array<std::array<char, kBytes>, kCount> memory_{};
  std::array<Connection*, kCount> owners_{};
  std::array<std::uint32_t, kCount> taken_{};  // the value of takes_ then; both may wrap around
  std::array<std::uint16_t, kCount> free_{};
  std::uint32_t takes_ = 0;
  std::size_t free_count_ = 0;
  std::size_t touched_ = 0;
};

constinit Pool<kSmallRequestBytes, kSmallRequests> small_buffers;
constinit Pool<kMediumRequestBytes, kMediumRequests> medium_buffers;
constinit Pool<kLargeRequestBytes, kLargeRequests> large_buffers;

constexpr std::uint16_t kFirstSmall = 1;
constexpr std::uint16_t kFirstMedium = kFirstSmall + kSmallRequests;
constexpr std::uint16_t kFirstLarge = kFirstMedium + kMediumRequests;

// The number of a free buffer for so many bytes, or 0.
std::uint16_t take(std::size_t bytes, Connection& owner) {
  if (bytes <= kSmallRequestBytes) {
    if (const std::size_t index = small_buffers.take(owner); index < kSmallRequests) {
      return static_cast<std::uint16_t>(kFirstSmall + index);
    }
  }
  if (bytes <= kMediumRequestBytes) {
    if (const std::size_t index = medium_buffers.take(owner); index < kMediumRequests) {
      return static_cast<std::uint16_t>(kFirstMedium + index);
    }
  }
  if (bytes <= kLargeRequestBytes) {
    if (const std::size_t index = large_buffers.take(owner); index < kLargeRequests) {
      return static_cast<std::uint16_t>(kFirstLarge + index);
    }
  }
  return 0;
}

void give_back(std::uint16_t number) {
  if (number >= kFirstLarge) {
    large_buffers.give_back(number - kFirstLarge);
  } else if (number >= kFirstMedium) {
    medium_buffers.give_back(number - kFirstMedium);
  } else if (number >= kFirstSmall) {
    small_buffers.give_back(number - kFirstSmall);
  }
}

char* memory_of(std::uint16_t number) {
  return number >= kFirstLarge    ? large_buffers.data(number - kFirstLarge)
         : number >= kFirstMedium ? medium_buffers.data(number - kFirstMedium)
         : number >= kFirstSmall  ? small_buffers.data(number - kFirstSmall)
                                  : nullptr;
}

}  // namespace

char* RequestBuffer::data() const { return memory_of(number_); }

std::size_t RequestBuffer::capacity() const {
  return number_ >= kFirstLarge    ? kLargeRequestBytes
         : number_ >= kFirstMedium ? kMediumRequestBytes
         : number_ >= kFirstSmall  ? kSmallRequestBytes
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
