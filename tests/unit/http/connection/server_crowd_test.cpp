// Crowds of clients: which connection gives way when connections or request buffers run out.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "http/connection/server.hpp"
#include "http/limits.hpp"
#include "http/reply/reply_tail.hpp"
#include "tests/unit/http/world.hpp"

using namespace mote::http_world;
using mote::http::counters;
namespace limits = mote::limits;

namespace {

using Crowd = std::vector<std::unique_ptr<Client>>;

// This many connections, each of which has sent these bytes.
Crowd crowd_of(std::size_t count, std::string_view bytes = {}) {
  Crowd crowd;
  while (crowd.size() < count) {
    crowd.push_back(std::make_unique<Client>());
    REQUIRE(crowd.back()->accepted());
    crowd.back()->send(bytes);
  }
  return crowd;
}

// A request padded with a cookie of this many bytes.
std::string with_cookie(std::size_t bytes) {
  return get("/", "Cookie: " + std::string(bytes, 'c') + "\r\n");
}

// Receives the client's answer, which must be a 503 that closes.
void check_unavailable(Client& client) {
  CHECK(statuses(client.receive_all()) == std::vector{503});
  CHECK(client.received.find("Connection: close\r\n") != std::string::npos);
  CHECK(client.got_fin());
}

}  // namespace

TEST_CASE("when request buffers run out, the one held longest is taken, its request gets 503") {
  const Scene scene;
  const std::uint64_t before = counters().no_buffer;
  const Crowd crowd =
      crowd_of(limits::kSmallRequests + limits::kMediumRequests + limits::kLargeRequests, "GET");
  for (const auto& client : crowd) {
    CHECK(client->received.empty());
  }
  Client late;
  late.send("GET");
  CHECK(late.received.empty());
  CHECK(counters().no_buffer == before + 1);
  check_unavailable(*crowd[0]);

  Client whole;  // needs no buffer
  whole.send(kGet);
  CHECK(statuses(whole.receive_all()) == std::vector{200});

  Client eager;  // needs one only because its second request comes early
  eager.send(get("/large.bin") + std::string(kGet));
  CHECK(statuses(eager.receive_all()) == std::vector{200, 200});
  check_unavailable(*crowd[1]);

  late.send(kGet.substr(3));
  CHECK(statuses(late.receive_all()) == std::vector{200});
  for (std::size_t at = 2; at < crowd.size(); ++at) {
    crowd[at]->send(kGet.substr(3));
    CHECK(statuses(crowd[at]->receive_all()) == std::vector{200});
  }
}

TEST_CASE("unfinished headers of any size lock no client out") {
  const Scene scene;
  for (const std::size_t bytes : {100U, 1100U, 3000U, 5000U, 20'000U}) {
    CAPTURE(bytes);
    const std::string slow = with_cookie(bytes).substr(0, bytes);
    const Crowd crowd = crowd_of(400, slow);
    for (const std::size_t cookie : {100U, 1200U, 3900U, 6000U, 15'000U}) {
      CAPTURE(cookie);
      const std::string request = with_cookie(cookie);
      Client client;
      CHECK(client.send(std::string_view(request).substr(0, request.size() / 2)) == 0);
      CHECK(client.send(std::string_view(request).substr(request.size() / 2)) == 0);
      CHECK(statuses(client.receive_all()) == std::vector{200});
    }
  }
}

TEST_CASE("requests behind responses that peers don't take lock no client out") {
  const Scene scene;
  const std::uint64_t before = counters().no_buffer;
  const Crowd crowd = crowd_of(2 * (limits::kMediumRequests + limits::kLargeRequests),
                               get("/large.bin") + with_cookie(1100));
  CHECK(counters().no_buffer == before + limits::kMediumRequests + limits::kLargeRequests);
  const std::string request = with_cookie(1200);
  Client client;
  client.send(request, 1100);
  CHECK(statuses(client.receive_all()) == std::vector{200});
  CHECK(statuses(crowd.front()->receive_all()) == std::vector{200, 503});
  CHECK(statuses(crowd.back()->receive_all()) == std::vector{200, 200});
}

// The discarded input may contain a HEAD, or the beginning of one.
TEST_CASE("a 503 for discarded input has no content, whatever the request was, and says so") {
  const Scene scene;
  for (const std::string start : {"\r", "\r\n", "\r\n\r\nH", "HEAD", "HEAD / ", "GET / "}) {
    CAPTURE(start);
    Client slow;
    slow.send(get("/large.bin") + start);
    const Crowd crowd =
        crowd_of(limits::kSmallRequests + limits::kMediumRequests + limits::kLargeRequests, "GET");
    slow.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string stream = slow.receive_all();
    CHECK(take_response(stream).status == 200);
    const Response last = take_response(stream);
    CHECK(last.status == 503);
    CHECK(last.head.find("\r\nContent-Length: 0\r\n") != std::string::npos);
    CHECK(last.head.find("\r\nRetry-After: 1\r\n") != std::string::npos);
    CHECK(stream.empty());
  }
}

TEST_CASE("a connection that lost its buffer closes like any other, in every state") {
  const Scene scene;
  for (const bool fails : {false, true}) {
    Crowd crowd = crowd_of(limits::kLargeRequests, with_cookie(20'000).substr(0, 6000));
    crowd[0]->close();  // answered with 400, so that the next one is the oldest
    crowd[1]->send(std::string(20'000, 'x'));  // 431
    Crowd more = crowd_of(2, with_cookie(20'000).substr(0, 6000));
    CHECK(crowd[2]->received.empty());
    if (fails) {
      fail_writes(0, 1);
    }
    Crowd last = crowd_of(1, with_cookie(20'000).substr(0, 6000));
    check_unavailable(*crowd[2]);
    CHECK(crowd[2]->window() == kWindowBytes);
    crowd[2]->close();
    CHECK(crowd[2]->is_released());
    CHECK(crowd[3]->received.empty());
  }
}

TEST_CASE("when connections run out, the oldest idle one makes room") {
  const Scene scene;
  const Crowd crowd = crowd_of(limits::kConnections);
  pass_time(250);        // within one tick, no connection is older than another
  crowd[0]->send(kGet);  // now the youngest
  crowd[0]->acknowledge_all();
  Client next;
  CHECK(next.accepted());
  CHECK_FALSE(crowd[0]->is_released());
  CHECK(crowd[1]->is_released());
  CHECK(crowd[1]->got_fin());
  CHECK_FALSE(crowd[1]->got_reset());
  CHECK_FALSE(crowd[2]->is_released());
}

TEST_CASE("a connection that waits only for its peer to close makes room first") {
  const Scene scene;
  const Crowd crowd = crowd_of(limits::kConnections);
  crowd[7]->send(get("/", "Connection: close\r\n"));
  crowd[7]->acknowledge_all();
  Client next;
  CHECK(crowd[7]->is_released());
  CHECK_FALSE(crowd[0]->is_released());
}

TEST_CASE("unfinished requests make room when nothing else can, oldest first, and get 503") {
  const Scene scene;
  const Crowd readers = crowd_of(3, "G");
  const Crowd senders = crowd_of(limits::kConnections - readers.size(), get("/large.bin"));
  Crowd busy;
  for (const std::size_t oldest : {0U, 1U}) {
    Client next;
    CHECK(next.accepted());
    next.send(kGet);
    CHECK(statuses(next.received) == std::vector{200});
    CHECK(readers[oldest]->is_released());
    CHECK(statuses(readers[oldest]->received) == std::vector{503});
    CHECK_FALSE(readers[oldest]->got_reset());
    CHECK_FALSE(readers[oldest + 1]->is_released());
    next.reset();
    busy.push_back(std::make_unique<Client>());  // takes the place that was freed
    busy.back()->send(get("/large.bin"));
  }
}

TEST_CASE("1,024 connections that have sent a byte each lock nobody out") {
  const Scene scene;
  const Crowd crowd = crowd_of(limits::kConnections, "G");
  for (int count = 0; count < 200; ++count) {
    Client client;
    REQUIRE(client.accepted());
    client.send(get("/"));
    CHECK(statuses(client.receive_all()) == std::vector{200});
  }
}

TEST_CASE("slow readers' connections make room last, the slowest first; good readers' don't") {
  const Scene scene;
  const Crowd crowd = crowd_of(limits::kConnections, get("/large.bin"));
  CHECK_FALSE(Client().accepted());
  pass_time(5'000);
  for (std::size_t at = 0; at < crowd.size(); ++at) {
    crowd[at]->acknowledge(at == 3 || at == 4 ? 1460 : limits::kLeastSendBytes);
  }
  pass_time(5'000);
  Client next;
  CHECK(next.accepted());
  CHECK(crowd[3]->is_released());
  CHECK(crowd[3]->got_reset());
  CHECK_FALSE(crowd[4]->is_released());
  next.send(get("/large.bin"));
  CHECK(Client().accepted());
  CHECK(crowd[4]->is_released());
  crowd[5]->reset();
  Client another;
  another.send(get("/large.bin"));
  CHECK_FALSE(crowd[0]->is_released());
}

TEST_CASE("peers that request more and take nothing keep no reply's text from others") {
  const Scene scene;
  const auto range_to = [](std::size_t last) {
    return get("/large.bin", "Range: bytes=0-" + std::to_string(last) + "\r\n");
  };
  Client probe;
  probe.send(range_to(89'999));
  const std::size_t head_bytes = probe.unacknowledged() - 90'000;
  CHECK(statuses(probe.receive_all()) == std::vector{206});

  // Each has a response in flight that leaves no room for the head of the one behind it.
  constexpr std::size_t kRoom = 100;
  const std::string filling = range_to(mote::fakes::kSendBuffer - kRoom - head_bytes - 1);
  const Crowd crowd = crowd_of(limits::kReplyTails, filling + range_to(99));
  CHECK(mote::http::ReplyTail::in_use() == 0);
  Client honest;
  honest.send(range_to(99));
  CHECK(statuses(honest.receive_all()) == std::vector{206});

  for (const auto& client : crowd) {
    client->close();  // it still gets what it asked for before
    CHECK(statuses(client->receive_all()) == std::vector{206, 206});
  }
}

TEST_CASE("a connection that waits for room in vain is reset like any that takes nothing") {
  const Scene scene;
  Client client;
  client.send(get("/large.bin", "Range: bytes=0-92000\r\n") + std::string(kGet));
  pass_time(59'000);
  CHECK_FALSE(client.is_released());
  pass_time(2'000);
  CHECK(client.got_reset());
}

TEST_CASE("one address can't keep the others out, neither idle nor reading well") {
  for (const std::string& asks : {std::string(), std::string("G"), get("/large.bin")}) {
    CAPTURE(asks);
    const Scene scene;
    mote::fakes::address = 1;
    const Crowd honest = crowd_of(3, asks);
    mote::fakes::address = 2;
    const Crowd greedy = crowd_of(limits::kConnections - honest.size(), asks);
    mote::fakes::address = 3;
    const Crowd late = crowd_of(40, asks);
    CHECK(std::ranges::none_of(late, [](const auto& client) { return client->is_released(); }));
    CHECK(std::ranges::none_of(honest, [](const auto& client) { return client->is_released(); }));
    CHECK(std::ranges::count_if(greedy, [](const auto& client) { return client->is_released(); }) ==
          40);
  }
}

TEST_CASE("an address that has many cuts off none of its own, nor a fair share of others") {
  const Scene scene;
  mote::fakes::address = 1;
  const Crowd first = crowd_of(limits::kConnections / 2, get("/large.bin"));
  CHECK(first.back()->accepted());
  mote::fakes::address = 2;
  const Crowd second = crowd_of(limits::kConnections / 2, get("/large.bin"));
  CHECK_FALSE(Client().accepted());
  mote::fakes::address = 1;
  CHECK_FALSE(Client().accepted());
  mote::fakes::address = 3;
  CHECK(Client().accepted());
}

TEST_CASE("an address has as many connections as it may") {
  start_server(false, 5);
  {
    const std::uint64_t before = counters().refused_by_address;
    Crowd crowd = crowd_of(5, kGet);
    CHECK_FALSE(Client().accepted());
    CHECK(counters().refused_by_address == before + 1);
    crowd.pop_back();
    CHECK(Client().accepted());
    mote::fakes::address = 1;
    CHECK(Client().accepted());
  }
  CHECK(counters().open == 0);
}
