// From requests to replies: methods, sites, codings, preconditions, ranges, errors.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http/reply.hpp"
#include "http/reply_tail.hpp"
#include "kernel/limits.hpp"
#include "tests/unit/http_fakes.hpp"
#include "tests/unit/http_site.hpp"
#include "tests/unit/reply_bytes.hpp"
#include "tests/unit/reply_site.hpp"

using namespace mote::http;
using namespace mote::http_world;

TEST_CASE("a GET is two pieces, its memory the pack's") {
  const std::string section = "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n";
  const Reply reply = reply_to(section);
  CHECK(reply.tail == nullptr);
  CHECK(reply.pieces[2].bytes == 0);
  const Seen whole = seen(reply);
  CHECK(whole.status == 200);
  CHECK(whole.body == content_of("large.bin"));
  CHECK(whole["Content-Length"] == "300000");
  CHECK(whole["Accept-Ranges"] == "bytes");  // RFC 9110, 14.3
  CHECK(whole["Last-Modified"] == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(whole["Connection"] == "-");
}

TEST_CASE("HEAD has GET's fields and no content (RFC 9110, 9.3.2)") {
  for (const char* target : {"/", "/style.css", "/empty.bin", "/old", "/blog/x", "/docs/x",
                             "/blog/2020/x", "/missing", "/%zz"}) {
    for (const char* fields :
         {"", "Accept-Encoding: br\r\n", "If-None-Match: *\r\n", "If-Match: \"x\"\r\n"}) {
      CAPTURE(target);
      const Seen with = ask("GET", target, fields);
      const Seen without = ask("HEAD", target, fields);
      CHECK(with.head == without.head);
      CHECK(without.body.empty());
    }
  }
}

TEST_CASE("what the request says of the connection is answered (RFC 9112, 9.3)") {
  const auto connection = [](const std::string& rest) {
    return seen(reply_to("GET / " + rest + "\r\n\r\n"))["Connection"];
  };
  CHECK(connection("HTTP/1.1\r\nHost: a") == "-");
  CHECK(connection("HTTP/1.1\r\nHost: a\r\nConnection: close") == "close");
  CHECK(connection("HTTP/1.0") == "close");
  CHECK(connection("HTTP/1.0\r\nConnection: keep-alive") == "keep-alive");
  // RFC 9110, 2.5: the version is the server's own, to older clients, too; see `seen`.
}

TEST_CASE("OPTIONS tells what is allowed, of * and of any path (RFC 9110, 9.3.7)") {
  for (const char* target : {"*", "/", "/missing", "http://a.example"}) {
    const Seen answer = ask("OPTIONS", target);
    CHECK(answer.status == 204);
    CHECK(answer["Allow"] == "GET, HEAD, OPTIONS");
    CHECK(answer["Content-Length"] == "-");  // 8.6: never with 204
    CHECK(answer.body.empty());
  }
}

TEST_CASE("other methods are not allowed, and are told which are (RFC 9110, 15.5.6)") {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "TRACE"}) {
    const Seen answer = ask(method, "/");
    CHECK(answer.status == 405);
    CHECK(answer["Allow"] == "GET, HEAD, OPTIONS");
    CHECK(answer.body == "<p>lost");  // the site's own page, with the field in front of it
    CHECK(answer["Content-Length"] == "7");
  }
  CHECK(ask("POST", "/", {}, "b.example").body.find("405 Method Not Allowed") != std::string::npos);
}

TEST_CASE("sites are told apart by Host: any case, port or not (RFC 9110, 7.2)") {
  const auto body = [](std::string_view host) { return ask("GET", "/", {}, host).body; };
  for (const char* host : {"b.example", "B.Example", "b.example:8080", "b.example.",
                           "www.b.example", "WWW.B.EXAMPLE.:80", "b.example:"}) {
    CAPTURE(host);
    CHECK(body(host) == "<p>second");
  }
  for (const char* host : {"", "a.example", "b.exampl", "b.example.x", "xb.example", "w.b.example",
                           "www.b.examplf", "[::1]", "[::1]:80", "b.example..", "zzz"}) {
    CAPTURE(host);
    CHECK(body(host) == "<p>first");
  }
  CHECK(ask("GET", "/style.css", {}, "b.example").status == 404);
  // An absolute target's authority counts, whatever Host says (RFC 9112, 3.2.2).
  CHECK(ask("GET", "http://b.example/", {}, "a.example").body == "<p>second");
}

TEST_CASE("unknown paths and broken ones") {
  const Seen missing = get("/missing");
  CHECK(missing.status == 404);
  CHECK(missing.body == "<p>lost");
  CHECK(missing["ETag"] == "-");
  CHECK_FALSE(missing.reply.closes());
  CHECK(get("/missing", "If-None-Match: *\r\nRange: bytes=0-0\r\n").status == 404);  // 13.2.1
  CHECK(get("/a%2Fb").status == 404);
  const Seen broken = get("/%zz");
  CHECK(broken.status == 400);
  CHECK(broken.reply.closes());
}

TEST_CASE("a coding is negotiated, each with an entity tag of its own (RFC 9110, 8.8.3.3)") {
  const Seen identity = get("/style.css");
  const Seen gzip = get("/style.css", "Accept-Encoding: gzip\r\n");
  const Seen brotli = get("/style.css", "Accept-Encoding: gzip, deflate, br, zstd\r\n");
  CHECK(identity["Content-Encoding"] == "-");
  CHECK(identity.body == style());
  CHECK(gzip["Content-Encoding"] == "gzip");
  CHECK(gzip.body.starts_with("\x1F\x8B"));
  CHECK(gzip.body.size() < 2000);
  CHECK(brotli["Content-Encoding"] == "br");
  CHECK(brotli.body.size() < gzip.body.size());
  for (const Seen* one : {&identity, &gzip, &brotli}) {
    CHECK((*one)["Vary"] == "Accept-Encoding");  // 12.5.5
    CHECK((*one)["Content-Type"] == "text/css; charset=utf-8");
    CHECK((*one)["Content-Length"] == std::to_string(one->body.size()));
  }
  CHECK(identity["ETag"] != gzip["ETag"]);
  CHECK(gzip["ETag"] != brotli["ETag"]);
  CHECK(get("/large.bin", "Accept-Encoding: identity;q=0\r\n").status == 200);
}

TEST_CASE("304 has what a 200 would have told caches, and no content (RFC 9110, 15.4.5)") {
  for (const char* coding : {"identity", "gzip", "br"}) {
    const std::string accept = "Accept-Encoding: " + std::string(coding) + "\r\n";
    const Seen whole = get("/style.css", accept);
    const Seen cached = get("/style.css", accept + "If-None-Match: " + whole["ETag"] + "\r\n");
    CHECK(cached.status == 304);
    CHECK(cached.body.empty());
    for (const char* name : {"ETag", "Last-Modified", "Cache-Control", "Vary"}) {
      CHECK(cached[name] == whole[name]);
      CHECK(cached[name] != "-");
    }
    for (const char* name : {"Content-Type", "Content-Encoding", "Content-Length"}) {
      CHECK(cached[name] == "-");
    }
    // The tag of one coding is none of another's.
    CHECK(get("/style.css", "Accept-Encoding: zstd\r\nIf-None-Match: " + whole["ETag"] + "\r\n")
              .status == (std::string(coding) == "identity" ? 304 : 200));
  }
}

TEST_CASE("preconditions that fail get 412 (RFC 9110, 13.1 and 15.5.13)") {
  const Seen failed = get("/style.css", "If-Match: \"x\"\r\n");
  CHECK(failed.status == 412);
  CHECK(failed.body == "<p>lost");
  CHECK(get("/style.css", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n").status == 412);
  CHECK(get("/style.css", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status == 304);
  // 13.2.1: only where the answer would be 2xx.
  for (const char* target : {"/old", "/blog/x", "/missing"}) {
    CHECK(get(target, "If-Match: \"x\"\r\n").status == get(target).status);
  }
}

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
  // Several of which one is left (15.3.7.2).
  CHECK(get("/large.bin", "Range: bytes=0-1,300000-\r\n")["Content-Range"] == "bytes 0-1/300000");
}

// What decodes while it receives asks so: requests, aiohttp, httpx, PHP's and curl's --compressed.
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
  // Whoever doesn't take identity (12.5.3) counts in something else.
  for (const char* refused : {"identity;q=0, br", "*;q=0, br"}) {
    const Seen part =
        get("/style.css", "Accept-Encoding: " + std::string(refused) + "\r\nRange: bytes=2-20\r\n");
    CHECK(part["Content-Encoding"] == "br");
  }
}

// apt, which knows no tags, sends no Accept-Encoding either.
TEST_CASE("If-Range with a date is for the file's own bytes (RFC 9110, 13.1.5 and 8.8.2.2)") {
  const Seen own = get("/dated.css");
  const std::string range = "If-Range: " + own["Last-Modified"] + "\r\nRange: bytes=100-\r\n";
  const Seen part = get("/dated.css", range);
  CHECK(part.status == 206);
  CHECK(part.body == own.body.substr(100));
  CHECK(get("/dated.css", "Accept-Encoding: identity\r\n" + range).status == 206);
  // A part of what came before may be one of a variant, which has the same date.
  CHECK(get("/dated.css", "Accept-Encoding: br\r\n" + range).status == 200);
  // Another build under the same SOURCE_DATE_EPOCH has this date, too.
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

TEST_CASE("endpoints come behind files, and before redirects and unknown paths") {
  const std::string section = "GET /health%7a HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(seen(reply_to(section, 1)).body == "ok");
  CHECK(seen(reply_to(section, 0)).status == 404);
}

TEST_CASE("what can't be read gets an error and the connection's end (RFC 9112, 9.6)") {
  for (const Status status :
       {Status::kBadRequest, Status::kMethodNotAllowed, Status::kRequestTimeout,
        Status::kPreconditionFailed, Status::kContentTooLarge, Status::kUriTooLong,
        Status::kRangeNotSatisfiable, Status::kExpectationFailed, Status::kHeaderFieldsTooLarge,
        Status::kNotImplemented, Status::kServiceUnavailable, Status::kVersionNotSupported}) {
    const Seen error = seen(make_error(status, "GET ", reply_site()));
    CHECK(error.status == static_cast<int>(status));
    CHECK(error.reply.closes());
    CHECK(error["Content-Type"] == "text/html; charset=utf-8");
    CHECK(error["Content-Length"] == std::to_string(error.body.size()));
    CHECK(error["Allow"] == (error.status == 405 ? "GET, HEAD, OPTIONS" : "-"));
    CHECK(error["Retry-After"] == (error.status == 503 ? "1" : "-"));
    const Seen head = seen(make_error(status, "HEAD / HTTP", reply_site()));
    CHECK(head.head == error.head);
    CHECK(head.body.empty());
  }
  CHECK(seen(make_error(Status::kHeaderFieldsTooLarge, "", reply_site())).body == "<p>lost");
  CHECK(seen(make_error(Status::kUriTooLong, "", reply_site())).body ==
        "<!doctype html><title>414 URI Too Long</title><h1>414 URI Too Long</h1>\n");
  // Only a whole method is known to be HEAD.
  CHECK_FALSE(seen(make_error(Status::kRequestTimeout, "HEAD", reply_site())).body.empty());
}
