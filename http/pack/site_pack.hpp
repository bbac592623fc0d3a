// The site pack's reader: validates a blob once, then finds resources in constant time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "http/pack/format.hpp"

namespace mote::http {

// A handle to a validated pack, cheap to copy. The pack's memory must outlive it, unchanged.
class SitePack {
 public:
  SitePack() = default;

  // Checks header, checksum, and every offset, length, number and status, so that neither the
  // functions below nor users of their results can read outside the blob, whatever it holds. `blob`
  // may be longer than the pack in it. The error is for the console.
  [[nodiscard]] static std::expected<SitePack, std::string_view> open(
      std::span<const std::byte> blob);

  // The number of the site for a host, which may be in any case and have a port and a final dot
  // (RFC 3986, 3.2.2). Unknown hosts get 0, the default site.
  [[nodiscard]] unsigned site_of(std::string_view host) const {
    return header().site_count == 1 ? 0 : find_site(host);
  }

  // The resource at a decoded path, with its leading slash, or null.
  [[nodiscard]] const Resource* find(unsigned site, std::string_view path) const;

  // The redirect with the longest prefix of this path, or null.
  [[nodiscard]] const Rule* find_rule(unsigned site, std::string_view path) const;

  // The site's own page for an error, or null.
  [[nodiscard]] const ErrorPage* error_page(unsigned site, std::uint16_t status) const;
  [[nodiscard]] const Representation& representation(const ErrorPage& page) const {
    return table<Representation>(header().representations)[page.representation];
  }

  // The group of a decoded path, whether it has a resource or not.
  [[nodiscard]] unsigned group_of(std::string_view path) const;

  // The field lines for a path's group, combined with those for an error page's group (0: no page
  // of the site's). Null: no rule sets a field.
  [[nodiscard]] const FieldSet* field_set(unsigned group, unsigned page_group = 0) const;
  [[nodiscard]] std::string_view lines(const FieldSet& set) const {
    return text(set.offset, set.bytes);
  }
  [[nodiscard]] std::string_view preflight_lines(const FieldSet& set) const {
    return text(set.offset, set.bytes + set.preflight_bytes);
  }

  // At least one; the first is identity.
  [[nodiscard]] std::span<const Representation> representations(const Resource& resource) const {
    return table<Representation>(header().representations)
        .subspan(resource.representation, resource.representation_count);
  }

  // Views into the pack, valid as long as its memory. A message is a representation's field lines,
  // the empty line and the body.
  [[nodiscard]] std::string_view message(const Representation& what) const {
    return text(what.head_offset, what.head_bytes + what.body_bytes);
  }
  [[nodiscard]] std::string_view common_lines(const Representation& what) const {
    return text(what.head_offset, what.common_bytes);
  }
  [[nodiscard]] std::string_view type_lines(const Representation& what) const {
    return text(what.head_offset + what.common_bytes, what.type_bytes);
  }
  [[nodiscard]] std::string_view body(const Representation& what) const {
    return text(what.head_offset + what.head_bytes, what.body_bytes);
  }
  [[nodiscard]] std::string_view entity_tag(const Representation& what) const {
    return text(what.head_offset + what.tag_offset, what.tag_bytes);
  }
  [[nodiscard]] std::string_view prefix(const Rule& rule) const {
    return text(rule.prefix_offset, rule.prefix_bytes);
  }
  [[nodiscard]] std::string_view target(const Rule& rule) const {
    return text(rule.target_offset, rule.target_bytes);
  }
  [[nodiscard]] std::string_view location(const Rule& rule) const {
    return text(rule.target_offset - kLocation.size(), kLocation.size() + rule.target_bytes);
  }
  [[nodiscard]] std::string_view settings() const {
    return text(header().settings_offset, header().settings_bytes);
  }

  // The latest modification time of all resources, in seconds since 1970; 0 if none has one. Takes
  // time linear in their number.
  [[nodiscard]] std::uint64_t newest() const;

  // The whole pack.
  [[nodiscard]] std::span<const std::byte> memory() const { return {base_, header().total_bytes}; }

  // The number of the sites' files, and their total size.
  [[nodiscard]] std::uint64_t files() const { return header().file_count; }
  [[nodiscard]] std::uint64_t bytes() const { return header().file_bytes; }

 private:
  explicit SitePack(const std::byte* base) : base_(base) {}

  [[nodiscard]] const PackHeader& header() const {
    return *reinterpret_cast<const PackHeader*>(base_);
  }
  template <class Record>
  [[nodiscard]] std::span<const Record> table(const Table& where) const {
    return {reinterpret_cast<const Record*>(base_ + where.offset), where.count};
  }
  [[nodiscard]] std::string_view text(std::uint64_t offset, std::uint64_t bytes) const {
    return {reinterpret_cast<const char*>(base_) + offset, bytes};
  }
  [[nodiscard]] unsigned find_site(std::string_view host) const;
  [[nodiscard]] std::string_view fault() const;
  [[nodiscard]] std::string_view fault_of_records() const;
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t bytes) const;
  [[nodiscard]] bool holds(const Table& table, std::size_t record_bytes) const;
  [[nodiscard]] bool sound(const Resource& resource) const;
  [[nodiscard]] bool sound(const Representation& what) const;
  [[nodiscard]] bool sound(const Rule& rule) const;
  [[nodiscard]] bool has_sound_patterns() const;
  [[nodiscard]] std::span<const std::uint16_t> words() const {
    return table<std::uint16_t>(header().patterns);
  }
  [[nodiscard]] unsigned class_of(unsigned byte) const {
    return words()[Patterns::kClassOf + byte / 2] >> byte % 2 * 8 & 0xFF;
  }

  static constexpr std::string_view kLocation = "Location: ";

  const std::byte* base_ = nullptr;
};

}  // namespace mote::http
