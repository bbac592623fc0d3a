// Reading fw_cfg through its I/O ports.
#include "kernel/platform/fw_cfg.hpp"

#include <algorithm>
#include <array>

#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/port_io.hpp"

namespace mote::fw_cfg {
namespace {

constexpr IoPort kSelector{0x510};
constexpr IoPort kData{0x511};

constexpr std::uint16_t kSignature = 0x0000;
constexpr std::uint16_t kDirectory = 0x0019;
constexpr std::string_view kSignatureText = "QEMU";
constexpr std::size_t kNameBytes = 56;
constexpr std::uint32_t kMostFiles = 256;

// Reads a big-endian number; everything in the directory is big-endian.
template <typename T>
T read_number() {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | port::in8(kData));
  }
  return value;
}

bool is_there() {
  port::out16(kSelector, kSignature);
  return std::ranges::all_of(kSignatureText, [](char expected) {
    return static_cast<char>(port::in8(kData)) == expected;
  });
}

// A directory entry, and whether its name is the one sought.
struct Entry {
  File file;
  bool matches;
};

Entry read_entry(std::string_view name) {
  const auto bytes = read_number<std::uint32_t>();
  const auto selector = read_number<std::uint16_t>();
  static_cast<void>(read_number<std::uint16_t>());  // reserved
  std::array<char, kNameBytes> stored;
  for (char& character : stored) {
    character = static_cast<char>(port::in8(kData));
  }
  const std::string_view text(stored.data(), stored.size());
  return {{selector, bytes}, text.substr(0, text.find('\0')) == name};
}

}  // namespace

std::optional<File> find(std::string_view name) {
  if (!is_there()) {
    return std::nullopt;
  }
  port::out16(kSelector, kDirectory);
  const std::uint32_t files = std::min(read_number<std::uint32_t>(), kMostFiles);
  for (std::uint32_t i = 0; i < files; ++i) {
    if (const Entry entry = read_entry(name); entry.matches) {
      return entry.file;
    }
  }
  return std::nullopt;
}

std::span<std::byte> read(const File& file, std::span<std::byte> to) {
  const std::span<std::byte> part = to.first(std::min<std::size_t>(file.bytes, to.size()));
  port::out16(kSelector, file.selector);
  for (std::byte& byte : part) {
    byte = std::byte{port::in8(kData)};
  }
  return part;
}

}  // namespace mote::fw_cfg
