// The guest agent's commands, by their names and arguments (QEMU's qga/qapi-schema.json).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::agent {

enum class Command : std::uint8_t {
  kConstant,  // answered with a constant
  kSync,
  kSyncDelimited,
  kInfo,
  kInterfaces,
  kHostName,
  kOsInfo,
  kTime,
  kShutdown,
};

// The type of a command's one argument; no command has two.
enum class Argument : std::uint8_t { kNone, kInteger, kOptionalList, kOptionalString };

struct ArgumentEntry {
  std::string_view name;
  std::string_view wrong_type;  // the error, with its name
};
inline constexpr std::array<ArgumentEntry, 4> kArguments = {
    {{"", ""},
     {"id", "Invalid parameter type for 'id', expected: integer"},
     {"mountpoints", "Invalid parameter type for 'mountpoints', expected: array"},
     {"mode", "Invalid parameter type for 'mode', expected: string"}}};
constexpr const ArgumentEntry& entry_of(Argument argument) {
  return kArguments[static_cast<std::size_t>(argument)];
}

struct CommandEntry {
  std::string_view name;
  Command command = Command::kConstant;
  std::string_view constant = {};
  Argument argument = Argument::kNone;
};

// With no file system to freeze, the state stays "thawed" (guest-fsfreeze-freeze, Returns).
inline constexpr auto kCommands = std::to_array<CommandEntry>({
    {"guest-sync", Command::kSync, "", Argument::kInteger},
    {"guest-sync-delimited", Command::kSyncDelimited, "", Argument::kInteger},
    {"guest-ping", Command::kConstant, "{}"},
    {"guest-info", Command::kInfo},
    {"guest-network-get-interfaces", Command::kInterfaces},
    {"guest-get-host-name", Command::kHostName},
    {"guest-get-osinfo", Command::kOsInfo},
    {"guest-get-time", Command::kTime},
    {"guest-get-timezone", Command::kConstant, R"({"zone":"UTC","offset":0})"},
    {"guest-get-vcpus", Command::kConstant,
     R"([{"logical-id":0,"online":true,"can-offline":false}])"},
    {"guest-get-users", Command::kConstant, "[]"},
    {"guest-get-fsinfo", Command::kConstant, "[]"},
    {"guest-fsfreeze-status", Command::kConstant, R"("thawed")"},
    {"guest-fsfreeze-freeze", Command::kConstant, "0"},
    {"guest-fsfreeze-freeze-list", Command::kConstant, "0", Argument::kOptionalList},
    {"guest-fsfreeze-thaw", Command::kConstant, "0"},
    {"guest-shutdown", Command::kShutdown, "", Argument::kOptionalString},
});

}  // namespace mote::agent
