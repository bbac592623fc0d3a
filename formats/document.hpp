// A document read from JSON, YAML or TOML: a tree of nodes.
//
// The nodes come from an array of the caller's, and refer to the caller's text, which the reader
// changes in place where a string has escapes. Both must outlive the tree. No reader recurses or
// allocates; what doesn't fit is a fault.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

namespace mote::formats {

// Levels of lists and maps inside each other, the outermost included.
inline constexpr std::size_t kMostDepth = 16;

// The most nodes that a reader uses. Each part is compared with all before it in its map, so the
// work grows with the square of their number.
inline constexpr std::size_t kMostNodes = 512;

enum class Kind : std::uint8_t {
  kNull,
  kPlain,   // a number, true, false; and in YAML any scalar without quotes
  kString,  // in quotes, or a block scalar
  kList,
  kMap,
};

struct Node {
  Kind kind = Kind::kNull;
  std::uint8_t mark = 0;        // the reader's own
  std::uint32_t line = 0;       // where it begins, from 1 on
  std::string_view key;         // in a map; unique there
  std::string_view text;        // of a scalar, without its quotes; empty for the others
  const Node* first = nullptr;  // of a list's or a map's parts, in the document's order
  const Node* next = nullptr;   // in the list or the map that this is part of

  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kPlain || kind == Kind::kString; }

  // The part of a map under `name`; null if there is none, or if this is no map.
  [[nodiscard]] const Node* find(std::string_view name) const {
    const Node* part = is_map() ? first : nullptr;
    while (part != nullptr && part->key != name) {
      part = part->next;
    }
    return part;
  }

  // Iterates over the parts of a list or a map; over nothing for the others.
  class Iterator {
   public:
    explicit Iterator(const Node* at) : at_(at) {}
    const Node& operator*() const { return *at_; }
    const Node* operator->() const { return at_; }
    Iterator& operator++() {
      at_ = at_->next;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Node* at_;
  };
  [[nodiscard]] Iterator begin() const { return Iterator(first); }
  [[nodiscard]] Iterator end() const { return Iterator(nullptr); }
};

// Why a text can't be read, and where.
struct Fault {
  std::uint32_t line = 0;  // from 1 on
  std::string_view what;   // in static memory: "a tab in the indentation"
};

using Document = std::expected<const Node*, Fault>;

// An unsigned decimal number: a plain scalar, or a string of digits alone.
[[nodiscard]] inline std::optional<std::uint64_t> number_of(const Node& node) {
  std::uint64_t value = 0;
  const char* const end = node.text.data() + node.text.size();
  const auto [stop, error] = std::from_chars(node.text.data(), end, value);
  return node.is_scalar() && stop == end && error == std::errc{} ? std::optional(value)
                                                                 : std::nullopt;
}

// Reads a whole text as one JSON value (RFC 8259).
[[nodiscard]] Document read_json(std::span<char> text, std::span<Node> nodes);

// Reads a text in the subset of YAML 1.2 that formats/yaml.cpp describes.
[[nodiscard]] Document read_yaml(std::span<char> text, std::span<Node> nodes);

// Reads a text as TOML 1.0: tables and arrays of tables become maps and lists.
[[nodiscard]] Document read_toml(std::span<char> text, std::span<Node> nodes);

}  // namespace mote::formats
