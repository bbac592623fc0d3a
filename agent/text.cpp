// A piece of JSON: how texts and numbers are added.
#include "agent/text.hpp"

#include "kernel/console/number_text.hpp"

namespace mote::agent {

void Text::add(std::string_view text) {
  for (const char character : text) {
    if (length_ < characters_.size()) {
      characters_[length_++] = character;
    }
  }
}

void Text::format(std::string_view form, std::initializer_list<std::uint64_t> numbers) {
  const auto* next = numbers.begin();
  for (const char character : form) {
    if (character == '%' && next != numbers.end()) {
      add(NumberText<10>(*next++).text());
    } else if (character == '#' && next != numbers.end()) {
      add(NumberText<16>(*next++, 2).text());
    } else {
      add({&character, 1});
    }
  }
}

void Text::add_string(std::string_view text) {
  add("\"");
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code < ' ' || character == '"' || character == '\\') {
      format("\\u00#", {code});
    } else {
      add({&character, 1});
    }
  }
  add("\"");
}

}  // namespace mote::agent
