// AML's terms as bytes, for tests that make tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "kernel/acpi/tables.hpp"

namespace mote::acpi {

inline std::string bytes_of(std::initializer_list<unsigned> values) {
  std::string bytes;
  for (const unsigned value : values) {
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

template <typename T>
std::string number(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// A package's length (20.2.4) in the number of bytes asked for.
inline std::string packed(const std::string& contents, unsigned more = 3) {
  const std::size_t length = contents.size() + 1 + more;
  if (more == 0) {
    return bytes_of({static_cast<unsigned>(length)}) + contents;
  }
  std::string lead = bytes_of({static_cast<unsigned>(more << 6 | (length & 0xF))});
  for (unsigned i = 0; i < more; ++i) {
    lead.push_back(static_cast<char>(length >> (4 + 8 * i)));
  }
  return lead + contents;
}

inline std::string name(std::string_view letters, const std::string& value) {
  return "\x08" + std::string(letters) + value;
}
inline std::string text(std::string_view letters) {
  return "\x0D" + std::string(letters) + std::string(1, '\0');
}
inline std::string table(const std::string& code) { return std::string(kHeaderBytes, 'h') + code; }

}  // namespace mote::acpi
