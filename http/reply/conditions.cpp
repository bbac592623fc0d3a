// Evaluates preconditions in the order of RFC 9110, 13.2.2.
#include "http/reply/conditions.hpp"

#include <optional>

#include "http/reply/date.hpp"
#include "http/request/request.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;
enum class Comparison : std::uint8_t { kStrong, kWeak };

// Takes an entity tag (RFC 9110, 8.8.3), with its quotes, off the list's front; empty if there is
// none. A tag may contain a comma, so the list can't be split at commas.
std::string_view next_tag(std::string_view& list, bool& is_weak) {
  while (!list.empty() && (syntax::is_blank(list.front()) || list.front() == ',')) {
    list.remove_prefix(1);
  }
  is_weak = list.starts_with("W/"sv);
  if (is_weak) {
    list.remove_prefix(2);
  }
  if (list.empty() || list.front() != '"') {
    return {};
  }
  const std::size_t end = 1 + syntax::index_of({list.data() + 1, list.size() - 1}, '"');
  if (end == list.size()) {
    return {};
  }
  const std::string_view tag{list.data(), end + 1};
  list.remove_prefix(end + 1);
  return tag;
}

// Whether a value (`*` or a list of entity tags) matches our tag, which is strong.
bool names(std::string_view list, std::string_view ours, Comparison comparison) {
  if (list == "*"sv) {
    return true;
  }
  bool is_weak = false;
  for (auto tag = next_tag(list, is_weak); !tag.empty(); tag = next_tag(list, is_weak)) {
    if (tag == ours && (comparison == Comparison::kWeak || !is_weak)) {
      return true;
    }
  }
  return false;
}

// A date to compare with. It counts only if the field comes once: it isn't a list field, and a
// recipient ignores one with several members (RFC 9110, 13.1.3 and 13.1.4).
struct Since {
  unsigned lines = 0;
  std::optional<std::int64_t> date;

  void note(std::string_view value) { date = ++lines == 1 ? parse_date(value) : std::nullopt; }
};

struct Preconditions {
  std::optional<bool> if_match;
  std::optional<bool> if_none_match;  // false: a tag matched
  Since if_modified_since;
  Since if_unmodified_since;
};

// Lists may be spread over several lines (RFC 9110, 5.3).
Preconditions read(std::string_view fields, std::string_view entity_tag) {
  Preconditions found;
  while (!fields.empty()) {
    const Field field = next_field(fields);
    if (syntax::is_word(field.name, "if-none-match")) {
      found.if_none_match =
          found.if_none_match.value_or(true) && !names(field.value, entity_tag, Comparison::kWeak);
    } else if (syntax::is_word(field.name, "if-modified-since")) {
      found.if_modified_since.note(field.value);
    } else if (syntax::is_word(field.name, "if-match")) {
      found.if_match =
          found.if_match.value_or(false) || names(field.value, entity_tag, Comparison::kStrong);
    } else if (syntax::is_word(field.name, "if-unmodified-since")) {
      found.if_unmodified_since.note(field.value);
    }
  }
  return found;
}

}  // namespace

Condition evaluate_conditions(std::string_view fields, std::string_view entity_tag,
                              std::uint64_t last_modified) {
  Preconditions found = read(fields, entity_tag);
  const auto modified = static_cast<std::int64_t>(last_modified);
  if (modified == 0) {  // unknown: ignore both (RFC 9110, 13.1.3 and 13.1.4)
    found.if_modified_since = found.if_unmodified_since = {};
  }
  if (found.if_match) {
    if (!*found.if_match) {
      return Condition::kFailed;
    }
  } else if (found.if_unmodified_since.date && modified > *found.if_unmodified_since.date) {
    return Condition::kFailed;
  }
  if (found.if_none_match) {
    return *found.if_none_match ? Condition::kHolds : Condition::kNotModified;
  }
  if (found.if_modified_since.date && modified <= *found.if_modified_since.date) {
    return Condition::kNotModified;
  }
  return Condition::kHolds;
}

bool resumes(std::string_view fields, std::string_view entity_tag) {
  while (!fields.empty()) {
    const Field field = next_field(fields);
    if (syntax::is_word(field.name, "if-range")
            ? field.value == entity_tag
            : syntax::is_word(field.name, "if-match") && field.value != "*"sv &&
                  names(field.value, entity_tag, Comparison::kStrong)) {
      return true;
    }
  }
  return false;
}

}  // namespace mote::http
