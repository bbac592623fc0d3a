// Crowds on a device that cuts long segments: whatever windows they open, others get memory.
#include <doctest/doctest.h>

#include <vector>

#include "netstack/sender/block.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Runs before the machine is made, which needs a device that cuts.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

}  // namespace

TEST_CASE("a thousand readers whose ACKs let go of single frames leave memory for others") {
  REQUIRE(prepared);
  Machine& m = server();
  Network network;
  std::vector<TcpPeer> readers;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    TcpPeer& reader = readers.emplace_back(static_cast<std::uint16_t>(47'000 + i));
    TcpPeer* peers[] = {&reader};
    reader.connect();
    for (int turn = 0; turn < 5; ++turn) step(m, network, peers);
    REQUIRE(reader.established);
  }
  const Bytes request = request_for(1'000'000);
  for (std::uint32_t round = 0; round < 24; ++round) {
    for (const TcpPeer& reader : readers) {
      const std::uint32_t next = reader.sequence() + (round == 0 ? 0 : 4);
      m.device.receive(reader.segment(TcpPeer::kAck, next, reader.expected + round * 1460,
                                      round == 0 ? request : Bytes{}));
      settle(m);
      m.device.wire.clear();
    }
    REQUIRE(netstack::blocks::usage().failures == 0);
  }
  const long took = fetch(network, 100'000, 48'500);
  CHECK(took > 0);
  CHECK(took < 5000);
  for (const TcpPeer& reader : readers) {
    m.device.receive(reader.segment(TcpPeer::kRst, reader.sequence() + 4, 0));
    settle(m);
  }
}
