// Connections: every way to close one, time limits, and limits of size.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "http/connection/server.hpp"
#include "http/limits.hpp"
#include "http/reply/reply_tail.hpp"
#include "tests/unit/http/world.hpp"

using namespace mote::http_world;
using mote::http::counters;
namespace limits = mote::limits;

TEST_CASE("closing by the server: whole response, FIN, drain, then gone") {
  const Scene scene;
  Client client;
  client.send(get("/large.bin", "Connection: close\r\n") + "GET /ignored HTTP/1.1\r\n");
  CHECK_FALSE(client.got_fin());
  CHECK(statuses(client.receive_all()) == std::vector{200});
  CHECK(client.got_fin());
  CHECK_FALSE(client.is_released());
  client.send(std::string(100'000, 'x'));  // accepted and discarded
  CHECK(client.window() == kWindowBytes);
  client.close();
  CHECK(client.is_released());
  CHECK_FALSE(client.got_reset());
}

TEST_CASE("a client that closes its side first is answered") {
  const Scene scene;
  for (const char* path : {"/", "/large.bin"}) {
    Client client;
    client.send(get(path) + get("/guide/"));
    client.close();
    CHECK(statuses(client.receive_all()) == std::vector{200, 200});
    CHECK(client.got_fin());
    CHECK(client.is_released());
    CHECK_FALSE(client.got_reset());
  }
}

TEST_CASE("a client that closes in the middle of a request gets 400") {
  const Scene scene;
  for (std::size_t cut = 1; cut < kGet.size(); ++cut) {
    Client client;
    client.send(kGet.substr(0, cut));
    client.close();
    CHECK(statuses(client.receive_all()) == std::vector{400});
    CHECK(client.is_released());
  }
  Client silent;
  silent.close();
  CHECK(silent.is_released());
  CHECK(silent.received.empty());
}

TEST_CASE("a reset at any point frees everything") {
  const Scene scene;
  const std::string requests = get("/large.bin") + get("/") + get("/large.bin") + "GET";
  for (std::size_t cut = 0; cut <= requests.size(); ++cut) {
    for (const bool acknowledged : {false, true}) {
      Client client;
      client.send(requests.substr(0, cut));
      if (acknowledged) {
        client.acknowledge_all();
      }
      client.reset();
    }
  }
}

TEST_CASE("limits: 414 and 431, also byte by byte") {
  const Scene scene;
  const std::string long_line = get("/" + std::string(limits::kRequestLineBytes, 'a'));
  const std::string long_field = get("/", "A: " + std::string(limits::kHeaderBytes, 'b') + "\r\n");
  for (const std::size_t most : {1UZ, 1000UZ, kSegmentBytes}) {
    for (const auto& [request, status] : {std::pair{long_line, 414}, std::pair{long_field, 431}}) {
      Client client;
      CHECK(client.send(request, most) == 0);
      CHECK(statuses(client.receive_all()) == std::vector{status});
      CHECK(client.got_fin());
      client.close();
    }
  }
}

TEST_CASE("the longest request is answered") {
  const Scene scene;
  const std::string target = "/" + std::string(limits::kRequestLineBytes - 14, 'a');
  const std::string fields = "A: " + std::string(limits::kHeaderBytes - 16, 'b') + "\r\n";
  for (const std::size_t most : {1UZ, 1000UZ, kSegmentBytes}) {
    Client client;
    CHECK(client.send(get(target, fields) + get("/"), most) == 0);
    CHECK(statuses(client.receive_all()) == std::vector{404, 200});
  }
}

TEST_CASE("an idle connection is closed without a response") {
  const Scene scene;
  Client fresh;
  Client used;
  pass_time(10'000);
  used.send(kGet);
  used.acknowledge_all();
  const std::string before = used.received;
  pass_time(5'250);
  CHECK(fresh.got_fin());
  CHECK(fresh.received.empty());
  CHECK_FALSE(used.got_fin());
  pass_time(10'000);
  CHECK(used.got_fin());
  CHECK(used.received == before);
  pass_time(5'250);  // neither peer closes its side
  CHECK(used.is_released());
  CHECK(fresh.is_released());
}

TEST_CASE("a request that trickles in gets 408") {
  const Scene scene;
  Client client;
  std::string_view rest = kGet;
  for (int second = 0; second < 9; ++second) {
    client.send(rest.substr(0, 1));
    rest.remove_prefix(1);
    pass_time(1000);
    CHECK(client.received.empty());
  }
  client.send(rest.substr(0, 1));
  pass_time(1250);
  CHECK(statuses(client.receive_all()) == std::vector{408});
  CHECK(client.got_fin());
  client.close();
  CHECK(client.is_released());
}

TEST_CASE("each request gets the full time limit for its header section") {
  const Scene scene;
  Client client;
  for (int round = 0; round < 4; ++round) {
    client.send(kGet.substr(0, 5));
    pass_time(8000);
    client.send(kGet.substr(5));
    client.acknowledge_all();
    pass_time(8000);
  }
  CHECK(statuses(client.receive_all()) == std::vector{200, 200, 200, 200});
}

TEST_CASE("a peer that takes too little is reset, however steadily; one that is slow is not") {
  const Scene scene;
  Client stuck;
  Client trickling;
  Client slow;
  for (Client* client : {&stuck, &trickling, &slow}) {
    client->send(get("/large.bin"));
  }
  for (int minute = 0; minute < 3; ++minute) {
    pass_time(50'000);
    trickling.acknowledge(1460);
    slow.acknowledge(limits::kLeastSendBytes);
  }
  CHECK(stuck.got_reset());
  CHECK(stuck.is_released());
  CHECK(trickling.got_reset());
  CHECK_FALSE(slow.got_reset());
  CHECK(statuses(slow.receive_all()) == std::vector{200});
}

TEST_CASE("requests that wait don't excuse a peer that takes too little") {
  const Scene scene;
  Client client;
  std::string requests = get("/large.bin");
  for (int count = 0; count < 60; ++count) {
    requests += get("/");
  }
  client.send(requests);
  client.acknowledge(client.unacknowledged() - 1000);
  while (client.received.size() < 300'000) {
    client.acknowledge(1460);
  }
  for (int round = 0; round < 12; ++round) {  // each time, the peer finishes a small response
    pass_time(10'000);
    client.acknowledge(std::min<std::size_t>(300, client.unacknowledged()));
  }
  CHECK(client.is_released());
}

TEST_CASE("a response that is never acknowledged after the close is abandoned") {
  const Scene scene;
  Client client;
  client.send(get("/", "Connection: close\r\n"));
  CHECK(client.got_fin());
  pass_time(59'000);
  CHECK_FALSE(client.is_released());
  pass_time(2'000);
  CHECK(client.is_released());
  CHECK(client.got_reset());
}

TEST_CASE("empty lines byte by byte are no request, and don't keep a connection open") {
  const Scene scene;
  Client client;
  for (int second = 0; second < 16 && !client.is_released() && !client.got_fin(); second += 4) {
    client.send("\r");
    pass_time(2'000);
    client.send("\n");
    pass_time(2'000);
  }
  CHECK(client.got_fin());
  CHECK(client.received.empty());
}

TEST_CASE("a client that goes away during a multipart response leaves nothing behind") {
  const Scene scene;
  const std::string request = get("/large.bin", "Range: bytes=0-99,1000-199999,200001-\r\n");
  for (const std::size_t taken : {0U, 1460U, 100'000U}) {
    Client reset;
    reset.send(request);
    reset.acknowledge(std::min<std::size_t>(taken, reset.unacknowledged()));
    CHECK(mote::http::ReplyTail::in_use() == 1);
    reset.reset();
    CHECK(mote::http::ReplyTail::in_use() == 0);
  }
  Client stuck;
  stuck.send(request);
  pass_time(61'000);
  CHECK(stuck.got_reset());
  CHECK(mote::http::ReplyTail::in_use() == 0);
}

TEST_CASE("counters add up") {
  const Scene scene;
  using mote::http::index_of_status;
  const mote::http::Counters before = counters();
  Client client;
  client.send(get("/") + get("/guide") + get("/missing") + "BREW");
  client.close();
  const std::string stream = client.receive_all();
  for (const int status : {200, 301, 404, 400}) {
    const std::size_t at = index_of_status(static_cast<std::uint16_t>(status));
    CHECK(counters().responses[at] == before.responses[at] + 1);
  }
  CHECK(counters().connections == before.connections + 1);
  CHECK(counters().bytes == before.bytes + stream.size());
}
