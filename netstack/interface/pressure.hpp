// Early drop: whose frames go first when they come faster than turns can judge them.
//
// A device whose turns are full for long has a backlog, and then drops whatever comes: answers that
// are awaited as well as a flood. So while that lasts, frames that cost a lot and that anybody may
// send get a share of each turn; the rest of them is dropped by a glance, and what belongs to a
// connection, or is the gateway's ARP, is always judged.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lwip/netif.h"

namespace mote::netstack {

class Pressure {
 public:
  // Full turns in a row, roughly, before it is on: some thousand frames, more than honest clients
  // send at once.
  static constexpr unsigned kOnAfter = 32;

  // Kinds of frames that anybody may send, and how many of each a turn judges.
  enum class Kind : std::uint8_t { kNone, kSyn, kStray, kEcho, kDatagram, kFragment, kArp, kOther };
  static constexpr std::array<std::uint8_t, 8> kShares = {0, 48, 4, 8, 4, 4, 8, 2};

  // A turn ends that judged frames, with or without a backlog left.
  void on_turn(bool was_full) {
    if (was_full) {
      full_turns_ = std::min(full_turns_ + 1, 2 * kOnAfter);
      left_ = kShares;
    } else {
      full_turns_ -= std::min(full_turns_, kRelief);
    }
  }
  [[nodiscard]] bool is_on() const { return full_turns_ >= kOnAfter; }

  // While it is on: whether this frame may be judged. Looks at nothing but headers, and believes
  // them.
  [[nodiscard]] bool admits(std::span<const std::byte> frame, const struct netif& netif);

  // kNone: it belongs to a connection, or is the gateway's ARP.
  [[nodiscard]] static Kind kind_of(std::span<const std::byte> frame, const struct netif& netif);

 private:
  // A turn that isn't full undoes so many.
  static constexpr unsigned kRelief = 4;

  unsigned full_turns_ = 0;
  std::array<std::uint8_t, kShares.size()> left_ = kShares;
};

}  // namespace mote::netstack
