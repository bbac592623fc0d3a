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

// How many of the pack's `bytes`, as its header claims, are in mapped RAM. A damaged header may
// claim anything.
std::uint64_t bytes_there(std::uint64_t pack, std::uint64_t bytes, MemoryMap memory) {
  constexpr std::uint64_t kMapped = std::uint64_t{4} << 30;  // by boot/long_mode.asm
  const std::uint64_t most = std::min(bytes, kMapped - pack);
  return memory.known() ? memory.usable_from(pack, most) : most;
}

}  // namespace

std::optional<http::SitePack> find_site(const BootInfo& info, MemoryMap memory) {
  const auto* header = reinterpret_cast<const http::PackHeader*>(info.pack);
  const std::string_view magic{header->magic, sizeof(header->magic)};
  if (magic != http::PackHeader::kMagic) {
    console::line("site: no site pack behind the kernel, make one with ./mote image");
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
