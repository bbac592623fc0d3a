// The start and the end of a run.
#include "tests/fuzz/http_run.hpp"

#include "http/connection/connection.hpp"
#include "http/connection/server.hpp"
#include "http/connection/server_state.hpp"
#include "http/reply/holding.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/request/request_buffer.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/guarded_pack.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/http/fakes.hpp"

// Symbols of the linker: text and constants lie between them.
extern "C" const char __executable_start[];
extern "C" const char etext[];

namespace mote::fuzz {
namespace {

using http_world::wall_seconds;

constexpr std::uint64_t kStart = 784'111'777;
constexpr std::size_t kTextBlocks = 12;  // few, so that they do run out

// Whether memory is one of Mote's constants, the longest of which are its error pages.
bool is_constant(std::string_view memory) {
  constexpr std::size_t kMostBytes = 256;
  return memory.data() >= __executable_start && memory.data() + memory.size() <= etext &&
         memory.size() <= kMostBytes;
}

void start() {
  static const LoopCounters loop{};
  http::Options options;
  options.endpoints = {.metrics = "/metrics", .metrics_for = http::Audience::on(1), .loop = &loop};
  options.log.combined = true;
  demand(http::set_up(ample_arena(), kAmplePlan.http), "the pools have their memory");
  demand(http::start(guarded_pack(), options), "the server starts");
  fakes::text_blocks = kTextBlocks;
  fakes::prompt_server = &netstack::kPromptServer<http::Connection>;
  fakes::may_be_sent = [](std::string_view memory) {
    return is_in_pack(memory) || is_constant(memory);
  };
}

}  // namespace

void begin_run(unsigned interface, bool logs) {
  static bool is_started = false;
  if (!is_started) {
    is_started = true;
    start();
  }
  wall_seconds = kStart;
  fakes::interface = interface;
  http::server.logs = logs;
  http::server.replies.forget_all();
  fakes::bytes_written = 0;
  fail_writes(0, 0);
  http::server.counters = {};
}

void end_run() {
  demand(http::counters().open == 0, "a connection is left");
  demand(http::counters().bytes == fakes::bytes_written, "the count of bytes is another");
  demand(fakes::frames_held == 0, "a frame is left");
  demand(http::RequestBuffer::in_use() == 0, "a request buffer is left");
  demand(http::ReplyTail::in_use() == 0, "a reply's tail is left");
  demand(fakes::text_blocks == kTextBlocks, "a block of text is left");
  demand(http::text_holders.empty() && http::tail_holders.empty(), "a holder of nothing");
  for (const auto phase :
       {http::Phase::kIdle, http::Phase::kReading, http::Phase::kSending, http::Phase::kDraining}) {
    demand(http::server.queue(phase).front() == nullptr, "a queue isn't empty");
  }
}

void take_all(Peer& peer) {
  do {
    peer.acknowledge_all();
    peer.retry();
    if (fakes::text_blocks == 0) {
      pass_ticks(1);
    }
  } while (peer.unacknowledged() > 0 || peer.is_retried());
}

void pass_seconds(unsigned seconds) { *wall_seconds += seconds; }

}  // namespace mote::fuzz
