// The text of a YAML document, line by line: blanks, comments and scalars (YAML 1.2, chapters 6 to
// 8). formats/yaml.cpp makes lists and maps of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "formats/document.hpp"
#include "formats/reader.hpp"

namespace mote::formats {

class YamlText : public Reader {
 public:
  using Reader::Reader;

  // To the next text that isn't a comment.
  bool space();

 protected:
  // Reads a plain or quoted scalar into text_.
  bool read_scalar();

  // Reads a block scalar from its `|` or `>` on.
  bool read_block(Node& node);

  [[nodiscard]] int column() const { return static_cast<int>(at_ - line_start_); }
  [[nodiscard]] int indentation() const { return depth_ == 0 ? -1 : indentations_[depth_ - 1]; }

  // Whether a character ahead is a blank, or nothing.
  [[nodiscard]] bool is_blank(std::size_t ahead) const;

  // Whether `---` or `...` stands here, as it may only at a line's start.
  [[nodiscard]] bool at_marker() const;

  std::uint32_t text_line_ = 0;  // where text_ begins
  bool is_quoted_ = false;       // text_ was in quotes
  char* line_start_ = nullptr;
  bool is_fresh_ = true;  // nothing but spaces stands before this place on its line
  bool in_brackets_ = false;
  std::array<int, kMostDepth> indentations_{};  // of the lists and maps in open_

 private:
  // Whether a `#` here begins a comment.
  [[nodiscard]] bool is_apart() const { return at_ == line_start_ || at_[-1] == ' '; }

  void next_line();
  bool plain();
  bool plain_start();
  bool plain_line();
  bool goes_on();
  bool quoted();
  void fold_quoted();
  std::size_t skip_lines(const char* blanks);
  void put_lines(std::size_t lines);
  bool block_header(int& indentation, char& chomping);
  int first_indentation(int least, std::size_t& lines);
  std::size_t skip_block_lines(int indentation);
};

}  // namespace mote::formats
