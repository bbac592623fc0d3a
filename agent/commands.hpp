// The guest agent's commands, by their names and arguments (QEMU's qga/qapi-schema.json).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/host.hpp"
#include "agent/limits.hpp"
#include "agent/text.hpp"
#include "formats/document.hpp"

namespace mote::agent {

enum class Command : std::uint8_t {
  kSync,
  kSyncDelimited,
  kPing,
  kInfo,
  kInterfaces,
  kHostName,
  kOsInfo,
  kTime,
  kTimeZone,
  kProcessors,
  kUsers,
  kFileSystems,
  kFreezeStatus,
  kFreeze,
  kFreezeList,
  kThaw,
  kShutdown,
};

// What a command's one argument must be; no command has two.
enum class Argument : std::uint8_t { kNone, kInteger, kOptionalString, kOptionalList };

struct CommandEntry {
  Command command;
  std::string_view name;
  Argument argument = Argument::kNone;
  std::string_view argument_name = {};
};

inline constexpr auto kCommands = std::to_array<CommandEntry>({
    {Command::kSync, "guest-sync", Argument::kInteger, "id"},
    {Command::kSyncDelimited, "guest-sync-delimited", Argument::kInteger, "id"},
    {Command::kPing, "guest-ping"},
    {Command::kInfo, "guest-info"},
    {Command::kInterfaces, "guest-network-get-interfaces"},
    {Command::kHostName, "guest-get-host-name"},
    {Command::kOsInfo, "guest-get-osinfo"},
    {Command::kTime, "guest-get-time"},
    {Command::kTimeZone, "guest-get-timezone"},
    {Command::kProcessors, "guest-get-vcpus"},
    {Command::kUsers, "guest-get-users"},
    {Command::kFileSystems, "guest-get-fsinfo"},
    {Command::kFreezeStatus, "guest-fsfreeze-status"},
    {Command::kFreeze, "guest-fsfreeze-freeze"},
    {Command::kFreezeList, "guest-fsfreeze-freeze-list", Argument::kOptionalList, "mountpoints"},
    {Command::kThaw, "guest-fsfreeze-thaw"},
    {Command::kShutdown, "guest-shutdown", Argument::kOptionalString, "mode"},
});

// Why a command isn't obeyed: a description in parts, one after the other.
struct Refusal {
  bool is_unknown_command = false;  // else the error is of the general class
  std::string_view begin = {};
  std::string_view name = {};  // as the client wrote it
  std::string_view end = {};
};

// A command understood, or refused.
struct Call {
  Command command = Command::kPing;
  std::string_view argument = {};  // its text, in the message; empty if it is absent
  bool is_refused = false;
  Refusal refusal{};
};

// Reads a message's command. The text stays where the document has it.
[[nodiscard]] Call read_call(const formats::Node& message);

// The `id` that the message gives, as JSON; empty if it has none that is a scalar and fits.
void read_id(const formats::Node& message, Text<limits::kAgentIdBytes>& id);

// What guest-shutdown's mode means; nothing for an unknown one.
[[nodiscard]] std::optional<Shutdown> shutdown_of(std::string_view mode);

}  // namespace mote::agent
