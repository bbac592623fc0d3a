// The base of the readers of JSON, YAML and TOML: the place in the text, the tree, escapes, and the
// lists and maps in brackets, which all three write alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "formats/document.hpp"

namespace mote::formats {

// A character of UTF-8; `bytes` is 0 if it isn't valid (The Unicode Standard 15, table 3-7).
struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;
};

[[nodiscard]] Character character_at(std::string_view text);

class Reader {
 public:
  // More nodes than kMostNodes are left unused.
  Reader(std::span<char> text, std::span<Node> nodes);

  // The characters that may stand in a text. JSON allows more of them in a string than the others.
  enum class Allowed : std::uint8_t { kJson, kLines };

  // Checks every character, skips the byte order mark, and makes LF of each CR LF.
  [[nodiscard]] bool prepare(Allowed allowed);

  // Notes the first fault; false for the callers to pass on.
  bool fail(const char* what);

  [[nodiscard]] Document result(const Node* root) const {
    return fault_.what.empty() ? Document(root) : std::unexpected(fault_);
  }

  [[nodiscard]] bool at_end() const { return at_ == end_; }

  // The character here, or ahead; NUL, which no text contains, behind the end.
  [[nodiscard]] char peek() const;
  [[nodiscard]] char peek(std::size_t ahead) const;

  // Whether one of these characters stands here.
  [[nodiscard]] bool at_any(const char* characters) const;

  // Passes a word without a line's end, if it stands here.
  bool word(const char* word);

  void skip_any(const char* characters);

  void skip_comment() {
    while (!at_end() && *at_ != '\n') {
      ++at_;
    }
  }

  // One character on, which may end a line.
  void step() {
    if (*at_++ == '\n') {
      ++line_;
    }
  }

  // A new node, part of nothing; null if there is no room.
  Node* take();

  // A new part at the end of a list, or of a map under the key in text_; null, with a fault, if
  // there is no room or the map has the key already.
  Node* add(Node& whole);

  // The last part, or the one under the key in text_; null if there is none.
  [[nodiscard]] Node* last_of(const Node& whole);
  [[nodiscard]] Node* part_of(const Node& whole) { return mine(whole.find(text_)); }

  // Makes a node the innermost list or map; false for none.
  bool enter(Node* node, Kind kind);
  [[nodiscard]] Node& innermost() { return *open_[depth_ - 1]; }

  // Escape sequences of a string that is written at out_. In `plain`, each letter that may follow a
  // backslash stands before its meaning. A letter of `coded` precedes a number in hexadecimal
  // digits; with `surrogates`, two of these may make one character.
  struct Escapes {
    std::string_view plain;
    std::string_view coded;
    bool surrogates;
  };
  bool escape(const Escapes& escapes);

  // Reads a value with all that is inside it. The reader has space(), scalar(), part() and
  // may_end_behind_comma() for what differs.
  bool value(this auto& self, Node& root) {
    const std::size_t outside = self.depth_;
    Node* node = &root;
    while (node != nullptr) {
      bool may_end = self.peek() == '[' || self.peek() == '{';
      if (may_end ? !self.enter_bracket(*node) : !self.scalar(*node)) {
        return false;
      }
      if (!self.to_next_part(outside, may_end)) {
        return false;
      }
      if (self.depth_ == outside) {
        return true;
      }
      node = self.part(self.innermost());
    }
    return false;
  }

 protected:
  char* at_;
  char* end_;
  char* out_ = nullptr;  // where the string's next character is written; never behind at_
  std::size_t depth_ = 0;
  std::uint32_t line_ = 1;
  std::string_view text_;  // of the key, string or other scalar read last

 private:
  bool enter_bracket(Node& node) { return enter(&node, *at_++ == '[' ? Kind::kList : Kind::kMap); }

  // Passes a comma, and the ends of lists and maps before it.
  bool to_next_part(this auto& self, std::size_t outside, bool may_end) {
    while (self.depth_ != outside) {
      if (!self.space()) {
        return false;
      }
      if (self.peek() == (self.innermost().is_map() ? '}' : ']')) {
        ++self.at_;
        --self.depth_;
        may_end = false;
      } else if (may_end) {
        return true;
      } else if (self.peek() != ',') {
        return self.fail("a comma or the end of the list or map is missing");
      } else {
        ++self.at_;
        may_end = true;
        if (!self.may_end_behind_comma(self.innermost())) {
          return self.space();
        }
      }
    }
    return true;
  }

  // A node of the tree, to change it.
  [[nodiscard]] Node* mine(const Node* node) {
    return node == nullptr ? nullptr : &nodes_[static_cast<std::size_t>(node - nodes_.data())];
  }

  bool code_of(std::size_t digits, std::uint32_t& code);
  void put(std::uint32_t code);

  std::span<Node> nodes_;
  std::size_t taken_ = 0;
  Fault fault_;
  std::array<Node*, kMostDepth> open_{};  // the lists and maps around this place, depth_ of them
};

}  // namespace mote::formats
