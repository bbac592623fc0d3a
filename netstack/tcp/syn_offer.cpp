// Reads a SYN's options, and keeps them in a byte.
#include "netstack/tcp/syn_offer.hpp"

#include <algorithm>

#include "lwip/opt.h"
#include "netstack/wire/tcp_options.hpp"

namespace mote::netstack {
namespace {

// What clients offer: the least that is believed, the least that is usual, tunnels and radio, and
// Ethernet with PPPoE and without. Most clients offer one of them; others lose some per cent of
// their segments' length.
constexpr std::array<std::uint16_t, 8> kSizes = {216, 536, 1200, 1360, 1400, 1440, 1452, 1460};
static_assert(kSizes.back() == TCP_MSS && kSizes[1] == SynOffer::kUsualMss);

constexpr unsigned kScaleShift = 1;
constexpr unsigned kSizeShift = 5;
constexpr std::uint8_t kLargestScale = 14;  // RFC 7323, 2.3

std::uint16_t believed_size(std::span<const std::uint8_t> data) {
  const auto size = static_cast<std::uint16_t>(data[0] << 8 | data[1]);
  return size == 0 ? kSizes.back() : std::clamp(size, kSizes.front(), kSizes.back());
}

}  // namespace

SynOffer SynOffer::read(std::span<const std::uint8_t> options) {
  SynOffer offer;
  for (;;) {
    const TcpOption option = take_option(options);
    const std::size_t bytes = option.data.size();
    if (option.kind == TcpOption::kEnd) {
      return offer;
    }
    if (option.kind == TcpOption::kMaximumSegmentSize) {
      if (bytes != 2) {
        return offer;
      }
      offer.mss = believed_size(option.data);
    } else if (option.kind == TcpOption::kWindowScale) {
      if (bytes != 1) {
        return offer;
      }
      if (offer.scale == kNoScale) {
        offer.scale = std::min(option.data[0], kLargestScale);
      }
    } else if (option.kind == TcpOption::kSackPermitted) {
      if (bytes != 0) {
        return offer;
      }
      offer.permits_sack = true;
    }
  }
}

std::uint8_t SynOffer::packed() const {
  const auto longer = std::ranges::upper_bound(kSizes, mss);
  const auto size =
      longer == kSizes.begin() ? 0U : static_cast<unsigned>(longer - kSizes.begin()) - 1;
  return static_cast<std::uint8_t>(
      size << kSizeShift | static_cast<unsigned>(scale) << kScaleShift | (permits_sack ? 1U : 0U));
}

SynOffer SynOffer::unpacked(std::uint8_t bits) {
  return {.mss = kSizes[bits >> kSizeShift],
          .scale = static_cast<std::uint8_t>(bits >> kScaleShift & 0xFU),
          .permits_sack = (bits & 1U) != 0};
}

SynAckOptions::SynAckOptions(const SynOffer& offer, std::uint16_t own_mss, std::uint8_t own_scale) {
  const auto add = [this](std::array<std::uint8_t, 4> word) {
    std::ranges::copy(word, bytes.begin() + static_cast<std::ptrdiff_t>(count));
    count += word.size();
  };
  constexpr std::uint8_t kPad = TcpOption::kNoOperation;
  add({TcpOption::kMaximumSegmentSize, 4, static_cast<std::uint8_t>(own_mss >> 8),
       static_cast<std::uint8_t>(own_mss)});
  if (offer.scale != SynOffer::kNoScale) {
    add({kPad, TcpOption::kWindowScale, 3, own_scale});
  }
  if (offer.permits_sack) {
    add({kPad, kPad, TcpOption::kSackPermitted, 2});
  }
}

}  // namespace mote::netstack
