// lwIP's heap: size classes over memory carved at boot.
#include "netstack/lwip/heap.hpp"

#include <cstdint>
#include <cstring>

#include "kernel/cpu/injection.hpp"
#include "lwip/arch.h"
#include "lwip/opt.h"
#include "lwip/pbuf.h"
#include "netstack/limits.hpp"
#include "netstack/lwip/free_blocks.hpp"

namespace mote::netstack::heap {
namespace {

// Blocks of one size, and how many of them are in use.
template <std::size_t kBytes>
class SizeClass {
 public:
  static_assert(kBytes % 16 == 0);

  [[nodiscard]] bool set_up(Arena& arena, std::size_t count) {
    const std::span<std::byte> memory = arena.take<std::byte>(count * kBytes, 16);
    blocks_ = {memory, kBytes};
    count_ = memory.size() / kBytes;
    return count_ == count;
  }

  [[nodiscard]] static constexpr bool fits(std::size_t bytes) { return bytes <= kBytes; }

  [[nodiscard]] void* allocate() {
    void* block = injection::strikes() ? nullptr : blocks_.take();
    ++(block != nullptr ? used_ : failures_);
    return block;
  }

  [[nodiscard]] bool owns(const void* memory) const { return blocks_.owns(memory); }

  // False if `memory` isn't the beginning of a block, or none is in use.
  [[nodiscard]] bool free(void* memory) {
    if (blocks_.offset_of(memory) % kBytes != 0 || used_ == 0) {
      return false;
    }
    blocks_.give_back(memory);
    --used_;
    return true;
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t left() const { return count_ - used_; }
  [[nodiscard]] Usage usage() const {
    return {kBytes, count_, used_, blocks_.most_used(), failures_};
  }

 private:
  FreeBlocks blocks_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
  std::size_t failures_ = 0;
};

// A segment without data: its pbuf, room for the headers below TCP's, TCP's own, and its options.
constexpr std::size_t kSegmentHeader = 144;
constexpr std::size_t kOptionBytes = 40;  // RFC 9293, 3.1: data offset
static_assert(kSegmentHeader >=
              sizeof(struct pbuf) + LWIP_MEM_ALIGN_SIZE(PBUF_TRANSPORT) + kOptionBytes);

// A DHCP message, and other short ones.
constexpr std::size_t kText = 640;

// A datagram of 65,535 bytes, with its pbuf and room for the headers below.
constexpr std::size_t kDatagram = 65'648;
static_assert(kDatagram >= sizeof(struct pbuf) + LWIP_MEM_ALIGN_SIZE(PBUF_LINK) + 65'535);

constinit SizeClass<kSegmentHeader> small_blocks;
constinit SizeClass<kText> medium_blocks;
constinit SizeClass<1664> large_blocks;
constinit SizeClass<kDatagram> huge_blocks;

}  // namespace

bool set_up(Arena& arena, const Plan& plan) {
  constexpr std::size_t kDatagrams = 2;
  return small_blocks.set_up(arena, plan.segments) && medium_blocks.set_up(arena, plan.texts) &&
         large_blocks.set_up(arena, plan.frames) && huge_blocks.set_up(arena, kDatagrams);
}

void* allocate(std::size_t bytes) {
  if (small_blocks.fits(bytes)) {
    return small_blocks.allocate();
  }
  if (medium_blocks.fits(bytes)) {
    return medium_blocks.allocate();
  }
  if (large_blocks.fits(bytes)) {
    return large_blocks.allocate();
  }
  if (huge_blocks.fits(bytes)) {
    return huge_blocks.allocate();
  }
  return nullptr;
}

void free(void* memory) {
  const bool freed = small_blocks.owns(memory)    ? small_blocks.free(memory)
                     : medium_blocks.owns(memory) ? medium_blocks.free(memory)
                     : large_blocks.owns(memory)
                         ? large_blocks.free(memory)
                         : huge_blocks.owns(memory) && huge_blocks.free(memory);
  if (!freed) {
    mote_lwip_assertion("heap: freed what is no block");
  }
}

std::size_t used() {
  return small_blocks.used() + medium_blocks.used() + large_blocks.used() + huge_blocks.used();
}

std::array<Usage, kSizes> usage() {
  return {small_blocks.usage(), medium_blocks.usage(), large_blocks.usage(), huge_blocks.usage()};
}

}  // namespace mote::netstack::heap

extern "C" {

void* mote_lwip_allocate(size_t bytes) { return mote::netstack::heap::allocate(bytes); }

void* mote_lwip_allocate_zeroed(size_t count, size_t bytes) {
  void* memory = mote::netstack::heap::allocate(count * bytes);
  if (memory != nullptr) {
    std::memset(memory, 0, count * bytes);
  }
  return memory;
}

void mote_lwip_free(void* memory) { mote::netstack::heap::free(memory); }

}  // extern "C"
