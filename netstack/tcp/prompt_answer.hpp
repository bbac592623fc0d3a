// The prompt answer: a connection's last segment sent again with another content.
//
// Most requests come alike: on an established connection, in order and whole in one segment, which
// acknowledges the response before, and nothing else is going on. For these, header prediction
// (V. Jacobson, 4BSD Header Prediction, 1990) says what every field of the segment must be; and the
// response goes out in the memory of the one before, whose headers are right but for a few words.
// lwIP isn't asked. It finds its connection as if it had done all that itself: the segment waits
// for its acknowledgement as any other, and if there is none, lwIP resends it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/net_device.hpp"
#include "lwip/netif.h"
#include "lwip/tcp.h"
#include "netstack/stream.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// A response, for the interface that the request came by, as a device takes it.
struct PromptAnswer {
  struct pbuf* frame;
  std::array<Piece, TCP_WRITE_PIECES> pieces;
  std::size_t count;

  // The pseudo-header's sum is in its place.
  static constexpr TxChecksum kChecksum{sizeof(EthernetHeader) + sizeof(Ipv4Header),
                                        offsetof(TcpHeader, checksum)};
};

// Tries to answer a frame that came by an interface, of which nothing is known but what the device
// says of its TCP checksum. False: nothing changed, take the normal path.
[[nodiscard]] bool prompt_answer(const struct netif& netif, std::span<const std::byte> frame,
                                 RxChecksum checksum, const PromptServer& server,
                                 PromptAnswer& answer);

}  // namespace mote::netstack
