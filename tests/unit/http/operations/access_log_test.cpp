// Tests of the access log: its lines byte by byte, its limits, and the ring behind it.
#include "http/operations/access_log.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "http/limits.hpp"
#include "http/operations/options.hpp"
#include "kernel/console/line_ring.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/wall_clock.hpp"
#include "tests/unit/fake_console.hpp"

namespace mote {
namespace {

// Fakes of everything the log needs from the rest of the machine.
std::uint64_t now_ns = 0;
std::optional<std::uint64_t> wall_seconds;
http::Options chosen;

constexpr std::uint64_t kSecond = 1'000'000'000;

}  // namespace

Nanoseconds clock::now() { return {now_ns}; }
std::optional<std::uint64_t> wall_clock::now() { return wall_seconds; }
const http::Options& http::options() { return chosen; }

namespace {

// Turns the log on, long after the lines of earlier tests.
struct Scene {
  Scene() {
    chosen.log = {.combined = true, .lines_a_second = 50};
    now_ns += 1'000 * kSecond;
    wall_seconds = 971'186'136;
    console::has_log_room() = true;
    console::logged().clear();
    console::written().clear();
    http::tell_of_lost_lines({now_ns});
    console::written().clear();
  }
};

constexpr std::array<std::uint8_t, 4> kPeer = {192, 0, 2, 3};

void log(std::string_view line, std::string_view fields = {}) {
  http::log_access(netstack::PeerAddress(kPeer), line, fields, 200, 2326);
}

std::string last() { return console::logged().empty() ? "" : console::logged().back(); }

TEST_CASE("a line of the combined format") {
  const Scene scene;
  http::log_access(netstack::PeerAddress(kPeer), "GET /apache_pb.gif HTTP/1.0",
                   "Host: a\r\nReferer: http://www.example.com/start.html\r\n"
                   "USER-AGENT:  Mozilla/4.08 [en] (Win98; I ;Nav) \r\n",
                   404, 18'446'744'073'709'551'615U);
  CHECK(last() ==
        "192.0.2.3 - - [10/Oct/2000:13:55:36 +0000] \"GET /apache_pb.gif HTTP/1.0\" 404 "
        "18446744073709551615 \"http://www.example.com/start.html\" "
        "\"Mozilla/4.08 [en] (Win98; I ;Nav)\"");
  constexpr std::array<std::uint8_t, 4> kLongest = {255, 255, 255, 255};
  http::log_access(netstack::PeerAddress(kLongest), "", "", 400, 0);
  CHECK(last() == "255.255.255.255 - - [10/Oct/2000:13:55:36 +0000] \"\" 400 0 \"-\" \"-\"");
  wall_seconds = 1'709'164'800;
  log("GET / HTTP/1.1", "Referer:\r\nUser-Agent: a\r\nUser-Agenta: b\r\n");
  CHECK(last() ==
        "192.0.2.3 - - [29/Feb/2024:00:00:00 +0000] \"GET / HTTP/1.1\" 200 2326 \"-\" \"a\"");
}

TEST_CASE("without a wall clock it is the machine's time, from 1970 on") {
  const Scene scene;
  wall_seconds.reset();
  now_ns = 90'061 * kSecond;
  log("GET / HTTP/1.1");
  CHECK(last().find(" [02/Jan/1970:01:01:01 +0000] ") != std::string::npos);
}

TEST_CASE("bytes that could steer a terminal or end a quotation are escaped") {
  const Scene scene;
  log("GET /\"\\\x1b[2J\r\n\x7f\xc3\xa4\t HTTP/1.1", "User-Agent: \x9b\"\r\n");
  CHECK(
      last().ends_with("\"GET /\\x22\\x5C\\x1B[2J\\x0D\\x0A\\x7F\\xC3\\xA4\\x09 HTTP/1.1\" "
                       "200 2326 \"-\" \"\\x9B\\x22\""));
}

TEST_CASE("the longest request makes a well-formed line of limited length") {
  const Scene scene;
  const std::string plain(8'000, 'x');
  const std::string wild(8'000, '\xFF');
  log(wild, "Referer: " + plain + "\r\nUser-Agent: " + wild + "\r\n");
  const std::string line = last();
  CHECK(line.size() <= limits::kLogLineBytes);
  CHECK(line.ends_with("\\xFF...\""));
  CHECK(line.find("\\xFF...\" 200 2326 \"xxx") != std::string::npos);
  CHECK(line.find("xxx...\" \"\\xFF") != std::string::npos);
}

TEST_CASE("with the log off, nothing is written, and nothing counts as lost") {
  const Scene scene;
  const std::uint64_t lost = http::access_lines_lost();
  chosen.log.combined = false;
  for (int i = 0; i < 1'000; ++i) {
    log("GET / HTTP/1.1");
  }
  CHECK(console::logged().empty());
  CHECK(http::access_lines_lost() == lost);
}

TEST_CASE(
    "a flood: one second's worth of lines at once, then the limit a second; the rest is counted") {
  const Scene scene;
  const std::uint64_t lost = http::access_lines_lost();
  for (int i = 0; i < 1'000; ++i) {
    log("GET / HTTP/1.1");
  }
  CHECK(console::logged().size() == 50);
  CHECK(http::access_lines_lost() - lost == 950);
  for (int i = 0; i < 10'000; ++i) {  // ten seconds
    now_ns += kSecond / 1'000;
    log("GET / HTTP/1.1");
  }
  CHECK(console::logged().size() >= 549);
  CHECK(console::logged().size() <= 551);
  CHECK(http::access_lines_lost() - lost == 11'000 - console::logged().size());
}

TEST_CASE("lines that the console has no room for are lost, counted, and reported once a minute") {
  const Scene scene;
  const std::uint64_t lost = http::access_lines_lost();
  console::has_log_room() = false;
  for (int i = 0; i < 3; ++i) {
    log("GET / HTTP/1.1");
  }
  CHECK(http::access_lines_lost() - lost == 3);
  now_ns += 100 * kSecond;
  http::tell_of_lost_lines({now_ns});
  CHECK(console::written() == "http: 3 lines of the access log left out\n");
  log("GET / HTTP/1.1");
  http::tell_of_lost_lines({now_ns + 59 * kSecond});
  CHECK(console::written() == "http: 3 lines of the access log left out\n");
  http::tell_of_lost_lines({now_ns + 60 * kSecond});
  CHECK(console::written().ends_with("\nhttp: 1 lines of the access log left out\n"));
  console::written().clear();
  http::tell_of_lost_lines({now_ns + 600 * kSecond});
  CHECK(console::written().empty());
}

TEST_CASE("a ring gives back whole lines, whatever is pushed and when") {
  static LineRing<64> ring;
  std::mt19937 random(7);
  std::string wanted;
  std::string got;
  const auto take = [&](std::size_t most) {
    for (; most > 0 && !ring.empty(); --most) {
      got += ring.front();
      ring.pop();
      REQUIRE(ring.is_within_line() == !got.ends_with('\n'));
    }
  };
  std::size_t refused = 0;
  for (int round = 0; round < 10'000; ++round) {
    const std::string line(random() % 70, static_cast<char>('a' + round % 26));
    const std::size_t used = wanted.size() - got.size();
    const bool fits = line.size() + 2 <= 64 - used;
    REQUIRE(ring.push(line) == fits);
    wanted += fits ? line + "\r\n" : "";
    refused += fits ? 0 : 1;
    take(random() % 40);
  }
  take(64);
  CHECK(got == wanted);
  CHECK(refused > 1'000);
}

}  // namespace
}  // namespace mote
