// Range requests (RFC 9110, section 14).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/limits.hpp"

namespace mote::http {

// The bytes from `first` to `last`, both of them among the bytes. No file is larger than memory,
// which lies below 4 GiB.
struct ByteRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{last} - first + 1; }
};

// A representation's strong ones.
struct Validators {
  std::string_view entity_tag;
  std::uint64_t date = 0;  // its Last-Modified, in seconds since 1970; 0: it isn't strong (8.8.2.2)
};

// What a GET asks for.
class RangeSet {
 public:
  enum class Kind : std::uint8_t {
    kWhole,          // 200: no ranges, or such as the RFC lets a server ignore
    kSome,           // 206
    kUnsatisfiable,  // 416
  };

  // Reads Range and If-Range in a GET's field lines, for a representation of `size` bytes. Ranges
  // that overlap, touch, or lie no further apart than `part_bytes`, what a part more costs, become
  // one (14.2, 15.3.7.2), so that all parts together are never more than the file and one part's
  // head; for the rest their order stays. Ignored are units other than bytes, malformed sets, those
  // of more than limits::kRanges, and those of more than limits::kUnorderedRanges that don't
  // ascend: they come from broken clients or attackers (14.2), and to join them is work.
  //
  // If-Range holds when it is the tag, or the very same date (13.1.5).
  [[nodiscard]] static RangeSet read(std::string_view fields, const Validators& validators,
                                     std::uint64_t size, std::uint64_t part_bytes);

  [[nodiscard]] Kind kind() const { return kind_; }

  // With kSome: at least one, all of them within the size.
  [[nodiscard]] std::span<const ByteRange> ranges() const { return {ranges_.data(), count_}; }

 private:
  void read_set(std::string_view set, std::uint64_t size, std::uint64_t part_bytes);
  void add(ByteRange range, std::uint64_t part_bytes);
  void append(ByteRange range, std::uint64_t part_bytes);

  std::array<ByteRange, limits::kRanges> ranges_{};
  std::size_t count_ = 0;
  std::uint32_t latest_ = 0;  // where the range read last began
  bool ascends_ = true;       // none began before the one before it
  Kind kind_ = Kind::kWhole;
};

}  // namespace mote::http
