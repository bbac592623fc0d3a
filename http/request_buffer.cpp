// The pools of request buffers.
#include "http/request_buffer.hpp"

#include <array>

#include "kernel/limits.hpp"

namespace mote::http {
namespace {

using limits::kLargeRequestBytes;
using limits::kLargeRequests;
using limits::kSmallRequestBytes;
using limits::kSmallRequests;

static_assert(kLargeRequestBytes <= 0xFFFF && kSmallRequests + kLargeRequests < 0xFFFF);

// A fixed number of buffers, all zero at start: those never used are told by a count.
template <std::size_t kBytes, std::size_t kCount>
class Pool {
 public:
  // The index of a free buffer, or kCount.
  std::size_t take() {
    if (free_count_ > 0) {
      return free_[--free_count_];
    }
    return touched_ < kCount ? touched_++ : kCount;
  }
  void give_back(std::size_t index) { free_[free_count_++] = static_cast<std::uint16_t>(index); }

  char* data(std::size_t index) { return memory_[index].data(); }
  [[nodiscard]] std::size_t in_use() const { return touched_ - free_count_; }

 private:
  std::array<std::array<char, kBytes>, kCount> memory_{};
  std::array<std::uint16_t, kCount> free_{};
  std::size_t free_count_ = 0;
  std::size_t touched_ = 0;
};

constinit Pool<kSmallRequestBytes, kSmallRequests> small_buffers;
constinit Pool<kLargeRequestBytes, kLargeRequests> large_buffers;

constexpr std::uint16_t kFirstSmall = 1;
constexpr std::uint16_t kFirstLarge = kFirstSmall + kSmallRequests;

// The number of a free buffer for so many bytes, or 0.
std::uint16_t take(std::size_t bytes) {
  if (bytes <= kSmallRequestBytes) {
    if (const std::size_t index = small_buffers.take(); index < kSmallRequests) {
      return static_cast<std::uint16_t>(kFirstSmall + index);
    }
  }
  if (bytes <= kLargeRequestBytes) {
    if (const std::size_t index = large_buffers.take(); index < kLargeRequests) {
      return static_cast<std::uint16_t>(kFirstLarge + index);
    }
  }
  return 0;
}

void give_back(std::uint16_t number) {
  if (number >= kFirstLarge) {
    large_buffers.give_back(number - kFirstLarge);
  } else if (number >= kFirstSmall) {
    small_buffers.give_back(number - kFirstSmall);
  }
}

char* memory_of(std::uint16_t number) {
  return number >= kFirstLarge   ? large_buffers.data(number - kFirstLarge)
         : number >= kFirstSmall ? small_buffers.data(number - kFirstSmall)
                                 : nullptr;
}

}  // namespace

char* RequestBuffer::data() const { return memory_of(number_); }

std::size_t RequestBuffer::capacity() const {
  return number_ >= kFirstLarge ? kLargeRequestBytes : number_ > 0 ? kSmallRequestBytes : 0;
}

bool RequestBuffer::append(std::string_view bytes) {
  const std::size_t total = bytes_ + bytes.size();
  if (total > capacity()) {
    const std::uint16_t number = take(total);
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

std::size_t RequestBuffer::in_use() { return small_buffers.in_use() + large_buffers.in_use(); }

}  // namespace mote::http
