// A pointer and a length: the form in which all data to be sent passes down, from the site pack to
// a device's ring.
#pragma once

#include <cstddef>
#include <string_view>

namespace mote {

// Made without a value, so that arrays of pieces which a frame rarely fills cost nothing.
struct Piece {
  const std::byte* data;
  std::size_t bytes;

  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(data), bytes};
  }
};

[[nodiscard]] inline Piece piece_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace mote
