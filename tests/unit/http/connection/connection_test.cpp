// Connections: responses to requests in any pieces, in order, under any shortage of memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "http/limits.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/world.hpp"

using namespace mote::http_world;

TEST_CASE("a request is answered in one write, and no more than the preface is copied") {
  const Scene scene;
  Client client;
  const std::size_t before = mote::fakes::writes_tried;
  client.send(kGet);
  CHECK(mote::fakes::writes_tried == before + 1);
  CHECK(client.received.substr(0, client.copied) == "HTTP/1.1 200 OK\r\n");
  CHECK(mote::fakes::frames_held == 0);
  CHECK(client.window() == kWindowBytes);
  std::string stream = client.received;
  const Response response = take_response(stream);
  CHECK(response.status == 200);
  CHECK(response.body == content_of("index.html"));
  CHECK(response.head.find("Connection") == std::string::npos);
  CHECK(stream.empty());
  CHECK_FALSE(client.got_fin());
}

TEST_CASE("responses by request") {
  const Scene scene;
  struct Row {
    std::string request;
    int status;
    std::string_view has;  // somewhere in the response
  };
  const std::string tag = [] {
    std::string stream = answer(kGet);
    const std::string head = take_response(stream).head;
    const std::size_t at = head.find("ETag: ") + 6;
    return head.substr(at, head.find('\r', at) - at);
  }();
  for (const Row& row : std::vector<Row>{
           {get("/index.html"), 200, "Content-Type: text/html; charset=utf-8\r\n"},
           {get("/a%20b.txt"), 200, "text/plain"},
           {get("/a%20b.txt?x=/../"), 200, "<p>a b.txt"},
           {get("/guide/../guide/"), 200, "<p>guide/index.html"},
           {get("/empty.css"), 200, "Content-Length: 0\r\n"},
           {get("/guide"), 301, "Location: /guide/\r\n"},
           {get("/missing"), 404, "<p>404.html"},
           {get("/INDEX.HTML"), 404, "<p>404.html"},
           {get("/index.html/"), 404, "<p>404.html"},
           {get("/guide%2Findex.html"), 404, "<p>404.html"},
           {get("/%2e%2e/%2e%2e/etc/passwd"), 404, "<p>404.html"},
           {get("/%00"), 400, "Connection: close\r\n"},
           {get("/", "If-None-Match: " + tag + "\r\n"), 304, tag},
           {get("/", "If-None-Match: \"x\"\r\n"), 200, tag},
           {get("/", "If-Match: \"x\"\r\n"), 412, ""},
           {get("/", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 304, "Last-Modified"},
           {get("/missing", "If-None-Match: *\r\n"), 404, ""},
           {get("/guide", "If-None-Match: *\r\n"), 301, ""},
           {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 200, ""},
           {"GET http://a HTTP/1.1\r\nHost: b\r\n\r\n", 200, ""},
           {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
           {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, "Allow: GET, HEAD, OPTIONS\r\n"},
           {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "Connection: close\r\n"},
           {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Connection: close\r\n"},
           {get("/", "Expect: 200-ok\r\n"), 417, "Connection: close\r\n"},
           {get("/", "Expect: 100-continue\r\n"), 200, "<p>index.html"},
           {get("/large.bin", "Range: bytes=1-3\r\n"), 206, "Content-Length: 3\r\n"},
           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "Connection: close\r\n"},
           {"GET /\r\n\r\n", 400, "Connection: close\r\n"},
           {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "Connection: close\r\n"},
           {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "Connection: close\r\n"},
           {"GET / HTTP/1.1\r\n\r\n", 400, "Connection: close\r\n"},
           {"GET / HTTP/1.0\r\n\r\n", 200, "Connection: close\r\n"},
           {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "Connection: keep-alive\r\n"},
           {get("/", "Connection: close\r\n"), 200, "Connection: close\r\n"},
           {"GET / HTTP/1.1\nHost: a\n\n", 400, ""},
           {"\r\n\r\n" + get("/"), 200, ""},
           {"\x16\x03\x01\x02", 400, ""},
       }) {
    CAPTURE(row.request);
    std::string stream = answer(row.request);
    CHECK(stream.find(row.has) != std::string::npos);
    CHECK(take_response(stream).status == row.status);
    CHECK(stream.empty());
  }
}

TEST_CASE("HEAD gets the same head and no body") {
  const Scene scene;
  for (const char* path : {"/", "/large.bin", "/missing", "/guide"}) {
    std::string got = answer(get(path));
    std::string stream = answer("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(take_response(stream, true).head == take_response(got).head);
    CHECK(stream.empty());
  }
}

TEST_CASE("no response to HEAD has content, errors no more than others (RFC 9110, 9.3.2)") {
  const Scene scene;
  const std::string long_field = "A: " + std::string(mote::limits::kHeaderBytes, 'b') + "\r\n";
  for (const auto& [rest, status] : std::vector<std::pair<std::string, int>>{
           {"/ HTTP/1.1\r\n\r\n", 400},
           {"/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"/ HTTP/1.1\nHost: a\n\n", 400},
           {"/ HTTP/1.1\r\nHost: a\r\nIf-Match: \"x\"\r\n\r\n", 412},
           {"/" + std::string(mote::limits::kRequestLineBytes, 'a'), 414},
           {"/ HTTP/1.1\r\nHost: a\r\n" + long_field, 431},
           {"/ HTTP/1.1\r\nTransfer-Encoding: a, chunked\r\nHost: a\r\n\r\n", 501},
           {"/ HTTP/2.0\r\nHost: a\r\n\r\n", 505},
           {"/ HTTP/1.1\r\nHost", 400},  // then the peer closes
       }) {
    CAPTURE(rest.substr(0, 80));
    Client client;
    client.send("HEAD " + rest);
    client.close();
    std::string stream = client.receive_all();
    CHECK(take_response(stream, true).status == status);
    CHECK(stream.empty());
    CHECK(client.got_fin());
  }
  Client slow;
  slow.send("\r\nHEAD / HTTP/1.1\r\n");
  pass_time(10'250);
  std::string stream = slow.receive_all();
  CHECK(take_response(stream, true).status == 408);
  CHECK(stream.empty());
}

TEST_CASE("HEAD, 304 and redirects in each version, closing and not: the same head, no content") {
  const Scene scene;
  struct Way {
    std::string_view version;
    std::string_view asks;
    std::string_view told;
    bool closes;
  };
  const std::string close = "Connection: close\r\n";
  const std::string keep = "Connection: keep-alive\r\n";
  for (const Way& way : {Way{"1.1", "", "", false}, Way{"1.1", close, close, true},
                         Way{"1.0", "", close, true}, Way{"1.0", keep, keep, false}}) {
    for (const auto& [path, fields, status] :
         {std::tuple{"/", "", 200}, std::tuple{"/", "If-None-Match: *\r\n", 304},
          std::tuple{"/guide", "", 301}, std::tuple{"/no", "", 404},
          std::tuple{"/", "If-Match: \"x\"\r\n", 412}}) {
      std::string usual = answer(get(path, fields));
      const Response expected = take_response(usual);
      std::string head = expected.head;
      head.insert(head.find('\n') + 1, way.told);
      for (const char* method : {"GET", "HEAD"}) {
        CAPTURE(method);
        CAPTURE(way.version);
        CAPTURE(status);
        Client client;
        client.send(std::string(method) + " " + path + " HTTP/" + std::string(way.version) +
                    "\r\nHost: a\r\n" + std::string(way.asks) + fields + "\r\n");
        const bool has_body = std::string_view(method) == "GET";
        CHECK(client.receive_all() == head + (has_body ? expected.body : ""));
        CHECK(expected.status == status);
        CHECK(client.got_fin() == way.closes);
        client.close();
        CHECK(client.is_released());
        CHECK_FALSE(client.got_reset());
      }
    }
  }
}

TEST_CASE("a Connection field changes nothing else") {
  const Scene scene;
  std::string silent = answer(kGet);
  std::string closing = answer(get("/", "Connection: close\r\n"));
  const std::string field = "Connection: close\r\n";
  const std::size_t at = closing.find(field);
  CHECK(at == std::string_view("HTTP/1.1 200 OK\r\n").size());
  CHECK(closing.erase(at, field.size()) == silent);
}

TEST_CASE("requests split at every byte, and sent byte by byte") {
  const Scene scene;
  const std::string two = get("/guide/", "A: b\r\n") + "\r\n" + get("/missing");
  const std::string expected = answer(two);
  CHECK(statuses(expected) == std::vector{200, 404});
  for (std::size_t cut = 0; cut <= two.size(); ++cut) {
    for (const bool chained : {false, true}) {
      Client client;
      client.send(two.substr(0, cut), kSegmentBytes, chained);
      CHECK(mote::fakes::frames_held == 0);
      client.send(two.substr(cut), kSegmentBytes, chained);
      CHECK(client.receive_all() == expected);
      CHECK(client.window() == kWindowBytes);
      client.close();
      CHECK(client.is_released());
    }
  }
  for (const std::size_t most : {1, 2, 3, 7}) {
    Client client;
    client.send(two, most);
    CHECK(client.receive_all() == expected);
  }
}

TEST_CASE("pipelined requests are answered in order, however slowly responses are taken") {
  const Scene scene;
  std::string requests;
  std::string expected;
  for (int round = 0; round < 30; ++round) {
    for (const char* path : {"/", "/large.bin", "/guide", "/a%20b.txt"}) {
      requests += get(path);
      expected += answer(get(path));
    }
  }
  for (const std::size_t step : {1460U, 100'000U}) {
    Client client;
    std::size_t left = requests.size();
    while (client.received.size() < expected.size()) {
      left = client.send(std::string_view(requests).substr(requests.size() - left));
      CHECK(mote::fakes::frames_held == 0);
      client.acknowledge(std::min(step, client.unacknowledged()));
    }
    CHECK(left == 0);
    CHECK(client.receive_all() == expected);
    CHECK(client.window() == kWindowBytes);
    CHECK_FALSE(client.got_fin());
  }
}

TEST_CASE("a large body arrives whole") {
  const Scene scene;
  std::string stream = answer(get("/large.bin"));
  CHECK(take_response(stream).body == content_of("large.bin"));
  CHECK(stream.empty());
}

TEST_CASE("lack of memory at any write only delays the response") {
  const Scene scene;
  const std::string requests = get("/large.bin") + get("/") +
                               "GET /guide/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" +
                               get("/large.bin", "Connection: close\r\n");
  const std::string expected = answer(requests);
  CHECK(statuses(expected) == std::vector{200, 200, 200, 200});
  for (std::size_t after = 0; after < 24; ++after) {
    for (const std::size_t failures : {1, 4, 40}) {
      Client client;
      fail_writes(after, failures);
      client.send(requests);
      CHECK(client.receive_all() == expected);
      CHECK(client.got_fin());
      CHECK_FALSE(client.is_retried());
      client.close();
      CHECK(client.is_released());
      CHECK_FALSE(client.got_reset());
    }
  }
}

// TCP reads memory again when it resends a segment, half of which the peer may already hold.
TEST_CASE(
    "memory in flight stays unchanged, however late its acknowledgement, whatever else is sent") {
  const Scene scene;
  for (const std::size_t failures : {0, 1}) {
    wall_seconds = 784'111'777;
    Client slow;
    fail_writes(0, failures);
    slow.send(kGet);
    *wall_seconds += 100;
    slow.retry();
    for (unsigned second = 0; second < 3; ++second) {
      answer(kGet);
      ++*wall_seconds;
    }
    slow.acknowledge(slow.unacknowledged());  // compares each byte with what was sent
    CHECK(statuses(slow.received) == std::vector{200});
    wall_seconds.reset();
  }
}

TEST_CASE("text formatted for a response is copied, and its memory released") {
  const Scene scene;
  const std::string ranges = "Range: bytes=0-9,100000-199999,299990-\r\n";
  const std::string expected = answer(get("/large.bin", ranges));
  const std::string large = content_of("large.bin");
  CHECK(expected.find(large.substr(100'000, 100'000)) != std::string::npos);
  CHECK(expected.find(large.substr(299'990)) != std::string::npos);
  // The boundary differs each time.
  const std::size_t at = expected.find("boundary=") + 9;
  const std::string boundary = expected.substr(at, expected.find('\r', at) - at);
  for (std::size_t after = 0; after < 20; ++after) {
    for (const std::size_t failures : {0, 1, 40}) {
      Client client;
      fail_writes(after, failures);
      client.send(get("/large.bin", ranges) + get("/"));
      while (client.unacknowledged() > 0 || client.is_retried()) {
        client.retry();
        client.acknowledge(std::min<std::size_t>(client.unacknowledged(), 7000));
      }
      std::string stream = client.received;
      const std::size_t other = stream.find("boundary=") + 9;
      const std::string separator = stream.substr(other, boundary.size());
      for (std::size_t place = stream.find(separator); place != std::string::npos;
           place = stream.find(separator, place + 1)) {
        stream.replace(place, boundary.size(), boundary);
      }
      CHECK(stream.starts_with(expected));
      CHECK(statuses(stream) == std::vector{206, 200});
      CHECK(client.copied > 0);
      CHECK(client.copied < 2000);
    }
  }
}

TEST_CASE("when blocks for text run out, only replies that need one wait") {
  const Scene scene;
  text_blocks -= kTextBlocks;
  for (const std::string& request : {std::string(kGet), get("/large.bin")}) {
    CHECK(statuses(answer(request)) == std::vector{200});
  }
  CHECK(statuses(answer(get("/", "Range: bytes=0-3\r\n"))) == std::vector{206});
  Client client;
  client.send(get("/text"));
  for (int time = 0; time < 3; ++time) {
    client.acknowledge(client.unacknowledged());
    client.retry();
    CHECK(client.is_retried());
    CHECK(client.received.find("\r\n\r\n") == std::string::npos);
  }
  text_blocks += kTextBlocks;
  client.retry();
  CHECK(statuses(client.receive_all()) == std::vector{200});
  CHECK_FALSE(client.is_retried());
  client.close();
}

TEST_CASE("an endpoint of one interface isn't answered on others") {
  const Scene scene;
  CHECK(statuses(answer(get("/healthz"))) == std::vector{404});
  interface = 1;
  Client client;
  interface = 2;  // the connection's own interface counts
  client.send(get("/healthz"));
  CHECK(statuses(client.receive_all()) == std::vector{200});
}

TEST_CASE("with the log on, responses are logged when they begin") {
  const Scene scene;
  answer(kGet);
  CHECK(take_log().empty());
  start_server(true);
  answer(get("/a%20b.txt?q", "User-Agent: u\r\n") + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" +
         "GET /no HTTP/1.0\r\n\r\n");
  CHECK(take_log() == std::vector<std::string>{
                          "192.0.2.7 GET /a%20b.txt?q HTTP/1.1 | Host: a\r\nUser-Agent: u\r\n| "
                          "200 11",
                          "192.0.2.7 HEAD / HTTP/1.1 | Host: a\r\n| 200 0",
                          "192.0.2.7 GET /no HTTP/1.0 | | 404 12"});
  for (const auto& [request, line] : std::vector<std::pair<std::string, std::string>>{
           {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1"},
           {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW / HTTP/1.1"},
           {"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1"},
           {"\x16\x03\x01", "\x16\x03\x01"}}) {
    answer(request);
    const auto lines = take_log();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("192.0.2.7 " + line + " | | "));
  }
  Client silent;
  silent.send("GET /part");
  pass_time(10'250);
  CHECK(take_log().at(0).starts_with("192.0.2.7 GET /part | | 408 "));
  start_server();
}
