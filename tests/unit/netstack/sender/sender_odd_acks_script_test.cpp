// Acknowledgements that are late, early, false, taken back, or of many segments at once.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 5961, 5.2: an ACK of what was never sent is answered, and changes nothing") {
  Script script;
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.010 < A ack 14602
    +0 > A
    +0.010 < A ack 100001
    +0 > A
    nothing for 0.050
    +0.010 < A ack 14601
    within 0.075 sends 20..20
  )");
}

TEST_CASE("RFC 5961, 5.2: ACKs ahead of their data open no window faster than the data flies") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.001 < A ack 14601                # before it can have come
    within 0.020 sends 20..20
    +0.001 < A ack 1000001
    within 0.060 sends 0..0
  )");
}

TEST_CASE("RFC 9293, 3.10.7.4: an old ACK is ignored") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 8761
    +0.001 < A ack 1461
    +0 < A ack 2921
    +0 < A ack 4381
    +0 < A ack 5841
    nothing for 0.070
    +0 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 2018, 8: what a client takes back is sent again") {
  Script script;
  script.play(R"(
    write 7300
    within 0.005 > 1:7301
    +0.080 < A ack 1 sack 1461:7301
    +0 > 1:1461 resent
    +0.080 < A ack 1461                 # and it has thrown away the rest
    within 4 sends 7..7
  )");
  CHECK(script.has_resent(1461));
}

TEST_CASE("RFC 2018, 8: all of it arrives though a client takes back all it had") {
  Script script;
  script.play(R"(
    write 7300
    within 0.005 > 1:7301
    +0.080 < A ack 1 sack 1461:7301
    +0 > 1:1461 resent
    +0.080 < A ack 1461
    within 1.5 sends 6..6
    +1.5 < A ack 2921
    within 1.5 sends 3..3
    +1.5 < A ack 4381
    within 1.5 sends 3..3
    +1.5 < A ack 7301
    nothing for 5
  )");
}

TEST_CASE("RFC 9293, 3.8.1: an ACK inside a segment is taken by the byte") {
  Script script({.sack = false});
  script.play(R"(
    write 4380
    within 0.005 > 1:4381
    +0.080 < A ack 701
    +0.280 > 701:2161 resent
    +0.080 < A ack 4381
    nothing for 1
  )");
}

TEST_CASE("RFC 2018, 3: a SACK inside a segment is taken by the byte") {
  Script script;
  script.play(R"(
    write 7300
    within 0.005 > 1:7301
    +0.080 < A ack 1 sack 701:7301
    within 0.030 > 1:701
    +0.080 < A ack 7301
    nothing for 1
  )");
}

TEST_CASE("RFC 2525, 2.13: stretch ACKs of eight segments keep a transfer going") {
  Script script;
  script.play(R"(
    write 116800
    within 0.005 > 1:14601
    +0.080 < A ack 11681
    within 0.075 sends 16..16
    +0.080 < A ack 23361
    within 0.075 sends 16..16
    +0.080 < A ack 35041
    within 0.075 sends 16..16
  )");
}

TEST_CASE("RFC 9293, 3.8.1: ACKs that are lost cost nothing if a later one comes") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.130 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 5681, 3.2: the same ACK a hundred times starts no storm") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 14601
    within 0.075 sends 20..20
  )");
  for (int i = 0; i < 100; ++i) script.play("+0.0001 < A ack 14601\n within 0.0001 sends 0..0");
  script.play("flight 20..20");
}

TEST_CASE("RFC 9293, 3.10.7.4: data that comes with an ACK doesn't hide the ACK") {
  Script script;
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.080 < 1:101 PA ack 14601
    within 0.075 sends 20..20
  )");
}
