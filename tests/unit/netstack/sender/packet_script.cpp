// Scripts of segments: the client, its line, and time.
#include "tests/unit/netstack/sender/packet_script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>

#include "netstack/sender/congestion/congestion.hpp"
#include "netstack/sender/departures.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/narrow_link.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

namespace mote::world {
namespace {

// Steps of virtual time: short while something happens, so that what the machine measures is exact.
constexpr Nanoseconds kStep = microseconds(100);
constexpr Nanoseconds kLongStep = milliseconds(1);
constexpr Nanoseconds kLongestStep = milliseconds(10);
constexpr Nanoseconds kShortly = milliseconds(100);
constexpr Nanoseconds kMuchLater = milliseconds(5000);

constexpr std::uint16_t kFirstPort = 20'000;
std::uint16_t scripts = 0;

// Each script begins at the same place in a slot of the senders' timers, and in a microsecond, so
// that it goes the same way whichever ran before.
void begin_evenly(Machine& machine) {
  constexpr std::uint64_t kEven = netstack::Departures::kResolution.value * 125;
  advance({kEven - clock::now().value % kEven});
  settle(machine);
}

}  // namespace

Script::Script(const ScriptClient& client)
    : client_(client),
      machine_(hold_streams()),
      port_(static_cast<std::uint16_t>(kFirstPort + scripts++)),
      our_next_(kClientIsn),
      window_(client.window) {
  netstack::choose_congestion_control(client.bbr ? netstack::CongestionControl::kBbr
                                                 : netstack::CongestionControl::kCubic);
  body();  // made before time counts
  begin_evenly(machine_);
  connect();
}

Script::~Script() {
  deliver({.flags = kRst | kAck});
  pass_until(clock::now() + milliseconds(1));
  machine_.device.wire.clear();
}

std::size_t Script::resent() const {
  return static_cast<std::size_t>(std::ranges::count(sent_, true, &Sent::is_resent));
}

bool Script::has_resent(std::uint32_t number) const {
  return std::ranges::any_of(sent_, [&](const Sent& sent) {
    return sent.is_resent && sent.segment.sequence == base_ + number;
  });
}

// The machine measures the round trip of its SYN-ACK.
void Script::connect() {
  machine_.device.wire.clear();
  Segment syn{.flags = kSyn | client_.ecn};
  syn.options = syn_options(client_.mss, client_.scale, client_.sack, client_.timestamps);
  deliver(syn);
  REQUIRE(sent_.size() == 1);
  const Segment& answer = sent_[0].segment;
  REQUIRE((answer.flags & (kSyn | kAck | kRst)) == (kSyn | kAck));
  machine_offers_ecn_ = (answer.flags & kEce) != 0;
  REQUIRE((answer.flags & kCwr) == 0);
  REQUIRE(answer.ecn == kNotEct);  // RFC 3168, 6.1.1
  base_ = answer.sequence;
  if (client_.changes_mind) {
    machine_offers_ecn_ = false;
    syn.flags = kSyn;
    deliver(std::move(syn));
  }
  ++our_next_;
  highest_ = acknowledged_ = base_ + 1;
  pass_until(clock::now() + Nanoseconds{static_cast<std::uint64_t>(client_.rtt * 1e9)});
  taken_ = sent_.size();
  deliver({.flags = kAck});
  service_ = &last_held();
  REQUIRE(service_->is_open());
  began_ = last_ = clock::now();
  log_.clear();
}

void Script::pass_until(Nanoseconds time, bool until_sent) {
  const Nanoseconds start = clock::now();
  while (clock::now() < time && !(until_sent && taken_ < sent_.size())) {
    const bool is_near = clock::now() < start + kShortly || time < clock::now() + kShortly;
    const Nanoseconds step = is_near                             ? kStep
                             : clock::now() < start + kMuchLater ? kLongStep
                                                                 : kLongestStep;
    advance(Nanoseconds{std::min(step.value, (time - clock::now()).value)});
    settle(machine_);
    take_wire();
  }
}

void Script::take_wire() {
  for (; !machine_.device.wire.empty(); machine_.device.wire.pop_front()) {
    Bytes& frame = machine_.device.wire.front();
    if (frame[13] == 6) {  // ARP
      machine_.device.receive(arp_reply(kPeerAddress, kPeerMac));
      settle(machine_);
      continue;
    }
    auto segment = segment_in(frame);
    if (!segment || segment->to != port_) continue;
    const std::uint32_t end = segment->end() + ((segment->flags & kFin) != 0 ? 1 : 0);
    const bool has_numbers = end != segment->sequence;
    Sent sent{.at = clock::now(), .segment = std::move(*segment)};
    if (has_numbers && base_ != 0) {
      sent.is_resent = beyond(end, highest_) <= 0;
      if (beyond(end, highest_) > 0) highest_ = end;
      last_frame_ = frame;
    }
    note("> " + describe(sent.segment) + (sent.is_resent ? " resent" : ""));
    check_ecn(sent);
    sent_.push_back(std::move(sent));
  }
}

// RFC 3168, 6.1.4 to 6.1.6, in every script: only data is ECN-capable, when it is sent first.
void Script::check_ecn(const Sent& sent) const {
  const Segment& segment = sent.segment;
  if ((segment.flags & kSyn) != 0) return;
  if (!machine_offers_ecn_ && ((segment.flags & (kEce | kCwr)) != 0 || segment.ecn != kNotEct)) {
    fail("ECN without agreement: " + describe(segment));
  }
  const bool is_new_data = !segment.payload.empty() && !sent.is_resent;
  if (machine_offers_ecn_ && segment.ecn != (is_new_data ? kEct0 : kNotEct)) {
    fail("a wrong ECN field: " + describe(segment));
  }
  if ((segment.flags & kCwr) != 0 && !is_new_data) fail("CWR: " + describe(segment));
}

// Numbers and window are filled in.
void Script::deliver(Segment segment) {
  segment.from = port_;
  segment.to = kHeldService;
  if (segment.sequence == 0) segment.sequence = our_next_;
  if ((segment.flags & kAck) != 0 && segment.acknowledgement == 0) {
    segment.acknowledgement = acknowledged_;
  }
  const bool is_scaled = client_.scale >= 0 && (segment.flags & kSyn) == 0;
  segment.window = static_cast<std::uint16_t>(
      std::min<std::uint32_t>(0xFFFF, is_scaled ? window_ >> client_.scale : window_));
  if (beyond(segment.end(), our_next_) > 0) our_next_ = segment.end();
  machine_.device.receive(frame_of(segment));
  settle(machine_);
  take_wire();
}

void Script::acknowledge(std::uint32_t number) {
  acknowledged_ = number;
  deliver({.flags = kAck});
}

void Script::write(std::size_t bytes) {
  REQUIRE(service_->is_open());
  service_->send(body().data() + written_, bytes);
  written_ += bytes;
  settle(machine_);
  take_wire();
}

void Script::tell_too_big(std::uint16_t mtu) {
  REQUIRE(!last_frame_.empty());
  machine_.device.receive(fragmentation_needed(last_frame_, mtu));
  settle(machine_);
  take_wire();
}

std::string Script::describe(const Segment& segment) const {
  std::string flags;
  constexpr std::string_view kNames = "FSRPAUEC";
  for (unsigned bit = 0; bit < kNames.size(); ++bit) {
    if ((segment.flags >> bit & 1) != 0) flags += kNames[bit];
  }
  if (segment.ecn != kNotEct) flags += segment.ecn == kEct0 ? " ect0" : " ect1 or ce";
  return std::to_string(beyond(segment.sequence, base_)) + ':' +
         std::to_string(beyond(segment.end(), base_)) + ' ' + flags + " ack " +
         std::to_string(segment.acknowledgement - kClientIsn);
}

void Script::note(const std::string& event) {
  char time[32];
  std::snprintf(time, sizeof time, "%12.4f ",
                static_cast<double>((clock::now() - began_).value) / 1e9);
  log_ += time + event + '\n';
}

void Script::fail(const std::string& why) const {
  constexpr std::size_t kTold = 4000;
  const std::size_t from = log_.size() > kTold ? log_.find('\n', log_.size() - kTold) + 1 : 0;
  FAIL("line \"" << line_ << "\": " << why << "\n" << log_.substr(from));
  std::abort();
}

}  // namespace mote::world
