// The prompt answer: a connection's last segment, sent again with new content.
//
// Most requests arrive the same way: on an established connection with nothing else going on, in
// order, whole, in one segment that acknowledges the response before. For these, header prediction
// (V. Jacobson, 4BSD Header Prediction, 1990) gives the value every field of the segment must have,
// and the response goes out in the memory of the one before, whose headers need only a few words
// changed. lwIP isn't called, but finds its connection as if it had done everything itself: the
// segment waits for its acknowledgement like any other, and if none comes, lwIP resends it.
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

// A response, for the interface that the request came by, in the form a device takes.
struct PromptAnswer {
  struct pbuf* frame;
  std::array<Piece, TCP_WRITE_PIECES> pieces;
  std::size_t count;

  // The checksum field holds the pseudo-header's sum.
  static constexpr TxChecksum kChecksum{sizeof(EthernetHeader) + sizeof(Ipv4Header),
                                        offsetof(TcpHeader, checksum)};
};

// Tries to answer an unclassified frame that came by `netif`; `checksum` is the device's verdict on
// its TCP checksum. False: nothing changed, take the normal path.
[[nodiscard]] bool prompt_answer(const struct netif& netif, std::span<const std::byte> frame,
                                 RxChecksum checksum, const PromptServer& server,
                                 PromptAnswer& answer);

}  // namespace mote::netstack
