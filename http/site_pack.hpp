// The site pack's reader: proves a blob sound once, then finds resources in constant time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "http/message.hpp"
#include "http/pack_format.hpp"

namespace mote::http {

// A handle to a validated pack, cheap to copy. The pack's memory must stay as it is.
class SitePack {
 public:
  SitePack() = default;

  // Checks header, checksum, and every offset, length and status, so that nothing below, and nobody
  // who goes by what it returns, can read outside the blob, whatever it holds. `blob` may be longer
  // than the pack in it. The error is for the console.
  [[nodiscard]] static std::expected<SitePack, std::string_view> open(
      std::span<const std::byte> blob);

  // The resource at a decoded path that begins with a slash, or null.
  [[nodiscard]] const Resource* find(std::string_view path) const;

  // The site's own page for unknown paths, or null.
  [[nodiscard]] const Resource* not_found() const;

  // Views into the pack, which live as long as it.
  [[nodiscard]] Message message(const Resource& resource) const;
  [[nodiscard]] Message not_modified(const Resource& resource) const;
  [[nodiscard]] std::string_view entity_tag(const Resource& resource) const {
    return text(resource.tag_offset, resource.tag_bytes);
  }
  [[nodiscard]] std::string_view settings() const {
    return text(header().settings_offset, header().settings_bytes);
  }

  // The site's files, and the sum of their sizes.
  [[nodiscard]] std::uint64_t files() const { return header().file_count; }
  [[nodiscard]] std::uint64_t bytes() const { return header().file_bytes; }

 private:
  explicit SitePack(const std::byte* base) : base_(base) {}

  [[nodiscard]] const PackHeader& header() const {
    return *reinterpret_cast<const PackHeader*>(base_);
  }
  [[nodiscard]] std::span<const Slot> slots() const;
  [[nodiscard]] std::span<const Resource> resources() const;
  [[nodiscard]] std::string_view text(std::uint64_t offset, std::uint64_t bytes) const {
    return {reinterpret_cast<const char*>(base_) + offset, bytes};
  }
  [[nodiscard]] std::string_view fault() const;
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t bytes) const;
  [[nodiscard]] bool sound(const Resource& resource) const;

  const std::byte* base_ = nullptr;
};

}  // namespace mote::http
