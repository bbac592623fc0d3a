// The HTTP server under test: its site, its clients and its access log.
#include "tests/unit/http/world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "http/connection/connection.hpp"
#include "http/connection/server.hpp"
#include "http/operations/access_log.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/request/request_buffer.hpp"
#include "netstack/limits.hpp"
#include "tests/unit/ample_arena.hpp"

namespace mote::http_world {

namespace {

std::vector<std::string> log_lines;

}  // namespace

void start_server(bool logs, std::uint32_t connections_per_address) {
  static std::unique_ptr<PackFile> file;
  const bool is_first = !file;
  if (is_first) {
    file = std::make_unique<PackFile>(pack_folder(example_site()));
    text_blocks = kTextBlocks;
    REQUIRE(http::set_up(ample_arena(), kAmplePlan.http));
  }
  const http::Options& before = http::options();
  if (is_first || before.log.combined != logs ||
      before.connections_per_address != connections_per_address) {
    const auto pack = http::SitePack::open(file->bytes());
    REQUIRE(pack.has_value());
    http::Options options{.port = 80, .header_time_ms = 10'000, .idle_time_ms = 15'000};
    options.log.combined = logs;
    options.connections_per_address = connections_per_address;
    REQUIRE(http::start(*pack, options));
  }
  fakes::prompt_server = &netstack::kPromptServer<http::Connection>;
  log_lines.clear();
  fakes::interface = 0;
  fakes::address = fakes::kAddress;
  fail_writes(0, 0);
}

std::vector<std::string> take_log() { return std::exchange(log_lines, {}); }

// A prompt answer needs no memory, so when writes are to fail, the request takes the normal path.
void Client::ask(std::string_view request) {
  const bool may_be_prompt = answers_promptly && !fakes::writes_will_fail();
  if (!may_be_prompt || !is_answered_promptly(request)) {
    acknowledge_all();
    send(request);
  }
}

Scene::~Scene() {
  CHECK(http::counters().open == 0);
  CHECK(fakes::frames_held == 0);
  CHECK(http::RequestBuffer::in_use() == 0);
  CHECK(http::ReplyTail::in_use() == 0);
  CHECK(text_blocks == kTextBlocks);
}

}  // namespace mote::http_world

void mote::http::log_access(const netstack::PeerAddress& peer, std::string_view line,
                            std::string_view fields, std::uint16_t status,
                            std::uint64_t body_bytes) {
  std::string text;
  for (const std::uint8_t byte : peer.bytes()) {
    text += (text.empty() ? "" : ".") + std::to_string(byte);
  }
  text += " " + std::string(line) + " | " + std::string(fields) + "| " + std::to_string(status);
  http_world::log_lines.push_back(text + " " + std::to_string(body_bytes));
}
