// Requests answered past lwIP: clients see no difference.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "http/connection/server.hpp"
#include "http/connection/server_state.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/world.hpp"

using namespace mote::http_world;
using mote::http::counters;

namespace {

// All requests that these tests make.
const std::vector<std::string>& requests() {
  static const std::vector<std::string> all = {
      std::string(kGet),
      get("/a%20b.txt"),
      get("/empty.css"),
      get("/guide"),
      get("/missing"),
      get("/large.bin"),
      get("/", "If-None-Match: *\r\n"),
      get("/", "Range: bytes=0-3\r\n"),
      get("/", "Connection: close\r\n"),
      get("/guide", "Connection: close\r\n"),
      get("/", "Content-Length: 2\r\n") + "xx",
      "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  return all;
}

void make_known() {
  for (int time = 0; time < 3; ++time) {
    for (const std::string& request : requests()) {
      answer(request);
    }
  }
}

// Everything that a client saw during a life determined by a seed, and the server's counts.
struct Life {
  std::string received;
  bool got_fin = false;
  bool got_reset = false;
  std::uint64_t bytes = 0;
  std::uint64_t responses = 0;
  std::uint64_t timeouts = 0;
  std::vector<std::size_t> windows;
  friend bool operator==(const Life&, const Life&) = default;
};

std::uint64_t responses_begun() {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counters().responses) {
    all += count;
  }
  return all;
}

std::uint64_t timeouts() {
  return counters().idle_timeouts + counters().header_timeouts + counters().content_timeouts +
         counters().stalls;
}

void act(Client& client, std::mt19937& random) {
  const std::string& request = requests()[random() % requests().size()];
  switch (random() % 14) {
    default:
      return client.ask(random() % 3 == 0 ? request : std::string(kGet));
    case 0:
      return client.ask(request + request);
    case 1:
      return client.ask(request.substr(0, 1 + random() % (request.size() - 1)));
    case 2:
      return client.acknowledge_all();
    case 3:
      return client.acknowledge(client.unacknowledged() / 2);
    case 4:
      return pass_time(static_cast<std::uint32_t>(random() % 24) * 250);
    case 5:
      ++*wall_seconds;
      return;
    case 6:
      return fail_writes(random() % 3, random() % 3);
    case 7:
      return client.retry();
    case 8:
      if (random() % 6 == 0) client.close();
      return;
  }
}

Life live(unsigned seed, bool promptly) {
  answers_promptly = promptly;
  wall_seconds = 784'111'777;
  const std::uint64_t bytes = counters().bytes;
  const std::uint64_t begun = responses_begun();
  const std::uint64_t late = timeouts();
  std::mt19937 random(seed);
  Life life;
  {
    Client client;
    for (int at = 0; at < 30 && !client.is_released(); ++at) {
      act(client, random);
      life.windows.push_back(client.window());
    }
    fail_writes(0, 0);
    client.receive_all();
    life.received = client.received;
    life.got_fin = client.got_fin();
    life.got_reset = client.got_reset();
  }
  life.bytes = counters().bytes - bytes;
  life.responses = responses_begun() - begun;
  life.timeouts = timeouts() - late;
  wall_seconds.reset();
  answers_promptly = true;
  return life;
}

}  // namespace

TEST_CASE("a repeated request on a connection at rest is answered past lwIP") {
  const Scene scene;
  make_known();
  Client client;
  client.ask(kGet);
  for (int time = 0; time < 3; ++time) {
    const std::size_t before = prompt_answers;
    client.ask(kGet);
    CHECK(prompt_answers == before + 1);
  }
  CHECK(statuses(client.receive_all()) == std::vector{200, 200, 200, 200});
  client.close();
}

TEST_CASE("each request restarts the time limit") {
  const Scene scene;
  make_known();
  Client client;
  client.ask(kGet);
  for (int time = 0; time < 5; ++time) {
    pass_time(14'000);
    const std::size_t before = prompt_answers;
    client.ask(kGet);
    CHECK(prompt_answers == before + 1);
    CHECK_FALSE(client.got_fin());
  }
  client.acknowledge_all();
  pass_time(14'500);
  CHECK_FALSE(client.got_fin());
  pass_time(1'000);
  CHECK(client.got_fin());
  client.close();
}

TEST_CASE("a response that is longer than a segment is sent through lwIP") {
  const Scene scene;
  make_known();
  Client client;
  client.ask(kGet);
  const std::size_t before = prompt_answers;
  client.ask(get("/large.bin"));
  CHECK(prompt_answers == before);
  std::string stream = client.receive_all();
  CHECK(take_response(stream).status == 200);
  CHECK(take_response(stream).status == 200);
  client.close();
}

TEST_CASE("a prompt response may be the last") {
  const Scene scene;
  const std::string last = get("/guide", "Connection: close\r\n");
  for (int time = 0; time < 3; ++time) answer(last);
  answer(kGet);
  Client client;
  client.ask(kGet);
  const std::size_t before = prompt_answers;
  client.ask(last);
  CHECK(prompt_answers == before + 1);
  CHECK(client.got_fin());
  std::string stream = client.receive_all();
  CHECK(take_response(stream).status == 200);
  CHECK(take_response(stream).status == 301);
  client.close();
  CHECK(client.is_released());
}

TEST_CASE("with an access log each request is logged") {
  start_server(true);
  const std::size_t before = prompt_answers;
  {
    Client client;
    for (int time = 0; time < 5; ++time) {
      client.ask(kGet);
    }
    client.receive_all();
    client.close();
  }
  CHECK(prompt_answers == before);
  CHECK(take_log().size() == 5);
  start_server(false);
}

TEST_CASE("whatever happens, a client gets the same as through lwIP") {
  const Scene scene;
  make_known();
  const std::size_t before = prompt_answers;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    INFO("seed ", seed);
    const Life plain = live(seed, false);
    const Life prompt = live(seed, true);
    CHECK(plain.received == prompt.received);
    CHECK(plain.windows == prompt.windows);
    CHECK(plain.responses == prompt.responses);
    CHECK(plain.bytes == prompt.bytes);
    CHECK(plain.timeouts == prompt.timeouts);
    REQUIRE(plain == prompt);
  }
  CHECK(prompt_answers > before + 3'000);
}
