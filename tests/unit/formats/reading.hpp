// Reads texts for the tests of formats/, and writes down what was read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/document.hpp"

namespace mote::formats {

using Read = Document (*)(std::span<char>, std::span<Node>);

// A text in memory of exactly its length, so that the sanitizer catches what leads outside, and the
// nodes made of it.
class Reading {
 public:
  Reading(Read read, std::string_view text, std::size_t nodes = kMostNodes)
      : text_(text.begin(), text.end()), nodes_(nodes), document_(read(text_, nodes_)) {}

  [[nodiscard]] const Document& document() const { return document_; }

  // As JSON with single quotes: plain scalars bare, strings quoted, null as `~`; or, of a fault,
  // `line: what`.
  [[nodiscard]] std::string text() const {
    return document_ ? text_of(**document_)
                     : std::to_string(document_.error().line) + ": " +
                           std::string(document_.error().what);
  }

 private:
  static std::string text_of(const Node& node) {
    if (node.kind == Kind::kNull) {
      return "~";
    }
    if (node.is_scalar()) {
      const char* const quote = node.kind == Kind::kString ? "'" : "";
      return quote + std::string(node.text) + quote;
    }
    std::string made;
    for (const Node& part : node) {
      made += made.empty() ? "" : ", ";
      made += node.is_map() ? std::string(part.key) + ": " : "";
      made += text_of(part);
    }
    return node.is_map() ? "{" + made + "}" : "[" + made + "]";
  }

  std::vector<char> text_;
  std::vector<Node> nodes_;
  Document document_;
};

// A text, and what it means or why it is refused.
struct Case {
  std::string_view text;
  std::string_view meaning;
};

}  // namespace mote::formats
