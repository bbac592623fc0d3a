// The QEMU guest agent: takes commands, gives answers (QEMU's docs/interop/qemu-ga and
// qga/qapi-schema.json). A state machine without a device.
//
// It takes no byte while an answer waits, so a client that doesn't read costs nothing. An answer is
// put together piece by piece as it leaves, and may take any time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "agent/commands.hpp"
#include "agent/framer.hpp"
#include "agent/host.hpp"
#include "agent/limits.hpp"
#include "agent/text.hpp"
#include "formats/document.hpp"

namespace mote::agent {

// Starts as all zeros.
class Agent {
 public:
  // Call once, first. The host must outlive the agent.
  void start(const Host& host) { host_ = &host; }

  // Takes bytes up to the end of a message that is answered; returns how many.
  [[nodiscard]] std::size_t take(std::span<const char> bytes);

  // Gives the next bytes of the answer; returns how many. None: there is nothing to send.
  [[nodiscard]] std::size_t give(std::span<char> room);

  [[nodiscard]] bool has_answer() const { return has_more_ || given_ != piece_.view().size(); }

  // Another client: forgets message and answer.
  void reset();

 private:
  void handle(Framer::Event event);
  void read(const formats::Node& message);
  void keep_id(const formats::Node* id);
  void execute(const CommandEntry& entry, const formats::Node* argument);
  void shut_down(std::string_view mode);
  void refuse(std::string_view what, std::string_view name = {}, bool is_unknown_command = false);
  void finish();
  void next_piece();
  [[nodiscard]] bool add_element();
  void add_interface(const Interface& interface);
  void add_value(const CommandEntry& entry);

  const Host* host_ = nullptr;
  Framer framer_{};
  std::array<formats::Node, limits::kAgentMessageNodes> nodes_{};
  std::array<char, limits::kAgentIdBytes> id_{};
  std::size_t id_bytes_ = 0;
  Text piece_{};
  std::size_t given_ = 0;  // of the piece
  Command command_ = Command::kConstant;
  bool has_more_ = false;  // the answer has further pieces
  unsigned element_ = 0;   // the next to be added
};

}  // namespace mote::agent
