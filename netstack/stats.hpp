// What an interface counts. Counted from attach on, never reset.
#pragma once

#include <array>
#include <cstdint>

#include "netstack/fast_path.hpp"

namespace mote::netstack {

struct InterfaceCounters {
  std::array<std::uint64_t, kFates> fates{};  // received frames, by what became of them
  std::uint64_t replies_dropped = 0;          // echo replies for which the ring had no room
  std::uint64_t rx_copied = 0;                // frames copied out of their packet (copy-break)
  std::uint64_t rx_no_memory = 0;             // frames dropped for want of a pbuf
  std::uint64_t tx_frames = 0;                // lwIP's frames given to the device
  std::uint64_t tx_copied = 0;                // of these, copied into a packet first
  std::uint64_t tx_waited = 0;                // frames that waited in the backlog
  std::uint64_t tx_dropped = 0;               // frames refused: backlog full, or no packet

  [[nodiscard]] constexpr std::uint64_t& operator[](Fate fate) {
    return fates[static_cast<std::size_t>(fate)];
  }
  [[nodiscard]] constexpr std::uint64_t operator[](Fate fate) const {
    return fates[static_cast<std::size_t>(fate)];
  }
};

}  // namespace mote::netstack
