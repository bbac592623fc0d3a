// QEMU's firmware configuration device (QEMU docs/specs/fw_cfg): named files from the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mote::fw_cfg {

struct File {
  std::uint16_t selector = 0;
  std::uint32_t bytes = 0;
};

// The file of this name ("opt/mote/config"), if there is a device and it has one.
[[nodiscard]] std::optional<File> find(std::string_view name);

// Reads the file into `to`, as much as fits, and returns the bytes read. Each byte is a port read,
// so this is for small files.
std::span<std::byte> read(const File& file, std::span<std::byte> to);

}  // namespace mote::fw_cfg
