// A short text, put together once.
#include "drivers/virtio/text.hpp"

#include "kernel/console/number_text.hpp"

namespace mote::virtio {

void Text::append(std::string_view text) {
  for (const char character : text) {
    if (length_ == kCapacity) {
      return;
    }
    characters_[length_++] = character;
  }
}

void Text::append_number(std::uint64_t number) { append(NumberText<10>(number).text()); }

}  // namespace mote::virtio
