// Losses that time tells of (RACK).
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 8985, 6.2, step 5: a segment a quarter of a round trip late is lost") {
  Script script;
  script.play(R"(
    write 4380
    within 0.005 > 1:4381
    +0.080 < A ack 1 sack 1461:2921
    nothing for 0.010
    +0.01 > 1:1461 resent
    +0.080 < A ack 4381
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 6.2: reordering within the window costs nothing") {
  Script script;
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921
    +0 > 14601:16061
    +0.010 < A ack 2921
    within 0.060 sends 3..3
    flight 12..12
  )");
}

TEST_CASE("RFC 8985, 6.2, step 4: where segments overtake each other, three ACKs prove nothing") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921
    +0.005 < A ack 2921                  # reordering is seen
    +0.001 < A ack 2921 sack 4381:8761
    nothing for 0.010
    +0.005 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 6.2: where segments overtake each other, a loss is found by time") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921
    +0.005 < A ack 2921
    +0.001 < A ack 2921 sack 4381:8761
    +0.019 > 2921:4381 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 3.3.2: a segment that is lost again is found without the timer") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:14601
    +0 > 1:1461 resent
    within 0.070 sends 6..6
    +0.090 < A ack 1 sack 1461:18981
    +0 > 1:1461 resent
    within 0.075 > 23361:27741
  )");
}

TEST_CASE(
    "RFC 8985, 6.2: what is resent and delivered moves time on, and older segments are lost") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921 4381:8761
    within 0.005 sends 2..2
    +0.080 < A ack 1 sack 1461:8761      # the second hole is repaired, the first isn't
    +0 > 1:1461 resent
    +0 > 8761:10221 resent
    +0 > 10221:11681 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 6.2, step 2: an ACK faster than the line is of the first sending") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:5841
    +0 > 1:1461 resent
    +0.002 < A ack 8761                   # it came after all
    nothing for 0.050
    +0.001 < A ack 14601
    nothing for 1
  )");
}
