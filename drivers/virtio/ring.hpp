// Split virtqueues (virtio 1.2, 2.7), the driver's side: memory shared with a device, no registers.
//
// A SplitRing lends chains of buffers to the device and takes them back. It never trusts what the
// device writes: it reports an identifier that is out of range or not lent, or a length beyond the
// chain, and goes on. No call waits; only restart() and take_all() scan the whole ring.
//
//   lend(pieces…) … publish() → ring the doorbell if true
//   completed() → call take() that many times
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "drivers/net_device.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/barriers.hpp"
#include "kernel/cpu/injection.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::virtio {

static_assert(std::endian::native == std::endian::little, "virtio's fields are little-endian");

// 2.7.5: one piece of memory in a chain.
struct Descriptor {
  std::uint64_t address;
  std::uint32_t bytes;
  std::uint16_t flags;
  std::uint16_t next;

  static constexpr std::uint16_t kNext = 1;   // the chain goes on at `next`
  static constexpr std::uint16_t kWrite = 2;  // the device writes; otherwise it reads
};
static_assert(sizeof(Descriptor) == 16 && offsetof(Descriptor, flags) == 12);

// 2.7.6, 2.7.8: the start of both rings. `index` counts entries forever, modulo 65,536.
struct RingHead {
  std::uint16_t flags;
  std::uint16_t index;

  static constexpr std::uint16_t kNoInterrupt = 1;  // in the available ring, from the driver
  static constexpr std::uint16_t kNoNotify = 1;     // in the used ring, from the device
};
static_assert(sizeof(RingHead) == 4);

// 2.7.8: a chain that the device has finished with.
struct UsedElement {
  std::uint32_t id;     // its first descriptor
  std::uint32_t bytes;  // written by the device
};
static_assert(sizeof(UsedElement) == 8);

// Where a queue's parts lie in its memory, in bytes from its start.
struct RingLayout {
  std::uint16_t entries = 0;  // a power of two
  std::size_t available = 0;
  std::size_t used_event = 0;  // 2.7.7: the driver writes which entry deserves an interrupt
  std::size_t used = 0;
  std::size_t avail_event = 0;  // 2.7.10: the device writes which entry deserves a doorbell
  std::size_t bytes = 0;

  // 2.7.2: the legacy interface takes a single address, which fixes the rest of the layout.
  static constexpr std::size_t kLegacyAlignment = 4096;
  // With three addresses 16 bytes would do; a cache line separates what driver and device write.
  static constexpr std::size_t kModernAlignment = 64;

  static constexpr RingLayout of(std::uint16_t entries, std::size_t alignment) {
    RingLayout layout;
    layout.entries = entries;
    layout.available = sizeof(Descriptor) * entries;
    layout.used_event = layout.available + sizeof(RingHead) + sizeof(std::uint16_t) * entries;
    const std::size_t end = layout.used_event + sizeof(std::uint16_t);
    layout.used = (end + alignment - 1) & ~(alignment - 1);
    layout.avail_event = layout.used + sizeof(RingHead) + sizeof(UsedElement) * entries;
    layout.bytes = layout.avail_event + sizeof(std::uint16_t);
    return layout;
  }
};

// The addresses of the parts, for the device.
struct QueueAddresses {
  PhysicalAddress descriptors;
  PhysicalAddress available;
  PhysicalAddress used;
};

// Whether a free-running index passed the event index when it went from `before` to `now`
// (vring_need_event of 2.7.10, modulo 65,536).
constexpr bool event_passed(std::uint16_t event, std::uint16_t now, std::uint16_t before) {
  return static_cast<std::uint16_t>(now - event - 1) < static_cast<std::uint16_t>(now - before);
}

enum class Access : std::uint8_t { kDeviceReads, kDeviceWrites };

// The owner of a chain, returned with it: a packet's buffer, or else somebody's cookie.
struct Owner {
  void* cookie = nullptr;
  PacketIndex packet = PacketIndex::kNone;
};

// Our notes on a descriptor, in memory that the device doesn't know.
struct Slot {
  void* cookie;
  PacketIndex packet;
  std::uint16_t next;      // in its chain or in the free list
  std::uint16_t writable;  // bytes that the device may write in the chain that begins here
  std::uint16_t pieces;    // of the chain that begins here; 0: none does
};
static_assert(sizeof(Slot) == 16);
static_assert(limits::kPacketBytes <= 0xFFFF, "Slot::writable counts a packet's bytes");

enum class Verdict : std::uint8_t {
  kGood,
  kUnknown,  // the device named a chain that it doesn't have; no owner
  kTooLong,  // the chain is back, but the device claims to have written beyond its end
};

struct Completion {
  Owner owner;
  std::uint32_t bytes = 0;  // written by the device, by its own account
  Verdict verdict = Verdict::kUnknown;
};

class SplitRing {
 public:
  // Takes over memory forever: `memory` of layout.bytes, aligned as the layout demands, and a slot
  // for each entry. Call `restart` next.
  void attach(const RingLayout& layout, std::span<std::byte> memory, std::span<Slot> slots);

  // Starts with an empty ring. Only before the device is told of it, or after the device's reset.
  void restart(bool event_index);

  // Lends a chain of one or more pieces, none of them empty. False: too few descriptors are free.
  // The device sees it after `publish`.
  [[nodiscard]] bool lend(Piece first, std::span<const Piece> rest, Access access, Owner owner);

  // Lends a chain that the device reads at first and then writes (2.7.4.2). False also if it could
  // write more than a completion counts.
  [[nodiscard]] bool lend_request(std::span<const Piece> reads, std::span<const Piece> writes,
                                  Owner owner);

  // Shows the device the chains lent since. True if it asks for a doorbell.
  [[nodiscard]] bool publish();

  // For a look now and then: true, once, if nothing has come back since the last look though the
  // device waits for a doorbell. One was lost: by a device, or by an emulator that doesn't order
  // `publish`'s accesses as its fence asks.
  [[nodiscard]] bool has_lost_doorbell();

  // How many times `take` may be called now, one for each chain that came back. Reads the device's
  // index once.
  [[nodiscard]] std::uint16_t completed();

  // The word that changes when there is a chain to take.
  [[nodiscard]] WatchedWord watched() const;

  // Ask for an interrupt with the next completion (2.7.7), or for none. A completion during the
  // first may raise none: look again after a full fence.
  void ask_for_interrupt();
  void ask_for_none();

  // Takes back the next chain.
  [[nodiscard]] Completion take();

  // Takes back every chain without asking the device. Only after its reset has ended.
  template <typename Sink>
  void take_all(Sink&& sink);

  [[nodiscard]] QueueAddresses addresses() const {
    return {physical(descriptors_), physical(available_), physical(used_)};
  }
  [[nodiscard]] std::uint16_t entries() const { return entries_; }
  [[nodiscard]] std::uint16_t lent() const { return lent_; }  // chains, not descriptors
  [[nodiscard]] std::uint16_t free_descriptors() const { return free_; }

 private:
  // An event index half a cycle ahead, which no ring reaches.
  static constexpr std::uint16_t kNoEvent = 0x8000;

  // Shared memory is accessed once and in one piece.
  template <typename T>
  static T load(const T* pointer) {
    return *static_cast<const volatile T*>(pointer);
  }
  template <typename T>
  static void store(T* pointer, T value) {
    *static_cast<volatile T*>(pointer) = value;
  }

  void offer(std::uint16_t head, std::uint16_t pieces, std::uint16_t writable, Owner owner);
  void give_back(std::uint16_t head);

  Descriptor* descriptors_ = nullptr;
  RingHead* available_ = nullptr;
  std::uint16_t* available_ring_ = nullptr;
  std::uint16_t* used_event_ = nullptr;
  const RingHead* used_ = nullptr;
  const UsedElement* used_ring_ = nullptr;
  const std::uint16_t* avail_event_ = nullptr;
  Slot* slots_ = nullptr;
  std::size_t bytes_ = 0;
  std::uint16_t entries_ = 0;
  std::uint16_t mask_ = 0;
  std::uint16_t free_ = 0;
  std::uint16_t free_head_ = 0;  // first of the free list; meaningless if free_ is 0
  std::uint16_t lent_ = 0;
  std::uint16_t offered_ = 0;    // the available index that `publish` will show next
  std::uint16_t published_ = 0;  // the one that the device sees
  std::uint16_t taken_ = 0;      // the used index up to which we took chains
  std::uint16_t looked_at_ = 0;  // the used index at the last look
  bool has_rung_again_ = false;  // since then
  bool event_index_ = false;
};

// Always inline, so that what the caller knows of the pieces folds most of it away.
[[gnu::always_inline]] inline bool SplitRing::lend(Piece first, std::span<const Piece> rest,
                                                   Access access, Owner owner) {
  if (rest.size() >= free_) {
    return false;
  }
  const std::uint16_t head = free_head_;
  const std::uint16_t kind = access == Access::kDeviceWrites ? Descriptor::kWrite : 0;
  const auto linked = static_cast<std::uint16_t>(kind | Descriptor::kNext);
  std::uint16_t at = head;
  std::uint16_t next = slots_[at].next;
  std::size_t bytes = first.bytes;
  Piece piece = first;
#pragma clang loop unroll(disable)  // a few at most
  for (const Piece& further : rest) {
    descriptors_[at] = {physical(piece.data).value, static_cast<std::uint32_t>(piece.bytes), linked,
                        next};
    bytes += further.bytes;
    piece = further;
    at = next;
    next = slots_[at].next;
  }
  // The last descriptor's `next` has no meaning.
  descriptors_[at] = {physical(piece.data).value, static_cast<std::uint32_t>(piece.bytes), kind, 0};
  free_head_ = next;
  offer(head, static_cast<std::uint16_t>(rest.size() + 1),
        access == Access::kDeviceWrites ? static_cast<std::uint16_t>(bytes) : std::uint16_t{0},
        owner);
  return true;
}

// Notes the chain that begins at `head`, already off the free list, and makes it the next to show.
[[gnu::always_inline]] inline void SplitRing::offer(std::uint16_t head, std::uint16_t pieces,
                                                    std::uint16_t writable, Owner owner) {
  free_ = static_cast<std::uint16_t>(free_ - pieces);
  Slot& slot = slots_[head];
  slot.cookie = owner.cookie;
  slot.packet = owner.packet;
  slot.writable = writable;
  slot.pieces = pieces;
  // The device doesn't look beyond the published index, so this store needs no ordering.
  available_ring_[offered_++ & mask_] = head;
  ++lent_;
}

inline bool SplitRing::publish() {
  if (offered_ == published_) {
    return false;
  }
  // Descriptors and entries must be in memory before the index that shows them (2.7.13.3.1).
  write_barrier();
  store(&available_->index, offered_);
  // The device writes whether it wants a doorbell, then reads our index; we write the index, then
  // read whether it wants one. If neither side's load passes its own store, at least one sees the
  // other's write (2.7.13.4.1). On x86, too, loads pass earlier stores: it takes a full fence.
  full_fence();
  const std::uint16_t before = std::exchange(published_, offered_);
  if (event_index_) {
    return event_passed(load(avail_event_), published_, before);
  }
  return (load(&used_->flags) & RingHead::kNoNotify) == 0;
}

inline bool SplitRing::has_lost_doorbell() {
  const std::uint16_t index = load(&used_->index);
  if (index != looked_at_) {
    looked_at_ = index;
    has_rung_again_ = false;
    return false;
  }
  const bool wants = event_index_ ? event_passed(load(avail_event_), published_, index)
                                  : (load(&used_->flags) & RingHead::kNoNotify) == 0;
  if (has_rung_again_ || index == published_ || !wants) {
    return false;
  }
  has_rung_again_ = true;
  return true;
}

inline std::uint16_t SplitRing::completed() {
  const std::uint16_t index = load(&used_->index);
  // Elements may be read only after the index that shows them (2.7.14).
  read_barrier();
  auto pending = static_cast<std::uint16_t>(index - taken_);
  if (pending == 0) {
    return 0;
  }
  if (pending > entries_) [[unlikely]] {
    // The ring can't hold more. What a wrong index skips has been overwritten; the remaining
    // entries are checked one by one as usual.
    taken_ = static_cast<std::uint16_t>(index - entries_);
    pending = entries_;
  }
  if (event_index_) {
    // Ask for no interrupt (2.7.7.1). The store needs no ordering: at worst the device raises one
    // that nobody takes.
    store(used_event_, static_cast<std::uint16_t>(index + kNoEvent));
  }
  return pending;
}

// The used ring's head as one little-endian word; the index is its upper half.
inline WatchedWord SplitRing::watched() const {
  static_assert(offsetof(RingHead, index) == 2);
  return {.word = word_at(used_),
          .mask = 0xFFFF'0000,
          .quiet = static_cast<std::uint32_t>(taken_) << 16};
}

inline void SplitRing::ask_for_interrupt() {
  if (event_index_) {
    store(used_event_, taken_);
  } else {
    store(&available_->flags, std::uint16_t{0});
  }
}

// With event indices the flag must stay 0 (2.7.7.1).
inline void SplitRing::ask_for_none() {
  if (event_index_) {
    store(used_event_, static_cast<std::uint16_t>(taken_ + kNoEvent));
  } else {
    store(&available_->flags, RingHead::kNoInterrupt);
  }
}

inline Completion SplitRing::take() {
  const UsedElement* element = &used_ring_[taken_++ & mask_];
  const std::uint32_t id = load(&element->id);
  const std::uint32_t bytes = injection::stated(load(&element->bytes));
  if (id >= entries_ || slots_[id].pieces == 0) [[unlikely]] {
    return {};
  }
  const Slot& slot = slots_[id];
  const Completion completion{
      .owner = {.cookie = slot.cookie, .packet = slot.packet},
      .bytes = bytes,
      .verdict = bytes > slot.writable ? Verdict::kTooLong : Verdict::kGood};
  give_back(static_cast<std::uint16_t>(id));
  return completion;
}

// Puts a chain's descriptors at the front of the free list: recently used ones are still in cache.
inline void SplitRing::give_back(std::uint16_t head) {
  std::uint16_t tail = head;
  const std::uint16_t pieces = std::exchange(slots_[head].pieces, std::uint16_t{0});
#pragma clang loop unroll(disable)  // a few at most
  for (std::uint16_t i = 1; i < pieces; ++i) {
    tail = slots_[tail].next;
  }
  slots_[tail].next = free_head_;
  free_head_ = head;
  free_ = static_cast<std::uint16_t>(free_ + pieces);
  --lent_;
}

template <typename Sink>
void SplitRing::take_all(Sink&& sink) {
  for (std::uint16_t head = 0; head < entries_; ++head) {
    if (slots_[head].pieces != 0) {
      const Owner owner{.cookie = slots_[head].cookie, .packet = slots_[head].packet};
      give_back(head);
      sink(owner);
    }
  }
}

}  // namespace mote::virtio
