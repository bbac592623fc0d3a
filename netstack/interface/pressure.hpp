// Early drop: whose frames go first when they come faster than turns can judge them.
//
// A device whose ring is nearly full turn after turn drops whatever comes: answers that are awaited
// as well as a flood. So while that lasts, frames that cost a lot and that anybody may send get a
// share of each turn; the rest of them is dropped by a glance, and what belongs to a connection, or
// is the gateway's ARP, is always judged. SYNs from where a connection was lately have a share of
// their own, which a flood from forged addresses can't use up.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lwip/netif.h"
#include "netstack/limits.hpp"

namespace mote::netstack {

class Pressure {
 public:
  // A turn after a full one may take so many frames, three quarters of a usual ring; if it does,
  // there is a backlog. Honest clients have less in flight, a flood of pings from one host too.
  static constexpr std::size_t kSurge = 192;
  // Such turns in a row, roughly, before it is on: more frames than honest clients send at once.
  static constexpr unsigned kOnAfter = 8;

  // Kinds of frames that anybody may send, and how many of each such a turn judges.
  enum class Kind : std::uint8_t {
    kConnection,  // of an established one; not limited
    kNone,        // of one that isn't yet, or the gateway's ARP; not limited either
    kRegular,     // a SYN from an address of which there was something established lately
    kSyn,
    kStray,
    kEcho,
    kDatagram,
    kFragment,
    kArp,
    kOther
  };
  static constexpr std::array<std::uint8_t, 10> kShares = {0, 0, 24, 120, 12, 24, 12, 12, 24, 6};

  // How many frames a turn may take; and a turn ends that took so many.
  [[nodiscard]] std::size_t budget() const { return budget_; }
  void on_turn(std::size_t frames) {
    if (frames >= kSurge) {
      surges_ = std::min(surges_ + 1, 2 * kOnAfter);
    } else if (surges_ != 0) {
      surges_ -= std::min(surges_, kRelief);
    }
    left_ = kShares;
    budget_ = frames >= limits::kRxBudget ? kSurge : limits::kRxBudget;
  }
  [[nodiscard]] bool is_on() const { return surges_ >= kOnAfter; }

  // While it is on: whether this frame may be judged. Looks at nothing but headers, and believes
  // them.
  [[nodiscard]] bool admits(std::span<const std::byte> frame, const struct netif& netif);

  // Never kRegular.
  [[nodiscard]] static Kind kind_of(std::span<const std::byte> frame, const struct netif& netif);

 private:
  // Another turn undoes so many.
  static constexpr unsigned kRelief = 2;
  // Addresses that are remembered, at the place that their last byte names.
  static constexpr std::size_t kRegulars = 64;

  [[nodiscard]] bool takes_share(Kind kind);

  std::size_t budget_ = limits::kRxBudget;
  unsigned surges_ = 0;
  std::array<std::uint8_t, kShares.size()> left_ = kShares;
  std::array<std::uint32_t, kRegulars> regulars_{};  // as on the wire; 0: nobody's
};

}  // namespace mote::netstack
