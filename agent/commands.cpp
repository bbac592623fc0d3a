// The guest agent's commands: reads them from messages.
#include "agent/commands.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace mote::agent {
namespace {

using formats::Kind;
using formats::Node;

Call refuse(std::string_view begin, std::string_view name = {}, std::string_view end = {}) {
  return {.is_refused = true, .refusal = {.begin = begin, .name = name, .end = end}};
}

// A member that isn't among the names; null: there is none.
const Node* stranger(const Node* map, std::string_view a, std::string_view b = {},
                     std::string_view c = {}) {
  for (const Node* part = map == nullptr ? nullptr : map->first; part != nullptr;
       part = part->next) {
    if (part->key != a && part->key != b && part->key != c) {
      return part;
    }
  }
  return nullptr;
}

// QAPI's `int`: 64 bits with a sign.
bool is_integer(const Node& node) {
  std::int64_t value = 0;
  const char* const end = node.text.data() + node.text.size();
  const auto [stop, error] = std::from_chars(node.text.data(), end, value);
  return node.kind == Kind::kPlain && stop == end && error == std::errc{};
}

// What is wrong with the argument's type; empty: nothing.
std::string_view wrong_type(Argument kind, const Node& value) {
  switch (kind) {
    case Argument::kInteger:
      return is_integer(value) ? "" : "', expected: integer";
    case Argument::kOptionalString:
      return value.kind == Kind::kString ? "" : "', expected: string";
    case Argument::kOptionalList:
      return value.is_list() ? "" : "', expected: array";
    case Argument::kNone:
      break;
  }
  return "";
}

Call read_arguments(const CommandEntry& entry, const Node* arguments) {
  if (arguments != nullptr && !arguments->is_map()) {
    return refuse("QMP input member 'arguments' must be an object");
  }
  if (const Node* const unknown = stranger(arguments, entry.argument_name);
      unknown != nullptr || (entry.argument == Argument::kNone && arguments != nullptr &&
                             arguments->first != nullptr)) {
    return refuse("Parameter '", unknown != nullptr ? unknown->key : arguments->first->key,
                  "' is unexpected");
  }
  const Node* const value =
      arguments == nullptr ? nullptr : arguments->find(entry.argument_name);
  if (value == nullptr) {
    return entry.argument == Argument::kInteger
               ? refuse("Parameter '", entry.argument_name, "' is missing")
               : Call{.command = entry.command};
  }
  if (const std::string_view wrong = wrong_type(entry.argument, *value); !wrong.empty()) {
    return refuse("Invalid parameter type for '", entry.argument_name, wrong);
  }
  return {.command = entry.command, .argument = value->text};
}

}  // namespace

Call read_call(const Node& message) {
  if (!message.is_map()) {
    return refuse("QMP input must be a JSON object");
  }
  if (const Node* const unknown = stranger(&message, "execute", "arguments", "id")) {
    return refuse("QMP input member '", unknown->key, "' is unexpected");
  }
  const Node* const execute = message.find("execute");
  if (execute == nullptr) {
    return refuse("QMP input lacks member 'execute'");
  }
  if (execute->kind != Kind::kString) {
    return refuse("QMP input member 'execute' must be a string");
  }
  const auto* const found = std::ranges::find(kCommands, execute->text, &CommandEntry::name);
  if (found == kCommands.end()) {
    Call call = refuse("The command ", execute->text, " has not been found");
    call.refusal.is_unknown_command = true;
    return call;
  }
  return read_arguments(*found, message.find("arguments"));
}

void read_id(const Node& message, Text<limits::kAgentIdBytes>& id) {
  id.clear();
  const Node* const found = message.find("id");
  if (found == nullptr || found->is_list() || found->is_map()) {
    return;
  }
  TextWriter text = id.writer();
  if (found->kind == Kind::kString) {
    text.add_string(found->text);
  } else {
    text.add(found->kind == Kind::kNull ? "null" : found->text);
  }
  if (id.is_full()) {
    id.clear();
  }
}

std::optional<Shutdown> shutdown_of(std::string_view mode) {
  if (mode.empty() || mode == "powerdown") {
    return Shutdown::kPowerDown;
  }
  if (mode == "reboot") {
    return Shutdown::kReboot;
  }
  return mode == "halt" ? std::optional(Shutdown::kHalt) : std::nullopt;
}

}  // namespace mote::agent
