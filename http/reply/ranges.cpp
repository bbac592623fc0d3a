// Parses Range, evaluates If-Range, and joins ranges.
#include "http/reply/ranges.hpp"

#include <algorithm>
#include <optional>

#include "http/limits.hpp"
#include "http/reply/date.hpp"
#include "http/request/request.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;
constexpr std::uint64_t kMost = ~std::uint64_t{0};
constexpr std::uint64_t kLargest = std::uint64_t{1} << 32;

// Both must be within the representation, which is at most kLargest bytes long.
ByteRange range_of(std::uint64_t first, std::uint64_t last) {
  return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)};
}

// Takes a number off the front; one that is too large becomes kMost. Nothing: no digit is there.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  if (text.empty() || !syntax::is_digit(text.front())) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  while (!text.empty() && syntax::is_digit(text.front())) {
    const auto digit = static_cast<std::uint64_t>(text.front() - '0');
    number = number > (kMost - digit) / 10 ? kMost : number * 10 + digit;
    text.remove_prefix(1);
  }
  return number;
}

// One range-spec (RFC 9110, 14.1.1), as written.
struct Spec {
  std::optional<std::uint64_t> first;  // nothing: a suffix of `last` bytes
  std::optional<std::uint64_t> last;
};

// int-range: first-pos "-" [ last-pos ]; suffix-range: "-" suffix-length.
std::optional<Spec> read_spec(std::string_view text) {
  Spec spec;
  spec.first = take_number(text);
  if (!text.starts_with('-')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  spec.last = take_number(text);
  const bool has_any = spec.first || spec.last;
  const bool is_backwards = spec.first && spec.last && *spec.last < *spec.first;
  return text.empty() && has_any && !is_backwards ? std::optional(spec) : std::nullopt;
}

// The range of bytes that a spec selects; nothing if it is unsatisfiable (RFC 9110, 14.1.2).
std::optional<ByteRange> resolve(const Spec& spec, std::uint64_t size) {
  if (!spec.first) {
    const std::uint64_t length = std::min(*spec.last, size);
    return length == 0 ? std::nullopt : std::optional(range_of(size - length, size - 1));
  }
  if (*spec.first >= size) {
    return std::nullopt;
  }
  return range_of(*spec.first, std::min(spec.last.value_or(kMost), size - 1));
}

// Whether at most `gap` bytes separate two ranges.
bool are_near(const ByteRange& a, const ByteRange& b, std::uint64_t gap) {
  const std::uint64_t reach = gap + 1;
  return a.first <= b.last + reach && b.first <= a.last + reach;
}

// Strong comparison (RFC 9110, 8.8.3.2 and 13.1.5); our tag is never weak.
bool is_validator(std::string_view value, const Validators& ours) {
  if (value.ends_with('"')) {
    return value == ours.entity_tag;
  }
  const auto date = ours.date == 0 ? std::nullopt : parse_date(value);
  return date && *date == static_cast<std::int64_t>(ours.date);
}

}  // namespace

RangeSet RangeSet::read(std::string_view fields, const Validators& validators, std::uint64_t size,
                        std::uint64_t part_bytes) {
  std::optional<std::string_view> set;
  unsigned lines = 0;
  bool holds = true;  // If-Range
  while (!fields.empty()) {
    const Field field = next_field(fields);
    if (syntax::is_word(field.name, "range")) {
      set = field.value;
      ++lines;  // not a list field: two lines are malformed (RFC 9110, 5.3)
    } else if (syntax::is_word(field.name, "if-range")) {
      // If there are two lines, both must hold.
      holds &= is_validator(field.value, validators);
    }
  }
  RangeSet found;
  constexpr std::string_view kUnit = "bytes=";
  if (lines == 1 && holds && syntax::starts_with_word(*set, kUnit)) {
    set->remove_prefix(kUnit.size());
    found.read_set(*set, size, part_bytes);
  }
  return found;
}

void RangeSet::read_set(std::string_view set, std::uint64_t size, std::uint64_t part_bytes) {
  if (size > kLargest) {
    return;
  }
  std::size_t specs = 0;
  for (auto member = syntax::next_member(set); !member.empty(); member = syntax::next_member(set)) {
    const auto spec = read_spec(member);
    if (!spec || ++specs > (ascends_ ? limits::kRanges : limits::kUnorderedRanges)) {
      return;  // send the whole
    }
    // A suffix of an empty representation is satisfiable, but no Content-Range could express it.
    if (size == 0 && !spec->first && *spec->last > 0) {
      return;
    }
    if (const auto range = resolve(*spec, size)) {
      ascends_ &= range->first >= latest_;
      latest_ = range->first;
      if (ascends_) {
        append(*range, part_bytes);
      } else {
        add(*range, part_bytes);
      }
    }
  }
  if (specs > limits::kUnorderedRanges && !ascends_) {
    return;
  }
  if (specs > 0) {
    kind_ = count_ > 0 ? Kind::kSome : Kind::kUnsatisfiable;
  }
}

// Appends a range that begins no earlier than any other: only the last one can be near it.
void RangeSet::append(ByteRange range, std::uint64_t part_bytes) {
  if (count_ > 0 && are_near(ranges_[count_ - 1], range, part_bytes)) {
    ByteRange& last = ranges_[count_ - 1];
    last.last = std::max(last.last, range.last);
  } else {
    ranges_[count_++] = range;
  }
}

// Appends a range, or joins it with all those near it, in the place of the first of them.
void RangeSet::add(ByteRange range, std::uint64_t part_bytes) {
  std::size_t place = count_;
  for (std::size_t at = 0; at < count_;) {
    if (!are_near(ranges_[at], range, part_bytes)) {
      ++at;
      continue;
    }
    range = {std::min(range.first, ranges_[at].first), std::max(range.last, ranges_[at].last)};
    std::copy(ranges_.begin() + at + 1, ranges_.begin() + count_, ranges_.begin() + at);
    --count_;
    place = std::min(place, at);
    at = 0;  // it has grown and may now be near one already passed
  }
  std::copy_backward(ranges_.begin() + place, ranges_.begin() + count_,
                     ranges_.begin() + count_ + 1);
  ranges_[place] = range;
  ++count_;
}

}  // namespace mote::http
