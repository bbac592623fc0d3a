// From requests to replies: ranges, and the preconditions that come before them.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "http/limits.hpp"
#include "http/reply/reply.hpp"
#include "http/reply/reply_tail.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"
#include "tests/unit/http/reply/reply_site.hpp"
#include "tests/unit/http/site.hpp"

using namespace mote::http;
using namespace std::string_literals;
namespace limits = mote::limits;
using namespace mote::http_world;

TEST_CASE("one range (RFC 9110, 15.3.7.1)") {
  const std::string content = content_of("large.bin");
  const Seen whole = get("/large.bin");
  const Seen part = get("/large.bin", "Range: bytes=1000-200999\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == content.substr(1000, 200'000));
  CHECK(part["Content-Range"] == "bytes 1000-200999/300000");
  CHECK(part["Content-Length"] == "200000");
  for (const char* name : {"ETag", "Last-Modified", "Cache-Control", "Content-Type"}) {
    CHECK(part[name] == whole[name]);
  }
  CHECK(get("/large.bin", "Range: bytes=-1\r\n").body == content.substr(299'999));
  CHECK(get("/large.bin", "Range: bytes=0-1,2-3\r\n")["Content-Range"] == "bytes 0-3/300000");
  // Several, of which one is left (15.3.7.2).
  CHECK(get("/large.bin", "Range: bytes=0-1,300000-\r\n")["Content-Range"] == "bytes 0-1/300000");
}

// Clients that decode while receiving ask like this: requests, aiohttp, httpx, PHP, curl
// --compressed.
TEST_CASE("a range is of the file's own bytes, whatever codings are accepted (RFC 9110, 14.2)") {
  const Seen variant = get("/style.css", "Accept-Encoding: br\r\n");
  const Seen own = get("/style.css");
  for (const std::string& fields : {
           std::string("Range: bytes=2-20\r\n"),
           "If-Range: " + own["ETag"] + "\r\nRange: bytes=2-20\r\n",
           std::string("If-Match: *\r\nRange: bytes=2-20\r\n"),
           "If-Match: W/" + variant["ETag"] + ", " + own["ETag"] + "\r\nRange: bytes=2-20\r\n",
           "If-None-Match: " + variant["ETag"] + "\r\nRange: bytes=2-20\r\n",
       }) {
    CAPTURE(fields);
    const Seen part = get("/style.css", "Accept-Encoding: br, gzip\r\n" + fields);
    CHECK(part.status == 206);
    CHECK(part.body == style().substr(2, 19));
    CHECK(part["Content-Encoding"] == "-");
    CHECK(part["Vary"] == "Accept-Encoding");
    CHECK(part["ETag"] == own["ETag"]);
    CHECK(part["Content-Range"] == "bytes 2-20/5000");
  }
  const auto whole = [](const std::string& fields) {
    const Seen seen = get("/style.css", "Accept-Encoding: br\r\nRange: bytes=2-20\r\n" + fields);
    CHECK(seen.status == 200);
    return seen["Content-Encoding"];
  };
  CHECK(whole("If-Range: \"other\"\r\n") == "-");
  CHECK(whole("If-Range: W/" + variant["ETag"] + "\r\n") == "-");
  // A client that refuses identity (12.5.3) counts the variant's bytes.
  for (const char* refused : {"identity;q=0, br", "*;q=0, br"}) {
    const Seen part =
        get("/style.css", "Accept-Encoding: " + std::string(refused) + "\r\nRange: bytes=2-20\r\n");
    CHECK(part["Content-Encoding"] == "br");
  }
}

// apt, which uses no tags, sends no Accept-Encoding either.
TEST_CASE("If-Range with a date is for the file's own bytes (RFC 9110, 13.1.5 and 8.8.2.2)") {
  const Seen own = get("/dated.css");
  const std::string range = "If-Range: " + own["Last-Modified"] + "\r\nRange: bytes=100-\r\n";
  const Seen part = get("/dated.css", range);
  CHECK(part.status == 206);
  CHECK(part.body == own.body.substr(100));
  CHECK(get("/dated.css", "Accept-Encoding: identity\r\n" + range).status == 206);
  // The part already received may be of a variant, which has the same date.
  CHECK(get("/dated.css", "Accept-Encoding: br\r\n" + range).status == 200);
  // Another build with the same SOURCE_DATE_EPOCH has this date, too.
  const Seen built = get("/style.css", "If-Range: " + get("/style.css")["Last-Modified"] +
                                           "\r\nRange: bytes=100-\r\n");
  CHECK(built.status == 200);
}

TEST_CASE("a range is of the variant whose tag is named (RFC 9110, 13.1.1, 13.1.5 and 14.2)") {
  const Seen whole = get("/style.css", "Accept-Encoding: br\r\n");
  const Seen matched =
      get("/style.css",
          "Accept-Encoding: br\r\nRange: bytes=2-20\r\nIf-Match: " + whole["ETag"] + "\r\n");
  CHECK(matched["Content-Encoding"] == "br");
  const Seen part =
      get("/style.css",
          "Accept-Encoding: br\r\nRange: bytes=2-20\r\nIf-Range: " + whole["ETag"] + "\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == whole.body.substr(2, 19));
  CHECK(part["Content-Encoding"] == "br");
  CHECK(part["Vary"] == "Accept-Encoding");
  CHECK(part["ETag"] == whole["ETag"]);
  CHECK(part["Content-Range"] == "bytes 2-20/" + whole["Content-Length"]);
}

TEST_CASE("several ranges (RFC 9110, 14.6 and 15.3.7.2)") {
  next_random = 0xFEDC'BA98'7654'3210;
  const Seen whole = get("/style.css", "Accept-Encoding: gzip\r\n");
  const std::string size = whole["Content-Length"];
  const Seen parts = get("/style.css",
                         "Accept-Encoding: gzip\r\nRange: bytes=400-401,0-0\r\n"
                         "If-Range: " +
                             whole["ETag"] + "\r\n");
  CHECK(parts.status == 206);
  CHECK(parts["Content-Type"] == "multipart/byteranges; boundary=fedcba9876543210");
  CHECK(parts["Content-Range"] == "-");
  CHECK(parts["Content-Encoding"] == "-");
  CHECK(parts["Content-Length"] == std::to_string(parts.body.size()));
  CHECK(parts["ETag"] == whole["ETag"]);
  CHECK(parts["Vary"] == "Accept-Encoding");
  const auto part = [&](const char* range, std::string_view body) {
    return "\r\n--fedcba9876543210\r\nContent-Range: bytes " + std::string(range) + "/" + size +
           "\r\nContent-Encoding: gzip\r\nContent-Type: text/css; charset=utf-8\r\n\r\n" +
           std::string(body);
  };
  CHECK(parts.body == part("400-401", whole.body.substr(400, 2)) +
                          part("0-0", whole.body.substr(0, 1)) + "\r\n--fedcba9876543210--\r\n");
}

TEST_CASE("several ranges never cost more than the whole and one part's head") {
  std::string ranges = "Range: bytes=0-0";
  const std::size_t size = get("/style.css").body.size();
  for (unsigned count = 1; count < mote::limits::kRanges; ++count) {
    const std::size_t at = count * size / mote::limits::kRanges;
    ranges += "," + std::to_string(at) + "-" + std::to_string(at + 100);
  }
  const Seen parts = get("/style.css", ranges + "\r\n");
  CHECK(parts.status == 206);
  CHECK(parts.body.size() < size + 200);
}

TEST_CASE("ranges that can't be satisfied (RFC 9110, 15.5.17)") {
  const Seen refused = get("/style.css", "Range: bytes=5000-\r\n");
  CHECK(refused.status == 416);
  CHECK(refused["Content-Range"] == "bytes */5000");
  CHECK(refused.body == "<p>lost");
  CHECK(refused["Content-Length"] == "7");
  CHECK(get("/empty.bin", "Range: bytes=0-\r\n")["Content-Range"] == "bytes */0");
  CHECK(get("/empty.bin", "Range: bytes=-1\r\n").status == 200);
  const Seen other = ask("GET", "/", "Range: bytes=5000-\r\n", "b.example");
  CHECK(other["Content-Range"] == "bytes */9");
  CHECK(other.body.find("416 Range Not Satisfiable") != std::string::npos);
}

TEST_CASE("Range is for GET, and for what has validators (RFC 9110, 14.2)") {
  CHECK(ask("HEAD", "/style.css", "Range: bytes=0-1\r\n").status == 200);
  CHECK(ask("HEAD", "/style.css", "Range: bytes=0-1\r\n")["Content-Length"] == "5000");
  CHECK(get("/old", "Range: bytes=0-1\r\n").status == 301);
  CHECK(get("/missing", "Range: bytes=0-1\r\n").status == 404);
}

TEST_CASE("preconditions come before ranges (RFC 9110, 13.2.2)") {
  const std::string tag = get("/style.css")["ETag"];
  constexpr std::string_view kRange = "Range: bytes=0-1\r\n";
  const auto status = [&](const std::string& fields) {
    return get("/style.css", std::string(kRange) + fields + "\r\n").status;
  };
  CHECK(status("If-None-Match: " + tag) == 304);
  CHECK(status("If-Match: \"x\"") == 412);
  CHECK(status("If-Match: " + tag) == 206);
  CHECK(status("If-Range: " + tag) == 206);
  CHECK(status("If-Range: \"x\"") == 200);
  CHECK(status("If-Range: \"x\"\r\nIf-None-Match: " + tag) == 304);
  CHECK(status("If-Match: \"x\"\r\nRange: bytes=9999-") == 412);
}
