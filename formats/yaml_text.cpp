// The text of a YAML document: blanks, comments and scalars.
#include "formats/yaml_text.hpp"

#include <algorithm>

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

constexpr Reader::Escapes kEscapes = {.plain =
                                          "\"\"\\\\//  0\0a\ab\be\x1B"
                                          "f\fn\nr\rt\tv\v"sv,
                                      .coded = "xuU",
                                      .surrogates = true};

}  // namespace

bool YamlText::is_blank(std::size_t ahead) const {
  const char c = peek(ahead);
  return c == ' ' || c == '\n' || c == '\t' || c == '\0';
}

bool YamlText::at_marker() const {
  return at_ == line_start_ && at_any("-.") && peek(1) == *at_ && peek(2) == *at_ && is_blank(3);
}

bool YamlText::space() {
  while (true) {
    if (peek() == '\n') {
      next_line();
      if (in_brackets_ && at_marker()) {
        return fail("a document's end in brackets");
      }
    } else if (peek() == '#' && is_apart()) {
      skip_comment();
    } else if (peek() == ' ') {
      ++at_;
    } else {
      return peek() != '\t' || fail("a tab where spaces are needed");
    }
  }
}

void YamlText::next_line() {
  step();
  line_start_ = at_;
  is_fresh_ = true;
}

bool YamlText::read_scalar() {
  text_line_ = line_;
  is_quoted_ = at_any("\"'");
  const char* const start = out_ = is_quoted_ ? at_ + 1 : at_;
  const bool is_read = is_quoted_ ? quoted() : plain();
  text_ = {start, out_};
  return is_read;
}

// Names what can't begin a plain scalar (7.3.3).
bool YamlText::plain_start() {
  switch (peek()) {
    case '&':
      return fail("an anchor ('&')");
    case '*':
      return fail("an alias ('*')");
    case '!':
      return fail("a tag ('!')");
    case '\0':
      return fail("the text ends too early");
    case '?':
      return fail("a complex key ('?'), or quotes are needed");
    case '-':
      return !is_blank(1) || fail("a dash that begins no list");
    case ':':
      return (!is_blank(1) && !in_brackets_) || fail("a colon without a key");
    default:
      return !at_any("#,[]{}|>%@`") || fail("a value that needs quotes");
  }
}

bool YamlText::plain() {
  if (!plain_start()) {
    return false;
  }
  const char* const start = out_;
  while (plain_line() && goes_on()) {
  }
  while (out_ != start && (out_[-1] == ' ' || out_[-1] == '\n')) {
    --out_;
  }
  return true;
}

// True at the line's end; false at what ends the scalar before.
bool YamlText::plain_line() {
  while (!at_end() && *at_ != '\n') {
    if ((*at_ == '#' && is_apart()) || *at_ == '\t' || (in_brackets_ && at_any(",?[]{}"))) {
      return false;
    }
    const char c = *at_++;
    if (c == ':' && (is_blank(0) || (in_brackets_ && at_any(",[]{}")))) {
      --at_;
      return false;
    }
    *out_++ = c;
  }
  return true;
}

// Whether the next line belongs to this plain scalar; if so, the lines are folded (6.5).
bool YamlText::goes_on() {
  while (out_[-1] == ' ') {
    --out_;
  }
  char* const at = at_;
  char* const line_start = line_start_;
  const std::uint32_t line = line_;
  const std::size_t lines = skip_lines(" ");
  if (lines == 0 || at_end() || peek() == '#' || at_marker() ||
      (!in_brackets_ && column() <= indentation())) {
    at_ = at;
    line_start_ = line_start;
    line_ = line;
    return false;
  }
  put_lines(lines);
  return true;
}

// Passes line ends and the blanks behind each; says how many line ends.
std::size_t YamlText::skip_lines(const char* blanks) {
  std::size_t lines = 0;
  while (peek() == '\n') {
    next_line();
    ++lines;
    if (at_marker()) {
      break;
    }
    skip_any(blanks);
  }
  is_fresh_ = false;
  return lines;
}

void YamlText::put_lines(std::size_t lines) {
  if (lines == 1) {
    *out_++ = ' ';
  } else {
    out_ = std::fill_n(out_, lines - 1, '\n');
  }
}

bool YamlText::quoted() {
  const char quote = *at_++;
  while (!at_end()) {
    if (*at_ == quote) {
      ++at_;
      if (quote == '"' || peek() != quote) {
        return true;
      }
      *out_++ = *at_++;
    } else if (*at_ == '\\' && quote == '"') {
      if (peek(1) == '\n') {
        ++at_;
        out_ = std::fill_n(out_, skip_lines(" \t") - 1, '\n');
      } else if (!escape(kEscapes)) {
        return false;
      }
    } else if (*at_ == ' ' || *at_ == '\t' || *at_ == '\n') {
      fold_quoted();
    } else {
      *out_++ = *at_++;
    }
    if (at_marker()) {
      return fail("a document's end in quotes");
    }
  }
  line_ = text_line_;
  return fail("quotes that aren't closed");
}

// Blanks stay inside a line, and go where they end or begin one.
void YamlText::fold_quoted() {
  const char* const start = at_;
  skip_any(" \t");
  if (peek() == '\n') {
    put_lines(skip_lines(" \t"));
  } else {
    out_ = std::copy(start, static_cast<const char*>(at_), out_);
  }
}

// The line of a block scalar's indicators (8.1.1).
bool YamlText::block_header(int& added, char& chomping) {
  while (at_any("123456789+-")) {
    const bool is_chomping = *at_ == '+' || *at_ == '-';
    if (is_chomping ? chomping != '\0' : added != 0) {
      return fail("a block scalar's indicator twice");
    }
    if (is_chomping) {
      chomping = *at_;
    } else {
      added = *at_ - '0';
    }
    ++at_;
  }
  skip_any(" ");
  if (peek() == '#' && is_apart()) {
    skip_comment();
  }
  return at_end() || *at_ == '\n' || fail("text behind '|' or '>'");
}

// Passes a block scalar's empty lines and then its indentation; says how many lines.
std::size_t YamlText::skip_block_lines(int indentation) {
  std::size_t lines = 0;
  while (true) {
    while (column() < indentation && peek() == ' ') {
      ++at_;
    }
    if (peek() != '\n') {
      return lines;
    }
    next_line();
    ++lines;
  }
}

// The first text's own indentation, which the empty lines before it must not exceed.
int YamlText::first_indentation(int least, std::size_t& lines) {
  int indentation = least;
  while (true) {
    skip_any(" ");
    indentation = std::max(indentation, column());
    if (peek() != '\n') {
      return indentation;
    }
    next_line();
    ++lines;
  }
}

bool YamlText::read_block(Node& node) {
  const bool folds = *at_++ == '>';
  int added = 0;
  char chomping = '\0';
  if (!block_header(added, chomping)) {
    return false;
  }
  if (!at_end()) {
    next_line();
  }
  const char* const start = out_ = at_;
  const int least = std::max(indentation() + 1, 1);
  std::size_t empty = 0;
  const int indented = added == 0 ? first_indentation(least, empty) : least - 1 + added;
  empty += skip_block_lines(indented);
  std::size_t line_end = 0;
  while (column() == indented && !at_end()) {
    out_ = std::fill_n(out_, empty, '\n');
    const bool is_text = !is_blank(0);
    while (!at_end() && *at_ != '\n') {
      *out_++ = *at_++;
    }
    line_end = at_end() ? 0 : 1;
    empty = skip_block_lines(indented);
    empty -= line_end;
    if (column() == indented && !at_end()) {
      if (!folds || !is_text || is_blank(0)) {
        *out_++ = '\n';
      } else if (empty == 0) {
        *out_++ = ' ';
      }
    }
  }
  out_ = std::fill_n(out_, chomping == '-' ? 0 : line_end, '\n');
  out_ = std::fill_n(out_, chomping == '+' ? empty : 0, '\n');
  node.kind = Kind::kString;
  node.text = {start, out_};
  return true;
}

}  // namespace mote::formats
