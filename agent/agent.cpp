// The QEMU guest agent: obeys commands and puts answers together.
#include "agent/agent.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace mote::agent {
namespace {

using formats::Kind;
using formats::Node;

// QAPI's `int`: 64 bits with a sign.
bool is_integer(const Node& node) {
  std::string_view digits = node.text;
  const bool is_negative = digits.starts_with('-');
  digits.remove_prefix(is_negative ? 1 : 0);
  const std::string_view most = is_negative ? "9223372036854775808" : "9223372036854775807";
  return node.kind == Kind::kPlain && !digits.empty() &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) &&
         (digits.size() < most.size() || (digits.size() == most.size() && digits <= most));
}

bool has_type(const Node& node, Argument argument) {
  switch (argument) {
    case Argument::kInteger:
      return is_integer(node);
    case Argument::kOptionalList:
      return node.is_list();
    default:
      return node.kind == Kind::kString;
  }
}

// The first member of a map whose name is none of these; null: there is none.
const Node* stranger(const Node& map, std::string_view a, std::string_view b, std::string_view c) {
  const Node* part = map.first;
  while (part != nullptr && (part->key == a || part->key == b || part->key == c)) {
    part = part->next;
  }
  return part;
}

}  // namespace

void Agent::reset() {
  framer_.reset();
  piece_.clear();
  given_ = 0;
  has_more_ = false;
}

std::size_t Agent::take(std::span<const char> bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !has_answer()) {
    handle(framer_.take(bytes[taken++]));
  }
  return taken;
}

std::size_t Agent::give(std::span<char> room) {
  std::size_t count = 0;
  while (count < room.size() && has_answer()) {
    if (given_ == piece_.view().size()) {
      next_piece();
    }
    room[count++] = piece_.view()[given_++];
  }
  return count;
}

void Agent::handle(Framer::Event event) {
  if (event == Framer::Event::kNone) {
    return;
  }
  id_bytes_ = 0;
  piece_.clear();
  given_ = 0;
  if (event == Framer::Event::kTooLong) {
    refuse("the message is longer than 2048 bytes, or nested too deeply");
    return;
  }
  if (event == Framer::Event::kBroken) {
    refuse("JSON parse error, expected an object");
    return;
  }
  const formats::Document document = formats::read_json(framer_.message(), nodes_);
  if (!document) {
    refuse("JSON parse error, *", document.error().what);
    return;
  }
  keep_id((*document)->find("id"));
  read(**document);
}

// Any scalar, as the JSON to give back.
void Agent::keep_id(const Node* id) {
  if (id == nullptr || id->is_list() || id->is_map()) {
    return;
  }
  if (id->kind == Kind::kString) {
    piece_.add_string(id->text);
  } else {
    piece_.add(id->kind == Kind::kNull ? "null" : id->text);
  }
  if (piece_.view().size() <= id_.size()) {
    id_bytes_ = piece_.view().copy(id_.data(), id_.size());
  }
  piece_.clear();
}

// The wording of the errors is QEMU's (qapi/qmp-dispatch.c).
void Agent::read(const Node& message) {
  if (const Node* const unknown = stranger(message, "execute", "arguments", "id")) {
    refuse("QMP input member '*' is unexpected", unknown->key);
    return;
  }
  const Node* const execute_member = message.find("execute");
  const Node* const arguments = message.find("arguments");
  if (execute_member == nullptr) {
    refuse("QMP input lacks member 'execute'");
  } else if (execute_member->kind != Kind::kString) {
    refuse("QMP input member 'execute' must be a string");
  } else if (arguments != nullptr && !arguments->is_map()) {
    refuse("QMP input member 'arguments' must be an object");
  } else if (const auto* const entry =
                 std::ranges::find(kCommands, execute_member->text, &CommandEntry::name);
             entry == kCommands.end()) {
    refuse("The command * has not been found", execute_member->text, true);
  } else {
    execute(*entry, arguments);
  }
}

void Agent::execute(const CommandEntry& entry, const Node* arguments) {
  const ArgumentEntry& wanted = entry_of(entry.argument);
  const Node* const argument = arguments == nullptr || entry.argument == Argument::kNone
                                   ? nullptr
                                   : arguments->find(wanted.name);
  const Node* unknown = arguments == nullptr ? nullptr : arguments->first;
  if (argument != nullptr) {
    unknown = stranger(*arguments, wanted.name, wanted.name, wanted.name);
  }
  if (unknown != nullptr) {
    refuse("Parameter '*' is unexpected", unknown->key);
  } else if (argument == nullptr && entry.argument == Argument::kInteger) {
    refuse("Parameter '*' is missing", wanted.name);
  } else if (argument != nullptr && !has_type(*argument, entry.argument)) {
    refuse(wanted.wrong_type);
  } else if (entry.command == Command::kShutdown) {
    shut_down(argument == nullptr ? "powerdown" : argument->text);
  } else if (entry.command == Command::kTime && !host_->time()) {
    refuse("the machine has no clock");
  } else {
    command_ = entry.command;
    piece_.add(command_ == Command::kSyncDelimited ? "\xFF{\"return\":" : "{\"return\":");
    piece_.add(argument == nullptr ? "" : argument->text);
    add_value(entry);
    element_ = 0;
    has_more_ = command_ == Command::kInfo || command_ == Command::kInterfaces;
    if (!has_more_) {
      finish();
    }
  }
}

// Answers nothing if it is going to happen.
void Agent::shut_down(std::string_view mode) {
  if (mode == "powerdown") {
    host_->shut_down(Shutdown::kPowerDown);
  } else if (mode == "reboot") {
    host_->shut_down(Shutdown::kReboot);
  } else if (mode == "halt") {
    host_->shut_down(Shutdown::kHalt);
  } else {
    refuse("mode is invalid (valid values are: halt|powerdown|reboot)");
  }
}

// `what` has the name, which is the client's, in the place of its asterisk: cut, and without
// characters that could confuse.
void Agent::refuse(std::string_view what, std::string_view name, bool is_unknown_command) {
  piece_.add(is_unknown_command ? R"({"error":{"class":"CommandNotFound","desc":")"
                                : R"({"error":{"class":"GenericError","desc":")");
  const std::size_t place = std::min(what.find('*'), what.size());
  piece_.add(what.substr(0, place));
  for (const char character : name.substr(0, limits::kAgentNameBytes)) {
    const bool is_plain =
        character >= ' ' && character <= '~' && character != '"' && character != '\\';
    piece_.add({is_plain ? &character : "?", 1});
  }
  piece_.add(what.substr(std::min(place + 1, what.size())));
  piece_.add("\"}");
  finish();
}

// Behind the value, or the error.
void Agent::finish() {
  if (id_bytes_ != 0) {
    piece_.add(",\"id\":");
    piece_.add({id_.data(), id_bytes_});
  }
  piece_.add("}\n");
  has_more_ = false;
}

void Agent::next_piece() {
  piece_.clear();
  given_ = 0;
  if (add_element()) {
    ++element_;
    return;
  }
  piece_.add(command_ == Command::kInfo ? "]}" : "]");
  finish();
}

// False: there are no more.
bool Agent::add_element() {
  const std::string_view separator = element_ == 0 ? "" : ",";
  if (command_ == Command::kInfo) {
    if (element_ == kCommands.size()) {
      return false;
    }
    const CommandEntry& entry = kCommands[element_];
    piece_.add(separator);
    piece_.add(R"({"name":")");
    piece_.add(entry.name);
    piece_.add(R"(","enabled":true,"success-response":)");
    piece_.add(entry.command == Command::kShutdown ? "false}" : "true}");
    return true;
  }
  const std::optional<Interface> interface = host_->interface(element_);
  if (interface) {
    piece_.add(separator);
    add_interface(*interface);
  }
  return interface.has_value();
}

// GuestNetworkInterface
void Agent::add_interface(const Interface& interface) {
  const auto& mac = interface.mac;
  piece_.format(R"({"name":"net%","hardware-address":"#:#:#:#:#:#","ip-addresses":[)",
                {interface.index, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]});
  const std::uint32_t address = interface.address;
  if (address != 0) {
    piece_.format(R"({"ip-address-type":"ipv4","ip-address":"%.%.%.%","prefix":%})",
                  {address >> 24, address >> 16 & 0xFF, address >> 8 & 0xFF, address & 0xFF,
                   interface.prefix_bits});
  }
  const Traffic& in = interface.received;
  const Traffic& out = interface.sent;
  piece_.format(R"(],"statistics":{"rx-bytes":%,"rx-packets":%,"rx-errs":%,"rx-dropped":%,)"
                R"("tx-bytes":%,"tx-packets":%,"tx-errs":%,"tx-dropped":%}})",
                {in.bytes, in.packets, in.errors, in.dropped, out.bytes, out.packets, out.errors,
                 out.dropped});
}

// The value returned, or its beginning.
void Agent::add_value(const CommandEntry& entry) {
  switch (entry.command) {
    case Command::kInfo:
      piece_.add(R"({"version":)");
      piece_.add_string(host_->version);
      piece_.add(R"(,"supported_commands":[)");
      return;
    case Command::kInterfaces:
      piece_.add("[");
      return;
    case Command::kHostName:
      piece_.add(R"({"host-name":)");
      piece_.add_string(host_->host_name());
      piece_.add("}");
      return;
    case Command::kOsInfo:
      piece_.add(R"({"id":"mote","name":"Mote","machine":"x86_64")");
      for (const std::string_view next : {R"(,"pretty-name":"Mote )", R"(","version":")",
                                          R"(","version-id":")", R"(","kernel-release":")"}) {
        piece_.add(next);
        piece_.add(host_->version);
      }
      piece_.add("\"}");
      return;
    case Command::kTime:
      piece_.format("%", {host_->time().value_or(0)});
      return;
    default:
      piece_.add(entry.constant);
  }
}

}  // namespace mote::agent
