// Access log lines in the combined format of NCSA and Apache, escaped as nginx does.
#include "http/operations/access_log.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "http/limits.hpp"
#include "http/operations/options.hpp"
#include "http/request/request.hpp"
#include "http/request/syntax.hpp"
#include "kernel/console/console.hpp"
#include "kernel/console/number_text.hpp"
#include "kernel/time/calendar.hpp"
#include "kernel/time/wall_clock.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

constexpr Nanoseconds kSecond = milliseconds(1'000);
constexpr Nanoseconds kComplaintPeriod = milliseconds(60'000);

// Builds one line. Its parts are cut short so that it always fits.
class Line {
 public:
  [[gnu::noinline]] void add(std::string_view text) {
    for (const char character : text) {
      put(character);
    }
  }

  [[gnu::noinline]] void add_number(std::uint64_t value, unsigned least_digits = 1) {
    add(NumberText<10>(value, least_digits).text());
  }

  // Adds text from a client in quotes. Quotes, backslashes and everything but printable ASCII
  // become \xHH.
  [[gnu::noinline]] void add_quoted(std::string_view text) {
    put('"');
    const std::size_t end = size_ + limits::kLogPartBytes - kCut.size();
    for (const char character : text) {
      const auto byte = static_cast<unsigned char>(character);
      const bool is_plain = byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
      if (size_ + (is_plain ? 1U : kEscapeBytes) > end) {
        add(kCut);
        break;
      }
      if (is_plain) {
        put(character);
      } else {
        add("\\x"sv);
        put(kDigits[byte >> 4]);
        put(kDigits[byte & 0xF]);
      }
    }
    put('"');
  }

  [[nodiscard]] std::string_view text() const { return {characters_.data(), size_}; }

 private:
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kCut = "..."sv;
  static constexpr std::size_t kEscapeBytes = 4;

  void put(char character) {
    if (size_ < characters_.size()) {
      characters_[size_++] = character;
    }
  }

  std::array<char, limits::kLogLineBytes> characters_;
  std::size_t size_ = 0;
};

// Three parts from the client, and address, time, status and bytes.
static_assert(3 * (limits::kLogPartBytes + 3) + 100 <= limits::kLogLineBytes);

// Limits the lines written: as many a second as the options say, and no more than that in one
// burst. Each line costs its share of a second, counted in nanoseconds.
class Allowance {
 public:
  bool take(Nanoseconds now, std::uint32_t lines_a_second) {
    if (lines_a_second == 0) {
      return false;
    }
    const Nanoseconds each{kSecond.value / lines_a_second};
    // `spent_until_`: when the allowance taken so far is restored, at most a second ahead.
    const Nanoseconds from = std::max(spent_until_, now);
    if (from + each > now + kSecond) {
      return false;
    }
    spent_until_ = from + each;
    return true;
  }

 private:
  Nanoseconds spent_until_{};
};

struct State {
  Allowance allowance;
  std::uint64_t lost = 0;
  std::uint64_t told = 0;  // how many of these the console was told of
  Nanoseconds next_complaint{};
};

constinit State state{};

// Writes IPv6 in full: without "::", which would abbreviate zeros (RFC 4291, 2.2).
void add_address(Line& line, const netstack::PeerAddress& peer) {
  const std::span<const std::uint8_t> bytes = peer.bytes();
  if (bytes.size() == 4) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      line.add(at == 0 ? ""sv : "."sv);
      line.add_number(bytes[at]);
    }
    return;
  }
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    line.add(at == 0 ? ""sv : ":"sv);
    line.add(NumberText<16>(bytes[at] << 8U | bytes[at + 1]).text());
  }
}

// "[10/Oct/2000:13:55:36 +0000]"
void add_time(Line& line) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::uint64_t seconds = wall_clock::now().value_or(clock::now().value / kSecond.value);
  const auto date = calendar::date_of(static_cast<std::uint32_t>(seconds / calendar::kDaySeconds));
  const auto time = calendar::time_of_day(seconds);
  line.add("["sv);
  line.add_number(date.day, 2);
  line.add("/"sv);
  line.add(kMonths.substr((date.month - 1) * 3, 3));
  line.add("/"sv);
  line.add_number(date.year, 4);
  for (const std::uint32_t part : {time.hour, time.minute, time.second}) {
    line.add(":"sv);
    line.add_number(part, 2);
  }
  line.add(" +0000]"sv);
}

struct Sender {
  std::string_view referer = "-"sv;
  std::string_view agent = "-"sv;
};

Sender sender_of(std::string_view fields) {
  Sender sender;
  while (!fields.empty()) {
    const Field field = next_field(fields);
    if (field.value.empty()) {
      continue;
    }
    if (syntax::is_word(field.name, "referer")) {
      sender.referer = field.value;
    } else if (syntax::is_word(field.name, "user-agent")) {
      sender.agent = field.value;
    }
  }
  return sender;
}

}  // namespace

void log_access(const netstack::PeerAddress& peer, std::string_view line, std::string_view fields,
                std::uint16_t status, std::uint64_t body_bytes) {
  const LogOptions& log = options().log;
  if (!log.combined) {
    return;
  }
  if (!state.allowance.take(clock::now(), log.lines_a_second)) {
    ++state.lost;
    return;
  }
  Line text;
  add_address(text, peer);
  text.add(" - - "sv);
  add_time(text);
  text.add(" "sv);
  text.add_quoted(line);
  text.add(" "sv);
  text.add_number(status);
  text.add(" "sv);
  text.add_number(body_bytes);
  const Sender sender = sender_of(fields);
  text.add(" "sv);
  text.add_quoted(sender.referer);
  text.add(" "sv);
  text.add_quoted(sender.agent);
  if (!console::log(text.text())) {
    ++state.lost;
  }
}

std::uint64_t access_lines_lost() { return state.lost; }

void tell_of_lost_lines(Nanoseconds now) {
  if (state.lost == state.told || now < state.next_complaint) {
    return;
  }
  state.next_complaint = now + kComplaintPeriod;
  console::line("http: ", state.lost - state.told, " lines of the access log left out");
  state.told = state.lost;
}

}  // namespace mote::http
