// From requests to replies: methods, sites, codings, preconditions, errors.
#include "http/reply/reply.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/reply/reply_tail.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"
#include "tests/unit/http/reply/reply_site.hpp"
#include "tests/unit/http/site.hpp"

using namespace mote::http;
using namespace std::string_literals;
namespace limits = mote::limits;
using namespace mote::http_world;

TEST_CASE("a GET is two pieces, its memory the pack's") {
  const std::string section = "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n";
  const Reply reply = reply_to(section);
  CHECK(reply.tail == nullptr);
  CHECK(reply.count == 2);
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

TEST_CASE("Connection is answered as the request asks (RFC 9112, 9.3)") {
  const auto connection = [](const std::string& rest) {
    return seen(reply_to("GET / " + rest + "\r\n\r\n"))["Connection"];
  };
  CHECK(connection("HTTP/1.1\r\nHost: a") == "-");
  CHECK(connection("HTTP/1.1\r\nHost: a\r\nConnection: close") == "close");
  CHECK(connection("HTTP/1.0") == "close");
  CHECK(connection("HTTP/1.0\r\nConnection: keep-alive") == "keep-alive");
  // RFC 9110, 2.5: the server sends its own version, even to older clients; see `seen`.
}

TEST_CASE("OPTIONS lists the allowed methods, for * and for any path (RFC 9110, 9.3.7)") {
  for (const char* target : {"*", "/", "/missing", "http://a.example"}) {
    const Seen answer = ask("OPTIONS", target);
    CHECK(answer.status == 204);
    CHECK(answer["Allow"] == "GET, HEAD, OPTIONS");
    CHECK(answer["Content-Length"] == "-");  // 8.6: never with 204
    CHECK(answer.body.empty());
  }
}

TEST_CASE("the site's own fields are on every response of their path") {
  for (const char* target : {"/api/data.bin", "/api/missing", "/api/"}) {
    for (const char* method : {"GET", "HEAD", "OPTIONS", "POST"}) {
      const Seen answer = ask(method, target);
      CHECK(answer["Access-Control-Allow-Origin"] == "*");
      CHECK(answer["X-A"] == "1");
    }
  }
  // 206, 304, 412, 416 (RFC 9110, 15).
  const std::string tag = get("/api/data.bin")["ETag"];
  for (const auto& [fields, status] : {std::pair{"Range: bytes=-1\r\n"s, 206},
                                       {"Range: bytes=10-\r\n"s, 416},
                                       {"If-None-Match: " + tag + "\r\n", 304},
                                       {"If-Match: \"x\"\r\n"s, 412}}) {
    const Seen answer = get("/api/data.bin", fields);
    CHECK(answer.status == status);
    CHECK(answer["Access-Control-Allow-Origin"] == "*");
  }
  CHECK(get("/docs/x")["X-A"] == "-");
  CHECK(get("/docs/api/x").status == 307);
  CHECK(get("/docs/api/x")["X-A"] == "3");
  CHECK(get("/docs/api/x")["Location"] == "/manual/api/x");
  CHECK(seen(reply_to("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 1))["X-A"] == "2");
  // An error page also gets the fields of its own path; for an invalid request it gets no others.
  CHECK(get("/missing")["X-B"] == "4");
  CHECK(get("/missing")["X-A"] == "-");
  CHECK(get("/api/%zz")["X-A"] == "-");
}

TEST_CASE("a preflight is told what a script may send (Fetch, 3.3.3)") {
  const auto preflight = [](std::string_view target, std::string_view asked) {
    return ask("OPTIONS", target,
               "Origin: http://b.example\r\nAccess-Control-Request-Method: GET\r\n"
               "Access-Control-Request-Headers: " +
                   std::string(asked) + "\r\n");
  };
  const auto allowed = [](const Seen& answer) { return answer["Access-Control-Allow-Headers"]; };
  const Seen answer = preflight("/api/data.bin", "if-none-match,range,x-own");
  CHECK(answer.status == 204);
  CHECK(answer["Access-Control-Allow-Origin"] == "*");
  CHECK(answer["Access-Control-Allow-Methods"] == "GET, HEAD");
  CHECK(answer["Access-Control-Max-Age"] == "3600");
  CHECK(allowed(answer) == "if-none-match,range,x-own");
  CHECK(allowed(preflight("/api/missing", "Range")) == "Range");
  // Echoes names as far as there is room, and none that no browser sends.
  CHECK(allowed(preflight("/api/x", std::string(700, 'x'))) == std::string(700, 'x'));
  CHECK(allowed(preflight("/api/x", std::string(800, 'x'))) == "*");
  for (const char* odd : {"<script>", "a: b", "\"a\"", "a;b", ""}) {
    CHECK(allowed(preflight("/api/x", odd)) == "-");
  }
  CHECK(allowed(ask("OPTIONS", "/api/x")) == "-");
  // A rule's own value wins.
  CHECK(allowed(preflight("/api/set/x", "x-own")) == "Range");
  CHECK(preflight("/api/set/x", "x-own")["X-A"] == "-");
  // Without a rule, no other origin is admitted.
  for (const char* target : {"/", "/missing", "/healthz", "*"}) {
    const Seen closed = preflight(target, "range");
    CHECK(closed["Access-Control-Allow-Methods"] == "-");
    CHECK(allowed(closed) == "-");
  }
}

TEST_CASE("a preflight without room for names allows all (Fetch, 3.3.3)") {
  std::vector<ReplyTail*> taken;
  while (ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort)) taken.push_back(tail);
  const std::string bytes =
      bytes_of(reply_to("OPTIONS /api/x HTTP/1.1\r\nHost: a\r\n"
                        "Access-Control-Request-Headers: x-own\r\n\r\n"));
  CHECK(bytes.ends_with("\r\nAccess-Control-Allow-Headers: *\r\n\r\n"));
  for (ReplyTail* tail : taken) {
    tail->release();
  }
}

TEST_CASE("other methods get 405 and the list of allowed ones (RFC 9110, 15.5.6)") {
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

TEST_CASE(
    "304 has the fields for caches that a 200 would have, and no content (RFC 9110, 15.4.5)") {
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
    // One coding's tag doesn't match another's.
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
  // 13.2.1: conditions count only where the answer would be 2xx.
  for (const char* target : {"/old", "/blog/x", "/missing"}) {
    CHECK(get(target, "If-Match: \"x\"\r\n").status == get(target).status);
  }
}

TEST_CASE("files come before endpoints, and endpoints before redirects and unknown paths") {
  const std::string section = "GET /health%7a HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(seen(reply_to(section, 1)).body == "ok");
  CHECK(seen(reply_to(section, 0)).status == 404);
}

TEST_CASE("an invalid request gets an error, and the connection ends (RFC 9112, 9.6)") {
  for (const Status status :
       {Status::kBadRequest, Status::kMethodNotAllowed, Status::kRequestTimeout,
        Status::kPreconditionFailed, Status::kUriTooLong, Status::kRangeNotSatisfiable,
        Status::kExpectationFailed, Status::kHeaderFieldsTooLarge, Status::kNotImplemented,
        Status::kServiceUnavailable, Status::kVersionNotSupported}) {
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
  // An incomplete method isn't taken for HEAD.
  CHECK_FALSE(seen(make_error(Status::kRequestTimeout, "HEAD", reply_site())).body.empty());
}
