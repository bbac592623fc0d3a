// Parsers for numbers, addresses and names in settings. They accept a text only as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "drivers/net_device.hpp"

namespace mote {

// An IPv4 address with its most significant byte first: 192.0.2.1 is 0xC0000201.
struct Ipv4Prefix {
  std::uint32_t address;
  std::uint8_t length;  // bits of the network part, 0 to 32
};

// Splits off the part before the first `separator`; `rest` keeps the part after it.
[[nodiscard]] std::string_view take_until(std::string_view& rest, char separator);

[[nodiscard]] std::string_view trim(std::string_view text);

// A decimal number from `least` to `most`.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t least,
                                                        std::uint32_t most);

// "192.0.2.1": four decimal numbers.
[[nodiscard]] std::optional<std::uint32_t> parse_ipv4(std::string_view text);

// "192.0.2.1/24".
[[nodiscard]] std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text);

// "255.255.255.0" or "24": the bits of a netmask.
[[nodiscard]] std::optional<std::uint8_t> parse_netmask(std::string_view text);

// "52:54:00:12:34:56".
[[nodiscard]] std::optional<MacAddress> parse_mac(std::string_view text);

// Whether a text is a URL path fit for a setting: begins with a slash, holds nothing that a client
// would escape and no segment that it would resolve away. At most 63 characters.
[[nodiscard]] bool is_url_path(std::string_view text);

}  // namespace mote
