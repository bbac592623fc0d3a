// The site that the boot loader left in memory: found, checked, protected.
#include "firmware/site.hpp"

#include <cstddef>
#include <span>
#include <string_view>

#include "http/pack_format.hpp"
#include "kernel/console.hpp"
#include "kernel/paging.hpp"

namespace mote {

std::optional<http::SitePack> find_site(const BootInfo& info) {
  const auto* header = reinterpret_cast<const http::PackHeader*>(info.pack);
  const std::string_view magic{header->magic, sizeof(header->magic)};
  if (magic != http::PackHeader::kMagic) {
    console::line("site: no site pack behind the kernel, make one with ./mote image");
    return std::nullopt;
  }
  const std::uint64_t bytes = header->total_bytes;
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
