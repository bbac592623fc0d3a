// Descriptors and completions of vmxnet3's rings (vmxnet3_defs.h, "Vmxnet3_GenericDesc").
//
// Each is four words of 32 bits. Its generation bit tells the owner: it begins as 1 and flips each
// time the ring wraps, so that neither side needs to read the other's index.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace mote::vmxnet3 {

static_assert(std::endian::native == std::endian::little, "vmxnet3's fields are little-endian");

using Words = std::array<std::uint32_t, 4>;

// A field of bits in one of the words.
struct Field {
  unsigned word;
  unsigned shift;
  unsigned bits = 1;

  [[nodiscard]] constexpr std::uint32_t most() const { return (std::uint32_t{1} << bits) - 1; }
  [[nodiscard]] constexpr std::uint32_t of(const Words& words) const {
    return words[word] >> shift & most();
  }
  // The value in its place, truncated to the field's bits.
  [[nodiscard]] constexpr std::uint32_t put(std::uint32_t value) const {
    return (value & most()) << shift;
  }
};

// The driver writes this: a buffer's physical address, and two words of fields.
struct Descriptor {
  std::uint64_t address;
  std::uint32_t word2;
  std::uint32_t word3;
};
static_assert(sizeof(Descriptor) == 16 && offsetof(Descriptor, word2) == 8);

// "Vmxnet3_TxDesc". A frame's first descriptor says what to do with it, its last marks the end.
// Offsets are in bytes from the frame's start.
namespace transmit_field {
inline constexpr Field kBytes{2, 0, 14};  // 0 stands for 16,384
inline constexpr Field kGeneration{2, 14};
// msscof: where to store the sum, or how much of the payload goes into each frame.
inline constexpr Field kChecksumAt{2, 18, 14};
inline constexpr Field kPayloadBytes = kChecksumAt;
// hlen: where the summed bytes begin, or how long the headers are.
inline constexpr Field kChecksumFrom{3, 0, 10};
inline constexpr Field kHeaderBytes = kChecksumFrom;
inline constexpr Field kOffload{3, 10, 2};  // om
inline constexpr Field kEnds{3, 12};        // eop
inline constexpr Field kComplete{3, 13};    // cq: report when it has been sent
inline constexpr std::uint32_t kOffloadChecksum = 2;
inline constexpr std::uint32_t kOffloadCut = 3;  // "VMXNET3_OM_TSO"
}  // namespace transmit_field

// "VMXNET3_MAX_TXD_PER_PKT": descriptors of one frame.
inline constexpr std::size_t kMostPieces = 16;

// "Vmxnet3_TxCompDesc".
namespace sent_field {
inline constexpr Field kIndex{0, 0, 12};  // of the frame's last descriptor
}  // namespace sent_field

// "VMXNET3_MAX_TX_BUF_SIZE": bytes of one descriptor.
inline constexpr std::uint32_t kMostPieceBytes = 16'384;

// "Vmxnet3_RxDesc".
namespace receive_field {
inline constexpr Field kBytes{2, 0, 14};
inline constexpr Field kType{2, 14};  // btype
inline constexpr Field kGeneration{2, 31};
inline constexpr std::uint32_t kHead = 0;  // a frame may begin here
inline constexpr std::uint32_t kBody = 1;  // or only continue
}  // namespace receive_field

// "Vmxnet3_RxCompDesc".
namespace received_field {
inline constexpr Field kIndex{0, 0, 12};
inline constexpr Field kEnds{0, 14};      // eop
inline constexpr Field kBegins{0, 15};    // sop
inline constexpr Field kRing{0, 16, 10};  // rqID: the queue's number; for its second ring plus the
                                          // number of queues
inline constexpr std::uint32_t kHeadRing = 0;
inline constexpr std::uint32_t kBodyRing = 1;
inline constexpr Field kNotSummed{0, 30};  // cnc: no checksum was calculated
inline constexpr Field kBytes{2, 0, 14};
inline constexpr Field kError{2, 14};
inline constexpr Field kSumRight{3, 16};  // tuc: that of TCP or UDP
inline constexpr Field kUdp{3, 17};
inline constexpr Field kTcp{3, 18};
inline constexpr Field kIpSumRight{3, 19};  // ipc
inline constexpr Field kIpv6{3, 20};
inline constexpr Field kIpv4{3, 21};
inline constexpr Field kFragment{3, 22};
}  // namespace received_field

// In both kinds of completion.
inline constexpr Field kCompletionGeneration{3, 31};

// Alignment of a ring's memory in bytes, and the multiple that its size in entries must be.
inline constexpr std::size_t kRingAlignment = 512;
inline constexpr std::size_t kRingMultiple = 32;

// A place in a ring of descriptors, counted without wrapping at its end; index and generation
// follow from it. Because places wrap at 2^32, the ring's size must be a power of two below 2^32.
template <std::uint32_t entries>
  requires(std::has_single_bit(entries) && entries % kRingMultiple == 0)
struct RingPlace {
  static constexpr std::uint32_t index(std::uint32_t place) { return place % entries; }
  static constexpr std::uint32_t generation(std::uint32_t place) {
    return (place / entries & 1) ^ 1;
  }
};

// Access to memory that the device may read or write at any time.
template <typename T>
[[nodiscard]] inline T load(const T* from) {
  return *const_cast<const volatile T*>(from);
}
template <typename T>
inline void store(T* to, T value) {
  *const_cast<volatile T*>(to) = value;
}

}  // namespace mote::vmxnet3
