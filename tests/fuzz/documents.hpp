// Checks what holds for every document that a reader of formats/ makes, whatever the text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/document.hpp"
#include "formats/reader.hpp"
#include "tests/fakes/demand.hpp"

namespace mote::fuzz {

using Read = formats::Document (*)(std::span<char>, std::span<formats::Node>);

// A document, in memory of exactly the text's length.
class ReadDocument {
 public:
  ReadDocument(Read read, std::string_view text, std::size_t nodes)
      : text_(text.begin(), text.end()),
        nodes_(nodes),
        lines_(1 + static_cast<std::uint32_t>(std::ranges::count(text, '\n'))),
        document_(read(text_, nodes_)) {
    if (document_) {
      demand(*document_ == nodes_.data(), "the root is not the first node");
      check(**document_, 0);
    } else {
      demand(!document_.error().what.empty(), "a fault without words");
      check_line(document_.error().line);
    }
  }

  [[nodiscard]] bool is_read() const { return document_.has_value(); }
  [[nodiscard]] const formats::Node& root() const { return **document_; }

  // The whole of what was read, or the fault.
  [[nodiscard]] std::string meaning(bool has_lines) const {
    return document_ ? of(root(), has_lines)
                     : std::to_string(document_.error().line) + std::string(document_.error().what);
  }

 private:
  void check_line(std::uint32_t line) const {
    demand(line >= 1 && line <= lines_, "a line that isn't there");
  }

  void check_text(std::string_view text) const {
    demand(text.empty() || (text.data() >= text_.data() &&
                            text.data() + text.size() <= text_.data() + text_.size()),
           "a text that leads outside");
    while (!text.empty()) {
      const std::size_t bytes = formats::character_at(text).bytes;
      demand(bytes != 0, "a text that isn't UTF-8");
      text.remove_prefix(bytes);
    }
  }

  // Links lead to later nodes only, so that there are no circles.
  void check_link(const formats::Node* from, const formats::Node* to) const {
    demand(to == nullptr || (to > from && to < nodes_.data() + nodes_.size()),
           "a link that leads back or outside");
  }

  void check(const formats::Node& node, std::size_t depth) const {
    check_line(node.line);
    check_text(node.key);
    check_text(node.text);
    check_link(&node, node.first);
    const bool holds = node.is_list() || node.is_map();
    demand(holds ? node.text.empty() : node.first == nullptr, "text and parts in one node");
    demand(!holds || depth < formats::kMostDepth, "too deep");
    demand(node.kind != formats::Kind::kNull || node.text.empty(), "text of nothing");
    for (const formats::Node& part : node) {
      check_link(&part, part.next);
      demand(node.is_map() ? node.find(part.key) == &part : part.key.empty(), "a key's place");
      check(part, depth + 1);
    }
  }

  static std::string of(const formats::Node& node, bool has_lines) {
    std::string made = std::to_string(static_cast<int>(node.kind));
    made += has_lines ? "@" + std::to_string(node.line) : "";
    made += "(" + std::string(node.key) + ")(" + std::string(node.text) + ")";
    for (const formats::Node& part : node) {
      made += of(part, has_lines) + ",";
    }
    return made + ";";
  }

  std::vector<char> text_;
  std::vector<formats::Node> nodes_;
  std::uint32_t lines_;
  formats::Document document_;
};

// Reads a text twice, and once with few nodes, which may only lead to a fault.
inline ReadDocument read_well(Read read, std::string_view text) {
  ReadDocument first(read, text, formats::kMostNodes);
  const ReadDocument second(read, text, formats::kMostNodes);
  demand(first.meaning(true) == second.meaning(true), "another document from the same text");
  const ReadDocument third(read, text, text.size() % 9);
  demand(!third.is_read() || third.meaning(true) == first.meaning(true), "few nodes, another tree");
  return first;
}

}  // namespace mote::fuzz
