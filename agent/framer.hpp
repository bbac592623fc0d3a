// Finds the messages in the bytes that the guest agent receives: one JSON object each.
//
// Nothing need separate them. A client first sends FFh, which discards a message that another has
// left unfinished (QEMU's qga/qapi-schema.json, guest-sync-delimited). Without it, the agent finds
// its place again at the end of a line: clients send each message in a line of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/limits.hpp"

namespace mote::agent {

// The byte that discards an unfinished message, and that the answer to guest-sync-delimited begins
// with.
inline constexpr char kSentinel = static_cast<char>(0xFF);

class Framer {
 public:
  enum class Event : std::uint8_t {
    kNone,
    kMessage,  // one is complete: see `message`
    kTooLong,  // one has ended that was too long, or nested too deeply
    kBroken,   // what was there is no JSON object
  };

  [[nodiscard]] Event take(char byte);

  // The last complete one, until the next `take`. May be changed.
  [[nodiscard]] std::span<char> message() { return std::span(buffer_).first(size_); }

  // Forgets the bytes received so far.
  void reset();

 private:
  enum class State : std::uint8_t {
    kBetween,
    kGarbage,  // until the end of the line, or an object's beginning
    kObject,
    kSkipping,  // the rest of an object, or of the line
  };

  [[nodiscard]] Event take_between(char byte);
  [[nodiscard]] Event take_within(char byte);
  [[nodiscard]] bool ends_object(char byte);
  void begin_object();
  void keep(char byte);

  std::array<char, limits::kAgentMessageBytes> buffer_{};
  std::size_t size_ = 0;
  std::uint32_t depth_ = 0;
  State state_ = State::kBetween;
  bool in_string_ = false;
  bool is_escaped_ = false;
  bool begins_line_ = false;  // the last byte ended a line
};

}  // namespace mote::agent
