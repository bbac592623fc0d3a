// A piece of JSON: how texts are added.
#include "agent/text.hpp"

namespace mote::agent {

void TextWriter::append(std::string_view text) {
  length_ += text.copy(characters_ + length_, capacity_ - length_);
}

void TextWriter::add_string(std::string_view text) {
  append('"');
  for (const char character : text) {
    if (static_cast<unsigned char>(character) < 0x20) {
      append("\\u00");
      append(NumberText<16>(static_cast<unsigned char>(character), 2).text());
      continue;
    }
    if (character == '"' || character == '\\') {
      append('\\');
    }
    append(character);
  }
  append('"');
}

}  // namespace mote::agent
