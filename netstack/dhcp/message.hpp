// Reader for a DHCP server's message (RFC 2131, 2; RFC 2132), limited to the options we use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "netstack/ip/routes.hpp"
#include "netstack/limits.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// The value of an option. Several parts, in the options or in the fields that extend them (option
// 52), make up one value (RFC 3396).
struct DhcpOption {
  std::array<std::byte, limits::kDhcpMessageBytes> bytes;
  std::size_t size = 0;
  bool given = false;

  [[nodiscard]] std::span<const std::byte> value() const { return std::span(bytes).first(size); }
};

class DhcpMessage {
 public:
  enum class Code : std::uint8_t {
    kPad = 0,
    kSubnetMask = 1,
    kRouter = 3,
    kHostName = 12,
    kInterfaceMtu = 26,
    kLeaseTime = 51,
    kOverload = 52,
    kServerIdentifier = 54,
    kRenewalTime = 58,      // T1
    kRebindingTime = 59,    // T2
    kClasslessRoute = 121,  // RFC 3442
    kMicrosoftRoute = 249,  // the same, before a number was assigned
    kEnd = 255,
  };

  // `bytes` must outlive the message. Absent if it isn't a DHCP message, or if an option is longer
  // than its area.
  [[nodiscard]] static std::optional<DhcpMessage> read(std::span<const std::byte> bytes);

  // The client's address ("yiaddr").
  [[nodiscard]] Ipv4Address address() const;

  [[nodiscard]] std::optional<Ipv4Address> address(Code code) const;
  [[nodiscard]] std::optional<std::uint32_t> seconds(Code code) const;
  [[nodiscard]] std::optional<std::uint16_t> number(Code code) const;

  void gather(Code code, DhcpOption& option) const;

 private:
  using Bytes = std::span<const std::byte>;

  // Calls `use(code, value)` for each option in `area`. False if one is longer than the area.
  static bool walk(Bytes area, auto&& use);
  [[nodiscard]] std::optional<std::uint32_t> fixed(Code code, std::size_t size) const;

  Bytes bytes_;
  std::array<Bytes, 3> areas_;  // in reading order (RFC 2131, 4.1)
};

// Reads the value of a classless route option, calling `use(route)` for each; network bits outside
// the mask become zero (RFC 3442). False if the value isn't made up entirely of routes.
bool read_routes(std::span<const std::byte> value, auto&& use) {
  while (!value.empty()) {
    const auto prefix_bits = static_cast<std::uint8_t>(value[0]);
    const std::size_t significant = (prefix_bits + 7U) / 8;
    if (prefix_bits > 32 || value.size() < 1 + significant + sizeof(Be32)) {
      return false;
    }
    std::array<std::byte, sizeof(Be32)> network{};
    std::ranges::copy(value.subspan(1, significant), network.begin());
    std::array<std::byte, sizeof(Be32)> router{};
    std::ranges::copy(value.subspan(1 + significant, sizeof(Be32)), router.begin());
    use(Route{{std::bit_cast<Be32>(network) & mask_of(prefix_bits).value},
              prefix_bits,
              {std::bit_cast<Be32>(router)}});
    value = value.subspan(1 + significant + sizeof(Be32));
  }
  return true;
}

}  // namespace mote::netstack
