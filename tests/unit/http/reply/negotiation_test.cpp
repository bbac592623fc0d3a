// Content negotiation (RFC 9110, 12.5.3): the coding chosen for an Accept-Encoding.
#include "http/reply/negotiation.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace mote::http;
using enum Coding;

namespace {

// Identity, then the others, smallest first.
std::vector<Representation> with(std::initializer_list<Coding> codings) {
  std::vector<Representation> available(1);
  for (const Coding coding : codings) {
    available.emplace_back().coding = coding;
  }
  return available;
}

// A request with field lines, as the parser reads it.
struct Asking {
  explicit Asking(std::string_view fields)
      : section("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n") {
    const auto parsed = parse_request(section);
    REQUIRE(parsed.has_value());
    request = *parsed;
  }

  std::string section;
  Request request;
};

// The coding chosen for these field lines from brotli, zstd and gzip, smallest first.
Coding chosen_for_fields(std::string_view fields) {
  const auto available = with({kBrotli, kZstd, kGzip});
  return choose_representation(available, Asking(fields).request).coding;
}

Coding chosen(std::string_view value) {
  return chosen_for_fields("Accept-Encoding: " + std::string(value) + "\r\n");
}

}  // namespace

TEST_CASE("a listed coding is chosen, the smallest of several (12.5.3)") {
  CHECK(chosen("gzip") == kGzip);
  CHECK(chosen("GZip") == kGzip);    // 8.4.1: case-insensitive
  CHECK(chosen("x-gzip") == kGzip);  // 8.4.1.3
  CHECK(chosen("X-GZIP;q=0.5") == kGzip);
  CHECK(chosen("br") == kBrotli);
  CHECK(chosen("zstd") == kZstd);
  CHECK(chosen("gzip, deflate, br, zstd") == kBrotli);
  CHECK(chosen("gzip,zstd") == kZstd);
  CHECK(chosen("deflate, compress") == kIdentity);
  CHECK(chosen("brotli") == kIdentity);
  CHECK(chosen("gzipp, gzi, b, brr") == kIdentity);
}

TEST_CASE("weights decide (12.4.2)") {
  CHECK(chosen("br;q=0.8, gzip") == kGzip);
  CHECK(chosen("br;q=0.8, gzip;q=0.9, zstd;q=0.899") == kGzip);
  CHECK(chosen("br;q=0.001, gzip;q=0") == kBrotli);
  CHECK(chosen("gzip;q=1.000, br;q=0.999") == kGzip);
  CHECK(chosen("gzip;q=1., br;q=0.999") == kGzip);
  CHECK(chosen("gzip ; q=0.5 , br\t;\tQ=0.4") == kGzip);
  CHECK(chosen("gzip;q=0") == kIdentity);
  CHECK(chosen("gzip;q=0.000, br;q=0.0, zstd;q=0.") == kIdentity);
}

TEST_CASE("identity is acceptable unless it is excluded, and preferred only if it is listed") {
  CHECK(chosen("") == kIdentity);  // an empty field: no coding
  CHECK(chosen("identity") == kIdentity);
  CHECK(chosen("identity, gzip;q=0.5") == kIdentity);
  CHECK(chosen("identity;q=0.5, gzip;q=0.5") == kGzip);  // as good, and smaller
  CHECK(chosen("identity;q=0.5, gzip") == kGzip);
  CHECK(chosen("gzip;q=0.001") == kGzip);  // unlisted identity ranks lower
  CHECK(chosen("identity;q=0, gzip") == kGzip);
}

TEST_CASE("a star stands for all that isn't listed (12.5.3)") {
  CHECK(chosen("*") == kBrotli);
  CHECK(chosen("*;q=0") == kIdentity);
  CHECK(chosen("*;q=0, gzip") == kGzip);
  CHECK(chosen("gzip;q=0.5, *;q=0.1") == kGzip);
  CHECK(chosen("gzip;q=0.1, *;q=0.5") == kBrotli);
  CHECK(chosen("br;q=0, *") == kZstd);
  CHECK(chosen("br;q=0, zstd;q=0, gzip;q=0, *") == kIdentity);
  CHECK(chosen("*;q=0.5, identity") == kIdentity);
}

TEST_CASE("when nothing is acceptable, the field is disregarded (12.5.3, and 12.5)") {
  CHECK(chosen("identity;q=0") == kIdentity);
  CHECK(chosen("*;q=0, identity;q=0") == kIdentity);
  CHECK(chosen("identity;q=0, deflate") == kIdentity);
}

TEST_CASE("malformed members are skipped (2.4: recover where it is safe)") {
  for (const char* value :
       {"gzip;q=2", "gzip;q=1.001", "gzip;q=0.0001", "gzip;q=", "gzip;q", "gzip;", "gzip;q=a",
        "gzip;q=-1", "gzip;q=0,5", "gzip;x=1", "gzip;q=0.5;x", "gzip q=1", "gzip;q=.5",
        "gzip;q=1.x", "gzip;q=1 1", "gzip;q =1"}) {
    CAPTURE(value);
    CHECK(chosen(value) == kIdentity);
    CHECK(chosen(std::string(value) + ", br;q=0.1") == kBrotli);
  }
  CHECK(chosen(",, ,gzip,") == kGzip);  // 5.6.1.2: empty members
  CHECK(chosen("*;q=x, gzip;q=0.1") == kGzip);
}

TEST_CASE("several field lines are one list (5.3)") {
  CHECK(chosen_for_fields("Accept-Encoding: br;q=0.1\r\nAccept: a\r\nACCEPT-ENCODING: gzip\r\n") ==
        kGzip);
  CHECK(chosen_for_fields("Accept-Encoding: *;q=0\r\nAccept-Encoding: zstd\r\n") == kZstd);
  CHECK(chosen_for_fields("Accept-Encodin: br\r\nAccept-Encodings: br\r\n") == kIdentity);
}

TEST_CASE("only available codings are chosen") {
  const auto alone = with({});
  const Asking asking("Accept-Encoding: gzip, br, *\r\n");
  CHECK(&choose_representation(alone, asking.request) == &alone[0]);
  const auto available = with({kZstd, kGzip});
  const auto from = [&](std::string_view fields) {
    return choose_representation(available, Asking(fields).request).coding;
  };
  CHECK(from("Accept-Encoding: br, gzip;q=0.1\r\n") == kGzip);
  CHECK(from("Accept-Encoding: br, gzip\r\n") == kGzip);
  CHECK(from("Accept-Encoding: br\r\n") == kIdentity);
  CHECK(from("Accept-Encoding: gzip, zstd\r\n") == kZstd);
}
