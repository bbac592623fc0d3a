// The first windows, and how they grow.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 6928, 2: ten segments are sent at once, and no more") {
  Script script;
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    nothing for 0.075
  )");
}

TEST_CASE("RFC 6928, 2: short segments don't make the first window of more than ten") {
  for (const std::uint16_t mss : {536, 1000, 1300}) {
    CAPTURE(mss);
    Script script({.mss = mss});
    script.play("write 100000\n within 0.005 > 1:" + std::to_string(10 * mss + 1) +
                "\n nothing for 0.075");
    for (const Script::Sent& sent : script.sent()) CHECK(sent.segment.payload.size() <= mss);
  }
}

TEST_CASE("RFC 6928, 2: a response of ten segments takes one round trip, and its end is pushed") {
  Script script;
  script.play(R"(
    write 14600
    +0 > 1:1461 -P
    within 0.005 > 1461:13141
    +0 > 13141:14601 PA
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.8.6: the first window is no larger than the client's") {
  Script script({.scale = -1, .window = 5000});
  script.play(R"(
    write 10000
    within 0.005 > 1:4381     # the fourth would be silly (3.8.6.2.1)
    nothing for 0.050
    +0.080 < A ack 2921
    within 0.005 > 4381:7301
    nothing for 0.050
  )");
}

TEST_CASE("RFC 5681, 3.1: in slow start each ACK opens the window by what it acknowledges") {
  Script script;
  script.play(R"(
    write 200000
    within 0.005 > 1:14601
    +0.080 < A ack 2921
    within 0.030 > 14601:20441
    flight 12..12
    +0.030 < A ack 5841
    within 0.030 > 20441:26281
    flight 14..14
  )");
}

TEST_CASE("RFC 5681, 3.1: the window doubles in each round trip") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 2921
    within 0.001 > 14601:20441
    +0.001 < A ack 5841
    within 0.001 > 20441:26281
    +0.001 < A ack 8761
    within 0.001 > 26281:32121
    +0.001 < A ack 11681
    within 0.001 > 32121:37961
    +0.001 < A ack 14601
    within 0.001 > 37961:43801
    nothing for 0.070
    flight 20..20
  )");
}

TEST_CASE("RFC 5681, 3.1: ACKs of every second segment double the window, too") {
  Script script;
  script.play(R"(
    write 2000000
    within 0.005 > 1:14601
    auto 0.080 for 0.159
    flight 20..20
    auto 0.080 for 0.080
    flight 40..40
    auto 0.080 for 0.080
    flight 80..80
    skip
  )");
}

TEST_CASE("RFC 3465, 2.1: an ACK of a whole window opens the window by as much") {
  Script script;
  script.play(R"(
    write 200000
    within 0.005 > 1:14601
    +0.080 < A ack 14601
    within 0.075 sends 20..20
    flight 20..20
  )");
}

TEST_CASE("RFC 3465, 2: ACKs of a tenth of a segment open no more window than they acknowledge") {
  Script script;
  script.play(R"(
    write 200000
    within 0.005 > 1:14601
    +0.080 < A ack 147
    +0 < A ack 293
    +0 < A ack 439
    +0 < A ack 585
    +0 < A ack 731
    +0 > 14601:16061
    +0 < A ack 877
    +0 < A ack 1023
    +0 < A ack 1169
    +0 < A ack 1315
    +0 < A ack 1461
    within 0.050 > 16061:17521
    flight 11..11
  )");
}

TEST_CASE("RFC 7661, 4.3: a window that isn't used doesn't grow") {
  Script script;
  for (int i = 0; i < 30; ++i) {
    script.play(R"(
      write 1000
      +0 > 1:1001 PA
      +0.080 < A ack 1001
      rebase
    )");
  }
  script.play(R"(
    write 200000
    within 0.005 > 1:14601
    nothing for 0.070
  )");
}

TEST_CASE("RFC 9293, 3.9.1: what is written in small pieces leaves at once") {
  Script script;
  script.play(R"(
    write 100
    +0 > 1:101 PA
    write 200
    +0 > 101:301 PA
    write 300
    +0 > 301:601 PA
    +0.080 < A ack 601
    nothing for 0.5
  )");
}

TEST_CASE("RFC 9293, 3.7.1: no segment is longer than the client's MSS") {
  for (const std::uint16_t mss : {216, 512, 1459}) {
    CAPTURE(mss);
    Script script({.mss = mss});
    script.play("write 2000\n skip");
    std::size_t bytes = 0;
    for (const Script::Sent& sent : script.sent()) {
      CHECK(sent.segment.payload.size() <= mss);
      bytes += sent.segment.payload.size();
    }
    CHECK(bytes == 2000);
  }
}
