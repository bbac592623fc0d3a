// Resources held until acknowledged: peers that acknowledge nothing give way, readers don't.
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
using mote::http::ReplyTail;
namespace limits = mote::limits;

namespace {

using Crowd = std::vector<std::unique_ptr<Client>>;

Crowd crowd_of(std::size_t count, std::string_view bytes) {
  Crowd crowd;
  while (crowd.size() < count) {
    crowd.push_back(std::make_unique<Client>());
    REQUIRE(crowd.back()->accepted());
    crowd.back()->send(bytes);
  }
  return crowd;
}

// Limits the blocks for text during a test.
class FewBlocks {
 public:
  explicit FewBlocks(std::size_t blocks) : taken_(text_blocks - blocks) { text_blocks = blocks; }
  ~FewBlocks() { text_blocks += taken_; }
  FewBlocks(const FewBlocks&) = delete;
  FewBlocks& operator=(const FewBlocks&) = delete;

 private:
  std::size_t taken_;
};

// Requests two parts, too long to be sent at once, so that the tail is held until near the end.
std::string parts_of_large() {
  return get("/large.bin", "Range: bytes=0-199999,250000-299999\r\n");
}

const std::string kText = get("/text");  // its reply is copied
constexpr std::size_t kTails = limits::kReplyTails;
constexpr std::size_t kLongTails = kTails - kTails / limits::kTailsShare;

std::size_t reset_in(const Crowd& crowd) {
  std::size_t count = 0;
  for (const auto& client : crowd) {
    count += client->got_reset() ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("peers that acknowledge no text lose their blocks to others, the longest holder first") {
  const Scene scene;
  const FewBlocks few(8);
  const std::uint64_t before = counters().gave_way;
  const Crowd silent = crowd_of(4, kText + kText);
  REQUIRE(text_blocks == 0);
  pass_time(limits::kHoldTimeMs);
  for (std::size_t count = 1; count <= silent.size(); ++count) {
    Client honest;
    honest.send(kText + kText);
    CHECK(statuses(honest.receive_all()) == std::vector{200, 200});
    CHECK(counters().gave_way == before + 1);  // its blocks are enough for all that come
    CHECK(silent[0]->got_reset());
    CHECK(reset_in(silent) == 1);
  }
  const Crowd more = crowd_of(2, kText + kText);
  CHECK(silent[1]->got_reset());
  CHECK(reset_in(silent) == 2);
  CHECK(reset_in(more) == 0);
}

TEST_CASE("a crowd of good readers waits for text, and resets nobody") {
  const Scene scene;
  const FewBlocks few(4);
  const Crowd crowd = crowd_of(12, kText);
  CHECK(text_blocks == 0);
  pass_time(limits::kHoldTimeMs / 2);
  for (const auto& client : crowd) {
    client->retry();
  }
  for (const auto& client : crowd) {
    CHECK(statuses(client->receive_all()) == std::vector{200});
  }
  CHECK(reset_in(crowd) == 0);
}

TEST_CASE(
    "a connection that waits for text takes it from the longest holder once its time is over") {
  const Scene scene;
  const FewBlocks few(4);
  const Crowd silent = crowd_of(4, kText);
  Client late;
  late.send(kText);
  late.acknowledge_all();
  late.retry();
  CHECK(late.is_retried());
  CHECK(reset_in(silent) == 0);
  pass_time(limits::kHoldTimeMs);
  CHECK(statuses(late.receive_all()) == std::vector{200});
  CHECK(silent[0]->got_reset());
  CHECK(reset_in(silent) == 1);
}

TEST_CASE("a slow reader that makes progress stays; one that takes a byte now and then doesn't") {
  const Scene scene;
  const FewBlocks few(4);
  const std::string request = kText + get("/large.bin");
  Client slow;
  slow.send(get("/large.bin") + kText + get("/large.bin"));
  while (slow.received.find("Content-Length: 300\r\n") == std::string::npos) {
    slow.acknowledge(limits::kLeastHoldBytes);
  }
  Client trickle;
  trickle.send(request);
  const Crowd silent = crowd_of(2, request);
  REQUIRE(text_blocks == 0);
  for (int second = 0; second < 3; ++second) {
    trickle.acknowledge(1);
    pass_time(limits::kHoldTimeMs);
    slow.acknowledge(limits::kLeastHoldBytes);
    trickle.acknowledge(1);
    Client honest;
    honest.send(kText);
    CHECK(statuses(honest.receive_all()) == std::vector{200});
    CHECK_FALSE(slow.got_reset());
    if (second == 0) {
      CHECK(trickle.got_reset());  // it has held longest
      CHECK(reset_in(silent) == 0);
    }
    if (text_blocks > 0) {
      break;
    }
  }
  CHECK_FALSE(slow.got_reset());
}

TEST_CASE("no connection gives way to itself, and a few that request much leave some to others") {
  const Scene scene;
  const FewBlocks few(100);
  std::string many;
  for (int count = 0; count < 60; ++count) {
    many += kText;
  }
  Client greedy;
  greedy.send(many);
  CHECK(text_blocks > 50);
  pass_time(2 * limits::kHoldTimeMs);
  CHECK_FALSE(greedy.got_reset());
  CHECK(statuses(greedy.receive_all()) == std::vector<int>(60, 200));
  {
    const FewBlocks none(0);
    Client alone;
    alone.send(kText);
    pass_time(2 * limits::kHoldTimeMs);
    alone.acknowledge_all();
    alone.retry();
    CHECK_FALSE(alone.got_reset());
  }
}

// Before, 24 such readers, each taking 240 bytes a second, the least a peer must take, held all
// tails.
TEST_CASE("slow readers of several ranges keep no ranges from others (RFC 9110, 14.2)") {
  const Scene scene;
  const std::uint64_t before = counters().gave_way;
  const Crowd slow = crowd_of(kLongTails, parts_of_large());
  REQUIRE(ReplyTail::in_use() == kLongTails);
  Client young;
  young.send(parts_of_large());
  CHECK(statuses(young.receive_all()) == std::vector{200});  // none counts as slow yet
  CHECK(reset_in(slow) == 0);
  pass_time(limits::kHoldTimeMs);
  slow[0]->acknowledge(limits::kLeastHoldBytes);  // so it isn't slow
  slow[1]->acknowledge(240);
  Client honest;
  honest.send(parts_of_large());
  CHECK(statuses(honest.receive_all()) == std::vector{206});
  CHECK_FALSE(slow[0]->got_reset());
  CHECK(slow[1]->got_reset());
  CHECK(counters().gave_way == before + 1);
  CHECK(reset_in(slow) == 1);
}

// There is one page: before, one connection that requested page after page and took 1,440 bytes a
// second kept metrics from Prometheus for ever.
TEST_CASE(
    "a page of metrics goes to the next client that requests it, even if its holder progresses") {
  const Scene scene;
  const FewBlocks few(8);
  const std::string page = get("/page");
  Client slow;
  slow.send(page + page);
  Client young;
  young.send(page);
  CHECK(statuses(young.receive_all()) == std::vector{503});  // the holder still has time
  for (std::uint32_t ticks = 0; ticks < limits::kHoldTimeMs / limits::kServerTickMs; ++ticks) {
    pass_time(limits::kServerTickMs);
    slow.acknowledge(std::min<std::size_t>(limits::kLeastHoldBytes, slow.unacknowledged()));
  }
  CHECK_FALSE(slow.got_reset());
  Client honest;
  honest.send(page);
  CHECK(statuses(honest.receive_all()) == std::vector{200});
  CHECK(slow.got_reset());
}

TEST_CASE("peers that wait with all the tails keep no single range from others") {
  const Scene scene;
  const FewBlocks few(0);  // so that all wait, each holding a tail
  const Crowd silent = crowd_of(kTails, kText);
  REQUIRE(ReplyTail::in_use() == kTails);
  pass_time(limits::kHoldTimeMs);
  for (int count = 0; count < 3; ++count) {
    Client honest;
    honest.send(get("/", "Range: bytes=0-3\r\n"));
    CHECK(statuses(honest.receive_all()) == std::vector{206});
  }
  CHECK(reset_in(silent) == 1);
  // Several ranges leave a share of the tails to others.
  Client several;
  several.send(get("/large.bin", "Range: bytes=0-9,1000-1009\r\n"));
  CHECK(several.received.starts_with("HTTP/1.1 206"));
  several.reset();
}

TEST_CASE("an evicted connection takes its unacknowledged text with it") {
  const Scene scene;
  const Crowd crowd = crowd_of(limits::kConnections, kText);
  REQUIRE(text_blocks == kTextBlocks - std::min(kTextBlocks, limits::kConnections));
  const std::size_t left = text_blocks;
  pass_time(limits::kServerTickMs);
  Client next;
  CHECK(next.accepted());
  CHECK(crowd[0]->got_reset());
  CHECK(text_blocks == left + 1);
}

// A response's text is released when the next request, answered past lwIP, acknowledges it.
TEST_CASE("text that a promptly answered request acknowledges is released") {
  const Scene scene;
  const FewBlocks few(4);
  Client client;
  for (int count = 0; count < 3; ++count) {
    client.ask(kGet);
  }
  client.acknowledge_all();
  client.send(kText);
  client.ask(kGet);
  CHECK(text_blocks == 4);
  client.ask(kGet);
  const Crowd silent = crowd_of(4, kText);
  pass_time(limits::kHoldTimeMs);
  Client honest;
  honest.send(kText);
  CHECK(statuses(honest.receive_all()) == std::vector{200});
  CHECK_FALSE(client.got_reset());
  CHECK(silent[0]->got_reset());
}
