// Repeated requests: the server recognizes them, and sends the same as without its cache.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "http/connection/server.hpp"
#include "http/connection/server_state.hpp"
#include "http/reply/date.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/world.hpp"

using namespace mote::http_world;
using mote::http::counters;

namespace {

bool is_known(std::string_view section) {
  return mote::http::server.replies.find(section) != nullptr;
}

// Repeats a request until it must be known, whichever other has its place; returns the last answer.
std::string make_known(std::string_view request) {
  static_cast<void>(answer(request));
  const std::string stream = answer(request);
  REQUIRE(is_known(request));
  return stream;
}

// Answers without the cache, by turning on the access log.
std::string answer_anew(std::string_view request) {
  start_server(true);
  const std::string stream = answer(request);
  start_server(false);
  return stream;
}

// Requests of all kinds, and whether the cache knows them when repeated.
struct Row {
  std::string request;
  bool known;
};

std::vector<Row> rows() {
  std::string stream = answer(kGet);
  const std::string head = take_response(stream).head;
  const std::size_t at = head.find("ETag: ") + 6;
  const std::string tag = head.substr(at, head.find('\r', at) - at);
  return {
      {std::string(kGet), true},
      {get("/index.html"), true},
      {get("/a%20b.txt?x=/../"), true},
      {get("/empty.css"), true},
      {get("/large.bin"), true},
      {get("/guide"), true},
      {get("/", "If-None-Match: " + tag + "\r\n"), true},
      {get("/", "If-None-Match: \"x\"\r\n"), true},
      {get("/", "Connection: close\r\n"), true},
      {get("/", "Content-Length: 0\r\n"), true},
      {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
      {get("/", "Content-Length: 1\r\n") + "x", false},
      {get("/", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", false},
      {get("/", "Expect: 100-continue\r\nContent-Length: 1\r\n"), false},
      {get("/", "Range: bytes=0-3\r\n"), false},
      {get("/", "X: " + std::string(600, 'x') + "\r\n"), false},
      {get("/missing"), false},
      {get("/healthz"), false},
      {get("/%zz"), false},
      {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", false},
      {"GET / HTTP/1.1\r\n\r\n", false},
  };
}

}  // namespace

TEST_CASE("a repeated request gets the same answer, whatever came in between, with its own Date") {
  const Scene scene;
  const std::vector<Row> all = rows();
  constexpr std::uint64_t kStart = 784111777;
  const auto date_of = [](std::uint64_t second) {
    std::array<char, mote::http::kDateBytes> text{};
    mote::http::write_date(second, text);
    return "Date: " + std::string(text.data(), text.size());
  };
  wall_seconds = kStart;
  std::vector<std::string> expected;
  start_server(true);
  for (const Row& row : all) {
    expected.push_back(answer(row.request));
  }
  start_server(false);
  for (unsigned time = 0; time < 6; ++time) {
    wall_seconds = kStart + time;
    for (std::size_t at = 0; at < all.size(); ++at) {
      CAPTURE(all[at].request);
      std::string now = expected[at];
      now.replace(now.find("Date: "), date_of(0).size(), date_of(kStart + time));
      CHECK(answer(all[at].request) == now);
      CHECK(answer(all[at].request) == now);
      CHECK(is_known(all[at].request) == all[at].known);
    }
  }
  wall_seconds.reset();
}

TEST_CASE("a known request with one bit changed gets the same answer as without the cache") {
  const Scene scene;
  for (const std::string& known : {get("/"), get("/guide", "Connection: close\r\n")}) {
    for (std::size_t at = 0; at < known.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string other = known;
        other[at] = static_cast<char>(other[at] ^ (1U << bit));
        CAPTURE(other);
        const std::string expected = answer_anew(other);
        make_known(known);
        REQUIRE(answer(other) == expected);
        REQUIRE(answer(other) == expected);
      }
    }
  }
}

TEST_CASE("a known request in pieces, and with others behind and before it") {
  const Scene scene;
  const std::string expected = answer_anew(kGet);
  const std::string style = answer_anew(get("/empty.css"));
  CHECK(make_known(kGet) == expected);
  CHECK(make_known(get("/empty.css")) == style);
  for (std::size_t cut = 1; cut < kGet.size(); ++cut) {
    Client client;
    client.send(kGet.substr(0, cut));
    CHECK(client.received.empty());
    client.send(kGet.substr(cut));
    client.send(kGet);
    CHECK(client.receive_all() == expected + expected);
  }
  const std::string other = get("/empty.css");
  CHECK(answer(std::string(kGet) + other + std::string(kGet)) == expected + style + expected);
  CHECK(answer("\r\n" + std::string(kGet) + "\r\n" + other) == expected + style);
  Client chained;
  chained.send(kGet, kSegmentBytes, true);
  chained.acknowledge_all();
  chained.send(kGet);
  CHECK(chained.receive_all() == expected + expected);
}

TEST_CASE("a known request behind one whose content is still to come is content") {
  const Scene scene;
  make_known(kGet);
  Client client;
  client.send(get("/empty.css", "Content-Length: " + std::to_string(kGet.size()) + "\r\n"));
  client.receive_all();
  client.send(kGet);
  CHECK(statuses(client.receive_all()) == std::vector{200});
  client.send(kGet);
  CHECK(statuses(client.receive_all()) == std::vector{200, 200});
}

TEST_CASE("nothing follows a known reply that closes") {
  const Scene scene;
  const std::string closing = get("/", "Connection: close\r\n");
  const std::string expected = make_known(closing);
  Client client;
  client.send(closing);
  client.send(kGet);
  CHECK(client.receive_all() == expected);
  CHECK(client.got_fin());
}

TEST_CASE("a known reply is written whatever lwIP lacks") {
  const Scene scene;
  for (const std::string& request : {get("/"), get("/large.bin"), get("/guide")}) {
    const std::string expected = make_known(request);
    for (std::size_t after = 0; after < 4; ++after) {
      for (std::size_t failures = 1; failures < 8; ++failures) {
        Client client;
        fail_writes(after, failures);
        client.send(request);
        CHECK(client.receive_all() == expected);
        client.send(request);
        CHECK(client.receive_all() == expected + expected);
      }
    }
  }
  fail_writes(0, 0);
}

TEST_CASE("a known request that comes while a reply is being sent is answered after it") {
  const Scene scene;
  const std::string large = make_known(get("/large.bin"));
  const std::string small = make_known(kGet);
  Client client;
  client.send(get("/large.bin"));
  client.send(kGet);
  client.send(kGet);
  CHECK(client.receive_all() == large + small + small);
}

TEST_CASE("known requests renew the idle time, and are counted") {
  const Scene scene;
  make_known(kGet);
  const std::uint64_t responses = counters().responses[0];
  const std::uint64_t bytes = counters().bytes;
  const std::uint64_t timeouts = counters().idle_timeouts;
  Client client;
  for (unsigned turn = 0; turn < 5; ++turn) {
    client.send(kGet);
    client.acknowledge_all();
    pass_time(14'000);
    CHECK_FALSE(client.got_fin());
  }
  CHECK(counters().responses[0] == responses + 5);
  CHECK(counters().bytes == bytes + client.received.size());
  pass_time(1'500);
  CHECK(client.got_fin());
  CHECK(counters().idle_timeouts == timeouts + 1);
}

TEST_CASE("the access log has a line for each, and nothing is known while it is on") {
  const Scene scene;
  make_known(kGet);
  start_server(true);
  for (unsigned time = 0; time < 3; ++time) {
    static_cast<void>(answer(kGet));
    CHECK_FALSE(is_known(kGet));
  }
  const std::vector<std::string> lines = take_log();
  REQUIRE(lines.size() == 3);
  CHECK(lines[2] == lines[0]);
  CHECK(lines[0].starts_with("192.0.2.7 GET / HTTP/1.1 | Host: a\r\n| 200 "));
  start_server(false);
}

TEST_CASE("an endpoint's interface is checked for each request") {
  const Scene scene;
  const std::string request = get("/healthz");
  for (unsigned time = 0; time < 3; ++time) {
    interface = 0;
    CHECK(statuses(answer(request)) == std::vector{404});
    interface = 1;
    CHECK(statuses(answer(request)) == std::vector{200});
  }
  interface = 0;
}
