// Range requests (RFC 9110, section 14).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/limits.hpp"

namespace mote::http {

// The bytes from `first` to `last`, both of them among the bytes.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  [[nodiscard]] std::uint64_t bytes() const { return last - first + 1; }
};

// What a GET asks for.
class RangeSet {
 public:
  enum class Kind : std::uint8_t {
    kWhole,          // 200: no ranges, or such as the RFC lets a server ignore
    kSome,           // 206
    kUnsatisfiable,  // 416
  };

  // Reads Range and If-Range in a GET's field lines, for a representation of `size` bytes with a
  // strong entity tag. Ranges that overlap, touch, or lie no further apart than `part_bytes`, what
  // a part more costs, become one (14.2, 15.3.7.2); for the rest their order stays. Ignored are
  // units other than bytes, malformed sets, and those of more than limits::kRanges.
  //
  // A date in If-Range never holds: it would have to be a strong validator (13.1.5, 8.8.2.2), but
  // codings of a file share one, and so may two builds under one SOURCE_DATE_EPOCH.
  [[nodiscard]] static RangeSet read(std::string_view fields, std::string_view entity_tag,
                                     std::uint64_t size, std::uint64_t part_bytes);

  [[nodiscard]] Kind kind() const { return kind_; }

  // With kSome: at least one, all of them within the size.
  [[nodiscard]] std::span<const ByteRange> ranges() const { return {ranges_.data(), count_}; }

 private:
  void read_set(std::string_view set, std::uint64_t size, std::uint64_t part_bytes);
  void add(ByteRange range, std::uint64_t part_bytes);

  std::array<ByteRange, limits::kRanges> ranges_{};
  std::size_t count_ = 0;
  Kind kind_ = Kind::kWhole;
};

}  // namespace mote::http
