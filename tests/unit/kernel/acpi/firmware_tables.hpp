// ACPI tables for tests, at the address where a BIOS leaves them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "kernel/acpi/tables.hpp"

namespace mote::acpi {

inline constexpr std::uint64_t kBase = 0xE0000;
inline constexpr std::uint64_t kRsdp = kBase + 0x40;
inline constexpr std::uint64_t kRsdt = kBase + 0x100;
inline constexpr std::uint64_t kXsdt = kBase + 0x200;
inline constexpr std::uint64_t kFadtAt = kBase + 0x300;
inline constexpr std::uint64_t kMcfgAt = kBase + 0x500;
inline constexpr std::uint64_t kDsdtAt = kBase + 0x600;
inline constexpr std::size_t kFadtBytes = 244;

// Memory from kBase on that holds a small set of tables.
class Firmware {
 public:
  Firmware() : bytes_(0x1000) {
    text(kRsdp, "RSD PTR ");
    put<std::uint8_t>(kRsdp + kRsdpRevision, 2);
    put<std::uint32_t>(kRsdp + kRsdpRsdt, kRsdt);
    put<std::uint64_t>(kRsdp + kRsdpXsdt, kXsdt);
    seal_rsdp();
    header(kRsdt, "RSDT", kHeaderBytes + 4);
    put<std::uint32_t>(kRsdt + kHeaderBytes, kFadtAt);
    seal(kRsdt);
    header(kXsdt, "XSDT", kHeaderBytes + 16);
    put<std::uint64_t>(kXsdt + kHeaderBytes, kFadtAt);
    put<std::uint64_t>(kXsdt + kHeaderBytes + 8, kMcfgAt);
    seal(kXsdt);
    header(kFadtAt, "FACP", kFadtBytes);
    put<std::uint32_t>(kFadtAt + kFadtPmTimer, 0x608);
    put<std::uint8_t>(kFadtAt + kFadtPmTimerBytes, 4);
    put<std::uint64_t>(kFadtAt + kFadtXDsdt, kDsdtAt);
    seal(kFadtAt);
    header(kMcfgAt, "MCFG", kMcfgEntries + 16);
    put<std::uint64_t>(kMcfgAt + kMcfgEntries, 0xB000'0000);
    put<std::uint8_t>(kMcfgAt + kMcfgEntries + 11, 255);
    seal(kMcfgAt);
  }

  template <typename T>
  void put(std::uint64_t address, T value) {
    std::memcpy(bytes_.data() + (address - kBase), &value, sizeof(T));
  }
  void text(std::uint64_t address, std::string_view text) {
    std::memcpy(bytes_.data() + (address - kBase), text.data(), text.size());
  }
  void header(std::uint64_t address, std::string_view signature, std::uint32_t bytes) {
    text(address, signature);
    put(address + kHeaderLength, bytes);
  }
  void seal(std::uint64_t address) {
    constexpr std::size_t kChecksum = 9;
    const auto length = field<std::uint32_t>(view(address, 8), kHeaderLength);
    seal_bytes(address, length, address + kChecksum);
  }
  void seal_rsdp() {
    seal_bytes(kRsdp, kRsdpFirstBytes, kRsdp + 8);
    seal_bytes(kRsdp, kRsdpBytes, kRsdp + 32);
  }

  [[nodiscard]] Bytes view(std::uint64_t address, std::size_t bytes) const {
    if (address < kBase || address - kBase > bytes_.size() ||
        bytes > bytes_.size() - (address - kBase)) {
      return {};
    }
    return Bytes(bytes_).subspan(address - kBase, bytes);
  }
  [[nodiscard]] auto reader() const {
    return
        [this](PhysicalAddress address, std::size_t bytes) { return view(address.value, bytes); };
  }
  [[nodiscard]] Bytes find(Signature signature) const {
    return find_table(reader(), {kRsdp}, signature);
  }

 private:
  void seal_bytes(std::uint64_t address, std::size_t bytes, std::uint64_t checksum) {
    put<std::uint8_t>(checksum, 0);
    unsigned sum = 0;
    for (const std::byte byte : view(address, bytes)) {
      sum += std::to_integer<unsigned>(byte);
    }
    put(checksum, static_cast<std::uint8_t>(-sum));
  }

  std::vector<std::byte> bytes_;
};

}  // namespace mote::acpi
