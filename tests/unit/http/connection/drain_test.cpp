// The server's end: who is refused, closed, answered first, or cut off.
#include "http/connection/drain.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "http/connection/server.hpp"
#include "tests/unit/http/world.hpp"

using namespace mote::http_world;
using mote::http::counters;
using mote::http::cut_off;

namespace {

// How many are left with a request or response under way, and how many in all.
std::size_t drain() { return mote::http::drain().responses; }
std::size_t drain_all() { return mote::http::drain().connections; }

// Lets time pass in which used connections become idle.
void rest() { pass_time(600); }

// A server that has been started anew.
struct Fresh {
  Fresh() { start_server(true); }  // with the other setting of its log, so Scene starts it again
};

bool says_close(const std::string& stream) {
  return stream.find("Connection: close\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("idle connections are closed at once, and new ones refused") {
  const Fresh fresh;
  const Scene scene;
  Client unused;
  Client used;
  used.ask(kGet);
  used.acknowledge_all();
  const auto timeouts = counters().idle_timeouts;
  rest();
  CHECK(drain_all() == 0);
  for (Client* const client : {&unused, &used}) {
    CHECK(client->got_fin());
    CHECK_FALSE(client->got_reset());
    client->close();
    CHECK(client->is_released());
  }
  CHECK(statuses(used.received) == std::vector{200});
  CHECK(counters().idle_timeouts == timeouts);
  const Client late;
  CHECK_FALSE(late.accepted());
  CHECK(drain() == 0);
}

TEST_CASE("a connection that has just been used may ask once more, and is told to go") {
  const Fresh fresh;
  const Scene scene;
  Client asks;
  Client silent;
  for (Client* const client : {&asks, &silent}) {
    client->ask(kGet);
    client->acknowledge_all();
    client->received.clear();
  }
  CHECK(drain() == 0);
  CHECK(drain_all() == 2);
  CHECK_FALSE(asks.got_fin());
  asks.send(get("/guide/"));
  CHECK(says_close(asks.received));
  CHECK(asks.got_fin());
  asks.acknowledge_all();
  asks.close();
  CHECK(drain_all() == 1);
  rest();
  CHECK(drain_all() == 0);
  CHECK(silent.got_fin());
  CHECK(silent.received.empty());
  silent.close();
}

TEST_CASE("a response in delivery ends, however slowly, and then its connection is closed") {
  const Fresh fresh;
  const Scene scene;
  Client client;
  client.send(get("/large.bin"));
  CHECK(drain() == 1);
  while (client.unacknowledged() > 0) {
    client.acknowledge(1000);
    client.retry();
    static_cast<void>(drain());
  }
  CHECK(drain() == 0);
  rest();
  CHECK(drain_all() == 0);
  CHECK(client.got_fin());
  const Response response = take_response(client.received);
  CHECK(response.body == content_of("large.bin"));
  client.close();
  CHECK(client.is_released());
}

TEST_CASE("a response that TCP has whole counts until it is acknowledged") {
  const Fresh fresh;
  const Scene scene;
  Client client;
  client.send(kGet);
  CHECK(drain_all() == 1);
  rest();
  CHECK(drain() == 1);
  CHECK(client.got_fin());
  client.acknowledge_all();
  CHECK(drain_all() == 0);
  client.close();
  CHECK(client.is_released());
}

TEST_CASE("a request that had begun is answered with Connection: close") {
  const Fresh fresh;
  const Scene scene;
  Client client;
  client.send(kGet.substr(0, 10));
  CHECK(drain() == 1);
  CHECK(client.received.empty());
  client.send(kGet.substr(10));
  CHECK(says_close(client.received));
  CHECK(statuses(client.receive_all()) == std::vector{200});
  CHECK(client.got_fin());
  CHECK(drain() == 0);
  client.close();
}

TEST_CASE("known requests, too, promptly answered before") {
  const Fresh fresh;
  const Scene scene;
  Client warm;
  for (int i = 0; i < 4; ++i) {
    warm.ask(kGet);
  }
  Client client;
  client.acknowledges = true;
  client.ask(kGet.substr(0, 5));
  CHECK(drain_all() == 2);
  const auto prompt = prompt_answers;
  client.ask(kGet.substr(5));
  CHECK(prompt_answers == prompt);
  CHECK(says_close(client.received));
  client.acknowledge_all();
  CHECK(client.got_fin());
  client.close();
  warm.acknowledge_all();
  rest();
  CHECK(drain_all() == 0);
  CHECK(warm.got_fin());
  warm.close();
}

TEST_CASE("a request behind a response in delivery is answered, the next one isn't") {
  const Fresh fresh;
  const Scene scene;
  Client client;
  client.send(get("/large.bin") + get("/guide/") + get("/"));
  CHECK(drain() == 1);
  CHECK(statuses(client.receive_all()) == std::vector{200, 200});
  CHECK(says_close(client.received));
  CHECK(client.got_fin());
  client.close();
  CHECK(client.is_released());
}

TEST_CASE("HTTP/1.0 and errors close as ever") {
  const Fresh fresh;
  const Scene scene;
  Client old;
  old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n");
  Client bad;
  bad.send("GET /\r\n");
  Client missing;
  missing.send("GET /missing HTTP/1.1\r\nHost: a\r\n");
  CHECK(drain() == 3);
  for (Client* const client : {&old, &bad, &missing}) {
    client->send("\r\n");
    static_cast<void>(client->receive_all());
    CHECK(says_close(client->received));
    CHECK(client->got_fin());
    client->close();
  }
  CHECK(drain() == 0);
}

TEST_CASE("content still arriving behind an answer counts, and ends in a close") {
  const Fresh fresh;
  const Scene scene;
  Client client;
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  client.acknowledge_all();
  CHECK(drain() == 1);
  client.send("world");
  CHECK(drain() == 0);
  rest();
  CHECK(drain_all() == 0);
  CHECK(client.got_fin());
  client.close();
}

TEST_CASE("what is left is cut off: readers that don't read, halves of requests, the rest") {
  const Fresh fresh;
  const Scene scene;
  Client stuck;
  stuck.send(get("/large.bin"));
  Client half;
  half.send("GET /");
  Client closed;
  rest();
  Client used;
  CHECK(drain_all() == 3);
  CHECK(closed.got_fin());
  cut_off();
  CHECK(stuck.got_reset());
  CHECK(half.got_reset());
  for (Client* const client : {&used, &closed}) {
    CHECK(client->got_fin());
    CHECK_FALSE(client->got_reset());
    client->close();
  }
  CHECK(counters().open == 0);
  CHECK(drain_all() == 0);
  cut_off();
}

TEST_CASE("a server that is started anew accepts, keeps connections and learns again") {
  const Fresh fresh;
  const Scene scene;
  CHECK(drain() == 0);
  start_server(true);
  start_server(false);
  Client client;
  REQUIRE(client.accepted());
  const auto prompt = prompt_answers;
  for (int i = 0; i < 4; ++i) {
    client.ask(kGet);
  }
  CHECK(prompt_answers > prompt);
  CHECK_FALSE(client.got_fin());
}
