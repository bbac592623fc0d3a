// The machine as the guest agent sees it: facts to tell, and actions to take.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mote::agent {

struct Traffic {
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t errors = 0;
  std::uint64_t dropped = 0;
};

struct Interface {
  std::uint32_t index = 0;  // its name is "net" and this
  std::array<std::uint8_t, 6> mac{};
  std::uint32_t address = 0;  // IPv4, the first octet highest; 0: none
  std::uint8_t prefix_bits = 0;
  Traffic received;
  Traffic sent;
};

enum class Shutdown : std::uint8_t { kPowerDown, kReboot, kHalt };

// Names are at most 64 characters long.
struct Host {
  std::string_view (*host_name)() = nullptr;
  std::string_view version;

  // Nanoseconds since 1970; nothing without a clock.
  std::optional<std::uint64_t> (*time)() = nullptr;

  // The interfaces in order, whatever their index; nothing behind the last one.
  std::optional<Interface> (*interface)(unsigned number) = nullptr;

  // Begins to shut the machine down, and returns.
  void (*shut_down)(Shutdown how) = nullptr;
};

}  // namespace mote::agent
