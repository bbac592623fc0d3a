// Reads TOML 1.0, as far as settings need it: tables, arrays of tables, dotted keys, inline tables,
// arrays, all four kinds of strings, whole numbers in decimal digits, booleans.
//
// Refused by name: floating point, dates, other digits, and dotted keys in inline tables. The
// comments name sections of toml.io/en/v1.0.0.
#include <algorithm>

#include "formats/document.hpp"
#include "formats/reader.hpp"

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

constexpr const char* kBlanks = " \t";
constexpr const char* kBlanksAndLines = " \t\n";
constexpr Reader::Escapes kEscapes = {
    .plain = "\"\"\\\\b\bf\fn\nr\rt\t", .coded = "uU", .surrogates = false};

// The origin of a table or an array, which decides who may add to it (Node::mark).
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

  [[gnu::noinline]] Document read() {
    Node* root = take();
    if (root != nullptr && prepare(Allowed::kLines)) {
      enter(root, Kind::kMap);
      while (lines() && !at_end() && expression() && line_end()) {
      }
    }
    return result(root);
  }

  // In a value: an inline table stays on its line.
  bool space() { return innermost().is_map() ? blanks() : lines(); }

  static bool may_end_behind_comma(const Node& whole) { return whole.is_list(); }

  Node* part(Node& whole) {
    if (whole.is_map() && !(key() && equals_sign())) {
      return nullptr;
    }
    Node* node = add(whole);
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
  bool path(bool is_header);
  Node* part_or_new(Mark mark);
  bool descend(bool is_header);
  bool begin_table();
  bool begin_element();
  bool key();
  bool whole_number();
  bool string(bool may_have_lines);
  bool string_end(char quote, bool has_lines);
  bool string_escape(bool has_lines);
};

// A line: a table's header, or a key with its value. Entered are the tables down to the header's.
bool TomlReader::expression() {
  if (peek() == '[') {
    return header();
  }
  const std::size_t table = depth_;
  if (!path(false) || !equals_sign()) {
    return false;
  }
  Node* node = add(innermost());
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
  if (!path(true)) {
    return false;
  }
  if (!word(is_element ? "]]" : "]")) {
    return fail("a table's name without its closing bracket");
  }
  return is_element ? begin_element() : begin_table();
}

// Reads a dotted key and enters the tables that it leads through; its last part is in text_ then.
bool TomlReader::path(bool is_header) {
  while (key()) {
    blanks();
    if (!word(".")) {
      return true;
    }
    blanks();
    if (!descend(is_header)) {
      return false;
    }
  }
  return false;
}

// The part under text_ of the innermost table, made if there is none; null without room for it.
Node* TomlReader::part_or_new(Mark mark) {
  Node* node = part_of(innermost());
  if (node == nullptr) {
    node = add(innermost());
    if (node != nullptr) {
      node->mark = mark;
    }
  }
  return node;
}

bool TomlReader::descend(bool is_header) {
  Node* node = part_or_new(is_header ? kImplied : kDotted);
  if (node != nullptr && node->mark == kTables && is_header) {
    if (!enter(node, Kind::kList)) {
      return false;
    }
    node = last_of(*node);
  }
  if (node != nullptr && (node->mark == kClosed || (node->mark != kDotted && !is_header))) {
    return fail("a key in a complete table, or in no table");
  }
  return enter(node, Kind::kMap);
}

// Begins a table, which so far has only parts that other headers imply.
bool TomlReader::begin_table() {
  Node* node = part_or_new(kImplied);
  if (node != nullptr) {
    if (node->mark != kImplied) {
      return fail("a duplicate table");
    }
    node->mark = kDefined;
  }
  return enter(node, Kind::kMap);
}

bool TomlReader::begin_element() {
  Node* list = part_or_new(kTables);
  if (list != nullptr && list->mark != kTables) {
    return fail("an array of tables whose name is taken");
  }
  if (!enter(list, Kind::kList)) {
    return false;
  }
  Node* node = add(*list);
  if (node != nullptr) {
    node->mark = kDefined;
  }
  return enter(node, Kind::kMap);
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_bare(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

bool TomlReader::key() {
  if (at_any("\"'")) {
    return string(false);
  }
  const char* const start = at_;
  while (is_bare(peek())) {
    ++at_;
  }
  text_ = {start, at_};
  return !text_.empty() || fail("a key is missing");
}

// A sign, and digits with single underscores between them; no zero leads ("Integer").
bool TomlReader::whole_number() {
  if (peek() == '+') {
    ++at_;
  }
  const char* const start = out_ = at_;
  if (peek() == '-' && at_[-1] != '+') {
    *out_++ = *at_++;
  }
  const char* const first = at_;
  while (is_digit(peek()) ||
         (peek() == '_' && at_ != first && is_digit(at_[-1]) && is_digit(peek(1)))) {
    if (*at_ != '_') {
      *out_++ = *at_;
    }
    ++at_;
  }
  text_ = {start, out_};
  return at_ != first && (*first != '0' || at_ == first + 1);
}

bool TomlReader::scalar(Node& node) {
  bool is_read = false;
  const char* const start = at_;
  if (at_any("\"'")) {
    node.kind = Kind::kString;
    is_read = string(true);
  } else {
    node.kind = Kind::kPlain;
    if (word("true") || word("false")) {
      text_ = {start, at_};
      is_read = true;
    } else {
      is_read = (whole_number() && !at_any("-.:_ETbeox")) ||
                fail("not a string, whole decimal number, true or false");
    }
  }
  node.text = text_;
  return is_read;
}

bool TomlReader::string(bool may_have_lines) {
  const char quote = *at_;
  const std::uint32_t line = line_;
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
      line_ = line;
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
  text_ = {start, out_};
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
  char* const backslash = at_++;
  if (has_lines && at_any(kBlanksAndLines)) {
    blanks();
    if (peek() != '\n') {
      return fail("an unknown escape");
    }
    skip_any(kBlanksAndLines);
    return true;
  }
  at_ = backslash;
  return escape(kEscapes);
}

}  // namespace

Document read_toml(std::span<char> text, std::span<Node> nodes) {
  return TomlReader(text, nodes).read();
}

}  // namespace mote::formats
