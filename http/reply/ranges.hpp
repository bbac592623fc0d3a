// Range requests (RFC 9110, section 14).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/limits.hpp"

namespace mote::http {

// The bytes from `first` to `last`, inclusive. 32 bits suffice: every file lies in memory below 4
// GiB.
struct ByteRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{last} - first + 1; }
};

// A representation's strong validators.
struct Validators {
  std::string_view entity_tag;
  std::uint64_t date = 0;  // its Last-Modified, in seconds since 1970; 0: not strong (8.8.2.2)
};

// The ranges that a GET requests.
class RangeSet {
 public:
  enum class Kind : std::uint8_t {
    kWhole,          // 200: no ranges, or ranges that the RFC lets a server ignore
    kSome,           // 206
    kUnsatisfiable,  // 416
  };

  // Reads Range and If-Range in a GET's field lines, for a representation of `size` bytes. Ranges
  // that overlap, touch, or lie no further apart than `part_bytes`, the cost of another part, are
  // joined (14.2, 15.3.7.2), so that all parts together never exceed the file plus one part's head.
  // Otherwise their order is kept. Ignored: units other than bytes, malformed sets, sets of more
  // than limits::kRanges, and sets of more than limits::kUnorderedRanges that don't ascend. Such
  // sets come from broken clients or attackers (14.2), and joining them is expensive.
  //
  // If-Range holds if it is exactly our tag or our date (13.1.5).
  [[nodiscard]] static RangeSet read(std::string_view fields, const Validators& validators,
                                     std::uint64_t size, std::uint64_t part_bytes);

  [[nodiscard]] Kind kind() const { return kind_; }

  // With kSome: at least one, all within `size`.
  [[nodiscard]] std::span<const ByteRange> ranges() const { return {ranges_.data(), count_}; }

 private:
  void read_set(std::string_view set, std::uint64_t size, std::uint64_t part_bytes);
  void add(ByteRange range, std::uint64_t part_bytes);
  void append(ByteRange range, std::uint64_t part_bytes);

  std::array<ByteRange, limits::kRanges> ranges_{};
  std::size_t count_ = 0;
  std::uint32_t latest_ = 0;  // the first byte of the range read last
  bool ascends_ = true;       // no range so far began before the one before it
  Kind kind_ = Kind::kWhole;
};

}  // namespace mote::http
