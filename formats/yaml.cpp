// Reads a subset of YAML 1.2: the constructs that people and programs use in settings, as far as
// YAML 1.1 reads them alike.
//
// Block maps and lists, also `- key: value` and lists at their key's indentation; maps and lists in
// brackets, JSON among them; scalars plain, quoted and over several lines; block scalars with
// indentation and chomping; comments, `%YAML`, one `---`, `...`. Refused by name: anchors, aliases,
// tags, merge keys, complex keys, tabs outside of quotes and block scalars, further documents, keys
// for the second time, keys over several lines, and in brackets a pair without braces, a key
// without a value and a `?` in a plain scalar.
#include <algorithm>

#include "formats/document.hpp"
#include "formats/yaml_text.hpp"

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

class YamlReader : public YamlText {
 public:
  using YamlText::YamlText;

  Document read();

  static bool may_end_behind_comma(const Node& /*whole*/) { return true; }

  // A part of a list or map in brackets.
  Node* part(Node& whole) {
    if (whole.is_map()) {
      if (!read_scalar()) {
        return nullptr;
      }
      skip_any(" ");
      if (peek() != ':' || text_line_ != line_) {
        fail("a key without a colon and a space on its line");
        return nullptr;
      }
      ++at_;
    }
    Node* node = add_part(whole);
    return node != nullptr && space() ? node : nullptr;
  }

  // A value in brackets, which in a map may be missing.
  bool scalar(Node& node) {
    if (innermost().is_map() && (peek() == ',' || peek() == '}')) {
      return true;
    }
    return read_scalar() && set(node);
  }

 private:
  enum class Stage : std::uint8_t { kStart, kDirective, kBody, kEnded };

  [[nodiscard]] bool at_dash() const { return peek() == '-' && is_blank(1); }

  bool piece();
  bool marker();
  bool directive();
  bool settle();
  bool content();
  bool behind_key();
  bool dash();
  bool indent(int column, Kind kind);

  bool set(Node& node);
  Node* add_part(Node& whole);

  Node* slot_ = nullptr;        // awaits content: the root, or the last key's or dash's part
  bool is_behind_key_ = false;  // the slot's key, or `---`, stands on this line
  Stage stage_ = Stage::kStart;
};

// Not inlined: the reader's address is then in a register, and the code a tenth shorter.
[[gnu::noinline]] Document YamlReader::read() {
  Node* root = take();
  slot_ = root;
  if (root != nullptr && prepare(Allowed::kLines)) {
    line_start_ = at_;
    while (space() && !at_end() && piece()) {
    }
    if (at_end() && stage_ == Stage::kDirective) {
      fail("a directive without '---'");
    }
  }
  return result(root);
}

// One step in a block: a marker, a key with its colon, a dash, or content.
bool YamlReader::piece() {
  if (is_fresh_) {
    if (at_ == line_start_ && (at_marker() || *at_ == '%')) {
      return *at_ == '%' ? directive() : marker();
    }
    if (stage_ == Stage::kEnded || stage_ == Stage::kDirective) {
      return fail(stage_ == Stage::kEnded ? "text behind the document's end"
                                          : "a directive without '---'");
    }
    stage_ = Stage::kBody;
    is_behind_key_ = false;
    if (!settle()) {
      return false;
    }
  } else if (slot_ == nullptr) {
    return fail("text behind a value");
  }
  is_fresh_ = false;
  if (slot_ != nullptr) {
    return content();
  }
  if (innermost().is_list()) {
    return dash();
  }
  return at_dash() ? fail("a list item in a map") : read_scalar() && behind_key();
}

bool YamlReader::directive() {
  if (stage_ != Stage::kStart) {
    return fail("a directive in the document");
  }
  if ((!word("%YAML 1.1") && !word("%YAML 1.2")) || !is_blank(0)) {
    return fail("a directive other than '%YAML 1.2'");
  }
  stage_ = Stage::kDirective;
  return true;
}

bool YamlReader::marker() {
  const bool begins = *at_ == '-';
  const bool is_in_place = begins ? stage_ <= Stage::kDirective : stage_ == Stage::kBody;
  at_ += 3;
  stage_ = begins ? Stage::kBody : Stage::kEnded;
  is_fresh_ = false;
  is_behind_key_ = true;
  if (!begins) {
    slot_ = nullptr;
  }
  return is_in_place || fail("more than one document");
}

// Closes the lists and maps that end above this line, and a part that got no content.
bool YamlReader::settle() {
  const bool is_dash = at_dash();
  if (slot_ != nullptr) {
    // A list may stand at its key's indentation.
    if (column() > indentation() ||
        (column() == indentation() && is_dash && innermost().is_map())) {
      return true;
    }
    slot_ = nullptr;
  }
  while (depth_ > 0 && (column() < indentation() ||
                        (column() == indentation() && !is_dash && innermost().is_list()))) {
    --depth_;
  }
  return (depth_ > 0 && column() == indentation()) ||
         fail("an indentation that matches no line above");
}

bool YamlReader::content() {
  Node& node = *slot_;
  node.line = line_;
  if (at_dash()) {
    return is_behind_key_ ? fail("a list on its key's line")
                          : indent(column(), Kind::kList) && dash();
  }
  const int start = column();
  if (peek() == '[' || peek() == '{') {
    slot_ = nullptr;
    in_brackets_ = true;
    const bool read = value(node);
    in_brackets_ = false;
    is_fresh_ = false;
    return read;
  }
  if (peek() == '|' || peek() == '>') {
    slot_ = nullptr;
    return read_block(node);
  }
  if (!read_scalar()) {
    return false;
  }
  skip_any(" ");
  if (peek() == ':' && is_blank(1)) {
    if (text_line_ != line_) {
      return fail("a key in a value of several lines");
    }
    if (is_behind_key_) {
      return fail("a second colon and space on a key's line; quotes are needed");
    }
    return indent(start, Kind::kMap) && behind_key();
  }
  slot_ = nullptr;
  return set(node);
}

// Begins a list or map in the slot.
bool YamlReader::indent(int column, Kind kind) {
  if (!enter(slot_, kind)) {
    return false;
  }
  indentations_[depth_ - 1] = column;
  return true;
}

bool YamlReader::dash() {
  if (!at_dash()) {
    return fail("a list item without '- '");
  }
  ++at_;
  slot_ = add(innermost());
  return slot_ != nullptr;
}

// Behind a key of the innermost map.
bool YamlReader::behind_key() {
  skip_any(" ");
  if (peek() != ':' || !is_blank(1) || text_line_ != line_) {
    line_ = text_line_;
    return fail("a key without a colon and a space on its line");
  }
  ++at_;
  slot_ = add_part(innermost());
  is_behind_key_ = true;
  return slot_ != nullptr;
}

Node* YamlReader::add_part(Node& whole) {
  if (whole.is_map() && !is_quoted_ && text_ == "<<") {
    fail("a merge key ('<<')");
    return nullptr;
  }
  return add(whole);
}

bool YamlReader::set(Node& node) {
  node.line = text_line_;
  // The core schema's null (10.3.2).
  constexpr std::array kNulls = {"~"sv, "null"sv, "Null"sv, "NULL"sv};
  if (!is_quoted_ && std::ranges::find(kNulls, text_) != kNulls.end()) {
    return true;
  }
  node.kind = is_quoted_ ? Kind::kString : Kind::kPlain;
  node.text = text_;
  return true;
}

}  // namespace

Document read_yaml(std::span<char> text, std::span<Node> nodes) {
  return YamlReader(text, nodes).read();
}

}  // namespace mote::formats
