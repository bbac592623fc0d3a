// Reads a DHCP server's message.
#include "netstack/dhcp/message.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace mote::netstack {
namespace {

// RFC 2131, 2 and 3: the part of a message before its options.
struct Bootp {
  std::array<std::byte, 16> until_yiaddr;
  Be32 yiaddr;
  std::array<std::byte, 24> until_sname;
  std::array<std::byte, 64> sname;
  std::array<std::byte, 128> file;
  Be32 cookie;

  static constexpr std::uint32_t kCookie = 0x63825363;
};
static_assert(offsetof(Bootp, yiaddr) == 16 && offsetof(Bootp, sname) == 44);
static_assert(offsetof(Bootp, file) == 108 && sizeof(Bootp) == 240 && alignof(Bootp) == 1);

}  // namespace

bool DhcpMessage::walk(Bytes area, auto&& use) {
  while (!area.empty()) {
    const auto code = static_cast<Code>(area[0]);
    if (code == Code::kEnd) {
      return true;
    }
    if (code == Code::kPad) {
      area = area.subspan(1);
      continue;
    }
    if (area.size() < 2) {
      return false;
    }
    const auto size = static_cast<std::size_t>(area[1]);
    if (area.size() < 2 + size) {
      return false;
    }
    use(code, area.subspan(2, size));
    area = area.subspan(2 + size);
  }
  return true;
}

std::optional<DhcpMessage> DhcpMessage::read(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(Bootp)) {
    return std::nullopt;
  }
  const auto& bootp = *reinterpret_cast<const Bootp*>(bytes.data());
  if (bootp.cookie != Bootp::kCookie) {
    return std::nullopt;
  }
  DhcpMessage message;
  message.bytes_ = bytes;
  message.areas_[0] = bytes.subspan(sizeof(Bootp));
  unsigned overload = 0;
  bool whole = walk(message.areas_[0], [&](Code code, Bytes value) {
    if (code == Code::kOverload && value.size() == 1) {
      overload = static_cast<unsigned>(value[0]);
    }
  });
  if ((overload & 1) != 0) {
    message.areas_[1] = bootp.file;
  }
  if ((overload & 2) != 0) {
    message.areas_[2] = bootp.sname;
  }
  for (const Bytes area : std::span(message.areas_).subspan(1)) {
    whole &= walk(area, [](Code, Bytes) {});
  }
  return whole ? std::optional(message) : std::nullopt;
}

Ipv4Address DhcpMessage::address() const {
  return {reinterpret_cast<const Bootp*>(bytes_.data())->yiaddr};
}

void DhcpMessage::gather(Code code, DhcpOption& option) const {
  option.size = 0;
  option.given = false;
  for (const Bytes area : areas_) {
    walk(area, [&](Code found, Bytes value) {
      if (found != code) {
        return;
      }
      option.given = true;
      // All parts come from one message, so there is room.
      const std::size_t room = std::min(value.size(), option.bytes.size() - option.size);
      std::ranges::copy(value.first(room),
                        option.bytes.begin() + static_cast<std::ptrdiff_t>(option.size));
      option.size += room;
    });
  }
}

// The first `size` bytes of an option's first part, as a number.
std::optional<std::uint32_t> DhcpMessage::fixed(Code code, std::size_t size) const {
  std::optional<std::uint32_t> number;
  for (const Bytes area : areas_) {
    walk(area, [&](Code found, Bytes value) {
      if (found != code || value.size() < size || number.has_value()) {
        return;
      }
      std::uint32_t read = 0;
      for (const std::byte byte : value.first(size)) {
        read = read << 8 | static_cast<unsigned>(byte);
      }
      number = read;
    });
  }
  return number;
}

std::optional<Ipv4Address> DhcpMessage::address(Code code) const {
  const auto number = fixed(code, 4);
  return number ? std::optional(Ipv4Address{*number}) : std::nullopt;
}

std::optional<std::uint32_t> DhcpMessage::seconds(Code code) const { return fixed(code, 4); }

std::optional<std::uint16_t> DhcpMessage::number(Code code) const {
  const auto number = fixed(code, 2);
  return number ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
}

}  // namespace mote::netstack
