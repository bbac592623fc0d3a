// The prompt answer: a request answered without lwIP's state machine.
//
// Most requests arrive the same way: on an established connection with nothing else going on, in
// order, whole, in one segment that acknowledges everything sent before. For these, header
// prediction (V. Jacobson, 4BSD Header Prediction, 1990) says what the state machine would do: take
// the acknowledgement, take the data, and have the reply sent. Sender and server do the rest as
// they always do. Segments without data that acknowledge some of what was sent take the same way.
#pragma once

#include <cstddef>
#include <span>

#include "drivers/net_device.hpp"
#include "lwip/netif.h"
#include "netstack/stream.hpp"

namespace mote::netstack {

enum class Prompt : std::uint8_t {
  kNo,        // nothing changed: take the normal path
  kTaken,     // an acknowledgement without data was taken
  kAnswered,  // a request was answered
};

// Tries an unclassified frame that came by `netif`; `checksum` is the device's verdict on its TCP
// checksum.
[[nodiscard]] Prompt prompt_answer(const struct netif& netif, std::span<const std::byte> frame,
                                   RxChecksum checksum, const PromptServer& server);

}  // namespace mote::netstack
