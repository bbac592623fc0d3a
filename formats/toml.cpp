// Reads TOML 1.0, as far as settings need it: tables, arrays of tables, dotted keys, inline tables,
// arrays, all four kinds of strings, whole numbers in decimal digits, booleans.
//
// Refused by name: floating point, dates, other digits, and dotted keys in inline tables. Section
// numbers are those of the headings of toml.io/en/v1.0.0.
#include <algorithm>

#include "formats/document.hpp"
#include "formats/reader.hpp"

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kBlanksAndLines = " \t\n";
constexpr Reader::Escapes kEscapes = {
    .plain = "\"\"\\\\b\bf\fn\nr\rt\t", .coded = "uU", .surrogates = false};

// What a table or an array is, which decides who may add to it (Node::mark).
enum Mark : std::uint8_t {
  kClosed,   // written in brackets, or no table
  kImplied,  // `[a.b]` implies `a`
  kDefined,  // by `[a]`
  kDotted,   // `a.b = 1` defines `a`
  kTables,   // an array of tables
};

class TomlReader : public Reader {
 public:
  using Reader::Reader;

  Document read() {
    Node* root = take();
    if (root != nullptr && prepare(Allowed::kLines)) {
      enter(*root, Kind::kMap);
      while (lines() && !at_end() && expression() && line_end()) {
      }
    }
    return result(root);
  }

  // In a value: an inline table stays on its line.
  bool space() { return innermost().is_map() ? blanks() : lines(); }

  static bool may_end_behind_comma(const Node& whole) { return whole.is_list(); }

  Node* part(Node& whole) {
    std::string_view name;
    if (whole.is_map() && !(key(name) && equals_sign())) {
      return nullptr;
    }
    Node* node = add(whole, name);
    blanks();
    return node;
  }

  bool scalar(Node& node);

 private:
  bool blanks() {
    skip_any(kBlanks);
    return true;
  }

  // To the next text that isn't a comment.
  bool lines() {
    skip_any(kBlanksAndLines);
    while (peek() == '#') {
      skip_comment();
      skip_any(kBlanksAndLines);
    }
    return true;
  }

  bool line_end() {
    blanks();
    if (peek() == '#') {
      skip_comment();
    }
    return at_end() || peek() == '\n' || fail("text behind a value or a table's name");
  }

  bool equals_sign() {
    blanks();
    return word("=") || fail("a key without '='");
  }

  bool expression();
  bool header();
  bool path(bool is_header, std::string_view& last);
  bool descend(bool is_header, std::string_view name);
  bool begin_table(std::string_view name);
  bool begin_element(std::string_view name);
  bool key(std::string_view& name);
  bool string(std::string_view& text, bool may_have_lines);
  bool string_end(char quote, bool has_lines);
  bool string_escape(bool has_lines);
};

// A line: a table's header, or a key with its value. open_ holds the way to the table.
bool TomlReader::expression() {
  if (peek() == '[') {
    return header();
  }
  const std::size_t table = depth_;
  std::string_view name;
  if (!path(false, name) || !equals_sign()) {
    return false;
  }
  Node* node = add(innermost(), name);
  blanks();
  if (node == nullptr || !value(*node)) {
    return false;
  }
  depth_ = table;
  return true;
}

bool TomlReader::header() {
  depth_ = 1;
  const bool is_element = word("[[");
  if (!is_element) {
    word("[");
  }
  blanks();
  std::string_view name;
  if (!path(true, name)) {
    return false;
  }
  if (!word(is_element ? "]]" : "]")) {
    return fail("a table's name without its closing bracket");
  }
  return is_element ? begin_element(name) : begin_table(name);
}

// Reads a dotted key and enters the tables that it leads through.
bool TomlReader::path(bool is_header, std::string_view& last) {
  while (key(last)) {
    blanks();
    if (!word(".")) {
      return true;
    }
    blanks();
    if (!descend(is_header, last)) {
      return false;
    }
  }
  return false;
}

bool TomlReader::descend(bool is_header, std::string_view name) {
  Node* node = part_of(innermost(), name);
  if (node == nullptr) {
    node = add(innermost(), name);
    if (node == nullptr) {
      return false;
    }
    node->mark = is_header ? kImplied : kDotted;
    return enter(*node, Kind::kMap);
  }
  if (is_header && node->mark == kTables) {
    if (!enter(*node, Kind::kList)) {
      return false;
    }
    node = last_of(*node);
  }
  if (node->mark == kClosed || (!is_header && node->mark != kDotted)) {
    return fail("a key inside what is no table or is complete");
  }
  return enter(*node, Kind::kMap);
}

bool TomlReader::begin_table(std::string_view name) {
  Node* node = part_of(innermost(), name);
  if (node == nullptr) {
    node = add(innermost(), name);
  } else if (node->mark != kImplied) {
    return fail("a table for the second time");
  }
  if (node == nullptr) {
    return false;
  }
  node->mark = kDefined;
  return enter(*node, Kind::kMap);
}

bool TomlReader::begin_element(std::string_view name) {
  Node* list = part_of(innermost(), name);
  if (list == nullptr) {
    list = add(innermost(), name);
    if (list == nullptr) {
      return false;
    }
    list->mark = kTables;
  }
  if (list->mark != kTables) {
    return fail("an array of tables that is something else already");
  }
  if (!enter(*list, Kind::kList)) {
    return false;
  }
  Node* node = add(*list, {});
  if (node == nullptr) {
    return false;
  }
  node->mark = kDefined;
  return enter(*node, Kind::kMap);
}

constexpr bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool TomlReader::key(std::string_view& name) {
  if (peek() == '"' || peek() == '\'') {
    return string(name, false);
  }
  const char* const start = at_;
  while (is_letter_or_digit(peek()) || peek() == '_' || peek() == '-') {
    ++at_;
  }
  name = {start, at_};
  return !name.empty() || fail("a key is missing");
}

// A sign, and digits with single underscores between them; no zero leads ("Integer").
constexpr bool is_whole_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) {
    text.remove_prefix(1);
  }
  if (text.empty() || text.ends_with('_') || (text.starts_with('0') && text.size() > 1)) {
    return false;
  }
  char before = '_';
  for (const char c : text) {
    if (c == '_' ? before == '_' : c < '0' || c > '9') {
      return false;
    }
    before = c;
  }
  return true;
}

bool TomlReader::scalar(Node& node) {
  if (peek() == '"' || peek() == '\'') {
    node.kind = Kind::kString;
    return string(node.text, true);
  }
  char* const start = at_;
  while (is_letter_or_digit(peek()) || (peek() != '\0' && "+-_.:"sv.contains(peek()))) {
    ++at_;
  }
  const std::string_view text(start, at_);
  if (text != "true" && text != "false" && !is_whole_number(text)) {
    return fail(text.empty() ? "a value is missing"
                             : "no whole decimal number, true or false, and no string");
  }
  char* const end = std::remove(start + (*start == '+' ? 1 : 0), at_, '_');
  node.kind = Kind::kPlain;
  node.text = {start + (*start == '+' ? 1 : 0), end};
  return true;
}

bool TomlReader::string(std::string_view& text, bool may_have_lines) {
  const char quote = *at_;
  const bool has_lines = peek(1) == quote && peek(2) == quote;
  if (has_lines && !may_have_lines) {
    return fail("a key of several lines");
  }
  at_ += has_lines ? 3 : 1;
  if (has_lines && peek() == '\n') {
    step();
  }
  const char* const start = out_ = at_;
  while (!string_end(quote, has_lines)) {
    if (at_end() || (*at_ == '\n' && !has_lines)) {
      return fail("a string without its end");
    }
    if (*at_ == '\\' && quote == '"') {
      if (!string_escape(has_lines)) {
        return false;
      }
    } else {
      *out_++ = *at_;
      step();
    }
  }
  text = {start, out_};
  return true;
}

// Passes the closing quotes. Of several lines' string, up to two before them belong to it.
bool TomlReader::string_end(char quote, bool has_lines) {
  if (peek() != quote) {
    return false;
  }
  std::size_t quotes = 1;
  while (has_lines && quotes < 5 && peek(quotes) == quote) {
    ++quotes;
  }
  if (has_lines && quotes < 3) {
    return false;
  }
  out_ = std::fill_n(out_, has_lines ? quotes - 3 : 0, quote);
  at_ += quotes;
  return true;
}

// A backslash at a line's end hides all blanks and lines behind it.
bool TomlReader::string_escape(bool has_lines) {
  if (!has_lines || peek(1) == '\0' || !kBlanksAndLines.contains(peek(1))) {
    return escape(kEscapes);
  }
  ++at_;
  blanks();
  if (peek() != '\n') {
    return fail("an unknown escape");
  }
  skip_any(kBlanksAndLines);
  return true;
}

}  // namespace

Document read_toml(std::span<char> text, std::span<Node> nodes) {
  return TomlReader(text, nodes).read();
}

}  // namespace mote::formats
