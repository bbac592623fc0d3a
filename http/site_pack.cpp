// Validation of a site pack, and the hash lookup in it.
#include "http/site_pack.hpp"

#include <bit>

#include "http/crc32.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;
// FNV-1a, 64 bits wide (RFC 9923).
std::uint64_t hash_of(std::string_view path) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const char character : path) {
    hash = (hash ^ static_cast<std::uint8_t>(character)) * 0x0000'0100'0000'01B3;
  }
  return hash;
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
  if (h.header_bytes != sizeof(PackHeader) || h.resource_bytes != sizeof(Resource)) {
    return "its header has another layout"sv;
  }
  if (!std::has_single_bit(h.slot_count) || h.slots_offset % alignof(Slot) != 0 ||
      !holds(h.slots_offset, std::uint64_t{h.slot_count} * sizeof(Slot))) {
    return "its hash table lies outside"sv;
  }
  if (h.resources_offset % alignof(Resource) != 0 ||
      !holds(h.resources_offset, std::uint64_t{h.resource_count} * sizeof(Resource))) {
    return "its resources lie outside"sv;
  }
  if (!holds(h.settings_offset, h.settings_bytes)) {
    return "its settings lie outside"sv;
  }
  if (h.not_found != PackHeader::kNone && h.not_found >= h.resource_count) {
    return "its page for unknown paths is missing"sv;
  }
  for (const Slot& slot : slots()) {
    if (slot.resource != PackHeader::kNone && slot.resource >= h.resource_count) {
      return "its hash table names a resource that is missing"sv;
    }
  }
  for (const Resource& resource : resources()) {
    if (!sound(resource)) {
      return "one of its resources has a wrong status or lies outside"sv;
    }
  }
  return {};
}

// Whether a range lies behind the header and inside the pack. No sum here can wrap around.
bool SitePack::holds(std::uint64_t offset, std::uint64_t bytes) const {
  const std::uint64_t total = header().total_bytes;
  return offset >= sizeof(PackHeader) && offset <= total && bytes <= total - offset;
}

// Every field of it but last_modified, which is only compared.
bool SitePack::sound(const Resource& resource) const {
  return (resource.status == 200 || resource.status == 301 || resource.status == 404) &&
         holds(resource.path_offset, resource.path_bytes) &&
         holds(resource.head_offset, resource.head_bytes) &&
         holds(resource.head_offset + resource.head_bytes, resource.body_bytes) &&
         resource.status_line_bytes <= resource.head_bytes &&
         holds(resource.tag_offset, resource.tag_bytes) &&
         holds(resource.not_modified_offset, resource.not_modified_bytes) &&
         resource.not_modified_status_line_bytes <= resource.not_modified_bytes;
}

std::span<const Slot> SitePack::slots() const {
  return {reinterpret_cast<const Slot*>(base_ + header().slots_offset), header().slot_count};
}

std::span<const Resource> SitePack::resources() const {
  return {reinterpret_cast<const Resource*>(base_ + header().resources_offset),
          header().resource_count};
}

const Resource* SitePack::find(std::string_view path) const {
  const std::uint64_t hash = hash_of(path);
  const std::span<const Slot> table = slots();
  for (std::uint32_t probe = 0; probe < Slot::kMaxProbes; ++probe) {
    const Slot& slot = table[(hash + probe) & (table.size() - 1)];
    if (slot.resource == PackHeader::kNone) {
      return nullptr;
    }
    const Resource& resource = resources()[slot.resource];
    if (slot.hash == hash >> 32 && text(resource.path_offset, resource.path_bytes) == path) {
      return &resource;
    }
  }
  return nullptr;
}

const Resource* SitePack::not_found() const {
  const std::uint32_t index = header().not_found;
  return index == PackHeader::kNone ? nullptr : &resources()[index];
}

Message SitePack::message(const Resource& resource) const {
  return {.data = reinterpret_cast<const char*>(base_) + resource.head_offset,
          .status = resource.status,
          .status_line_bytes = resource.status_line_bytes,
          .head_bytes = resource.head_bytes,
          .body_bytes = resource.body_bytes};
}

Message SitePack::not_modified(const Resource& resource) const {
  return {.data = reinterpret_cast<const char*>(base_) + resource.not_modified_offset,
          .status = 304,
          .status_line_bytes = resource.not_modified_status_line_bytes,
          .head_bytes = resource.not_modified_bytes,
          .body_bytes = 0};
}

}  // namespace mote::http
