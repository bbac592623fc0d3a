// The first run of a machine.
#include "kernel/faults/last_run.hpp"

namespace mote::last_run {

std::string_view how() { return "none"; }

const std::array<std::uint32_t, kRunEnds>& ends() {
  static constexpr std::array<std::uint32_t, kRunEnds> kNone{};
  return kNone;
}

std::string_view name(RunEnd) { return "reset"; }

}  // namespace mote::last_run
