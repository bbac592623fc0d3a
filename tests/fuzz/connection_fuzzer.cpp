// Fuzzes the whole server on streams that do anything TCP can. An input is a script of the
// actions of its clients and of TCP (README.md lists the commands); in the end each client checks
// that it received the answers to its requests.
#include <array>
#include <memory>
#include <vector>

#include "drivers/limits.hpp"
#include "http/connection/server.hpp"
#include "http/limits.hpp"
#include "http/operations/counters.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/http_run.hpp"
#include "tests/fuzz/request_oracle.hpp"
#include "tests/fuzz/response_oracle.hpp"
#include "tests/fuzz/script.hpp"

namespace mote::fuzz {
namespace {

enum class Command : std::uint8_t {
  kOpen,
  kSend,         // length, bytes
  kSendChained,  // the same, each segment in two pieces
  kSendInBytes,  // length, bytes; each byte in a segment of its own
  kAcknowledge,  // bytes
  kTakeAll,
  kClose,
  kTime,        // ticks
  kFailWrites,  // how many succeed first, how many fail
  kReset,
  kPoll,
  kSendRun,    // length, the byte
  kSendAgain,  // how often to repeat the last data
  kSeconds,    // of the wall clock
  kCrowd,      // others take all free connections
  kCount,
};

// Events that affect all connections of a run, and may end one for other reasons than its requests.
struct Events {
  bool time = false;  // time limits may have passed
  bool crowd = false;
  [[nodiscard]] bool any() const {
    return time || crowd || http::counters().no_buffer > 0 || http::counters().gave_way > 0;
  }
};

class Run {
 public:
  explicit Run(Script script) : script_(script) {}

  void execute();

 private:
  void step(Command command, Peer& peer);
  void send(Peer& peer, std::size_t most, bool chained);
  void open(Peer& peer);
  void crowd();
  void finish(Peer& peer);
  void check(const Peer& peer);
  void note_refusal(const Response& response);
  void check_ending(const Peer& peer, const Response& response, bool may_be_other);
  bool check_next(const Peer& peer, const Told& told, const Content& content,
                  std::string_view& received);
  void check_pending(const Peer& peer, const Told& told, std::string_view stream,
                     std::string_view received);
  void check_counters() const;

  Script script_;
  Events events_;
  std::uint8_t options_ = 0;
  std::array<Peer, 16> peers_{};
  std::vector<std::unique_ptr<Peer>> crowd_;
  std::string last_;
  std::size_t accepted_ = 0;
  unsigned ticks_ = 0;
  std::size_t responses_ = 0;
  std::size_t refusals_ = 0;
  bool was_cut_ = false;
};

void Run::execute() {
  options_ = script_.byte();
  begin_run(options_ >> 2 & 1, (options_ >> 4 & 1) != 0);
  for (unsigned steps = 0; steps < 400 && !script_.empty(); ++steps) {
    const std::uint8_t byte = script_.byte();
    const auto command = static_cast<Command>((byte & 15) % static_cast<int>(Command::kCount));
    step(command, peers_[byte >> 4]);
  }
  fail_writes(0, 0);
  for (Peer& peer : peers_) {
    finish(peer);
  }
  responses_ = refusals_ = 0;
  for (const auto& peer : crowd_) {
    was_cut_ |= !peer->refused();
    accepted_ += peer->refused() ? 0 : 1;
    peer->reset();
  }
  for (const Peer& peer : peers_) {
    if (!peer.refused()) {
      check(peer);
    }
  }
  check_counters();
  end_run();
}

void Run::step(Command command, Peer& peer) {
  constexpr unsigned kFewTicks = 16;  // 4 s: less than any limit
  switch (command) {
    case Command::kOpen:
      return open(peer);
    case Command::kSend:
      return send(peer, fakes::kSegmentBytes, false);
    case Command::kSendChained:
      return send(peer, fakes::kSegmentBytes, true);
    case Command::kSendInBytes:
      return send(peer, 1, false);
    case Command::kAcknowledge:
      return peer.acknowledge(script_.word());
    case Command::kTakeAll:
      fail_writes(0, 0);
      return take_all(peer);
    case Command::kClose:
      return peer.close();
    case Command::kTime: {
      const unsigned ticks = script_.byte();
      ticks_ += ticks;
      events_.time |= ticks_ > kFewTicks;
      return pass_ticks(ticks);
    }
    case Command::kFailWrites: {
      const std::size_t after = script_.byte();
      return fail_writes(after, script_.byte());
    }
    case Command::kReset:
      return peer.reset();
    case Command::kPoll:
      return peer.retry();
    case Command::kSendRun: {
      const std::size_t bytes = script_.word();
      last_.assign(bytes % 40'000, static_cast<char>(script_.byte()));
      peer.send(last_);
      return;
    }
    case Command::kSendAgain:
      for (unsigned times = script_.byte() % 64; times > 0; --times) {
        peer.send(last_);
      }
      return;
    case Command::kSeconds:
      return pass_seconds(script_.byte());
    case Command::kCrowd:
      return crowd();
    case Command::kCount:
      return;
  }
}

void Run::send(Peer& peer, std::size_t most, bool chained) {
  const std::size_t bytes = script_.word();
  last_ = script_.text(bytes);
  peer.send(last_, most, chained);
}

// A peer already used doesn't return: its bytes are checked in the end.
void Run::open(Peer& peer) {
  constexpr std::uint16_t kRoom[] = {static_cast<std::uint16_t>(limits::kMtu),
                                     2 * fakes::kSegmentBytes, 9000, 60'000};
  const bool is_new = !peer.is_connected() && peer.sent.empty() && peer.received.empty() &&
                      !peer.refused() && !peer.got_fin() && !peer.got_reset() && !peer.has_reset();
  if (is_new) {
    peer.open(kRoom[options_ & 3]);
    peer.acknowledges = (options_ & 32) != 0;
    accepted_ += peer.refused() ? 0 : 1;
  }
}

// Every second one has begun a request.
void Run::crowd() {
  if (events_.crowd) {
    return;
  }
  events_.crowd = true;
  while (http::counters().open < limits::kConnections) {
    crowd_.push_back(std::make_unique<Peer>());
    crowd_.back()->open(60'000);
    if (crowd_.size() % 2 == 0) {
      crowd_.back()->send("GET / HT");
    }
  }
}

// A client that is left takes all it can get, then leaves one way or the other.
void Run::finish(Peer& peer) {
  if (!peer.is_connected()) {
    peer.acknowledge(peer.unacknowledged());
    return;
  }
  take_all(peer);
  demand(!peer.is_connected() || peer.window() == fakes::kWindowBytes, "the window stays closed");
  check(peer);  // before its FIN tells the server anything
  peer.close();
  take_all(peer);
  demand(!peer.is_connected(), "a connection isn't let go");
}

// Counts 503s in place of discarded requests; the one for metrics doesn't count.
void Run::note_refusal(const Response& response) {
  refusals_ +=
      response.status == 503 && response.closes && response["cache-control"].empty() ? 1 : 0;
}

void Run::check_ending(const Peer& peer, const Response& response, bool may_be_other) {
  demand(!response.closes || may_be_other, "a response closes without a reason");
  demand(!response.closes || peer.got_fin() || peer.has_reset(),
         "a closing response isn't the end");
}

// Checks the response to a request; false if nothing may follow it.
bool Run::check_next(const Peer& peer, const Told& told, const Content& content,
                     std::string_view& received) {
  using Kind = Content::Kind;
  const bool has_content = told.is_chunked || told.length > 0;
  const bool may_break =
      content.kind == Kind::kBad || content.kind == Kind::kOpen || content.kind == Kind::kUnclear;
  const Response response = take_response(received, told.method == "HEAD");
  ++responses_;
  if (!response.is_whole) {
    demand(peer.got_reset() || peer.has_reset(), "a response isn't whole");
    was_cut_ = true;
    return false;
  }
  note_refusal(response);
  const bool is_late = (response.status == 408 || response.status == 503) && events_.any();
  const bool is_broken = response.status == 400 && may_break;
  if (!response.closes || (!is_late && !is_broken)) {
    check_answer(response, told);
    demand(!told.closes || response.closes, "a response that should close");
    const bool is_bad_path = response.status == 400;
    check_ending(peer, response,
                 told.closes || is_bad_path || (has_content && may_break) || told.expects_continue);
    demand(!told.keeps_alive || response.closes || response["connection"] == "keep-alive",
           "HTTP/1.0 isn't told that the connection stays");
  }
  return !response.closes && !may_break && content.kind == Kind::kWhole;
}

// Checks the bytes left once all requests have their responses.
void Run::check_pending(const Peer& peer, const Told& told, std::string_view stream,
                        std::string_view received) {
  const bool is_unharmed = !events_.any() && !peer.has_reset();
  if (received.empty()) {
    demand(told.kind != Told::Kind::kBad || !is_unharmed, "an error isn't answered");
    while (stream.starts_with("\r\n")) stream.remove_prefix(2);
    const bool is_half = told.kind == Told::Kind::kIncomplete && stream != "\r";
    demand(!is_half || !peer.has_closed() || !is_unharmed, "half a request isn't answered");
    was_cut_ |=
        peer.got_reset() || peer.got_fin();  // perhaps before its first byte could be written
    return;
  }
  demand(told.kind == Told::Kind::kBad || peer.has_closed() || events_.any(),
         "a response to nothing");
  const Response response = take_response(received, stream.starts_with("HEAD "));
  ++responses_;
  was_cut_ |= !response.is_whole;
  demand(response.is_whole || peer.got_reset() || peer.has_reset(), "an error isn't whole");
  if (response.is_whole) {
    note_refusal(response);
    check_error(response);
    demand(response.closes, "an error that doesn't close");
    demand(told.kind != Told::Kind::kNothing || events_.any(), "an error for nothing");
    demand(peer.got_fin() || peer.has_reset(), "an error isn't the end");
  }
  demand(received.empty(), "more behind the last response");
}

// One response for each request, in order, and nothing else.
void Run::check(const Peer& peer) {
  std::string_view stream = peer.sent;
  std::string_view received = peer.received;
  was_cut_ |= peer.has_reset();
  const bool is_unharmed = !events_.any() && !peer.has_reset();
  demand(!peer.got_reset() || events_.any(), "a reset without a reason");
  for (;;) {
    const Told told = tell(stream);
    stream.remove_prefix(told.before);
    if (told.kind != Told::Kind::kRequest) {
      check_pending(peer, told, stream, received);
      demand(told.kind == Told::Kind::kBad || !peer.got_fin() || peer.has_closed() || !is_unharmed,
             "closed without a reason");
      return;
    }
    if (received.empty()) {
      demand(!is_unharmed, "a request isn't answered");
      was_cut_ = true;
      return;
    }
    stream.remove_prefix(told.bytes);
    const Content content = content_of(stream, told);
    if (!check_next(peer, told, content, received)) {
      if (content.kind == Content::Kind::kUnclear) {
        was_cut_ = true;
        return;
      }
      demand(received.empty(), "more behind the last response");
      demand(content.kind != Content::Kind::kBad || peer.got_fin() || !is_unharmed,
             "bad content doesn't close");
      return;
    }
    stream.remove_prefix(content.bytes);
  }
}

void Run::check_counters() const {
  const http::Counters& counters = http::counters();
  std::uint64_t begun = 0;
  for (const std::uint64_t count : counters.responses) {
    begun += count;
  }
  demand(was_cut_ ? begun >= responses_ : begun == responses_, "the count of responses is another");
  demand(was_cut_ || events_.time || refusals_ == counters.no_buffer,
         "what was discarded isn't answered");
  demand(counters.connections == accepted_, "the count of connections is another");
}

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mote::fuzz::Run(mote::fuzz::Script(data, size)).execute();
  return 0;
}
