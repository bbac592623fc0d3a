// Scripts of segments: their lines.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <string>

#include "tests/unit/netstack/sender/packet_script.hpp"

namespace mote::world {
namespace {

// How exactly the machine must keep to time. Its wheel and its timers may be a little late.
constexpr Nanoseconds kEarly = microseconds(500);
constexpr Nanoseconds kLate = milliseconds(4);

Nanoseconds seconds(double number) {
  return Nanoseconds{static_cast<std::uint64_t>(std::llround(number * 1e9))};
}

}  // namespace

// The words of a line.
class Script::Line {
 public:
  Line(const Script& script, std::string_view text) : script_(script), rest_(text) { skip(); }

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view peek() const { return rest_.substr(0, rest_.find(' ')); }
  std::string_view word() {
    const std::string_view first = peek();
    if (first.empty()) script_.fail("the line is too short");
    rest_.remove_prefix(first.size());
    skip();
    return first;
  }
  bool takes(std::string_view expected) {
    if (peek() != expected) return false;
    word();
    return true;
  }
  double number() { return number_in(word()); }
  double number_in(std::string_view text) {
    std::size_t used = 0;
    const double value = std::stod(std::string(text), &used);
    if (used != text.size()) script_.fail("no number: " + std::string(text));
    return value;
  }
  // "a:b", or "a" for both.
  [[nodiscard]] bool has_range() const { return !empty() && std::isdigit(rest_[0]) != 0; }
  Range range() {
    const auto [first, second] = halves(word(), ':');
    return {static_cast<std::uint32_t>(number_in(first)),
            static_cast<std::uint32_t>(number_in(second))};
  }
  std::pair<double, double> bounds(std::string_view separator) {
    return bounds_in(word(), separator);
  }
  std::pair<double, double> bounds_in(std::string_view text, std::string_view separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {number_in(text), number_in(text)};
    return {number_in(text.substr(0, at)), number_in(text.substr(at + separator.size()))};
  }

 private:
  void skip() {
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.back() == ' ') rest_.remove_suffix(1);
  }
  static std::pair<std::string_view, std::string_view> halves(std::string_view text, char middle) {
    const std::size_t at = text.find(middle);
    if (at == std::string_view::npos) return {text, text};
    return {text.substr(0, at), text.substr(at + 1)};
  }

  const Script& script_;
  std::string_view rest_;
};

void Script::play(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    play_line(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  line_ = "the end";
  check_all_taken();
}

void Script::play_line(std::string_view text) {
  text = text.substr(0, text.find('#'));
  line_ = text;
  Line line(*this, text);
  if (line.empty()) return;
  const std::string_view word = line.word();
  if (word[0] == '+') {
    timed(line, word.substr(1));
  } else {
    command(line, word);
  }
  if (!line.empty()) fail("what is this: " + std::string(line.peek()));
  last_ = word == "within" ? last_ : clock::now();
}

void Script::command(Line& line, std::string_view word) {
  if (word == "within") {
    within(line);
  } else if (word == "write") {
    write(static_cast<std::size_t>(line.number()));
  } else if (word == "close") {
    service_->stream().close();
  } else if (word == "release") {
    service_->release();
  } else if (word == "abort") {
    service_->abort();
  } else if (word == "nothing") {
    const bool is_for = line.word() == "for";
    expect_nothing((is_for ? last_ : began_) + seconds(line.number()));
  } else if (word == "auto") {
    automatic(line);
  } else if (word == "flight") {
    const auto [least, most] = line.bounds("..");
    const double segments = (highest_ - acknowledged_) / client_.mss;
    if (segments < least || segments > most) fail(std::to_string(segments) + " are in flight");
  } else if (word == "rebase") {
    base_ = acknowledged_ - 1;
  } else if (word == "skip") {
    taken_ = sent_.size();
  } else if (word == "icmp") {
    tell_too_big(static_cast<std::uint16_t>(line.number()));
  } else if (word == "lost") {
    if (service_->is_open()) fail("the stream is open");
  } else if (word == "open") {
    if (!service_->is_open()) fail("the stream is lost");
  } else {
    fail("unknown");
  }
  settle(machine_);
  take_wire();
}

void Script::timed(Line& line, std::string_view delay) {
  const auto [first, second] = line.bounds_in(delay, "~");
  const std::string_view direction = line.word();
  if (direction == "<") {
    pass_until(last_ + seconds(first));
    check_all_taken();
    send(line);
  } else if (direction == ">") {
    const bool is_exact = first == second;
    const Nanoseconds earliest = last_ + seconds(first);
    const Nanoseconds latest = last_ + seconds(second);
    expect(line, is_exact && earliest.value > kEarly.value ? earliest - kEarly : earliest,
           is_exact ? latest + kLate : latest);
  } else {
    fail("neither < nor >");
  }
}

// [begin[:end]] FLAGS [ack N] [win N] [sack a:b ...] [forged]
void Script::send(Line& line) {
  Segment segment;
  if (line.has_range()) {
    const Range range = line.range();
    segment.sequence = kClientIsn + range.first;
    segment.payload.resize(range.second - range.first, 'x');
  }
  constexpr std::string_view kNames = "FSRPAUEC";
  for (const char flag : line.word()) {
    const std::size_t bit = kNames.find(flag);
    if (bit == std::string_view::npos) fail("no such flag");
    segment.flags |= 1U << bit;
  }
  std::vector<Range> blocks;
  bool is_forged = false;
  const std::uint32_t next = our_next_;
  const std::uint32_t window = window_;
  while (!line.empty()) {
    if (line.takes("ack")) {
      segment.acknowledgement = base_ + static_cast<std::uint32_t>(line.number());
      const bool is_sane = beyond(segment.acknowledgement, acknowledged_) > 0 &&
                           beyond(segment.acknowledgement, highest_) <= 0;
      if (is_sane) acknowledged_ = segment.acknowledgement;
    } else if (line.takes("ce")) {
      segment.ecn = kCe;
    } else if (line.takes("ect0")) {
      segment.ecn = kEct0;
    } else if (line.takes("ect1")) {
      segment.ecn = kEct1;
    } else if (line.takes("win")) {
      window_ = static_cast<std::uint32_t>(line.number());
    } else if (line.takes("forged")) {
      is_forged = true;
    } else if (line.takes("sack")) {
      while (line.has_range()) {
        const auto [begin, end] = line.range();
        blocks.emplace_back(base_ + begin, base_ + end);
      }
    } else {
      return;
    }
  }
  segment.options = sack_option(blocks);
  note("< " + line_.substr(line_.find('<') + 2));
  const bool has_fin = (segment.flags & kFin) != 0;
  deliver(std::move(segment));
  if (has_fin) ++our_next_;
  if (is_forged) {
    our_next_ = next;
    window_ = window;
  }
}

// [begin:end] FLAGS [ack N] [resent]
void Script::expect(Line& line, Nanoseconds earliest, Nanoseconds latest) {
  pass_until(latest, true);
  if (taken_ == sent_.size()) fail("no segment came");
  const Sent& sent = sent_[taken_++];
  if (sent.at < earliest) fail("a segment came too early: " + describe(sent.segment));
  if (sent.at > latest) fail("a segment came too late: " + describe(sent.segment));
  const Range range = line.has_range() ? line.range() : Range{0, 0};
  if (range.first != 0 && (sent.segment.sequence != base_ + range.first ||
                           sent.segment.end() != base_ + range.second)) {
    fail("another segment came: " + describe(sent.segment));
  }
  std::string_view flags;
  std::string_view ecn;
  bool is_resent = false;
  while (!line.empty()) {
    const std::string_view word = line.word();
    if (word == "resent") {
      is_resent = true;
    } else if (word == "-P") {
      if ((sent.segment.flags & kPsh) != 0) fail("PSH is set");
    } else if (word == "ack") {
      const auto number = static_cast<std::uint32_t>(line.number());
      if (sent.segment.acknowledgement != kClientIsn + number) {
        fail("another acknowledgement: " + describe(sent.segment));
      }
    } else {
      (word == "ect0" ? ecn : flags) = word;
    }
  }
  expect_flags(sent.segment, flags, ecn);
  if (is_resent != sent.is_resent) {
    fail((sent.is_resent ? "it was sent before: " : "it is new: ") + describe(sent.segment));
  }
}

void Script::expect_flags(const Segment& segment, std::string_view flags,
                          std::string_view ecn) const {
  const auto expect = [&](char name, unsigned bit) {
    if (flags.contains(name) != ((segment.flags & bit) != 0)) {
      fail(std::string(1, name) + ": " + describe(segment));
    }
  };
  expect('F', kFin);
  expect('R', kRst);
  expect('E', kEce);
  expect('C', kCwr);
  if (flags.contains('P') && (segment.flags & kPsh) == 0) fail("PSH isn't set");
  if (machine_offers_ecn_ && ecn.empty() == (segment.ecn == kEct0)) {
    fail("ECT(0): " + describe(segment));
  }
}

void Script::within(Line& line) {
  const Nanoseconds by = last_ + seconds(line.number());
  if (line.takes(">")) {
    const Range range = line.range();
    expect_run(range, by);
  } else if (line.takes("sends")) {
    expect_count(line, by);
  } else {
    fail("neither > nor sends");
  }
}

void Script::expect_run(Range range, Nanoseconds by) {
  std::uint32_t next = range.first;
  while (next != range.second) {
    pass_until(by, true);
    if (taken_ == sent_.size()) fail("it ends at " + std::to_string(next));
    const Sent& sent = sent_[taken_++];
    if (sent.segment.sequence != base_ + next || sent.segment.payload.empty() ||
        beyond(sent.segment.end(), base_ + range.second) > 0 || sent.at > by) {
      fail("another segment came: " + describe(sent.segment));
    }
    next += static_cast<std::uint32_t>(sent.segment.payload.size());
  }
}

void Script::expect_count(Line& line, Nanoseconds by) {
  const auto [least, most] = line.bounds("..");
  const double burst = line.takes("bursts") ? line.number() : 1e9;
  pass_until(by);
  double count = 0;
  double at_once = 0;
  double longest = 0;
  Nanoseconds when{};
  for (; taken_ < sent_.size(); ++taken_) {
    if (sent_[taken_].segment.payload.empty()) continue;
    at_once = sent_[taken_].at == when ? at_once + 1 : 1;
    when = sent_[taken_].at;
    longest = std::max(longest, at_once);
    ++count;
  }
  if (count < least || count > most) fail(std::to_string(count) + " segments came");
  if (longest > burst) fail("a burst of " + std::to_string(longest) + " segments");
}

void Script::expect_nothing(Nanoseconds until) {
  check_all_taken();
  pass_until(until);
  check_all_taken();
}

void Script::check_all_taken() const {
  if (taken_ != sent_.size()) {
    fail("a segment that no line awaits: " + describe(sent_[taken_].segment));
  }
}

// TIME until NUMBER, or TIME for SECONDS
void Script::automatic(Line& line) {
  const Nanoseconds rtt = seconds(line.number());
  const bool is_until = line.word() == "until";
  const double limit = line.number();
  const Nanoseconds end = last_ + (is_until ? seconds(600) : seconds(limit));
  const std::uint32_t number = base_ + static_cast<std::uint32_t>(limit);
  const auto is_done = [&] {
    return is_until ? beyond(acknowledged_, number) >= 0 : !(clock::now() < end);
  };
  std::uint32_t next = acknowledged_;  // received in order
  while (taken_ > 0 && beyond(sent_[taken_ - 1].segment.end(), acknowledged_) > 0) --taken_;
  std::size_t segments = 0;
  while (!is_done()) {
    if (!(clock::now() < end)) fail("it took too long");
    for (; taken_ < sent_.size() && !(clock::now() < sent_[taken_].at + rtt); ++taken_) {
      const Segment& segment = sent_[taken_].segment;
      if (beyond(segment.sequence, next) <= 0 && beyond(segment.end(), next) > 0) {
        next = segment.end();
      }
      const bool is_last = taken_ + 1 == sent_.size();
      if (!segment.payload.empty() && (++segments % 2 == 0 || is_last)) acknowledge(next);
      if (is_done()) {
        ++taken_;
        break;
      }
    }
    if (!is_done()) pass_until(clock::now() + microseconds(100));
  }
}

}  // namespace mote::world
