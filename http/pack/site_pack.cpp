// Validation of a site pack, and the hash lookup in it.
#include "http/pack/site_pack.hpp"

#include <algorithm>
#include <bit>

#include "http/pack/crc32.hpp"
#include "http/request/host.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

// FNV-1a, 64 bits wide (RFC 9923).
class Hash {
 public:
  void add(unsigned byte) { value_ = (value_ ^ byte) * 0x0000'0100'0000'01B3; }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF2'9CE4'8422'2325;
};

std::uint64_t hash_of(unsigned site, std::string_view path) {
  Hash hash;
  hash.add(site & 0xFF);
  hash.add(site >> 8);
  for (const char character : path) {
    hash.add(static_cast<std::uint8_t>(character));
  }
  return hash.value();
}

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 307 || status == 308;
}

// The name in a Host: without the port, and without the final dot of an absolute name.
std::string_view name_of(std::string_view host) {
  const std::size_t end = end_of_host(host).value_or(0);
  return {host.data(), end > 0 && host[end - 1] == '.' ? end - 1 : end};
}

// Compares a name in any case with one in lower case. Negative: it sorts before; 0: equal.
int order_of(std::string_view name, std::string_view lower) {
  for (std::size_t at = 0; at < name.size() && at < lower.size(); ++at) {
    const int difference =
        static_cast<std::uint8_t>(syntax::lower(name[at])) - static_cast<std::uint8_t>(lower[at]);
    if (difference != 0) {
      return difference;
    }
  }
  return name.size() == lower.size() ? 0 : name.size() < lower.size() ? -1 : 1;
}

// Binary search: the record for which `order` is 0, or null. `order` is negative if the wanted
// record sorts before the one it gets.
template <class Record, class Order>
const Record* find_sorted(std::span<const Record> records, Order order) {
  while (!records.empty()) {
    const std::size_t middle = records.size() / 2;
    const int side = order(records[middle]);
    if (side == 0) {
      return &records[middle];
    }
    records = side < 0 ? records.first(middle) : records.subspan(middle + 1);
  }
  return nullptr;
}

std::uint32_t checksum_of(std::span<const std::byte> pack) {
  constexpr std::size_t kField = offsetof(PackHeader, checksum);
  constexpr std::byte kZero[sizeof(PackHeader::checksum)]{};
  const std::uint32_t front = crc32(crc32(0, pack.first(kField)), kZero);
  return crc32(front, pack.subspan(kField + sizeof kZero));
}

}  // namespace

std::expected<SitePack, std::string_view> SitePack::open(std::span<const std::byte> blob) {
  using std::unexpected;
  if (blob.size() < sizeof(PackHeader)) {
    return unexpected("shorter than its header"sv);
  }
  if (reinterpret_cast<std::uintptr_t>(blob.data()) % alignof(PackHeader) != 0) {
    return unexpected("not aligned in memory"sv);
  }
  const SitePack pack(blob.data());
  const PackHeader& header = pack.header();
  if (__builtin_memcmp(header.magic, PackHeader::kMagic, sizeof header.magic) != 0) {
    return unexpected("no site pack is there"sv);
  }
  if (header.version != PackHeader::kVersion) {
    return unexpected("made by another version of Mote"sv);
  }
  if (header.total_bytes > blob.size()) {
    return unexpected("its end is missing"sv);
  }
  if (header.total_bytes < sizeof(PackHeader) || header.total_bytes % PackHeader::kAlignment != 0) {
    return unexpected("its length is wrong"sv);
  }
  if (checksum_of(blob.first(header.total_bytes)) != header.checksum) {
    return unexpected("its checksum is wrong"sv);
  }
  if (const std::string_view fault = pack.fault(); !fault.empty()) {
    return unexpected(fault);
  }
  return pack;
}

std::string_view SitePack::fault() const {
  const PackHeader& h = header();
  if (h.header_bytes != sizeof(PackHeader)) {
    return "its header has another layout"sv;
  }
  if (!holds(h.slots, sizeof(Slot)) || !std::has_single_bit(h.slots.count)) {
    return "its hash table lies outside"sv;
  }
  if (!holds(h.resources, sizeof(Resource)) || !holds(h.representations, sizeof(Representation)) ||
      !holds(h.hosts, sizeof(Host)) || !holds(h.rules, sizeof(Rule)) ||
      !holds(h.error_pages, sizeof(ErrorPage)) || !holds(h.field_sets, sizeof(FieldSet)) ||
      !holds(h.patterns, sizeof(std::uint16_t))) {
    return "one of its tables lies outside"sv;
  }
  if (!holds(h.settings_offset, h.settings_bytes)) {
    return "its settings lie outside"sv;
  }
  if (h.site_count == 0) {
    return "no site is in it"sv;
  }
  if (!has_sound_patterns()) {
    return "its patterns or their field lines lead outside"sv;
  }
  return fault_of_records();
}

std::string_view SitePack::fault_of_records() const {
  const PackHeader& h = header();
  for (const Slot& slot : table<Slot>(h.slots)) {
    if (slot.resource != PackHeader::kNone && slot.resource >= h.resources.count) {
      return "its hash table names a resource that is missing"sv;
    }
  }
  for (const Resource& resource : table<Resource>(h.resources)) {
    if (!sound(resource)) {
      return "one of its resources has a wrong status or lies outside"sv;
    }
  }
  for (const Representation& what : table<Representation>(h.representations)) {
    if (!sound(what)) {
      return "one of its representations lies outside"sv;
    }
  }
  for (const Host& host : table<Host>(h.hosts)) {
    if (host.site >= h.site_count || !holds(host.name_offset, host.name_bytes)) {
      return "one of its host names lies outside"sv;
    }
  }
  for (const Rule& rule : table<Rule>(h.rules)) {
    if (!sound(rule)) {
      return "one of its redirects has a wrong status or lies outside"sv;
    }
  }
  for (const ErrorPage& page : table<ErrorPage>(h.error_pages)) {
    if (page.status < 400 || page.status > 599 || page.representation >= h.representations.count ||
        (h.patterns.count > 0 && page.group >= h.field_sets.count / words()[Patterns::kGroups])) {
      return "one of its error pages has a wrong status or is missing"sv;
    }
  }
  return {};
}

// Whether the automaton stays inside its tables for any path, and every group has its field sets.
bool SitePack::has_sound_patterns() const {
  const auto all = words();
  if (all.empty()) {
    return true;
  }
  if (all.size() < Patterns::kRows) {
    return false;
  }
  const std::size_t classes = all[Patterns::kClasses];
  const std::size_t states = all[Patterns::kStates];
  const std::size_t groups = all[Patterns::kGroups];
  const std::size_t sets = header().field_sets.count;
  if (classes == 0 || states == 0 || groups == 0 || sets == 0 || sets % groups != 0 ||
      all.size() - Patterns::kRows < states * (1 + classes)) {
    return false;
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (class_of(byte) >= classes) {
      return false;
    }
  }
  for (std::size_t state = 0; state < states; ++state) {
    const auto row = all.subspan(Patterns::kRows + state * (1 + classes), 1 + classes);
    if (row[0] >= groups ||
        std::ranges::any_of(row.subspan(1), [&](std::uint16_t next) { return next >= states; })) {
      return false;
    }
  }
  return std::ranges::all_of(table<FieldSet>(header().field_sets), [&](const FieldSet& set) {
    return holds(set.offset, std::uint64_t{set.bytes} + set.preflight_bytes);
  });
}

// Whether a range lies behind the header and inside the pack. Avoids sums that could wrap around.
bool SitePack::holds(std::uint64_t offset, std::uint64_t bytes) const {
  const std::uint64_t total = header().total_bytes;
  return offset >= sizeof(PackHeader) && offset <= total && bytes <= total - offset;
}

bool SitePack::holds(const Table& table, std::size_t record_bytes) const {
  return table.record_bytes == record_bytes && table.offset % alignof(std::uint64_t) == 0 &&
         holds(table.offset, table.count * std::uint64_t{record_bytes});
}

// Checks every field except last_modified, which is only compared, and the site: if there is no
// such site, no request leads to its paths.
bool SitePack::sound(const Resource& resource) const {
  const std::uint32_t most = header().representations.count;
  return (resource.status == 200 || is_redirect(resource.status)) &&
         holds(resource.path_offset, resource.path_bytes) && resource.representation_count >= 1 &&
         resource.representation_count <= kCodings && resource.representation <= most &&
         resource.representation_count <= most - resource.representation &&
         (words().empty() || resource.group < words()[Patterns::kGroups]);
}

bool SitePack::sound(const Representation& what) const {
  return holds(what.head_offset, what.head_bytes) &&
         holds(what.head_offset + what.head_bytes, what.body_bytes) &&
         std::uint32_t{what.common_bytes} + what.type_bytes <= what.head_bytes &&
         std::uint32_t{what.tag_offset} + what.tag_bytes <= what.head_bytes &&
         static_cast<std::size_t>(what.coding) < kCodings;
}

bool SitePack::sound(const Rule& rule) const {
  return is_redirect(rule.status) && holds(rule.prefix_offset, rule.prefix_bytes) &&
         holds(rule.target_offset - kLocation.size(), kLocation.size() + rule.target_bytes);
}

unsigned SitePack::find_site(std::string_view host) const {
  const std::string_view name = name_of(host);
  const Host* const found = find_sorted(table<Host>(header().hosts), [&](const Host& at) {
    return order_of(name, text(at.name_offset, at.name_bytes));
  });
  return found == nullptr ? 0 : found->site;
}

const Resource* SitePack::find(unsigned site, std::string_view path) const {
  const std::uint64_t hash = hash_of(site, path);
  const auto slots = table<Slot>(header().slots);
  const auto resources = table<Resource>(header().resources);
  for (std::uint32_t probe = 0; probe < Slot::kMaxProbes; ++probe) {
    const Slot& slot = slots[(hash + probe) & (slots.size() - 1)];
    if (slot.resource == PackHeader::kNone) {
      return nullptr;
    }
    const Resource& resource = resources[slot.resource];
    if (slot.hash == hash >> 32 && resource.site == site &&
        text(resource.path_offset, resource.path_bytes) == path) {
      return &resource;
    }
  }
  return nullptr;
}

// A site's rules are sorted, longest prefix first.
const Rule* SitePack::find_rule(unsigned site, std::string_view path) const {
  for (const Rule& rule : table<Rule>(header().rules)) {
    if (rule.site == site && path.starts_with(prefix(rule))) {
      return &rule;
    }
  }
  return nullptr;
}

std::uint64_t SitePack::newest() const {
  std::uint64_t found = 0;
  for (const Resource& resource : table<Resource>(header().resources)) {
    found = std::max(found, resource.last_modified);
  }
  return found;
}

const ErrorPage* SitePack::error_page(unsigned site, std::uint16_t status) const {
  const auto key = [](unsigned of_site, unsigned of_status) {
    return static_cast<int>(of_site << 10 | of_status);  // 26 bits
  };
  return find_sorted(table<ErrorPage>(header().error_pages), [&](const ErrorPage& page) {
    return key(site, status) - key(page.site, page.status);
  });
}

unsigned SitePack::group_of(std::string_view path) const {
  const auto all = words();
  if (all.empty()) {
    return 0;
  }
  const std::size_t row_words = 1 + all[Patterns::kClasses];
  std::size_t row = Patterns::kRows;
  for (const char character : path) {
    const unsigned column = 1 + class_of(static_cast<std::uint8_t>(character));
    row = Patterns::kRows + all[row + column] * row_words;
  }
  return all[row];
}

const FieldSet* SitePack::field_set(unsigned group, unsigned page_group) const {
  const auto all = words();
  return all.empty()
             ? nullptr
             : &table<FieldSet>(header().field_sets)[page_group * all[Patterns::kGroups] + group];
}

}  // namespace mote::http
