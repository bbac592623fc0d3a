// Floods of SYNs against the smallest machine, with the HTTP server on it: honest clients, near and
// far, are all served.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/connection/connection.hpp"
#include "http/connection/server.hpp"
#include "http/operations/access_log.hpp"
#include "kernel/time/wall_clock.hpp"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "mote_hooks.h"
#include "netstack/tcp/syn_cookies.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/http/site.hpp"
#include "tests/unit/netstack/segments.hpp"
#include "tests/unit/netstack/tcp_peer.hpp"

namespace mote {

std::optional<std::uint64_t> wall_clock::now() { return 784'111'777; }
void http::log_access(const netstack::PeerAddress&, std::string_view, std::string_view,
                      std::uint16_t, std::uint64_t) {}

}  // namespace mote

using namespace mote;
using namespace mote::world;

namespace {

// The smallest machine's pools, before it is made.
const bool prepared = (machine_plan = plan_for(0), true);

constexpr int kClients = 100;
constexpr std::size_t kSynsAMillisecond = 20;

world::Machine& http_machine() {
  static const bool is_started = [] {
    static http_world::PackFile file = http_world::pack_folder(http_world::example_site());
    machine();
    const auto pack = http::SitePack::open(file.bytes());
    REQUIRE(pack.has_value());
    REQUIRE(http::set_up(ample_arena(), machine_plan.http));
    REQUIRE(http::start(*pack, {}));
    prompt_server = netstack::kPromptServer<http::Connection>;
    return true;
  }();
  static_cast<void>(is_started);
  return machine();
}

// Addresses whose SYNs come: strangers of the machine's own network, or of any other; one of
// either; or the clients' own, behind which others are, too.
enum class From : std::uint8_t { kNeighbours, kStrangers, kNeighbour, kStranger, kClients };

std::uint32_t address(From from, std::mt19937& random) {
  const auto number = static_cast<std::uint32_t>(random());
  switch (from) {
    case From::kNeighbours:
      return 0x0A000003 + number % 250;
    case From::kStrangers:
      return 0x0B000000 | (number & 0x5FFFFFFF);
    case From::kNeighbour:
      return 0x0A000042;
    case From::kStranger:
      return 0xCB007142;
    case From::kClients:
      return kPeerAddress;
  }
  return 0;
}

struct Flood {
  From from;
  std::mt19937 random{3};

  void pour() {
    for (std::size_t i = 0; i < kSynsAMillisecond; ++i) {
      const std::uint32_t source = address(from, random);
      const bool is_neighbour = from == From::kNeighbours || from == From::kNeighbour;
      http_machine().device.receive(
          Segment{.source = source,
                  .mac = is_neighbour ? mac_of(source) : kPeerMac,
                  .port = static_cast<std::uint16_t>(5000 + random() % 60'000),  // no client's
                  .sequence = static_cast<std::uint32_t>(random()),
                  .options = {2, 4, 5, 180}}
              .frame());
    }
  }
};

// One that asks for a file on a connection of its own.
class HonestClient {
 public:
  explicit HonestClient(std::uint16_t port) : peer_(port, port * 7919U) { peer_.connect(); }

  TcpPeer& peer() { return peer_; }
  void go_on() {
    if (peer_.established && !is_asked_) {
      is_asked_ = true;
      constexpr std::string_view kRequest =
          "GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
      peer_.send({kRequest.begin(), kRequest.end()});
    }
    if (peer_.finished && !is_closed_) {
      is_closed_ = true;
      peer_.close();
    }
  }
  [[nodiscard]] bool is_served() const {
    const std::string content = http_world::content_of("large.bin");
    const std::string got(peer_.body.begin(), peer_.body.end());
    return peer_.finished && !peer_.was_reset && got.starts_with("HTTP/1.1 200 OK\r\n") &&
           got.ends_with(content);
  }

 private:
  TcpPeer peer_;
  bool is_asked_ = false;
  bool is_closed_ = false;
};

// How many of the honest clients are served who come ten times a second, this far away.
int served_under(Flood& flood, std::uint64_t latency_ms, std::uint16_t first_port) {
  Network network;
  network.to_machine.latency = network.to_peer.latency = milliseconds(latency_ms);
  std::vector<std::unique_ptr<HonestClient>> clients;
  std::vector<TcpPeer*> peers;
  for (int time = 0; time < 100 * kClients + 5000; ++time) {
    if (time % 100 == 50 && clients.size() < kClients) {
      const auto port = static_cast<std::uint16_t>(first_port + clients.size());
      peers.push_back(&clients.emplace_back(std::make_unique<HonestClient>(port))->peer());
    }
    flood.pour();
    step(http_machine(), network, peers);
    for (const auto& client : clients) client->go_on();
  }
  return static_cast<int>(
      std::ranges::count_if(clients, [](const auto& client) { return client->is_served(); }));
}

void come_to_rest() {
  for (int time = 0; time < 40'000; time += 50) {
    advance(milliseconds(50));
    settle(http_machine());
    http_machine().device.wire.clear();
  }
}

void endure(std::initializer_list<From> sources) {
  REQUIRE(prepared);
  http_machine();
  come_to_rest();
  const std::size_t packets = Packet::free_count();
  std::uint16_t port = 2000;
  for (const From from : sources) {
    Flood flood{from};
    for (const std::uint64_t latency : {0, 50}) {
      CAPTURE(static_cast<int>(from));
      CAPTURE(latency);
      CHECK(served_under(flood, latency, port) == kClients);
      CHECK(tcp_half_opens() <= mote_tcp_half_open());
      port += kClients;
    }
    come_to_rest();
    CHECK(tcp_active_pcbs == nullptr);
    CHECK(tcp_tw_pcbs == nullptr);
    CHECK(lwip_stats.memp[MEMP_TCP_SEG]->used == 0);
    CHECK(Packet::free_count() == packets);
    CHECK(http::counters().open == 0);
  }
}

}  // namespace

TEST_CASE("under a flood of SYNs all honest clients are served, near and far") {
  const std::uint64_t before = netstack::cookie_counters().sent;
  endure({From::kNeighbours, From::kStrangers});
  CHECK(netstack::cookie_counters().sent - before > 1'000'000);
}

// Half-open connections aren't limited by address: forged addresses would be as good.
TEST_CASE("a flood of SYNs in one address's name takes nothing from others, nor from itself") {
  const std::uint64_t before = netstack::cookie_counters().sent;
  endure({From::kNeighbour, From::kStranger, From::kClients});
  CHECK(netstack::cookie_counters().sent - before > 1'500'000);
}
