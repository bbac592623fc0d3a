// The clients that may request an endpoint: on all interfaces, on one, or nobody.
#pragma once

#include <cstdint>

namespace mote::http {

class Audience {
 public:
  [[nodiscard]] static constexpr Audience all() { return {Kind::kAll, 0}; }
  [[nodiscard]] static constexpr Audience none() { return {Kind::kNone, 0}; }
  [[nodiscard]] static constexpr Audience on(unsigned interface) { return {Kind::kOne, interface}; }

  // Whether clients on `interface` are included.
  [[nodiscard]] constexpr bool includes(unsigned interface) const {
    return kind_ == Kind::kAll || (kind_ == Kind::kOne && interface_ == interface);
  }

 private:
  enum class Kind : std::uint8_t { kAll, kOne, kNone };
  constexpr Audience(Kind kind, unsigned interface) : kind_(kind), interface_(interface) {}

  Kind kind_;
  unsigned interface_;
};

}  // namespace mote::http
