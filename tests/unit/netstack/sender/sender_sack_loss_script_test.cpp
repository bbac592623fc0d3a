// Losses that SACK tells of, and what may be sent meanwhile.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 6675, 5: three segments beyond a hole show that it is lost") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921
    +0 < A ack 1 sack 1461:4381
    nothing for 0.001
    +0 < A ack 1 sack 1461:5841
    +0 > 1:1461 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 6675, 4: an ACK that tells of three segments at once shows it as well") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 2921 sack 4381:8761
    +0 > 2921:4381 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 6675, 4: only holes are resent, each once, in order") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1461 sack 2921:4381
    +0 < A ack 1461 sack 5841:7301 2921:4381
    +0 < A ack 1461 sack 5841:14601 2921:4381
    within 0.040 sends 2..2
    +0.080 < A ack 14601
    nothing for 1
  )");
  const auto& sent = script.sent();
  const std::uint32_t first = sent[1].segment.sequence;
  CHECK(sent[sent.size() - 2].segment.sequence == first + 1460);
  CHECK(sent[sent.size() - 1].segment.sequence == first + 3 * 1460);
}

TEST_CASE("RFC 2018, 3: four holes behind four blocks are all repaired in a round trip") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1461 sack 13141:14601 10221:11681 7301:8761 4381:5841
    within 0.040 sends 5..5
    +0.080 < A ack 2921 sack 13141:14601 8761:11681 4381:7301
    within 0.060 sends 1..1
    +0.060 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 3042, 2: the first two ACKs beyond a hole send a new segment each") {
  Script script;
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921
    +0 > 14601:16061
    nothing for 0.002
    +0 < A ack 1 sack 1461:4381
    +0 > 16061:17521
    nothing for 0.002
  )");
}

TEST_CASE("RFC 6675, 5: the hole comes before new data") {
  Script script;
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:7301
    +0 > 1:1461 resent
    within 0.060 sends 1..1
    +0.080 < A ack 14601
    within 0.060 sends 6..6
  )");
}

TEST_CASE("RFC 6937, 3: in recovery about as much is sent as is delivered, less the reduction") {
  Script script;
  script.play(R"(
    write 1000000
    auto 0.080 until 60001
    skip
    within 0.070 sends 22..22
    +0.070 < A
    rebase
    +0.001 < A ack 1 sack 1461:2921
    within 0.001 sends 1..1
    +0.001 < A ack 1 sack 1461:4381
    within 0.001 sends 1..1
    +0.001 < A ack 1 sack 1461:5841
    +0 > 1:1461 resent
  )");
  const std::size_t before = script.sent().size();
  script.play(R"(
    +0.001 < A ack 1 sack 1461:7301
    +0.001 < A ack 1 sack 1461:8761
    +0 > 78841:80301
    +0.001 < A ack 1 sack 1461:10221
    +0.001 < A ack 1 sack 1461:11681
    +0 > 80301:81761
    +0.001 < A ack 1 sack 1461:13141
    +0 > 81761:83221
    +0.001 < A ack 1 sack 1461:14601
    +0.001 < A ack 1 sack 1461:16061
    +0 > 83221:84681
    +0.001 < A ack 1 sack 1461:17521
    +0 > 84681:86141
    +0.001 < A ack 1 sack 1461:18981
    +0.001 < A ack 1 sack 1461:20441
    within 0.020 sends 1..1
  )");
  const std::size_t sent = script.sent().size() - before;
  CHECK(sent >= 4);  // seven tenths of ten, paced
  CHECK(sent <= 10);
}

TEST_CASE("RFC 6937, 3: a recovery that loses nothing more ends at the reduced window") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:14601
    +0 > 1:1461 resent
    within 0.075 > 14601:23361
    +0 < A ack 14601
    within 0.075 sends 1..1
    flight 7..7     # CUBIC: seven tenths of ten
  )");
}

TEST_CASE("RFC 5681, 3.2: several losses in one window reduce it once") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:2921 4381:5841 7301:14601
    within 0.075 sends 7..7
    +0.080 < A ack 14601
    within 0.075 sends 3..3
    flight 7..7
  )");
}

TEST_CASE("RFC 2018, 4: blocks that can't be are ignored") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 14601:16061
    +0 < A ack 1 sack 100000:102920
    +0 < A ack 1 sack 4381:2921
    +0 < A ack 1 sack 1461:1461
    +0 < A ack 1 sack 4000000000:1461
    nothing for 0.010
    +0 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 6675, 5.1: what was selectively acknowledged isn't resent after a timeout") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:7301
    +0 > 1:1461 resent
    within 2 sends 5..5
  )");
  for (std::uint32_t at = 1461; at < 7301; at += 1460) CHECK(!script.has_resent(at));
}

TEST_CASE("RFC 6675, 5: ACKs move on while a hole is repaired, and nothing is resent twice") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:5841
    +0 > 1:1461 resent
    +0.005 < A ack 1 sack 1461:7301
    +0.005 < A ack 1 sack 1461:10221
    +0.005 < A ack 1 sack 1461:14601
    nothing for 0.040
    +0.065 < A ack 14601
    nothing for 1
  )");
}
