// The prompt answer: a connection's last segment sent again with another content.
//
// Most requests come alike: on an established connection, in order and whole in one segment, which
// acknowledges the response before, and nothing else is going on. For these, header prediction
// (V. Jacobson, 4BSD Header Prediction, 1990) says what every field of the segment must be; and the
// response goes out in the memory of the one before, whose headers are right but for a few words.
// lwIP isn't asked. It finds its connection as if it had done all that itself: the segment waits
// for its acknowledgement as any other, and if there is none, lwIP resends it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/net_device.hpp"
#include "lwip/tcp.h"

namespace mote::netstack {

// What a server says to a request: pieces as tcp_write_pieces takes them, of which the first one is
// copied, and the others stay as they are.
struct PromptReply {
  std::span<const tcp_piece> pieces;
  const void* origin = nullptr;  // the server's own
};

// A server whose connections may be answered promptly. A `connection` is what tcp_arg was given.
struct PromptServer {
  // It has those connections whose data goes here.
  tcp_recv_fn receive;

  // What answers the request, if `bytes` are one and no more, and if the connection, of whose
  // responses all are acknowledged, is ready for one. Changes nothing. No pieces: lwIP is to do it.
  PromptReply (*find)(const void* connection, std::string_view bytes);

  // That is being sent, so many bytes of it.
  void (*sent)(void* connection, const PromptReply& reply, std::uint16_t bytes);
};

// There is one such server, and none at first.
void set_prompt_server(const PromptServer& server);

// Answers a frame that classify() has let up, so with an Ethernet and an IPv4 header that are
// right; `checksum` is what the device says of it. Returns the response as a frame for the
// interface that it came by, or null, with nothing changed, when that is lwIP's to do.
[[nodiscard]] struct pbuf* prompt_answer(std::span<const std::byte> frame, RxChecksum checksum);

}  // namespace mote::netstack
