// Tests of how the agent finds messages, among noise and after unfinished ones.
#include "agent/framer.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>

#include "tests/unit/agent/world.hpp"

namespace mote::agent {
namespace {

constexpr std::string_view kPing = R"({"execute":"guest-ping"})";
const std::string kPong = "{\"return\":{}}\n";
const std::string kBroken =
    R"({"error":{"class":"GenericError","desc":"JSON parse error, expected an object"}})"
    "\n";
const std::string kTooLong = R"({"error":{"class":"GenericError","desc":)"
                             R"("the message is longer than 2048 bytes, or nested too deeply"}})"
                             "\n";

std::string sync(int number) {
  return "\xFF{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":" +
         std::to_string(number) + "}}";
}

TEST_CASE("messages in any pieces, with and without ends of lines") {
  for (const std::size_t piece : {1U, 2U, 3U, 1000U}) {
    World world;
    const std::string ping(kPing);
    CHECK(world.ask(ping + "\n" + ping + ping + "\r\n  \t" + ping + "\n\n", piece) ==
          kPong + kPong + kPong + kPong);
    CHECK(world.ask("{\n  \"execute\":\n  \"guest-ping\"\n}", piece) == kPong);
    CHECK(world.ask(R"({"execute":"guest-ping","id":"}{\"]"})", piece) ==
          R"({"return":{},"id":"}{\u0022]"})"
          "\n");
  }
}

TEST_CASE("FFh discards what is unfinished, without a word") {
  for (const std::string_view left :
       {"{", "{\"a", "{\"a\\", "{\"execute\":\"guest-ping\"", "{[[[", "noise", "{\"a\": {"}) {
    World world;
    const std::string given = world.ask(std::string(left) + sync(5));
    CHECK(given.ends_with("\xFF{\"return\":5}\n"));
    CHECK((given.size() == 14 || left == "noise"));
  }
}

TEST_CASE("without FFh the agent finds its place at the end of a line") {
  World world;
  const std::string ping = std::string(kPing) + "\n";
  CHECK(world.ask("noise\n" + ping) == kBroken + kPong);
  CHECK(world.ask("noise" + ping) == kBroken + kPong);
  CHECK(world.ask("}\n" + ping) == kBroken + kPong);
  CHECK(world.ask("{\"execute\":\"gue\n" + ping) == kBroken + kPong);
  CHECK(world.ask("{\"execute\":\n" + ping) == kBroken + kPong);
  CHECK(world.ask(std::string("\0\n", 2) + ping) == kBroken + kPong);
}

TEST_CASE("a message too long is skipped to its end") {
  const std::string fill(limits::kAgentMessageBytes, 'x');
  const std::string longest = R"({"execute":"guest-ping","id":")" + fill.substr(32) + "\"}";
  REQUIRE(longest.size() == limits::kAgentMessageBytes);
  World world;
  CHECK(world.ask(longest) == kPong);
  CHECK(world.ask("{ " + longest.substr(1)) == kTooLong);
  CHECK(world.ask("{\"a\":\"" + fill + "\\\"}\",\"b\":{}}" + std::string(kPing)) ==
        kTooLong + kPong);
  CHECK(world.ask("{\"a\":\"" + fill + "\n" + std::string(kPing)) == kTooLong + kPong);
  CHECK(world.ask("{\"a\":\"" + fill + sync(1)) == "\xFF{\"return\":1}\n");
  CHECK(world.ask("{" + fill + "\n" + std::string(kPing)) == kTooLong + kPong);
}

TEST_CASE("nesting is bounded") {
  World world;
  const std::string deep(100, '[');
  CHECK(world.ask("{\"a\":" + deep + std::string(100, ']') + "}" + std::string(kPing)) ==
        kTooLong + kPong);
  CHECK(world.ask(std::string(100'000, '{') + "\n" + std::string(kPing)) == kTooLong + kPong);
}

TEST_CASE("after any noise, FFh and guest-sync-delimited are answered") {
  std::mt19937 chance(1);
  constexpr std::string_view kLikely = "{}[]\",:\\\n\r \xFF{{\"\"abcguest-0123456789";
  for (int round = 0; round < 2000; ++round) {
    World world;
    std::string noise(chance() % 5000, '\0');
    for (char& byte : noise) {
      byte = round % 2 == 0 ? static_cast<char>(chance()) : kLikely[chance() % kLikely.size()];
    }
    const std::string given = world.ask(noise + sync(round), 1 + chance() % 100);
    const std::string expected = "\xFF{\"return\":" + std::to_string(round) + "}\n";
    REQUIRE(given.ends_with(expected));
  }
}

}  // namespace
}  // namespace mote::agent
