// TCP's options, one after the other (RFC 9293, 3.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::netstack {

// Kind 0: there is no other. `data`: what follows kind and length.
struct TcpOption {
  static constexpr std::uint8_t kEnd = 0;
  static constexpr std::uint8_t kNoOperation = 1;
  static constexpr std::uint8_t kMaximumSegmentSize = 2;
  static constexpr std::uint8_t kWindowScale = 3;    // RFC 7323, 2.2
  static constexpr std::uint8_t kSackPermitted = 4;  // RFC 2018, 2
  static constexpr std::uint8_t kSack = 5;           // RFC 2018, 3

  std::uint8_t kind = kEnd;
  std::span<const std::uint8_t> data;
};

// Takes the first option from those that are left. One that can't be read is the end.
[[nodiscard, gnu::always_inline]] inline TcpOption take_option(
    std::span<const std::uint8_t>& options) {
  while (!options.empty() && options[0] == TcpOption::kNoOperation) {
    options = options.subspan(1);
  }
  const std::size_t bytes = options.size() > 1 ? options[1] : 0;
  if (bytes < 2 || bytes > options.size() || options[0] == TcpOption::kEnd) {
    return {};
  }
  const TcpOption option{options[0], options.subspan(2, bytes - 2)};
  options = options.subspan(bytes);
  return option;
}

}  // namespace mote::netstack
