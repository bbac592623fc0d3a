// The site that the boot loader left in memory: found, checked, protected.
#include "firmware/site.hpp"

#include <algorithm>
#include <string_view>

#include "http/pack_format.hpp"
#include "kernel/console.hpp"
#include "kernel/paging.hpp"

namespace mote {
namespace {

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

constexpr std::uint64_t mib(std::uint64_t bytes) { return (bytes + kMib - 1) / kMib; }

// The bytes the pack says it has; 0 when there is no pack.
std::uint64_t stated_bytes(const http::PackHeader& header) {
  const std::string_view magic{header.magic, sizeof(header.magic)};
  return magic == http::PackHeader::kMagic ? header.total_bytes : 0;
}

std::optional<http::SitePack> refuse(std::string_view why) {
  console::line("site: ", why);
  return std::nullopt;
}

}  // namespace

std::optional<http::SitePack> find_site(const BootInfo& info, MemoryMap memory) {
  const bool readable =
      info.pack != 0 && (!memory.known() || memory.contains(info.pack, sizeof(http::PackHeader)));
  if (!readable) {
    return refuse("no site pack: no memory where it should lie");
  }
  const auto* start = reinterpret_cast<const std::byte*>(info.pack);
  const std::uint64_t bytes = stated_bytes(*reinterpret_cast<const http::PackHeader*>(start));
  if (bytes == 0) {
    return refuse("no site pack behind the kernel, make one with ./mote image");
  }
  const std::uint64_t missing = memory.known() ? memory.missing(info.pack, bytes) : 0;
  if (missing != 0) {
    console::line("site: the pack has ", mib(bytes), " MiB, ", mib(missing),
                  " MiB of memory are missing");
    return std::nullopt;
  }
  const auto pack = http::SitePack::open({start, bytes});
  if (!pack) {
    return refuse(pack.error());
  }
  if (!paging::protect_read_only({info.pack}, bytes)) {
    console::line("site: cannot make the pack read-only");
  }
  return *pack;
}

}  // namespace mote
