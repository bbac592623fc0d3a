// Parses numbers, addresses and names in settings.
#include "firmware/settings/parse.hpp"

#include <bit>

namespace mote {
namespace {

using namespace std::string_view_literals;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr int hex_digit(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view take_until(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const auto head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return head;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n"sv;
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t least,
                                          std::uint32_t most) {
  if (text.empty() || text.size() > 10) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) {
      return std::nullopt;
    }
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value < least || value > most) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(value);
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    // The last part takes all the rest, so a fifth part is an error.
    const auto number = parse_number(part < 3 ? take_until(text, '.') : text, 0, 255);
    if (!number) {
      return std::nullopt;
    }
    address = address << 8 | *number;
  }
  return address;
}

std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text) {
  const auto address = parse_ipv4(take_until(text, '/'));
  const auto length = parse_number(text, 0, 32);
  if (!address || !length) {
    return std::nullopt;
  }
  return Ipv4Prefix{*address, static_cast<std::uint8_t>(*length)};
}

std::optional<std::uint8_t> parse_netmask(std::string_view text) {
  if (const auto mask = parse_ipv4(text)) {
    const int bits = std::popcount(*mask);
    return std::countl_one(*mask) == bits ? std::optional(static_cast<std::uint8_t>(bits))
                                          : std::nullopt;
  }
  const auto bits = parse_number(text, 0, 32);
  return bits ? std::optional(static_cast<std::uint8_t>(*bits)) : std::nullopt;
}

std::optional<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac;
  if (text.size() != mac.octets.size() * 3 - 1) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < mac.octets.size(); ++i) {
    const int high = hex_digit(text[i * 3]);
    const int low = hex_digit(text[i * 3 + 1]);
    const bool ended = i + 1 == mac.octets.size() || text[i * 3 + 2] == ':';
    if (high < 0 || low < 0 || !ended) {
      return std::nullopt;
    }
    mac.octets[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return mac;
}

bool is_url_path(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() != '/') {
    return false;
  }
  text.remove_prefix(1);
  while (!text.empty()) {
    const bool is_last = text.find('/') == std::string_view::npos;
    const auto segment = take_until(text, '/');
    if (segment.empty() || segment == "."sv || segment == ".."sv || (!is_last && text.empty())) {
      return false;
    }
    for (const char c : segment) {
      // RFC 3986, 2.3 and 3.3: unreserved characters, and those without a meaning in a path.
      if (!is_letter(c) && !is_digit(c) &&
          std::string_view("-._~!$&'()*+,;=:@"sv).find(c) == std::string_view::npos) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace mote
