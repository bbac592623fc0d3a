// carrier.hpp, by packet sockets (packet(7)).
#include "tests/bench/carrier.hpp"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace bench {

namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
// For 1,000 Mbit/s over 200 ms with a queue of four products, and the acknowledgements.
constexpr std::uint32_t kSlots = 1U << 18;
constexpr unsigned kRingBlock = 1 << 16;
constexpr unsigned kRingFrame = 2048;
constexpr unsigned kRingFrames = 1 << 14;
constexpr std::uint32_t kCapturedBytes = 128;

Nanoseconds since_epoch(const timespec& when) {
  return static_cast<Nanoseconds>(when.tv_sec) * kSecond + static_cast<Nanoseconds>(when.tv_nsec);
}

bool is_ip(std::span<const std::uint8_t> frame) {
  return frame.size() >= 14 && frame[12] == 8 && frame[13] == 0;
}

template <typename Value>
bool set(int made, int name, const Value& value) {
  return setsockopt(made, SOL_PACKET, name, &value, sizeof value) == 0;
}

}  // namespace

void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

Nanoseconds now() {
  timespec when{};
  clock_gettime(CLOCK_REALTIME, &when);
  return since_epoch(when);
}

Port::Port(const char* interface)
    : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_ALL);
  where.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  packet_mreq all{};
  all.mr_ifindex = where.sll_ifindex;
  all.mr_type = PACKET_MR_PROMISC;
  tpacket_req ring{};
  ring.tp_block_size = kRingBlock;
  ring.tp_block_nr = kRingFrames / (kRingBlock / kRingFrame);
  ring.tp_frame_size = kRingFrame;
  ring.tp_frame_nr = kRingFrames;
  if (socket_ < 0 || where.sll_ifindex == 0 || !set(socket_, PACKET_IGNORE_OUTGOING, 1) ||
      !set(socket_, PACKET_VERSION, int{TPACKET_V2}) || !set(socket_, PACKET_RX_RING, ring) ||
      bind(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 ||
      !set(socket_, PACKET_ADD_MEMBERSHIP, all)) {
    fail(interface);
  }
  void* memory = mmap(nullptr, std::size_t{kRingFrame} * kRingFrames, PROT_READ | PROT_WRITE,
                      MAP_SHARED, socket_, 0);
  if (memory == MAP_FAILED) {
    fail("mmap");
  }
  ring_ = static_cast<std::uint8_t*>(memory);
}

std::uint8_t* Port::slot() const { return ring_ + std::size_t{at_} * kRingFrame; }

bool Port::next(Arrival& arrival) const {
  auto* head = reinterpret_cast<tpacket2_hdr*>(slot());
  if ((std::atomic_ref(head->tp_status).load(std::memory_order_acquire) & TP_STATUS_USER) == 0) {
    return false;
  }
  arrival = {.when = head->tp_sec * kSecond + head->tp_nsec,
             .frame = {slot() + head->tp_mac, head->tp_snaplen},
             .whole = head->tp_len == head->tp_snaplen};
  return true;
}

void Port::done() {
  auto* head = reinterpret_cast<tpacket2_hdr*>(slot());
  std::atomic_ref(head->tp_status).store(TP_STATUS_KERNEL, std::memory_order_release);
  at_ = (at_ + 1) % kRingFrames;
}

unsigned Port::send(std::span<mmsghdr> messages) const {
  const int went =
      sendmmsg(socket_, messages.data(), static_cast<unsigned>(messages.size()), MSG_DONTWAIT);
  return went > 0 ? static_cast<unsigned>(went) : 0;
}

std::uint64_t Port::missed() const {
  tpacket_stats counts{};
  socklen_t size = sizeof counts;
  if (getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &counts, &size) != 0) {
    fail("PACKET_STATISTICS");
  }
  return counts.tp_drops;
}

Slots::Slots() : bytes_(kSlots), free_(kSlots) {
  void* memory = mmap(nullptr, kSlots * kFrameBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    fail("mmap");
  }
  memory_ = static_cast<std::uint8_t*>(memory);
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    free_[slot] = kSlots - 1 - slot;
  }
}

std::uint32_t Slots::take() {
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void Slots::fill(std::uint32_t slot, std::span<const std::uint8_t> frame) {
  std::memcpy(data(slot), frame.data(), frame.size());
  bytes_[slot] = static_cast<std::uint16_t>(frame.size());
}

std::uint32_t Slots::copy(std::uint32_t slot) {
  const std::uint32_t made = take();
  fill(made, frame(slot));
  return made;
}

void Capture::open(const char* path) {
  file_ = std::fopen(path, "wb");
  if (file_ == nullptr) {
    fail(path);
  }
  const std::array<std::uint32_t, 6> head{0xA1B23C4D, 4U << 16 | 2, 0, 0, kCapturedBytes, 1};
  std::fwrite(head.data(), sizeof head, 1, file_);
}

void Capture::add(Nanoseconds when, std::span<const std::uint8_t> frame) const {
  if (file_ == nullptr) {
    return;
  }
  const auto size = static_cast<std::uint32_t>(frame.size());
  const std::uint32_t kept = std::min(size, kCapturedBytes);
  const std::array<std::uint32_t, 4> head{static_cast<std::uint32_t>(when / kSecond),
                                          static_cast<std::uint32_t>(when % kSecond), kept, size};
  std::fwrite(head.data(), sizeof head, 1, file_);
  std::fwrite(frame.data(), kept, 1, file_);
}

void Capture::close() const {
  if (file_ != nullptr && std::fclose(file_) != 0) {
    fail("the capture");
  }
}

Carrier::Carrier(const Line& line, Port& from, const Port& to, Slots& slots, const Capture& capture,
                 Captures captures)
    : way_(line), from_(&from), to_(&to), slots_(&slots), capture_(&capture), captures_(captures) {}

bool Carrier::receive() {
  Port::Arrival arrival;
  unsigned taken = 0;
  for (; taken < kBatch && from_->next(arrival); ++taken) {
    enter(arrival);
    from_->done();
  }
  return taken == kBatch;
}

void Carrier::deliver(Nanoseconds when) {
  while (next_due() <= when) {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> pieces{};
    std::array<std::uint32_t, kBatch> going{};
    unsigned count = 0;
    for (; count < kBatch && next_due() <= when; ++count) {
      const Nanoseconds late = when - next_due();
      host_.late += late;
      host_.late_most = std::max(host_.late_most, late);
      going[count] = travellers_.take();
      const std::span<std::uint8_t> frame = slots_->frame(going[count]);
      pieces[count] = {frame.data(), frame.size()};
      messages[count].msg_hdr.msg_iov = &pieces[count];
      messages[count].msg_hdr.msg_iovlen = 1;
      if (captures_ == Captures::kWhatLeaves) {
        capture_->add(when, frame);
      }
    }
    send_all({messages.data(), count});
    for (unsigned at = 0; at < count; ++at) {
      slots_->give(going[at]);
    }
  }
}

void Carrier::tell() const {
  const Counts& line = way_.counts();
  const std::pair<const char*, std::uint64_t> all[] = {
      {"frames", line.frames},
      {"bytes", line.bytes},
      {"lost", line.lost},
      {"dropped", line.dropped},
      {"reordered", line.reordered},
      {"duplicated", line.duplicated},
      {"queue_mean_us", line.mean_wait() / 1000},
      {"queue_most_us", line.waited_most / 1000},
      {"marked", host_.marked},
      {"at_once", host_.at_once},
      {"too_large", host_.too_large},
      {"missed", from_->missed()},
      {"no_room", host_.no_room},
      {"refused", host_.refused},
      {"late_mean_us", host_.sent == 0 ? 0 : host_.late / host_.sent / 1000},
      {"late_most_us", host_.late_most / 1000}};
  const char* before = "{";
  for (const auto& [name, value] : all) {
    std::printf("%s\"%s\": %lu", before, name, static_cast<unsigned long>(value));
    before = ", ";
  }
  std::fputs("}", stdout);
}

// The times of arrival are the kernel's: being late for a frame doesn't make the line longer. They
// are the clock's of the day, which may be set back.
void Carrier::enter(const Port::Arrival& arrival) {
  if (!arrival.whole) {
    ++host_.too_large;
    return;
  }
  const Nanoseconds when = latest_ = std::max(latest_, arrival.when);
  if (captures_ == Captures::kWhatEnters) {
    capture_->add(when, arrival.frame);
  }
  if (!slots_->has(2)) {
    ++host_.no_room;
    return;
  }
  Journey journey{.fate = Fate::kCarried, .copies = 1, .due = when};
  if (is_ip(arrival.frame)) {
    journey = way_.enter(when, arrival.frame.size());
  } else {
    ++host_.at_once;
  }
  if (journey.fate != Fate::kCarried) {
    return;
  }
  const std::uint32_t slot = slots_->take();
  slots_->fill(slot, arrival.frame);
  if (journey.marked && mark_congestion(slots_->frame(slot))) {
    ++host_.marked;
  }
  for (unsigned copy = 1; copy < journey.copies; ++copy) {
    travellers_.add(journey.due, slots_->copy(slot));
  }
  travellers_.add(journey.due, slot);
}

void Carrier::send_all(std::span<mmsghdr> messages) {
  while (!messages.empty()) {
    if (const unsigned went = to_->send(messages); went > 0) {
      host_.sent += went;
      messages = messages.subspan(went);
    } else {  // a full interface loses a frame, like any
      ++host_.refused;
      messages = messages.subspan(1);
    }
  }
}

}  // namespace bench
