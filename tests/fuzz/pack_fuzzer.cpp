// Fuzzes the site pack's reader: a good pack with some bytes replaced and its checksum corrected.
// Either it is refused, or nothing found in it leads outside.
#include <algorithm>
#include <cstring>
#include <memory>

#include "http/pack/crc32.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/guarded_pack.hpp"
#include "tests/fuzz/script.hpp"

namespace mote::fuzz {
namespace {

using namespace http;

// A copy of exactly the pack's length, so that the sanitizer catches reads past its end.
class Copy {
 public:
  explicit Copy(std::span<const std::byte> pack)
      : size_(pack.size()),
        memory_(static_cast<std::byte*>(::operator new(size_, std::align_val_t{kAlignment}))) {
    std::ranges::copy(pack, memory_);
  }
  ~Copy() { ::operator delete(memory_, std::align_val_t{kAlignment}); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const { return {memory_, size_}; }

 private:
  static constexpr std::size_t kAlignment = PackHeader::kAlignment;
  std::size_t size_;
  std::byte* memory_;
};

// Replaces runs of bytes. The tables are in the first 64 KiB, which a word can address.
void mutate(Script& script, std::span<std::byte> bytes) {
  while (!script.empty()) {
    const std::size_t count = 1 + script.byte() % 8U;
    const std::size_t place = script.word() % bytes.size();
    const std::string_view text = script.text(std::min(count, bytes.size() - place));
    std::memcpy(&bytes[place], text.data(), text.size());
  }
}

void fix_checksum(std::span<std::byte> bytes) {
  constexpr std::size_t kField = offsetof(PackHeader, checksum);
  std::memset(&bytes[kField], 0, sizeof(PackHeader::checksum));
  const std::uint32_t sum = crc32(0, bytes);
  std::memcpy(&bytes[kField], &sum, sizeof sum);
}

// Reads every byte of a view, which must lie in the pack.
void read(std::span<const std::byte> pack, std::string_view view) {
  const auto* const start = reinterpret_cast<const char*>(pack.data());
  demand(view.data() >= start && view.size() <= pack.size() &&
             view.data() + view.size() <= start + pack.size(),
         "a view leads outside");
  static volatile std::uint32_t sum = 0;
  sum = crc32(sum, std::as_bytes(std::span(view)));
}

void read(std::span<const std::byte> bytes, const SitePack& pack, const Representation& what) {
  for (const std::string_view view :
       {pack.message(what), pack.common_lines(what), pack.type_lines(what), pack.body(what),
        pack.entity_tag(what)}) {
    read(bytes, view);
  }
  demand(static_cast<std::size_t>(what.coding) < kCodings, "a coding that isn't one");
}

void read_fields(std::span<const std::byte> bytes, const SitePack& pack, unsigned group,
                 unsigned page_group) {
  if (const FieldSet* const set = pack.field_set(group, page_group)) {
    read(bytes, pack.lines(*set));
    read(bytes, pack.preflight_lines(*set));
  }
}

void use(std::span<const std::byte> bytes, const SitePack& pack) {
  constexpr std::string_view kPaths[] = {
      "/",           "/text.txt",       "/odd/a b.txt", "/sub/",    "/sub", "/old",
      "/blog/x",     "/news/",          "/go/",         "/nothing", "",     "/404",
      "/size/0.bin", "/size/12000.bin", "/data.json"};
  constexpr std::string_view kHosts[] = {"", "other.test", "WWW.OTHER.TEST.:80", "a", "z.test"};
  read(bytes, pack.settings());
  for (const std::string_view host : kHosts) {
    const unsigned site = pack.site_of(host);
    for (const std::string_view path : kPaths) {
      if (const Resource* const found = pack.find(site, path)) {
        demand(found->site == site, "a resource of another site");
        read_fields(bytes, pack, found->group, 0);
        for (const Representation& what : pack.representations(*found)) {
          read(bytes, pack, what);
        }
      }
      read_fields(bytes, pack, pack.group_of(path), 0);
      if (const Rule* const rule = pack.find_rule(site, path)) {
        read(bytes, pack.target(*rule));
        read(bytes, pack.location(*rule));
        demand(path.starts_with(pack.prefix(*rule)), "a rule for other paths");
      }
    }
    for (const std::uint16_t status : {400, 404, 405, 503}) {
      if (const ErrorPage* const page = pack.error_page(site, status)) {
        read(bytes, pack, pack.representation(*page));
        read_fields(bytes, pack, pack.group_of("/nothing"), page->group);
      }
    }
  }
}

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote::fuzz;
  Script script(data, size);
  const bool is_honest = (script.byte() & 1) == 0;  // about its checksum
  const Copy copy(built_pack());
  mutate(script, copy.bytes());
  if (is_honest) {
    fix_checksum(copy.bytes());
  }
  if (const auto pack = mote::http::SitePack::open(copy.bytes())) {
    use(copy.bytes(), *pack);
  }
  return 0;
}
