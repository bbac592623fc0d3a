// Paths narrower than the interface.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

namespace {

// Until what was learnt of the path is forgotten.
void forget() {
  for (int i = 0; i < 11 * 60; ++i) {
    mote::world::advance(mote::milliseconds(1000));
    settle(hold_streams());
  }
  hold_streams().device.wire.clear();
}

// Segments have 1,024 bytes afterwards.
void fall_into_black_hole(Script& script) {
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    within 1.500 sends 3..3             # two timeouts
    +2 < A ack 14601
  )");
}

// Until the next segment may be a probe of the path.
void wait_for_probe(Script& script) {
  script.play(R"(
    rebase
    write 40960
    auto 0.080 until 40961
    rebase
    nothing for 4
  )");
}

std::size_t longest_after(const Script& script, std::size_t first) {
  std::size_t longest = 0;
  for (std::size_t at = first; at < script.sent().size(); ++at) {
    longest = std::max(longest, script.sent()[at].segment.payload.size());
  }
  return longest;
}

}  // namespace

TEST_CASE("RFC 1191, 6.4: a segment too long for a router is resent at once, cut to fit") {
  {
    Script script;
    script.play(R"(
      write 14600
      within 0.005 > 1:14601
      icmp 1400
      within 0.050 sends 10..10
      +0.080 < A ack 14601
      nothing for 1
    )");
    CHECK(longest_after(script, 11) == 1360);
  }
  forget();
}

TEST_CASE("RFC 1191, 6.4: that was no congestion") {
  {
    Script script;
    script.play(R"(
      write 1000000
      within 0.005 > 1:14601
      icmp 1400
      within 0.070 sends 11..11
      +0.160 < A ack 14601
      within 0.075 sends 21..21
    )");
    CHECK(longest_after(script, 11) == 1360);
  }
  forget();
}

TEST_CASE("RFC 5927, 7: a message about what isn't in flight changes nothing") {
  Script script;
  script.play(R"(
    write 1460
    +0 > 1:1461 PA
    +0.080 < A ack 1461
    icmp 1400
    nothing for 0.5
    write 1460
    +0 > 1461:2921 PA
    +0.080 < A ack 2921
    nothing for 1
  )");
}

TEST_CASE("RFC 4821, 7.7: where long segments vanish without a word, shorter ones are tried") {
  {
    Script script;
    script.play(R"(
      write 14600
      within 0.005 > 1:14601
      within 20 sends 10..10
    )");
    const std::uint32_t first = script.sent()[1].segment.sequence;
    std::size_t shortest = 1460;
    for (const Script::Sent& sent : script.sent()) {
      if (sent.segment.sequence == first && !sent.segment.payload.empty()) {
        shortest = std::min(shortest, sent.segment.payload.size());
      }
    }
    CHECK(shortest < 1460);
    CHECK(shortest >= 536 - 40);
  }
  forget();
}

TEST_CASE("RFC 4821, 7.7: where short segments vanish as well, that was no black hole") {
  Script script;
  script.play(R"(
    write 300
    +0 > 1:301 PA
    within 5 sends 5..5
    +5 < A ack 301
    write 1460
    +0 > 301:1761 PA
    +0.080 < A ack 1761
    nothing for 1
  )");
}

TEST_CASE("RFC 4821, 7.6.2: a lost probe of the path is resent, and is no congestion") {
  {
    Script script;
    fall_into_black_hole(script);
    wait_for_probe(script);
    script.play(R"(
      write 11700
      within 0.070 sends 11..11           # the first of them is a probe, as long as before
      +0.080 < A ack 1 sack 1461:4533
      +0 > 1:1025 resent
      +0 > 1025:1461 resent
      +0.001 < A ack 1 sack 1461:11701
      +0.080 < A ack 11701
      write 400000
      within 0.079 sends 11..11
    )");
  }
  forget();
}

TEST_CASE("a router's word counts again after a probe has made segments longer") {
  {
    Script script;
    script.play(R"(
      write 100000
      within 0.005 > 1:14601
      icmp 1400
      auto 0.080 for 5
      skip
    )");
    CHECK(longest_after(script, 11) == 1360);
    for (int minute = 0; minute < 11; ++minute) script.play("auto 0.080 for 60\n skip");
    const std::size_t before = script.sent().size();
    script.play(R"(
      write 100000
      auto 0.080 for 5
      write 100000
      auto 0.080 for 5
      skip
    )");
    REQUIRE(longest_after(script, before) == 1460);
    const std::size_t now = script.sent().size();
    script.play(R"(
      write 14600
      within 0.001 sends 10..10
      +0.001 < A ack 1
      icmp 1400
      skip
    )");
    const auto is_resent = [](const auto& sent) { return sent.is_resent; };
    CHECK(std::ranges::any_of(script.sent().begin() + static_cast<std::ptrdiff_t>(now),
                              script.sent().end(), is_resent));
  }
  forget();
}

TEST_CASE("a router's word about a probe of the path is heard") {
  {
    Script script;
    fall_into_black_hole(script);
    wait_for_probe(script);
    script.play(R"(
      write 1460
      +0 > 1:1461
      icmp 1400
      +0 > 1:1025 resent
      +0 > 1025:1461 resent
    )");
  }
  forget();
}

TEST_CASE("no probe is longer than the link's own MTU, which fell after a black hole") {
  {
    Script script;
    fall_into_black_hole(script);
    hold_streams().interface.attachment().offer_mtu(1400);
    wait_for_probe(script);
    const std::size_t before = script.sent().size();
    script.play("write 11700\n within 0.070 sends 1..12\n skip");
    CHECK(longest_after(script, before) <= 1360);
  }
  hold_streams().interface.attachment().offer_mtu(1500);
  forget();
}
