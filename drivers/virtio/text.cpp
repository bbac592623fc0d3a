// A short text, put together once.
#include "drivers/virtio/text.hpp"

#include "kernel/console/number_text.hpp"

namespace mote::virtio {

void Text::append(char character) {
  if (length_ != kCapacity) {
    characters_[length_++] = character;
  }
}

void Text::add(std::string_view words, std::uint64_t first, std::uint64_t second,
               std::uint64_t third) {
  for (const char character : words) {
    if (character != '#') {
      append(character);
      continue;
    }
    const NumberText<10> number(first);
    for (const char digit : number.text()) {
      append(digit);
    }
    first = second;
    second = third;
    third = 0;
  }
}

bool Failure::operator()(std::string_view words, std::uint64_t first, std::uint64_t second,
                         std::uint64_t third) const {
  text.clear();
  text.add(model);
  text.add(": ");
  text.add(words, first, second, third);
  return false;
}

}  // namespace mote::virtio
