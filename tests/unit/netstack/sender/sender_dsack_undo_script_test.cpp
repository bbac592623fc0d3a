// Resending that was needless, and is undone.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 4015, 3: a resent segment that arrived twice gives the window back") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:7301
    +0 > 1:1461 resent
    within 0.010 sends 1..1
    +0.010 < A ack 14601            # it was only late
    within 0.050 sends 6..6
    +0.070 < A ack 14601 sack 1:1461
    within 0.070 sends 3..3
    flight 10..10
  )");
}

TEST_CASE("RFC 2883, 4: a segment that the network doubled means no loss") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 14601
    within 0.070 sends 20..20
    +0.005 < A ack 14601 sack 1:1461
    +0 < A ack 14601 sack 1461:2921
    +0 < A ack 14601 sack 2921:4381
    +0 < A ack 14601 sack 4381:5841
    within 0.004 sends 0..0
    flight 20..20
    +0.005 < A ack 43801
    within 0.075 sends 40..40
  )");
}

TEST_CASE(
    "RFC 2883, 4.2.1: a duplicate beyond a hole is told before its block, and means no loss") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 4381 sack 5841:7301
    +0.001 < A ack 4381 sack 5841:7301 5841:7301
    +0.001 < A ack 4381 sack 5841:7301 5841:7301
    nothing for 0.005
    +0.001 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 3708, 2: two losses, one of which wasn't, don't give the window back") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921 4381:14601
    within 0.070 sends 7..7
    +0.080 < A ack 14601 sack 1:1461      # only the first had arrived
    within 0.070 sends 2..2
    flight 7..7
  )");
}

TEST_CASE("RFC 8985, 7.4.2: a probe that arrived twice reduces nothing") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.165 > 13141:14601 resent
    +0.010 < A ack 14601                    # a slow line
    +0.020 < A ack 14601 sack 13141:14601
    write 1000000
    within 0.070 sends 10..10
  )");
}

TEST_CASE("RFC 8985, 7.4.2: a probe that repaired a loss reduces the window") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 11681
    +0.165 > 13141:14601 resent
    +0.080 < A ack 11681 sack 13141:14601
    +0 > 11681:13141 resent
    +0.080 < A ack 14601
    write 1000000
    within 0.070 sends 7..7
  )");
}

TEST_CASE("RFC 8985, 6.2, step 4: after a needless repair, reordering is given more time") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921
    +0.02 > 1:1461 resent
    +0.005 < A ack 14601
    +0.080 < A ack 14601 sack 1:1461
    rebase
    write 7300
    within 0.080 > 1:7301
    +0.100 < A ack 1 sack 1461:2921
    nothing for 0.026
    +0 < A ack 7301
    nothing for 1
  )");
}

TEST_CASE("RFC 4015, 3: the window comes back also when nothing is in flight any more") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:7301
    +0 > 1:1461 resent
    +0.005 < A ack 14601
    +0.080 < A ack 14601 sack 1:1461
    rebase
    write 14600
    within 0.079 > 1:14601
  )");
}
