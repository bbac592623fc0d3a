// The site that the boot loader left in memory: finds, checks and protects it.
#include "firmware/site.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/pack/format.hpp"
#include "kernel/console/console.hpp"
#include "kernel/memory/paging.hpp"

namespace mote {
namespace {

constexpr std::uint64_t mib(std::uint64_t bytes) { return (bytes + 0xF'FFFF) >> 20; }

constexpr std::uint64_t kMapped = std::uint64_t{4} << 30;  // by boot/long_mode.asm

// How many of the pack's `bytes`, as its header claims, are in mapped RAM. A damaged header may
// claim anything.
std::uint64_t bytes_there(std::uint64_t pack, std::uint64_t bytes, MemoryMap memory) {
  const std::uint64_t most = std::min(bytes, kMapped - pack);
  return memory.known() ? memory.usable_from(pack, most) : most;
}

// The header of the pack, if the loader left one.
const http::PackHeader* find_header(std::uint64_t pack, MemoryMap memory) {
  if (pack == 0 || bytes_there(pack, sizeof(http::PackHeader), memory) < sizeof(http::PackHeader)) {
    return nullptr;
  }
  const auto* const header = reinterpret_cast<const http::PackHeader*>(pack);
  const std::string_view magic{header->magic, sizeof(header->magic)};
  return magic == http::PackHeader::kMagic ? header : nullptr;
}

}  // namespace

std::optional<http::SitePack> find_site(const BootInfo& info, MemoryMap memory) {
  const http::PackHeader* const header = find_header(info.pack, memory);
  if (header == nullptr) {
    console::line("site: the loader found no site pack, make one with ./mote image");
    return std::nullopt;
  }
  const std::uint64_t bytes = header->total_bytes;
  const std::uint64_t there = bytes_there(info.pack, bytes, memory);
  if (there < bytes) {
    console::line("site: by its header the pack needs ", mib(bytes), " MiB of memory, ",
                  mib(bytes - there), " MiB are missing");
    return std::nullopt;
  }
  const auto pack = http::SitePack::open({reinterpret_cast<const std::byte*>(header), bytes});
  if (!pack) {
    console::line("site: ", pack.error());
    return std::nullopt;
  }
  if (!paging::protect_read_only({info.pack}, bytes)) {
    console::line("site: cannot make the pack read-only");
  }
  return *pack;
}

}  // namespace mote
