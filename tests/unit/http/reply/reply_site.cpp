// The site behind the reply tests.
#include "tests/unit/http/reply/reply_site.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "http/limits.hpp"
#include "http/operations/endpoints.hpp"
#include "http/reply/reply_tail.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"
#include "tests/unit/http/site.hpp"

namespace mote::http_world {

using namespace http;

// 5,000 bytes that compress well.
std::string style() {
  std::string text;
  while (text.size() < 5000) {
    text += "p" + std::to_string(text.size()) + " { color: red; margin: 0 }\n";
  }
  return text.substr(0, 5000);
}

namespace {

constexpr std::string_view kConfig = R"(
[http]
compress = ["br", "gzip"]
[http.error_pages]
404 = "lost.html"
405 = "lost.html"
412 = "lost.html"
416 = "lost.html"
431 = "lost.html"
[[http.redirect]]
from = "/old"
to = "/style.css"
[[http.redirect]]
from = "/blog/*"
to = "https://blog.example/"
status = 302
[[http.redirect]]
from = "/blog/2020/*"
to = "https://archive.example/2020/*"
status = 308
[[http.redirect]]
from = "/docs*"
to = "/manual*"
status = 307
[[http.headers]]
match = "/api/*"
set = { Access-Control-Allow-Origin = "*", X-A = "1" }
[[http.headers]]
match = "/api/set/*"
set = { Access-Control-Allow-Headers = "Range", X-A = "" }
[[http.headers]]
match = "/healthz"
set = { X-A = "2" }
[[http.headers]]
match = "/docs/api*"
set = { X-A = "3" }
[[http.headers]]
match = "*.html"
set = { X-B = "4" }
[[http.site]]
hosts = ["b.example", "www.b.example"]
root = "second"
)";

struct Site {
  PackFile file;
  SitePack pack;
};

}  // namespace

const SitePack& reply_site() {
  static Site made = [] {
    const auto parent = example_site().parent_path() / "reply";
    std::filesystem::create_directories(parent / "first/api");
    std::filesystem::create_directories(parent / "second");
    const auto write = [&](const char* name, std::string_view text) {
      std::ofstream(parent / name, std::ios::binary) << text;
    };
    write("first/style.css", style());
    write("first/dated.css", style());
    const std::chrono::sys_seconds day_before(std::chrono::seconds(784'111'777 - 86'400));
    std::filesystem::last_write_time(parent / "first/dated.css",
                                     std::chrono::file_clock::from_sys(day_before));
    write("first/index.html", "<p>first");
    write("first/lost.html", "<p>lost");
    write("first/api/data.bin", "0123456789");
    write("first/empty.bin", "");
    write("first/large.bin", content_of("large.bin"));
    write("second/index.html", "<p>second");
    write("mote.toml", kConfig);
    Site loaded{pack_folder(parent / "first", parent / "mote.toml"), {}};
    const auto pack = SitePack::open(loaded.file.bytes());
    REQUIRE(pack.has_value());
    loaded.pack = *pack;
    return loaded;
  }();
  return made.pack;
}

std::string Seen::operator[](const std::string& name) const {
  const std::string start = "\r\n" + name + ": ";
  const std::size_t at = head.find(start);
  if (at == std::string::npos) {
    return "-";
  }
  CHECK(head.find(start, at + 1) == std::string::npos);
  return head.substr(at + start.size(), head.find("\r\n", at + 2) - at - start.size());
}

Seen seen(const Reply& reply) {
  const std::string bytes = bytes_of(reply);
  const std::size_t end = bytes.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  Seen found{.head = bytes.substr(0, end + 4), .body = bytes.substr(end + 4), .reply = reply};
  found.status = std::stoi(found.head.substr(9, 3));
  CHECK(found.head.starts_with("HTTP/1.1 " + std::to_string(reply.status) + " "));
  CHECK(found.reply.body_bytes == found.body.size());
  CHECK(reply.closes() == (found["Connection"] == "close"));
  CHECK(ReplyTail::in_use() == 0);
  // Every line is a field line: nothing of a request can end one (RFC 9112, 5).
  for (std::size_t at = 0; at < found.head.size(); ++at) {
    const bool is_text = found.head[at] >= ' ' || found.head[at] < 0;
    REQUIRE((is_text || found.head[at] == '\r' || found.head[at] == '\n'));
  }
  return found;
}

namespace {

std::array<char, limits::kRequestLineBytes> scratch;

Request parsed(const std::string& section) {
  const auto request = parse_request(section);
  REQUIRE_MESSAGE(request.has_value(), section);
  return *request;
}

}  // namespace

Reply reply_to(const std::string& section, unsigned interface) {
  return make_reply(parsed(section), {.interface = interface}, reply_site(), endpoint_reply,
                    scratch);
}

Seen ask(std::string_view method, std::string_view target, std::string_view fields,
         std::string_view host) {
  const std::string section = std::string(method) + " " + std::string(target) +
                              " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" +
                              std::string(fields) + "\r\n";
  return seen(reply_to(section));
}

Seen get(std::string_view target, std::string_view fields) { return ask("GET", target, fields); }

}  // namespace mote::http_world
