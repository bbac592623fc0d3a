// The outcome of reading a file from a volume.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::volumes {

struct FileRead {
  enum class State : std::uint8_t {
    kRead,     // whole
    kTooLong,  // only the first bytes, as many as there was room for
    kMissing,  // there is no such file
    kDamaged,  // the volume contradicts itself, or the disk can't be read
  };
  State state = State::kMissing;
  std::size_t bytes = 0;  // stored
};

}  // namespace mote::volumes
