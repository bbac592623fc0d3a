// Where the site pack may be, and how it gets into memory.
#pragma once

#include <cstddef>
#include <span>

#include "boot/uefi/firmware.hpp"
#include "boot/uefi/messages.hpp"
#include "boot/uefi/protocols.hpp"

namespace mote::uefi {

// Loads the pack, below 4 GiB, from the first of these that has one: a section `.pack` of the
// loader itself; a partition, of the disk that the loader came from, that begins with one; the file
// \mote\site.pack beside it. Empty: nowhere is one that can be read; then trouble has been told.
[[nodiscard]] std::span<const std::byte> load_pack(const Firmware& firmware,
                                                   const LoadedImage& image,
                                                   const Messages& messages);

}  // namespace mote::uefi
