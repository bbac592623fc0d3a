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

#include "agent/commands.hpp"
#include "agent/framer.hpp"
#include "agent/host.hpp"
#include "agent/limits.hpp"
#include "agent/text.hpp"
#include "formats/document.hpp"

namespace mote::agent {

class Agent {
 public:
  // Copies nothing: what `host` refers to must outlive the agent.
  explicit constexpr Agent(const Host& host) : host_(&host) {}

  // Takes bytes up to the end of a message that is answered; returns how many.
  [[nodiscard]] std::size_t take(std::span<const char> bytes);

  // Gives the next bytes of the answer; returns how many. None: there is nothing to send.
  [[nodiscard]] std::size_t give(std::span<char> room);

  [[nodiscard]] bool has_answer() const { return step_ != kDone || given_ != piece_.view().size(); }

  // Another client: forgets message and answer.
  void reset();

 private:
  static constexpr unsigned kDone = ~0U;

  void handle(Framer::Event event);
  void execute(const Call& call);
  void refuse(const Refusal& refusal);
  void begin(Command command);
  void finish(TextWriter text);
  void next_piece();
  [[nodiscard]] bool next_element(TextWriter text);
  void value(TextWriter text) const;

  const Host* host_;
  Framer framer_{};
  std::array<formats::Node, limits::kAgentMessageNodes> nodes_{};
  Text<limits::kAgentIdBytes> id_{};
  Text<limits::kAgentPieceBytes> piece_{};
  std::size_t given_ = 0;  // of the piece
  Command command_ = Command::kPing;
  unsigned step_ = kDone;  // of the answer in several pieces: its next element
};

}  // namespace mote::agent
