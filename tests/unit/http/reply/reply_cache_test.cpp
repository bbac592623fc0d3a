// The reply cache: sections that it recognizes, and others that it must never mistake for them.
#include "http/reply/reply_cache.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "http/limits.hpp"
#include "http/reply/reply_tail.hpp"
#include "tests/unit/http/fakes.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"
#include "tests/unit/http/reply/reply_site.hpp"

using namespace mote::http;
using namespace mote::http_world;
namespace limits = mote::limits;

namespace {

const Reply* find(ReplyCache& cache, std::string_view section) { return cache.find(section); }

constinit ReplyCache cache{};

// A section of this many bytes.
std::string section_of(std::size_t bytes, char filler = 'a') {
  const std::string front = "GET /style.css HTTP/1.1\r\nHost: a.example\r\nX: ";
  return front + std::string(bytes - front.size() - 4, filler) + "\r\n\r\n";
}

// A section with only the required parts.
const std::string kShort = "GET /style.css HTTP/1.1\r\nHost: a.example\r\n\r\n";

Reply learnt(const std::string& section) {
  const Reply reply = reply_to(section);
  cache.learn(section, reply);
  return reply;
}

bool knows(const std::string& section) {
  // In memory as long as it is, so that the sanitizer sees any byte read beyond it.
  const std::vector<char> exact(section.begin(), section.end());
  return find(cache, {exact.data(), exact.size()}) != nullptr;
}

}  // namespace

TEST_CASE("a repeated section is recognized, and gets the same reply") {
  cache.forget_all();
  wall_seconds = 784111777;
  for (const std::string& section :
       {kShort, section_of(60), section_of(limits::kKnownRequestBytes), "HEAD" + kShort.substr(3),
        "GET / HTTP/1.0\r\n\r\n" + std::string(),
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + std::string(),
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + std::string()}) {
    CAPTURE(section);
    CHECK_FALSE(knows(section));
    const Reply reply = learnt(section);
    const Reply* const again = find(cache, section);
    REQUIRE(again != nullptr);
    CHECK(bytes_of(*again) == bytes_of(reply));
    CHECK(again->status == reply.status);
    CHECK(again->closes() == reply.closes());
    CHECK(again->body_bytes == reply.body_bytes);
  }
}

TEST_CASE("a miss is remembered for its frame only") {
  cache.forget_all();
  const std::string known = section_of(60, 'b');
  learnt(known);
  std::string frame = section_of(60, 'a');
  CHECK(find(cache, frame) == nullptr);
  CHECK(cache.find_once(frame) == nullptr);
  frame.assign(known);  // the next frame, in the same buffer
  cache.end_frame();
  CHECK(cache.find_once(frame) != nullptr);
}

TEST_CASE("the preface is this second's") {
  cache.forget_all();
  wall_seconds = 784111777;
  learnt(kShort);
  CHECK(bytes_of(*find(cache, kShort)).find("Date: Sun, 06 Nov 1994 08:49:37 GMT") < 40);
  for (const std::uint64_t second : {784111778U, 784111900U, 784111777U, 1'000'000'000U}) {
    wall_seconds = second;
    CHECK(bytes_of(*find(cache, kShort)) == bytes_of(reply_to(kShort)));
  }
  wall_seconds.reset();
  CHECK(bytes_of(*find(cache, kShort)) == bytes_of(reply_to(kShort)));
}

TEST_CASE("one bit more or less is another section") {
  cache.forget_all();
  for (const std::string& known : {kShort, section_of(64), section_of(65), section_of(79),
                                   section_of(limits::kKnownRequestBytes)}) {
    learnt(known);
    REQUIRE(knows(known));
    for (std::size_t at = 0; at < known.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string other = known;
        other[at] = static_cast<char>(other[at] ^ (1U << bit));
        REQUIRE_FALSE(knows(other));
      }
      REQUIRE_FALSE(knows(known.substr(0, at)));
      REQUIRE_FALSE(knows(known.substr(known.size() - at)));
    }
    REQUIRE_FALSE(knows(known + "\r\n"));
    REQUIRE_FALSE(knows(known + known));
    REQUIRE_FALSE(knows("\r\n" + known));
    REQUIRE(knows(known));
  }
}

TEST_CASE("two known sections that differ in one byte are told apart") {
  // Two sections that differ in one byte, anywhere in the filler: neither may get the other's
  // reply.
  for (std::size_t bytes = 64; bytes < 100; ++bytes) {
    cache.forget_all();
    const std::string get = section_of(bytes);
    std::string one = get;
    learnt(one);
    for (std::size_t at = get.size() - 5; get[at] == 'a'; --at) {
      std::string other = get;
      other[at] = 'b';
      Reply reply = reply_to(other);
      reply.status = 304;  // to distinguish it
      cache.learn(other, reply);
      cache.learn(other, reply);  // a place that is taken changes only at the second time
      REQUIRE(find(cache, other)->status == 304);
      const Reply* const first = find(cache, one);
      REQUIRE((first == nullptr || first->status == 200));
      cache.forget_all();
      learnt(one);
    }
  }
}

TEST_CASE("too long or too short a section isn't kept") {
  cache.forget_all();
  for (const std::size_t bytes : {limits::kKnownRequestBytes + 1, std::size_t{1000}}) {
    const std::string section = section_of(bytes);
    learnt(section);
    CHECK_FALSE(knows(section));
  }
  Reply reply = reply_to(kShort);
  CHECK(reply.repeats);
  for (const std::string tiny : {"", "a", "GET / HTTP/1.0\r\n\n"}) {
    cache.learn(tiny, reply);
    CHECK_FALSE(knows(tiny));
  }
}

TEST_CASE("replies that don't repeat aren't kept, and forgotten sections aren't known") {
  cache.forget_all();
  Reply reply = reply_to(kShort);
  reply.repeats = false;
  cache.learn(kShort, reply);
  CHECK_FALSE(knows(kShort));
  learnt(kShort);
  CHECK(knows(kShort));
  cache.forget_all();
  CHECK_FALSE(knows(kShort));
}

TEST_CASE("sections that come only once displace none, however many they are") {
  cache.forget_all();
  const Reply reply = reply_to(kShort);
  const auto nth = [](unsigned number) {
    return "GET /" + std::to_string(number) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  for (unsigned number = 0; number < 10 * limits::kKnownRequests; ++number) {
    cache.learn(nth(number), reply);  // all places are taken
  }
  std::vector<unsigned> known;
  for (unsigned number = 0; number < 10 * limits::kKnownRequests; ++number) {
    if (knows(nth(number))) {
      known.push_back(number);
    }
  }
  CHECK(known.size() > limits::kKnownRequests * 9 / 10);
  for (unsigned number = 10'000; number < 50'000; ++number) {
    cache.learn(nth(number), reply);
  }
  for (const unsigned number : known) {
    CHECK(knows(nth(number)));
  }
  // But one that comes twice gets a place.
  for (unsigned number = 100'000; number < 100'100; ++number) {
    cache.learn(nth(number), reply);
    cache.learn(nth(number), reply);
    CHECK(knows(nth(number)));
  }
}

TEST_CASE("replies repeat if they depend on the section and the pack alone") {
  wall_seconds.reset();
  const std::string tag = get("/style.css")["ETag"];
  for (const auto& [seen, repeats] : std::vector<std::pair<Seen, bool>>{
           {get("/style.css"), true},
           {ask("HEAD", "/style.css"), true},
           {get("/style.css?query"), true},
           {get("/style.css", "If-None-Match: " + tag + "\r\n"), true},
           {get("/style.css", "Accept-Encoding: gzip\r\n"), true},
           {get("/style.css", "If-Match: \"x\"\r\n"), false},
           {get("/style.css", "Range: bytes=0-1\r\n"), false},
           {get("/style.css", "Range: bytes=0-1,3-4\r\n"), false},
           {get("/style.css", "Range: bytes=9999-\r\n"), false},
           {get("/style.css", "Range: nonsense\r\n"), false},
           {get("/missing"), false},
           {get("/%zz"), false},
           {ask("POST", "/style.css"), false},
           {ask("OPTIONS", "/style.css"), false},
       }) {
    CAPTURE(seen.head);
    CHECK(seen.reply.repeats == repeats);
  }
  CHECK(reply_to("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 1).status == 200);
  CHECK_FALSE(reply_to("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 1).repeats);
  CHECK_FALSE(reply_to("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 0).repeats);
}

TEST_CASE("the whole sent instead of a range, for lack of a tail, doesn't repeat") {
  std::vector<ReplyTail*> tails;
  while (ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort)) {
    tails.push_back(tail);
  }
  const Reply reply = reply_to("GET /style.css HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n");
  for (ReplyTail* const tail : tails) {
    tail->release();
  }
  CHECK(reply.status == 200);
  CHECK_FALSE(reply.repeats);
}
