// Content: finding its end in bytes that arrive in any pieces, and rejecting invalid framing.
#include "http/request/content.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/limits.hpp"

using namespace mote::http;
using namespace std::string_view_literals;
using State = ContentReader::State;
namespace limits = mote::limits;

namespace {

constexpr Request kChunked{.framing = Framing::kChunked};

Request of_length(std::uint64_t bytes) {
  return {.framing = Framing::kLength, .content_bytes = bytes};
}

struct Outcome {
  State state;
  std::size_t bytes;  // read
  bool operator==(const Outcome&) const = default;
};

// Reads this input in pieces of at most `most` bytes, each in memory of exactly its size, so that
// the sanitizer sees any read beyond it.
Outcome outcome_of(const Request& request, std::string_view input, std::size_t most = ~0UZ) {
  ContentReader reader;
  reader.begin(request);
  std::size_t read = 0;
  while (reader.state() == State::kReading && read < input.size()) {
    const std::string_view piece = input.substr(read, most);
    const std::vector<char> exact(piece.begin(), piece.end());
    const std::size_t bytes = reader.read({exact.data(), exact.size()});
    REQUIRE((bytes == piece.size() || reader.state() != State::kReading));
    read += bytes;
  }
  return {reader.state(), read};
}

// The state after these bytes of chunked content, however they are cut.
State state_after(std::string_view input) {
  const Outcome whole = outcome_of(kChunked, input);
  for (const std::size_t most : {1UZ, 2UZ, 3UZ, 7UZ}) {
    CHECK(outcome_of(kChunked, input, most) == whole);
  }
  return whole.state;
}

// Chunked content whose first line is this one; its size must be 5.
State with_line(std::string_view line) {
  return state_after(std::string(line) + "\r\nhello\r\n0\r\n\r\n");
}

State with_trailers(std::string_view lines) {
  return state_after("0\r\n" + std::string(lines) + "\r\n");
}

}  // namespace

TEST_CASE("a request without content has none to read") {
  ContentReader reader;
  CHECK(reader.state() == State::kDone);
  CHECK(reader.read("GET /") == 0);
  reader.begin({});
  CHECK(reader.state() == State::kDone);
  CHECK(reader.read("GET /") == 0);
}

TEST_CASE("Content-Length: exactly this number of bytes (RFC 9112, 6.2)") {
  const std::string next = "GET / HTTP/1.1\r\n";
  for (const std::size_t bytes : {1UZ, 2UZ, 40UZ, 3000UZ, std::size_t{limits::kContentBytes}}) {
    const std::string content(bytes, '\0');
    CHECK(outcome_of(of_length(bytes), content) == Outcome{State::kDone, bytes});
    CHECK(outcome_of(of_length(bytes), content + next) == Outcome{State::kDone, bytes});
    CHECK(outcome_of(of_length(bytes), content + next, 7) == Outcome{State::kDone, bytes});
    CHECK(outcome_of(of_length(bytes), content.substr(1)) == Outcome{State::kReading, bytes - 1});
  }
}

TEST_CASE("Content-Length beyond the limit is refused before a byte is read") {
  for (const std::uint64_t bytes : {std::uint64_t{limits::kContentBytes} + 1, 1UL << 32, ~0UL}) {
    ContentReader reader;
    reader.begin(of_length(bytes));
    CHECK(reader.state() == State::kTooLarge);
    CHECK(reader.read("x") == 0);
  }
}

TEST_CASE("chunked content cut at any byte ends where it ends (RFC 9112, 7.1)") {
  for (const std::string_view content :
       {"0\r\n\r\n"sv, "00000\r\n\r\n"sv, "5\r\nhello\r\n0\r\n\r\n"sv,
        "a\r\n0123456789\r\n0A\r\n\r\n\r\n\r\n\r\n\r\n\r\n1\r\n0\r\n0\r\n\r\n"sv,
        "5;a;b=c ; d = \"e;\\\"f\\\\\"\r\nhello\r\n0\r\n\r\n"sv,
        "1 ;a\r\nx\r\n0;end\r\nA: b\r\nC:\r\n\r\n"sv}) {
    CAPTURE(content);
    const std::string input = std::string(content) + "GET / HTTP/1.1\r\n";
    for (std::size_t cut = 0; cut < content.size(); ++cut) {
      CHECK(outcome_of(kChunked, content.substr(0, cut)) == Outcome{State::kReading, cut});
      ContentReader reader;
      reader.begin(kChunked);
      CHECK(reader.read(std::string_view(input).substr(0, cut)) == cut);
      CHECK(reader.read(std::string_view(input).substr(cut)) == content.size() - cut);
      CHECK(reader.state() == State::kDone);
    }
    for (const std::size_t most : {1UZ, 2UZ, 5UZ}) {
      CHECK(outcome_of(kChunked, input, most) == Outcome{State::kDone, content.size()});
    }
  }
}

TEST_CASE("chunk sizes: hexadecimal digits in any case, and nothing else") {
  CHECK(with_line("5") == State::kDone);
  CHECK(with_line("0005") == State::kDone);
  CHECK(state_after("aB\r\n" + std::string(0xAB, 'x') + "\r\n0\r\n\r\n") == State::kDone);
  for (const std::string_view line :
       {""sv, " 5"sv, "+5"sv, "-5"sv, "0x5"sv, "5h"sv, "5 5"sv, "5,5"sv, "5."sv, "\t5"sv, "g"sv,
        "5\0"sv, "\xB5"sv, "5 "sv, "5\t"sv}) {
    CAPTURE(line);
    CHECK(with_line(line) == State::kBroken);
  }
}

TEST_CASE("chunk sizes don't overflow (RFC 9112, 7.1)") {
  // Each would be 5 if bits beyond the 64th, or the 32nd, were lost.
  CHECK(with_line("10000000000000005") == State::kBroken);
  CHECK(with_line("F0000000000000005") == State::kBroken);
  CHECK(with_line("100000005") == State::kTooLarge);
  CHECK(with_line("FFFFFFFFFFFFFFFF") == State::kTooLarge);
  CHECK(with_line(std::string(20, '0') + "5") == State::kDone);
}

TEST_CASE("lines of chunks end in CRLF, and so does their data") {
  for (const std::string_view content :
       {"5\nhello\r\n0\r\n\r\n"sv, "5\rhello\r\n0\r\n\r\n"sv, "5\r\rhello\r\n"sv,
        "5\r\nhello\n0\r\n"sv, "5\r\nhello0\r\n"sv, "5\r\nhello!\r\n"sv, "5\r\nhello\r0\r\n"sv,
        "5\r\nhell\r\n0\r\n\r\n"sv, "0\n\r\n"sv, "0\r\n\n"sv, "0\r\n\rx"sv, "\r\n5\r\nhello\r\n"sv,
        "5\r\nhello\r\n\r\n0\r\n\r\n"sv, "5;a\nhello"sv, "5;a=\"b\n\"\r\nhello\r\n"sv}) {
    CAPTURE(content);
    CHECK(state_after(content) == State::kBroken);
  }
}

TEST_CASE("chunk extensions (RFC 9112, 7.1.1): names, values, quoted strings, white space") {
  for (const std::string_view line :
       {"5;a"sv, "5;a=b"sv, "5 ; a = b"sv, "5\t;\ta\t=\tb\t;c"sv, "5;a;b;c=d"sv, "5;a=\"\""sv,
        "5;a=\"b c\t;\\\"\\\\d=\xFF\""sv, "5;a=\"b\" ;c"sv, "5;!#$%&'*+-.^_`|~9=!"sv}) {
    CAPTURE(line);
    CHECK(with_line(line) == State::kDone);
  }
  for (const std::string_view line : {"5;"sv,           "5;;a"sv,         "5; "sv,
                                      "5;a "sv,         "5;a="sv,         "5;a= "sv,
                                      "5;a=b "sv,       "5;a=b c"sv,      "5;a b"sv,
                                      "5;=b"sv,         "5;a==b"sv,       "5;a=b=c"sv,
                                      "5;\"a\""sv,      "5;a=\"b"sv,      "5;a=\"b\"c"sv,
                                      "5;a=\"b\" "sv,   "5;a=\"\x01\""sv, "5;a=\"\\\x01\""sv,
                                      "5;a=\"\x7F\""sv, "5;a\0"sv,        "5;a=\"b\\\""sv,
                                      "5=a"sv,          "5;a=(b)"sv,      "5;a@b"sv,
                                      "5;a:b"sv,        "5;a,b"sv}) {
    CAPTURE(line);
    CHECK(with_line(line) == State::kBroken);
  }
}

TEST_CASE("a chunk's line has a limit, whatever is in it") {
  for (const std::string_view start : {"5;a="sv, "5;"sv, "5;a=\""sv, "5 "sv}) {
    const char filler = start == "5 " ? ' ' : 'x';
    const std::string longer = std::string(start) + std::string(limits::kChunkLineBytes, filler);
    CHECK(state_after(longer) == State::kBroken);
    CHECK(state_after(longer.substr(0, limits::kChunkLineBytes)) == State::kReading);
  }
  CHECK(state_after(std::string(limits::kChunkLineBytes, '0')) == State::kReading);
  CHECK(state_after(std::string(limits::kChunkLineBytes + 1, '0')) == State::kBroken);
  // The limit is per line.
  const std::string line = "5;a=" + std::string(limits::kChunkLineBytes - 10, 'x');
  CHECK(with_line(line + "\r\nhello\r\n" + line + "\r\nhello\r\n5") == State::kDone);
}

TEST_CASE("trailers are read as strictly as fields (RFC 9112, 7.1.2; RFC 9110, 6.5)") {
  for (const std::string_view lines :
       {""sv, "A: b\r\n"sv, "A:\r\nB:c\r\n"sv, "A: \x80 \t!\r\n"sv, "Content-Length: 5\r\n"sv}) {
    CAPTURE(lines);
    CHECK(with_trailers(lines) == State::kDone);
  }
  for (const std::string_view lines :
       {"A\r\n"sv, "A : b\r\n"sv, " A: b\r\n"sv, "A: b\r\n c\r\n"sv, ": b\r\n"sv, "A: b\n"sv,
        "A: \x01\r\n"sv, "A: b\rc\r\n"sv, "A: \0\r\n"sv, "A(: b\r\n"sv, "A: \x7F\r\n"sv}) {
    CAPTURE(lines);
    CHECK(with_trailers(lines) == State::kBroken);
  }
  const std::string most = "A: " + std::string(limits::kTrailerBytes - 7, 'x') + "\r\n";
  CHECK(with_trailers(most) == State::kDone);
  CHECK(with_trailers("A" + most) == State::kBroken);
}

TEST_CASE("the limit counts all bytes of chunked content") {
  const std::string line = "1\r\nx\r\n";
  std::string small;
  while (small.size() + line.size() + 5 <= limits::kContentBytes) {
    small += line;
  }
  CHECK(outcome_of(kChunked, small + "0\r\n\r\n").state == State::kDone);
  CHECK(outcome_of(kChunked, small + line + "0\r\n\r\n").state == State::kTooLarge);
  CHECK(outcome_of(kChunked, small + line + "0\r\n\r\n").bytes == limits::kContentBytes);
  CHECK(state_after("FFF0\r\n") == State::kReading);
  CHECK(state_after("FFFFB\r\n") == State::kTooLarge);  // too much together with its own line
  CHECK(outcome_of(kChunked, "fff0\r\n" + std::string(0xFFF0, 'x')).state == State::kReading);
}

TEST_CASE("a reader can be reused after any end") {
  ContentReader reader;
  for (const std::string_view content :
       {"5\r\nhel"sv, "x"sv, "FFFFFF\r\n"sv, "5;"sv, "0\r\n\r\n"sv}) {
    reader.begin(kChunked);
    reader.read(content);
    reader.begin(kChunked);
    CHECK(reader.read("1\r\nx\r\n0\r\n\r\nGET") == 11);
    CHECK(reader.state() == State::kDone);
  }
}
