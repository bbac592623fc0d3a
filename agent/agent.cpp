// The QEMU guest agent: obeys commands and puts answers together.
#include "agent/agent.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "kernel/console/number_text.hpp"

namespace mote::agent {
namespace {

using formats::Node;

constexpr std::string_view kTrue = "true";
constexpr std::string_view kFalse = "false";

// A name of the client's for an error's text: cut, and without characters that could confuse.
void add_name(TextWriter text, std::string_view name) {
  for (const char character : name.substr(0, limits::kAgentNameBytes)) {
    const bool is_plain =
        character >= ' ' && character <= '~' && character != '"' && character != '\\';
    text.add(is_plain ? character : '?');
  }
}

void add_mac(TextWriter text, const std::array<std::uint8_t, 6>& mac) {
  for (std::size_t i = 0; i < mac.size(); ++i) {
    text.add(i == 0 ? "" : ":", NumberText<16>(mac[i], 2).text());
  }
}

void add_address(TextWriter text, const Interface& interface) {
  text.add(R"({"ip-address-type":"ipv4","ip-address":")");
  for (unsigned shift = 32; shift != 0;) {
    shift -= 8;
    text.add(std::uint64_t{interface.address >> shift & 0xFF}, shift == 0 ? "" : ".");
  }
  text.add(R"(","prefix":)", std::uint64_t{interface.prefix_bits}, "}");
}

void add_traffic(TextWriter text, std::string_view way, const Traffic& traffic) {
  const auto add = [&](std::string_view name, std::uint64_t number) {
    text.add('"', way, name, "\":", number);
  };
  add("-bytes", traffic.bytes);
  text.add(',');
  add("-packets", traffic.packets);
  text.add(',');
  add("-errs", traffic.errors);
  text.add(',');
  add("-dropped", traffic.dropped);
}

// GuestNetworkInterface
void add_interface(TextWriter text, const Interface& interface) {
  text.add(R"({"name":"net)", std::uint64_t{interface.index}, R"(","hardware-address":")");
  add_mac(text, interface.mac);
  text.add(R"(","ip-addresses":[)");
  if (interface.address != 0) {
    add_address(text, interface);
  }
  text.add(R"(],"statistics":{)");
  add_traffic(text, "rx", interface.received);
  text.add(',');
  add_traffic(text, "tx", interface.sent);
  text.add("}}");
}

// GuestAgentCommandInfo
void add_command(TextWriter text, const CommandEntry& entry) {
  text.add(R"({"name":")", entry.name, R"(","enabled":true,"success-response":)",
           entry.command == Command::kShutdown ? kFalse : kTrue, '}');
}

constexpr bool has_elements(Command command) {
  return command == Command::kInfo || command == Command::kInterfaces;
}

}  // namespace

void Agent::reset() {
  framer_.reset();
  piece_.clear();
  given_ = 0;
  step_ = kDone;
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
    const std::size_t some =
        piece_.view().substr(given_).copy(room.data() + count, room.size() - count);
    given_ += some;
    count += some;
  }
  return count;
}

void Agent::handle(Framer::Event event) {
  if (event == Framer::Event::kNone) {
    return;
  }
  id_.clear();
  if (event == Framer::Event::kTooLong) {
    refuse({.begin = "the message is longer than 2048 bytes, or nested too deeply"});
    return;
  }
  if (event == Framer::Event::kBroken) {
    refuse({.begin = "JSON parse error, expected an object"});
    return;
  }
  const formats::Document document = formats::read_json(framer_.message(), nodes_);
  if (!document) {
    refuse({.begin = "JSON parse error, ", .name = document.error().what});
    return;
  }
  read_id(**document, id_);
  const Call call = read_call(**document);
  if (call.is_refused) {
    refuse(call.refusal);
  } else {
    execute(call);
  }
}

void Agent::execute(const Call& call) {
  const std::optional<Shutdown> shutdown = shutdown_of(call.argument);
  if (call.command == Command::kShutdown) {
    if (!shutdown) {
      refuse({.begin = "mode is invalid (valid values are: halt|powerdown|reboot)"});
      return;
    }
    host_->shut_down(*shutdown);  // answers nothing
    return;
  }
  if (call.command == Command::kTime && !host_->time()) {
    refuse({.begin = "the machine has no clock"});
    return;
  }
  begin(call.command);
  if (call.command == Command::kSync || call.command == Command::kSyncDelimited) {
    piece_.writer().add(call.argument);
  } else {
    value(piece_.writer());
  }
  if (has_elements(call.command)) {
    step_ = 0;
  } else {
    finish(piece_.writer());
  }
}

void Agent::refuse(const Refusal& refusal) {
  piece_.clear();
  given_ = 0;
  TextWriter text = piece_.writer();
  text.add(R"({"error":{"class":")",
           refusal.is_unknown_command ? "CommandNotFound" : "GenericError", R"(","desc":")",
           refusal.begin);
  add_name(text, refusal.name);
  text.add(refusal.end, "\"}");
  finish(text);
}

void Agent::begin(Command command) {
  command_ = command;
  piece_.clear();
  given_ = 0;
  if (command == Command::kSyncDelimited) {
    piece_.writer().add(kSentinel);
  }
  piece_.writer().add(R"({"return":)");
}

// Behind the value, or the error.
void Agent::finish(TextWriter text) {
  if (!id_.view().empty()) {
    text.add(R"(,"id":)", id_.view());
  }
  text.add("}\n");
  step_ = kDone;
}

void Agent::next_piece() {
  piece_.clear();
  given_ = 0;
  TextWriter text = piece_.writer();
  if (next_element(text)) {
    ++step_;
    return;
  }
  text.add(command_ == Command::kInfo ? "]}" : "]");
  finish(text);
}

// False: there are no more.
bool Agent::next_element(TextWriter text) {
  const std::string_view separator = step_ == 0 ? "" : ",";
  if (command_ == Command::kInfo) {
    if (step_ < kCommands.size()) {
      text.add(separator);
      add_command(text, kCommands[step_]);
    }
    return step_ < kCommands.size();
  }
  const std::optional<Interface> interface = host_->interface(step_);
  if (interface) {
    text.add(separator);
    add_interface(text, *interface);
  }
  return interface.has_value();
}

// The value returned, or its beginning.
void Agent::value(TextWriter text) const {
  switch (command_) {
    case Command::kInfo:
      text.add(R"({"version":)");
      text.add_string(host_->version);
      text.add(R"(,"supported_commands":[)");
      return;
    case Command::kInterfaces:
      text.add('[');
      return;
    case Command::kHostName:
      text.add(R"({"host-name":)");
      text.add_string(host_->host_name());
      text.add('}');
      return;
    case Command::kOsInfo:
      text.add(R"({"id":"mote","name":"Mote","machine":"x86_64","pretty-name":"Mote )",
               host_->version, R"(","version":")", host_->version, R"(","version-id":")",
               host_->version, R"(","kernel-release":")", host_->version, "\"}");
      return;
    case Command::kTime:
      text.add(host_->time().value_or(0));
      return;
    case Command::kTimeZone:
      text.add(R"({"zone":"UTC","offset":0})");
      return;
    case Command::kProcessors:
      text.add(R"([{"logical-id":0,"online":true,"can-offline":false}])");
      return;
    case Command::kUsers:
    case Command::kFileSystems:
      text.add("[]");
      return;
    case Command::kFreezeStatus:
      // With no file system frozen it stays "thawed" (qapi-schema.json, guest-fsfreeze-freeze).
      text.add(R"("thawed")");
      return;
    case Command::kFreeze:
    case Command::kFreezeList:
    case Command::kThaw:
      text.add('0');
      return;
    default:
      text.add("{}");
  }
}

}  // namespace mote::agent
