// Redirects, and the replies sent when no tail is free.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/limits.hpp"
#include "http/reply/reply.hpp"
#include "http/reply/reply_tail.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"
#include "tests/unit/http/reply/reply_site.hpp"
#include "tests/unit/http/site.hpp"

using namespace mote::http;
using namespace mote::http_world;

TEST_CASE("redirects of a path and of a prefix (RFC 9110, 15.4)") {
  const auto check = [](std::string_view target, int status, const std::string& location) {
    CAPTURE(target);
    const Seen answer = get(target);
    CHECK(answer.status == status);
    CHECK(answer["Location"] == location);
    CHECK(answer["Content-Length"] == std::to_string(answer.body.size()));
  };
  check("/old", 301, "/style.css");
  check("/blog/2019/x?a=b", 302, "https://blog.example/");
  check("/blog/", 302, "https://blog.example/");
  check("/blog/2020/", 308, "https://archive.example/2020/");
  check("/blog/2020/a/b.html?c=d&e", 308, "https://archive.example/2020/a/b.html?c=d&e");
  check("/docs", 307, "/manual");
  check("/docs?x", 307, "/manual?x");
  check("/docs/a", 307, "/manual/a");
  check("/docs-old/a", 307, "/manual-old/a");
  // Resources take precedence over rules, and a path outside the prefix isn't redirected.
  CHECK(get("/blog").status == 404);
  CHECK(ask("HEAD", "/docs/a")["Location"] == "/manual/a");
}

TEST_CASE("what a redirect keeps is encoded anew (RFC 3986, 2.1 and 3.3)") {
  const auto location = [](std::string_view target) { return get(target)["Location"]; };
  CHECK(location("/docs/a%20b") == "/manual/a%20b");
  CHECK(location("/d%6Fcs/%7Ea/%e4") == "/manual/~a/%E4");
  CHECK(location("/docs/a%3Fb%23c%25d") == "/manual/a%3Fb%23c%25d");
  CHECK(location("/x/../docs/./a//b") == "/manual/a/b");
  CHECK(location("/docs/\"<>\\^`{|}") == "/manual/%22%3C%3E%5C%5E%60%7B%7C%7D");
  CHECK(location("/docs?a=\"<\\b?c/d%20") == "/manual?a=%22%3C%5Cb?c/d%20");
  // Line ends stay encoded; see `seen` for every byte of every head.
  CHECK(location("/docs/%0d%0aSet-Cookie:%20a=b") == "/manual/%0D%0ASet-Cookie:%20a=b");
  CHECK(location("/docs?%0d%0aX:%20y") == "/manual?%0d%0aX:%20y");
  for (int byte = 1; byte < 256; ++byte) {
    const std::string raw(1, static_cast<char>(byte));
    if (byte > ' ' && byte != 0x7F && raw != "%" && raw != "#" && raw != "?" && raw != "/") {
      CHECK(location("/docs/-" + raw).starts_with("/manual/-"));
    }
  }
}

TEST_CASE("no redirect by prefix leads to a host that the request chooses (RFC 3986, 4.2)") {
  const auto location = [](std::string_view target) { return get(target)["Location"]; };
  CHECK(location("/blog/2020//evil.example/") == "https://archive.example/2020/evil.example/");
  CHECK(location("/blog/2020/%5Cevil.example") == "https://archive.example/2020/evil.example");
  CHECK(location("/docs//evil.example") == "/manual/evil.example");
}

TEST_CASE("a redirect that would be too long (RFC 9110, 15.5.15)") {
  const std::string fits(mote::limits::kReplyTextBytes - 24, 'x');
  CHECK(get("/docs/" + fits.substr(1))["Location"] == "/manual/" + fits.substr(1));
  const Seen refused = get("/docs/" + fits + "yy");
  CHECK(refused.status == 414);
  CHECK(refused["Location"] == "-");
}

TEST_CASE("without a tail, ranges get the whole and redirects get 503") {
  std::vector<ReplyTail*> taken;
  const auto check = [](std::string_view target, std::string_view fields, auto proof) {
    const std::string section =
        "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
    const Reply reply = reply_to(section);
    proof(reply.status, bytes_of(reply));
  };
  while (ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kLong)) {
    taken.push_back(tail);
  }
  check("/style.css", "Range: bytes=0-0,4999-4999\r\n",
        [](int status, const std::string&) { CHECK(status == 200); });
  check("/style.css", "Range: bytes=0-0\r\n",
        [](int status, const std::string&) { CHECK(status == 206); });
  while (ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort)) {
    taken.push_back(tail);
  }
  check("/style.css", "Range: bytes=0-0\r\n", [](int status, const std::string& bytes) {
    CHECK(status == 200);
    CHECK(bytes.ends_with(style()));
  });
  check("/style.css", "Range: bytes=5000-\r\n", [](int status, const std::string& bytes) {
    CHECK(status == 416);
    CHECK(bytes.find("Content-Range") == std::string::npos);
    CHECK(bytes.ends_with("\r\n\r\n<p>lost"));
  });
  check("/docs/a", "", [](int status, const std::string& bytes) {
    CHECK(status == 503);
    CHECK(bytes.find("\r\nRetry-After: 1\r\n") != std::string::npos);  // RFC 9110, 15.6.4
  });
  check("/blog/a", "", [](int status, const std::string&) { CHECK(status == 302); });
  for (ReplyTail* const tail : taken) {
    tail->release();
  }
}
