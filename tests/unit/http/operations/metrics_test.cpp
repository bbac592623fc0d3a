// Tests of health and metrics: a strict parse of the exposition format, limits, and who may read
// them.
#include "http/operations/metrics.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "http/limits.hpp"
#include "http/operations/endpoints.hpp"
#include "http/operations/options.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/reply/text_writer.hpp"
#include "kernel/limits.hpp"
#include "netstack/limits.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/http/operations/metrics_world.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"

namespace mote {
namespace {

struct Scene {
  Scene() {
    world = {};
    world.options.endpoints.metrics = "/metrics";
    world.options.endpoints.version = "1.2.3";
    world.options.endpoints.commit = "abcdef0+";
    world.options.endpoints.loop = &world.loop;
  }
  ~Scene() { CHECK(http::ReplyTail::in_use() == 0); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
};

http::Request request(http::Method method = http::Method::kGet) {
  http::Request result;
  result.method = method;
  result.persistence = http::Persistence::kSilent;
  return result;
}

std::optional<http::Reply> ask(std::string_view path, unsigned interface = 0,
                               http::Method method = http::Method::kGet) {
  return http::endpoint_reply(request(method), {.interface = interface}, path);
}

std::string take(const http::Reply& reply) { return http_world::bytes_of(reply); }

std::string body_of(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  return response.substr(end + 4);
}

bool has_line(const std::string& response, const std::string& line) {
  return ("\r\n" + response).find("\r\n" + line + "\r\n") != std::string::npos;
}

// Parses an exposition as strictly as its specification allows: contiguous families, each with HELP
// and TYPE in front, names and labels of valid characters, no sample twice.
std::map<std::string, std::string> read_exposition(const std::string& text) {
  REQUIRE(text.ends_with('\n'));
  static const std::regex help("# HELP (mote_[a-z0-9_]+) [^\\\\]+\\.");
  static const std::regex type("# TYPE (mote_[a-z0-9_]+) (counter|gauge)");
  static const std::regex sample(
      "(mote_[a-z0-9_]+)(\\{[a-z]+=\"[^\"\\\\]+\"(,[a-z]+=\"[^\"\\\\]+\")*\\})? "
      "([0-9]+(\\.[0-9]+)?)");
  std::map<std::string, std::string> samples;
  std::set<std::string> families;
  std::string family;
  std::string helped;
  bool is_counter = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      REQUIRE(families.insert(match[1]).second);
      helped = match[1];
    } else if (std::regex_match(line, match, type)) {
      REQUIRE(match[1] == helped);
      family = match[1];
      is_counter = match[2] == "counter";
      REQUIRE(family.ends_with("_total") == is_counter);
    } else {
      REQUIRE(std::regex_match(line, match, sample));
      REQUIRE(match[1] == family);
      REQUIRE(samples.emplace(match[1].str() + match[2].str(), match[4]).second);
    }
  }
  return samples;
}

std::map<std::string, std::string> scrape() {
  const auto reply = ask("/metrics");
  REQUIRE(reply.has_value());
  REQUIRE(reply->status == 200);
  return read_exposition(body_of(take(*reply)));
}

TEST_CASE("health is JSON with uptime and build, and is never kept") {
  const Scene scene;
  const auto reply = ask("/healthz");
  REQUIRE(reply.has_value());
  CHECK(reply->status == 200);
  const std::string response = take(*reply);
  CHECK(response.starts_with("HTTP/1.1 200 OK\r\nDate: Thu, 29 Feb 2024 12:34:56 GMT\r\n"));
  CHECK(has_line(response, "Content-Type: application/json"));
  CHECK(has_line(response, "Cache-Control: no-store"));
  const std::string body = body_of(response);
  CHECK(body ==
        "{\"status\":\"ok\",\"uptime_s\":90061,\"version\":\"1.2.3\",\"commit\":\"abcdef0+\"}");
  CHECK(has_line(response, "Content-Length: " + std::to_string(body.size())));
  CHECK(reply->body_bytes == body.size());
}

TEST_CASE("HEAD gets the head of what GET would get") {
  const Scene scene;
  for (const std::string_view path : {"/healthz", "/metrics"}) {
    const std::string whole = take(*ask(path));
    const auto head = ask(path, 0, http::Method::kHead);
    REQUIRE(head.has_value());
    CHECK(head->body_bytes == 0);
    CHECK(take(*head) + body_of(whole) == whole);
  }
}

TEST_CASE("paths come from the settings, and an empty one serves nothing") {
  const Scene scene;
  CHECK_FALSE(ask("/").has_value());
  CHECK_FALSE(ask("/healthz/").has_value());
  world.options.endpoints.health = "";
  world.options.endpoints.metrics = "";
  for (const std::string_view path : {"", "/", "/healthz", "/metrics"}) {
    CHECK_FALSE(ask(path).has_value());
  }
  world.options.endpoints.health = "/up";
  CHECK(take(*ask("/up")).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("metrics that are bound to an interface are unknown on all others; health is not") {
  const Scene scene;
  world.options.endpoints.metrics_for = http::Audience::on(1);
  CHECK_FALSE(ask("/metrics", 0).has_value());
  CHECK(take(*ask("/metrics", 1)).starts_with("HTTP/1.1 200 "));
  CHECK(take(*ask("/healthz", 0)).starts_with("HTTP/1.1 200 "));
  world.options.endpoints.metrics_for = http::Audience::none();
  for (unsigned index = 0; index < limits::kInterfaces; ++index) {
    CHECK_FALSE(ask("/metrics", index).has_value());
  }
}

TEST_CASE("metrics report the counts") {
  const Scene scene;
  world.counters.responses[http::index_of_status(404)] = 12;
  world.counters.open = 3;
  world.counters.stalls = 4;
  world.tcp.resent = 17;
  world.tcp.challenges = 10;
  world.tcp.challenges_withheld = 90;
  world.tcp.cookies = {.sent = 71, .unsent = 72, .accepted = 73, .refused = 74, .homeless = 75};
  world.tcp.resets = {.sent = 61, .withheld = 62};
  world.icmp = {50, 20, 3};
  auto samples = scrape();
  CHECK(samples["mote_http_requests_total{code=\"404\"}"] == "12");
  CHECK(samples["mote_http_requests_total{code=\"200\"}"] == "0");
  CHECK(samples["mote_http_connections"] == "3");
  CHECK(samples["mote_http_timeouts_total{kind=\"send\"}"] == "4");
  CHECK(samples["mote_http_access_log_lines_lost_total"] == "5");
  CHECK(samples["mote_tcp_segments_retransmitted_total"] == "17");
  CHECK(samples["mote_tcp_challenges_total{ack=\"sent\"}"] == "10");
  CHECK(samples["mote_tcp_challenges_total{ack=\"withheld\"}"] == "90");
  for (const auto& [fate, count] : {std::pair{"sent", "71"},
                                    {"unsent", "72"},
                                    {"accepted", "73"},
                                    {"refused", "74"},
                                    {"homeless", "75"}}) {
    CHECK(samples["mote_tcp_syn_cookies_total{fate=\"" + std::string(fate) + "\"}"] == count);
  }
  CHECK(samples["mote_tcp_resets_total{reset=\"sent\"}"] == "61");
  CHECK(samples["mote_tcp_resets_total{reset=\"withheld\"}"] == "62");
  CHECK(samples["mote_icmp_errors_total{result=\"sent\"}"] == "50");
  CHECK(samples["mote_icmp_errors_total{result=\"withheld\"}"] == "20");
  CHECK(samples["mote_icmp_errors_total{result=\"forbidden\"}"] == "3");
  CHECK(samples["mote_build_info{version=\"1.2.3\",commit=\"abcdef0+\"}"] == "1");
  CHECK(samples["mote_uptime_seconds"] == "90061.042");
  CHECK(samples["mote_last_run_info{end=\"watchdog\"}"] == "1");
  CHECK(samples["mote_runs_ended_total{end=\"panic\"}"] == "2");
  CHECK(samples["mote_runs_ended_total{end=\"watchdog\"}"] == "3");
  CHECK(samples["mote_start_time_seconds"] == "1709120035");
  CHECK(samples["mote_loop_busy_turns_total"] == "10");
  CHECK(samples["mote_loop_dozes_total"] == "7");
  CHECK(samples["mote_loop_late_wakes_total"] == "1");
  CHECK(samples["mote_pool_elements{pool=\"packets\"}"] == std::to_string(limits::kPackets));
  CHECK(samples["mote_heap_used_bytes"] == "2800");
}

TEST_CASE("metrics report each interface's counts") {
  const Scene scene;
  world.device.doorbells = 33;
  world.stack[netstack::Fate::kReply] = 50;
  world.stack.replies_dropped = 8;
  world.stack[netstack::Fate::kMulticast] = 6;
  world.stack.prompt_answers = 77;
  world.stack.tx_no_route = 9;
  world.stack.tx_waited = 61;
  world.stack.tx_refused = 62;
  world.stack.claims_refused = 63;
  world.stack.neighbours_moved = 64;
  world.stack.address_conflicts = 65;
  world.dhcp = {.unusable = 21, .refusals = 22, .broken = 23, .declines = 24};
  auto samples = scrape();
  const auto net0 = [&](const std::string& name, const std::string& more = {}) {
    return samples["mote_interface_" + name + "{interface=\"net0\"" + (more.empty() ? "" : ",") +
                   more + "}"];
  };
  CHECK(net0("doorbells_total") == "33");
  CHECK(net0("fast_path_replies_total") == "42");
  CHECK(net0("prompt_answers_total") == "77");
  CHECK(net0("receive_dropped_total", "reason=\"multicast\"") == "6");
  CHECK(net0("transmit_dropped_total", "reason=\"no_route\"") == "9");
  CHECK(net0("transmit_waits_total") == "61");
  CHECK(net0("transmit_refused_total") == "62");
  CHECK(net0("arp_claims_refused_total") == "63");
  CHECK(net0("arp_moves_total") == "64");
  CHECK(net0("address_conflicts_total") == "65");
  CHECK(net0("dhcp_declines_total") == "24");
  CHECK(net0("way_out") == "1");
  CHECK(net0("dhcp_refused_total", "kind=\"refusal\"") == "22");
  CHECK(net0("info", "model=\"virtio-net\",mac=\"52:54:00:12:ab:0f\"") == "1");
}

TEST_CASE("each size of lwIP's blocks is a pool with a name of its own") {
  const Scene scene;
  auto samples = scrape();
  for (const std::string pool :
       {"segment_blocks", "message_blocks", "frame_blocks", "datagram_blocks"}) {
    CAPTURE(pool);
    CHECK(samples["mote_pool_elements{pool=\"" + pool + "\"}"] == "7");
    CHECK(samples["mote_pool_elements_used{pool=\"" + pool + "\"}"] == "7");
  }
}

TEST_CASE("without a wall clock there is no time of the start") {
  const Scene scene;
  world.wall_seconds.reset();
  CHECK(scrape().count("mote_start_time_seconds") == 0);
  CHECK(take(*ask("/healthz")).find("Date:") == std::string::npos);
}

void fill(auto& counters) {
  auto* const numbers = reinterpret_cast<std::uint64_t*>(&counters);
  for (std::size_t i = 0; i < sizeof(counters) / sizeof(std::uint64_t); ++i) {
    numbers[i] = kMost;
  }
}

TEST_CASE("the largest numbers of all interfaces have room") {
  const Scene scene;
  world.interfaces = limits::kInterfaces;
  fill(world.counters);
  fill(world.device);
  fill(world.stack);
  fill(world.tcp);
  fill(world.icmp);
  fill(world.dhcp);
  world.stack.replies_dropped = 0;
  world.pool_number = kMost;
  world.loop = {kMost, kMost, kMost, kMost};
  world.ends.fill(~std::uint32_t{0});
  world.now_ns = kMost;
  const auto reply = ask("/metrics");
  REQUIRE(reply.has_value());
  CHECK(reply->status == 200);
  const std::string body = body_of(take(*reply));
  const auto samples = read_exposition(body);
  MESSAGE(body.size(), " bytes, ", samples.size(), " samples at most");
  CHECK(samples.at("mote_interface_doorbells_total{interface=\"net7\"}") == "18446744073709551615");
}

TEST_CASE("a page isn't reused until its last byte is taken or the reply abandoned") {
  const Scene scene;
  std::vector<http::Reply> replies;
  for (std::size_t i = 0; i < limits::kMetricsPages; ++i) {
    world.counters.open = i;
    replies.push_back(*ask("/metrics"));
    REQUIRE(replies.back().status == 200);
  }
  world.counters.open = 77;
  const auto refused = ask("/metrics");
  CHECK(refused->status == 503);
  CHECK(has_line(take(*refused), "Retry-After: 1"));
  for (std::size_t i = 0; i < limits::kMetricsPages; ++i) {
    CHECK(read_exposition(body_of(take(replies[i])))["mote_http_connections"] == std::to_string(i));
  }
  const auto given_up = ask("/metrics");
  REQUIRE(given_up->tail != nullptr);
  given_up->tail->release();
  CHECK(scrape()["mote_http_connections"] == "77");
}

TEST_CASE("without memory for text, health still answers ok") {
  const Scene scene;
  world.text_room = false;
  CHECK(body_of(take(*ask("/healthz"))) == "{\"status\":\"ok\"}");
}

TEST_CASE("when all tails are in use, health still answers ok, and metrics get 503") {
  const Scene scene;
  std::vector<http::ReplyTail*> taken;
  while (http::ReplyTail* tail = http::ReplyTail::take(http::ReplyTail::Hold::kShort)) {
    taken.push_back(tail);
  }
  const auto health = ask("/healthz");
  CHECK(health->status == 200);
  CHECK(body_of(take(*health)) == "{\"status\":\"ok\"}");
  CHECK(health->body_bytes == 15);
  CHECK(body_of(take(*ask("/healthz", 0, http::Method::kHead))).empty());
  CHECK(ask("/metrics")->status == 503);
  for (http::ReplyTail* tail : taken) {
    tail->release();
  }
  CHECK(scrape().size() > 100);
}

}  // namespace
}  // namespace mote
