// Fuzzes the readers of requests, without a connection: the scanner, the parser, content, targets,
// conditions, ranges and negotiation. The first four bytes steer; the rest is a stream of requests.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "http/limits.hpp"
#include "http/reply/conditions.hpp"
#include "http/reply/date.hpp"
#include "http/reply/negotiation.hpp"
#include "http/reply/ranges.hpp"
#include "http/request/content.hpp"
#include "http/request/request.hpp"
#include "http/request/section_scanner.hpp"
#include "http/request/target.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/request_oracle.hpp"
#include "tests/fuzz/script.hpp"

namespace mote::fuzz {
namespace {

using namespace http;
using namespace std::string_view_literals;
using Verdict = SectionScanner::Verdict;
using State = ContentReader::State;

struct Steer {
  unsigned pieces;  // how many pieces a stream comes in
  unsigned seed;    // chooses where it is cut
  std::uint64_t size;
  std::uint64_t part_bytes;
};

// A copy of exactly the same length, so that the sanitizer catches reads past its end.
class Exact {
 public:
  explicit Exact(std::string_view text)
      : memory_(new char[text.size()]), view_(memory_.get(), text.size()) {
    std::ranges::copy(text, memory_.get());
  }
  [[nodiscard]] std::string_view view() const { return view_; }

 private:
  std::unique_ptr<char[]> memory_;
  std::string_view view_;
};

// The ends of the pieces, in order; the last is `bytes`.
std::vector<std::size_t> cuts(const Steer& steer, std::size_t bytes) {
  std::vector<std::size_t> found{bytes};
  unsigned random = steer.seed * 2 + 1;
  for (unsigned piece = 0; piece < steer.pieces; ++piece) {
    random = random * 1'664'525 + 1'013'904'223;
    found.push_back(bytes == 0 ? 0 : (random >> 8) % (bytes + 1));
  }
  std::ranges::sort(found);
  return found;
}

// The scanner's verdict on the stream, which must be the same in one piece and in several.
Verdict scanned(const Steer& steer, std::string_view stream, std::size_t& bytes) {
  SectionScanner whole;
  const Verdict verdict = whole.scan(Exact(stream).view());
  bytes = whole.bytes();
  SectionScanner in_pieces;
  Verdict last = Verdict::kIncomplete;
  for (const std::size_t end : cuts(steer, stream.size())) {
    last = in_pieces.scan(Exact(stream.substr(0, end)).view());
    if (last != Verdict::kIncomplete) {
      break;
    }
  }
  const auto is_bad = [](Verdict which) {
    return which != Verdict::kIncomplete && which != Verdict::kComplete;
  };
  demand(last == verdict || (is_bad(last) && is_bad(verdict)), "pieces have another verdict");
  demand(verdict != Verdict::kComplete || in_pieces.bytes() == bytes, "pieces end elsewhere");
  return verdict;
}

void check_flags(const Request& request, const Told& told) {
  bool is_conditional = false;
  bool has_range = false;
  unsigned accept_encodings = 0;
  std::string_view fields = request.fields;
  for (const auto& [name, value] : told.fields) {
    demand(!fields.empty(), "a field is missing");
    const Field field = next_field(fields);
    demand(lower(field.name) == name && field.value == value, "a field is another");
    is_conditional |= name == "if-match" || name == "if-none-match" ||
                      name == "if-modified-since" || name == "if-unmodified-since";
    if (name == "accept-encoding") {
      ++accept_encodings;
      demand(request.accept_encoding == value || accept_encodings > 1 ||
                 request.repeats_accept_encoding,
             "accept_encoding");
    }
    has_range |= name == "range";
  }
  demand(fields.empty(), "a field too many");
  demand(request.is_conditional == is_conditional, "is_conditional");
  demand(request.has_accept_encoding == (accept_encodings > 0), "has_accept_encoding");
  demand(request.repeats_accept_encoding == (accept_encodings > 1), "repeats_accept_encoding");
  demand(request.has_range == has_range, "has_range");
}

void check_request(const Request& request, const Told& told) {
  const Method method = told.method == "GET"       ? Method::kGet
                        : told.method == "HEAD"    ? Method::kHead
                        : told.method == "OPTIONS" ? Method::kOptions
                                                   : Method::kOther;
  const Persistence persistence = told.closes        ? Persistence::kClose
                                  : told.keeps_alive ? Persistence::kKeepAlive
                                                     : Persistence::kSilent;
  const Framing framing = told.is_chunked   ? Framing::kChunked
                          : told.length > 0 ? Framing::kLength
                                            : Framing::kNone;
  demand(request.method == method, "the method is another");
  demand(request.persistence == persistence, "persistence is another");
  demand(request.framing == framing, "framing is another");
  demand(request.content_bytes == told.length, "Content-Length is another");
  demand(request.is_http_1_0 == told.is_1_0, "the version is another");
  demand(request.expects_continue == told.expects_continue, "Expect is another");
  demand(request.line == told.line, "the request line is another");
  demand(request.host == told.host, "the host is another");
  demand(request.path == told.path && request.query == told.query, "the target is another");
  check_flags(request, told);
}

void check_path(std::string_view path) {
  const auto scratch = std::make_unique<char[]>(path.size());
  const auto found = resolve_path(path, {scratch.get(), path.size()});
  const auto told = resolved(path);
  demand(found.has_value() == told.has_value(), "a path is or isn't broken");
  demand(!told || *found == *told, "a path leads elsewhere");
}

// The bytes that a set of decimal ranges asks for; nullopt if it is no such set.
std::optional<std::vector<bool>> asked(std::string_view value, std::uint64_t size) {
  std::vector<bool> bytes(size);
  constexpr auto kDigits = "0123456789"sv;
  if (!lower(value).starts_with("bytes=")) {
    return std::nullopt;
  }
  const auto number = [](std::string_view digits) {
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    digits.remove_prefix(zeros);
    return digits.size() > 9 ? 1'000'000'000
                             : std::strtoul(std::string(digits).c_str(), nullptr, 10);
  };
  for (const std::string& member : members(value.substr(6))) {
    const std::size_t dash = member.find('-');
    if (dash == member.npos) {
      return std::nullopt;
    }
    const std::string first = member.substr(0, dash);
    const std::string last = member.substr(dash + 1);
    if (first.find_first_not_of(kDigits) != first.npos ||
        last.find_first_not_of(kDigits) != last.npos || (first.empty() && last.empty())) {
      return std::nullopt;
    }
    std::uint64_t from = number(first);
    std::uint64_t to = last.empty() ? size : number(last);
    if (first.empty()) {
      from = to > size ? 0 : size - to;
      to = size;
    }
    for (std::uint64_t at = from; at <= to && at < size; ++at) {
      bytes[at] = true;
    }
  }
  return bytes;
}

void check_ranges(const Steer& steer, const Request& request, const Told& told) {
  const Validators validators{"\"tag\""sv, 784'111'777};
  const RangeSet set = RangeSet::read(request.selectors, validators, steer.size, steer.part_bytes);
  if (set.kind() != RangeSet::Kind::kSome) {
    return;
  }
  demand(!set.ranges().empty() && set.ranges().size() <= limits::kRanges, "no range of some");
  demand(set.ranges().size() <= limits::kUnorderedRanges ||
             std::ranges::is_sorted(set.ranges(), {}, &ByteRange::first),
         "many ranges that don't ascend");
  std::vector<bool> covered(steer.size);
  for (std::size_t index = 0; index < set.ranges().size(); ++index) {
    const ByteRange& range = set.ranges()[index];
    demand(range.first <= range.last && range.last < steer.size, "a range lies outside");
    for (const ByteRange& other : set.ranges().first(index)) {
      demand(range.first > other.last + 1 + steer.part_bytes ||
                 other.first > range.last + 1 + steer.part_bytes,
             "two ranges should be one");
    }
    std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(range.first), range.bytes(), true);
  }
  const auto line =
      std::ranges::find(told.fields, "range", [](auto& field) { return field.first; });
  const auto wanted = asked(line->second, steer.size);
  demand(wanted.has_value(), "a malformed set has ranges");
  std::uint64_t gap = 0;
  for (std::size_t at = 0; at < steer.size; ++at) {
    demand(covered[at] || !(*wanted)[at], "a byte that was asked for is missing");
    gap = covered[at] && !(*wanted)[at] ? gap + 1 : 0;
    demand(gap <= steer.part_bytes, "too many bytes that nobody asked for");
  }
}

void check_choice(const Request& request) {
  constexpr std::string_view kNames[] = {"identity", "gzip", "br", "zstd"};
  std::array<Representation, 4> available{};
  for (std::size_t at = 0; at < available.size(); ++at) {
    available[at].coding = static_cast<Coding>(at);
  }
  const Representation& chosen = choose_representation(available, request);
  demand(&chosen >= available.begin() && &chosen < available.end(), "chosen is what isn't there");
  const std::string fields = lower(request.fields);
  const auto name = kNames[static_cast<std::size_t>(chosen.coding)];
  demand(&chosen == available.begin() || fields.contains(name) || fields.contains('*'),
         "a coding that nobody named");
}

void check_fields(const Steer& steer, const Request& request, const Told& told) {
  check_ranges(steer, request, told);
  check_choice(request);
  const Condition condition = evaluate_conditions(request.selectors, "\"tag\"", 784'111'777);
  demand(condition == Condition::kHolds || request.is_conditional, "a condition of nothing");
  for (const auto& [name, value] : told.fields) {
    const auto date = parse_date(value);
    if (date && *date >= 0 && *date < 253'402'300'800) {  // the year 10000
      std::array<char, kDateBytes> text{};
      write_date(static_cast<std::uint64_t>(*date), text);
      demand(parse_date({text.data(), text.size()}) == date, "a date changes when it is written");
    }
  }
}

// Reads content in one piece and in several; true if it is complete.
bool read_content(const Steer& steer, const Request& request, const Told& told,
                  std::string_view stream, std::size_t& bytes) {
  const Content content = content_of(stream, told);
  ContentReader whole;
  whole.begin(request);
  bytes = whole.read(Exact(stream).view());
  demand(bytes <= stream.size(), "more content than came");
  ContentReader in_pieces;
  in_pieces.begin(request);
  std::size_t at = 0;
  for (const std::size_t end : cuts(steer, stream.size())) {
    if (in_pieces.state() == State::kReading) {
      at += in_pieces.read(Exact(stream.substr(at, end - at)).view());
    }
  }
  demand(in_pieces.state() == whole.state() && at == bytes, "content in pieces is another");
  const bool is_bad = whole.state() == State::kBroken || whole.state() == State::kTooLarge;
  const bool is_reading = whole.state() == State::kReading;
  switch (content.kind) {
    case Content::Kind::kWhole:
      demand(whole.state() == State::kDone && bytes == content.bytes, "content ends elsewhere");
      break;
    case Content::Kind::kIncomplete:
      demand(is_reading && bytes == stream.size(), "content that isn't whole");
      break;
    case Content::Kind::kOpen:
      demand(is_reading || is_bad, "content that can't be whole");
      break;
    case Content::Kind::kBad:
      demand(is_bad, "bad content is read");
      break;
    case Content::Kind::kUnclear:
      break;
  }
  return whole.state() == State::kDone;
}

// Reads requests one after the other, as far as the stream goes.
void read_stream(const Steer& steer, std::string_view stream) {
  for (unsigned requests = 0; requests < 16; ++requests) {
    const Told told = tell(stream);
    stream.remove_prefix(told.before);
    if (stream.empty() || stream == "\r") {
      return;
    }
    std::size_t bytes = 0;
    const Verdict verdict = scanned(steer, stream, bytes);
    demand((verdict == Verdict::kIncomplete) == (told.kind == Told::Kind::kIncomplete),
           "a section is or isn't whole");
    if (verdict != Verdict::kComplete) {
      demand(told.kind != Told::Kind::kRequest, "a request isn't found");
      return;
    }
    const Exact section(stream.substr(0, bytes));
    const auto request = parse_request(section.view());
    demand(request.has_value() == (told.kind == Told::Kind::kRequest),
           request ? "a bad request is read" : "a good request is refused");
    if (!request) {
      return;
    }
    demand(bytes == told.bytes, "a section ends elsewhere");
    check_request(*request, told);
    if (!request->path.empty()) {
      check_path(request->path);
    }
    check_fields(steer, *request, told);
    stream.remove_prefix(bytes);
    if (request->framing != Framing::kNone) {
      if (!read_content(steer, *request, told, stream, bytes)) {
        return;
      }
      stream.remove_prefix(bytes);
    }
  }
}

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mote::fuzz::Script script(data, size);
  const unsigned pieces = script.byte() % 9U;
  const unsigned seed = script.byte();
  const std::uint64_t bytes = script.byte();
  const std::uint64_t part_bytes = script.byte() % 32U;
  mote::fuzz::read_stream({.pieces = pieces, .seed = seed, .size = bytes, .part_bytes = part_bytes},
                          script.rest());
  return 0;
}
