// Connections: requests with content, which is read and discarded so that the next request can be
// answered.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "http/connection/server.hpp"
#include "http/limits.hpp"
#include "tests/unit/http/world.hpp"

using namespace mote::http_world;
using mote::http::counters;
namespace limits = mote::limits;

namespace {

std::string post(std::string_view fields, std::string_view content) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(content);
}

std::string of_length(std::size_t bytes) {
  return "Content-Length: " + std::to_string(bytes) + "\r\n";
}

const std::string kChunked = "Transfer-Encoding: chunked\r\n";

// Content that looks like requests, to catch anything that mistakes it for them.
const std::string kLure = get("/guide/") + get("/guide/");

// kLure as chunks.
std::string chunks() {
  const std::string first = "A;x=\"1\\\"\" ; y\r\n" + kLure.substr(0, 10) + "\r\n";
  std::string size;
  for (std::size_t rest = kLure.size() - 10; rest > 0; rest /= 16) {
    size.insert(size.begin(), "0123456789abcdef"[rest % 16]);
  }
  return first + size + "\r\n" + kLure.substr(10) + "\r\n0\r\nA: b\r\nGET: /\r\n\r\n";
}

}  // namespace

TEST_CASE("content of any framing, cut anywhere, is discarded, and the connection continues") {
  const Scene scene;
  for (const std::string& request :
       {post(of_length(kLure.size()), kLure), post(kChunked, chunks()),
        get("/", of_length(kLure.size())) + kLure, get("/", kChunked) + chunks(),
        "PUT /no HTTP/1.0\r\nConnection: keep-alive\r\n" + of_length(5) + "\r\nhello"}) {
    const std::string stream =
        request + "\r\n" + get("/missing") + post(of_length(1), "x") + get("/");
    const std::string expected = answer(stream);
    CHECK(statuses(expected) == std::vector{request.starts_with("GET") ? 200 : 405, 404, 405, 200});
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      for (const bool chained : {false, true}) {
        Client client;
        client.send(stream.substr(0, cut), kSegmentBytes, chained);
        CHECK(mote::fakes::frames_held == 0);
        client.send(stream.substr(cut), kSegmentBytes, chained);
        CHECK(client.receive_all() == expected);
        CHECK(client.window() == kWindowBytes);
        CHECK_FALSE(client.got_fin());
        client.close();
        CHECK(client.is_released());
      }
    }
    for (const std::size_t most : {1, 2, 3, 7}) {
      Client client;
      client.send(stream, most);
      CHECK(client.receive_all() == expected);
    }
  }
}

TEST_CASE("responses come at once, before the content") {
  const Scene scene;
  Client client;
  client.send(post(of_length(10), "hello"));
  CHECK(statuses(client.received) == std::vector{405});
  client.acknowledge_all();
  client.send("hello" + get("/"));
  CHECK(statuses(client.receive_all()) == std::vector{405, 200});
}

TEST_CASE("broken framing ends the connection, with 400 while that is still possible") {
  const Scene scene;
  const std::uint64_t before = counters().content_broken;
  std::uint64_t rounds = 0;
  for (const std::string& content :
       {std::string("5\r\nhello!\r\n0\r\n\r\n"), std::string("5\nhello\r\n0\r\n\r\n"),
        std::string("g\r\n"), std::string("10000000000000000\r\n"),
        std::string("0\r\nA : b\r\n\r\n")}) {
    const std::string head = post(kChunked, "");
    const std::string stream = head + content + get("/guide/") + get("/guide/");
    CHECK(statuses(answer(stream)) == std::vector{400});
    ++rounds;
    for (std::size_t cut = 1; cut < head.size() + content.size(); ++cut) {
      Client client;
      client.send(stream.substr(0, cut));
      client.send(stream.substr(cut));
      const std::vector<int> found = statuses(client.receive_all());
      CHECK(found.size() == 1);
      CHECK((found[0] == 400 || (found[0] == 405 && cut >= head.size())));
      CHECK(client.got_fin());
      client.close();
      CHECK(client.is_released());
      CHECK_FALSE(client.got_reset());
      ++rounds;
    }
  }
  CHECK(counters().content_broken == before + rounds);
}

TEST_CASE("no 400 to HEAD has content, whatever follows (RFC 9110, 9.3.2)") {
  const Scene scene;
  std::string stream = answer("HEAD / HTTP/1.1\r\nHost: a\r\n" + kChunked + "\r\nx\r\n");
  CHECK(take_response(stream, true).status == 400);
  CHECK(stream.empty());
}

TEST_CASE("content that is too long: the response says close, and further input is discarded") {
  const Scene scene;
  const std::uint64_t before = counters().content_too_large;
  for (const std::string& fields : {of_length(limits::kContentBytes + 1), of_length(1UL << 40)}) {
    Client client;
    client.send(post(fields, "hello"));
    std::string stream = client.receive_all();
    const Response response = take_response(stream);
    CHECK(response.status == 405);
    CHECK(response.head.find("Connection: close\r\n") != std::string::npos);
    CHECK(client.got_fin());
    CHECK(client.send(std::string(200'000, 'x') + get("/")) == 0);
    CHECK(client.receive_all().size() == response.head.size() + response.body.size());
    CHECK(client.window() == kWindowBytes);
    client.close();
    CHECK(client.is_released());
    CHECK_FALSE(client.got_reset());
  }
  Client client;  // its content turns out to be too long only later
  client.send(post(kChunked, ""));
  client.acknowledge_all();
  for (std::size_t sent = 0; sent < limits::kContentBytes - 2100; sent += 1000) {
    client.send("3e0\r\n" + std::string(0x3E0, 'x') + "\r\n");
    CHECK_FALSE(client.got_fin());
  }
  client.send("1000\r\n");
  CHECK(client.got_fin());
  client.send(std::string(4096, 'x') + "\r\n0\r\n\r\n" + get("/"));
  CHECK(statuses(client.receive_all()) == std::vector{405});
  CHECK(counters().content_too_large == before + 3);
}

TEST_CASE("content of the greatest length is taken before any of the response is") {
  const Scene scene;
  const std::uint64_t before = counters().content_bytes;
  for (const bool chained : {false, true}) {
    const std::string content(limits::kContentBytes, 'x');
    const std::string stream = get("/large.bin", of_length(content.size())) + content + get("/");
    Client client;
    CHECK(client.send(stream, kSegmentBytes, chained) == 0);
    CHECK(client.received.size() < 300'000);
    CHECK(statuses(client.receive_all()) == std::vector{200, 200});
    CHECK(client.window() == kWindowBytes);
  }
  CHECK(counters().content_bytes == before + 2UL * limits::kContentBytes);
}

TEST_CASE("Expect: the final status instead of 100, and the end, unless the content came anyway") {
  const Scene scene;
  const std::string expect = "Expect: 100-continue\r\n";
  for (const std::string& fields : {expect + of_length(kLure.size()), expect + kChunked}) {
    for (const std::string& start : {std::string(), std::string("5")}) {
      Client client;
      client.send(post(fields, start));
      std::string stream = client.receive_all();
      const Response response = take_response(stream);
      CHECK(response.status == 405);
      CHECK(response.head.find("Connection: close\r\n") != std::string::npos);
      CHECK(client.got_fin());
      client.send(kLure + kLure);  // content or requests: nobody can tell
      CHECK(stream.empty());
      CHECK(client.receive_all().size() == response.head.size() + response.body.size());
      client.close();
      CHECK_FALSE(client.got_reset());
    }
  }
  CHECK(statuses(answer(post(expect + of_length(kLure.size()), kLure) + get("/"))) ==
        std::vector{405, 200});
  CHECK(statuses(answer(post(expect + kChunked, chunks()) + get("/"))) == std::vector{405, 200});
  CHECK(statuses(answer(post(expect, "") + get("/"))) == std::vector{405, 200});
}

TEST_CASE("content that trickles in is waited for as long as a header section") {
  const Scene scene;
  const std::uint64_t before = counters().content_timeouts;
  Client client;
  client.send(post(of_length(100), ""));
  client.acknowledge_all();
  for (int second = 0; second < 9; ++second) {
    pass_time(1000);
    client.send("x");
    CHECK_FALSE(client.got_fin());
  }
  pass_time(1250);
  CHECK(client.got_fin());
  CHECK(counters().content_timeouts == before + 1);
  CHECK(statuses(client.receive_all()) == std::vector{405});  // not followed by 408
  pass_time(5'250);
  CHECK(client.is_released());

  Client slow;  // the time for its header section doesn't count
  const std::string request = post(of_length(1), "");
  slow.send(request.substr(0, 5));
  pass_time(8000);
  slow.send(request.substr(5));
  slow.acknowledge_all();
  pass_time(8000);
  slow.send("x" + get("/"));
  CHECK(statuses(slow.receive_all()) == std::vector{405, 200});
}

TEST_CASE("a client that closes within content gets no second response") {
  const Scene scene;
  for (const std::string& request : {post(of_length(10), "hello"), post(kChunked, "5\r\nhel"),
                                     get("/large.bin", of_length(10)) + "hello"}) {
    Client client;
    client.send(request);
    client.close();
    CHECK(statuses(client.receive_all()).size() == 1);
    CHECK(client.got_fin());
    CHECK(client.is_released());
    CHECK_FALSE(client.got_reset());
  }
}

TEST_CASE("a reset at any point of content frees everything") {
  const Scene scene;
  const std::string stream = get("/large.bin", kChunked) + chunks() + post(of_length(9), "hello");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Client client;
    client.send(stream.substr(0, cut), 50);
    if (cut % 2 == 0) {
      client.acknowledge_all();
    }
    client.reset();
  }
}

TEST_CASE("lack of memory at any write doesn't confuse content and requests") {
  const Scene scene;
  const std::string stream = post(of_length(kLure.size()), kLure) + get("/large.bin", kChunked) +
                             chunks() + get("/") + post(of_length(5), "hello");
  const std::string expected = answer(stream);
  CHECK(statuses(expected) == std::vector{405, 200, 200, 405});
  for (std::size_t after = 0; after < 20; ++after) {
    for (const std::size_t failures : {1, 4, 40}) {
      Client client;
      fail_writes(after, failures);
      CHECK(client.send(stream, 100) == 0);
      CHECK(client.receive_all() == expected);
    }
  }
}

TEST_CASE(
    "a connection still receiving content makes room like an unfinished request, without a 503") {
  const Scene scene;
  std::vector<std::unique_ptr<Client>> crowd;
  while (crowd.size() < limits::kConnections) {
    crowd.push_back(std::make_unique<Client>());
    crowd.back()->send(crowd.size() == 1 ? post(of_length(10), "hello") : get("/large.bin"));
    if (crowd.size() == 1) {
      crowd.back()->acknowledge_all();
    }
  }
  Client next;
  CHECK(next.accepted());
  CHECK(crowd[0]->is_released());
  CHECK_FALSE(crowd[0]->got_reset());
  CHECK(statuses(crowd[0]->received) == std::vector{405});
}
