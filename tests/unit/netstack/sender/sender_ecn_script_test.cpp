// Explicit congestion notification.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 3168, 6.1.1: who offers ECN gets it, in a SYN-ACK that is not-ECT") {
  const Script script({.ecn = kEcnSetup});
  CHECK(script.machine_offers_ecn());
}

TEST_CASE("RFC 3168, 6.1.1: neither flag alone is an offer") {
  for (const unsigned flags : {0U, kEce, kCwr}) {
    Script script({.ecn = flags});
    CHECK(!script.machine_offers_ecn());
    script.play(R"(
      write 1460
      +0 > 1:1461 P
    )");
  }
}

TEST_CASE("RFC 3168, 6.1.1.1: a client that sends its SYN again without ECN has none") {
  Script script({.ecn = kEcnSetup, .changes_mind = true});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < 1:101 AE ack 14601 ce
    +0~0.060 > A ack 101
  )");
}

TEST_CASE("RFC 3168, 6.1.1: who didn't agree on ECN heeds no ECE, and tells no marks") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < AE ack 14601
    within 0.075 sends 20..20
    +0.080 < 1:101 AE ack 43801 ce
    within 0.075 sends 40..40
  )");
}

TEST_CASE("RFC 3168, 6.1.5: data is ECN-capable when it is sent first, and not again") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    write 4380
    +0 > 1:1461 A ect0
    +0 > 1461:2921 A ect0
    +0 > 2921:4381 P ect0
    +0.080 < A ack 1461 sack 2921:4381
    +0.02 > 1461:2921 A resent
    +0.080 < A ack 4381
    close
    +0 > 4381:4381 F
  )");
}

TEST_CASE("RFC 3168, 6.1.4 and 6.1.6: acknowledgements and probes of a window aren't ECN-capable") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    write 2920
    +0 > 1:1461 A ect0
    +0 > 1461:2921 P ect0
    +0.080 < A ack 2921 win 0
    write 1460
    +0.280 > 2920:2920 A
    +0 < 1:101 A ack 2921
    +0~0.060 > A ack 101
  )");
}

TEST_CASE("RFC 3168, 6.1.2, and RFC 8511: ECE takes 15 percent of the window, once, and gets CWR") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < AE ack 2921
    +0 > 14601:16061 C ect0
    +0.010 < AE ack 8761
    within 0.040 sends 3..3
    flight 8..8
    +0.050 < AE ack 14601
    within 0.040 sends 4..4
    flight 8..8
  )");
}

TEST_CASE("RFC 3168, 6.1.2: what was sent after CWR may be marked anew") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < AE ack 2921
    +0 > 14601:16061 C ect0
    +0.010 < AE ack 14601
    within 0.009 sends 7..7
    +0.010 < A ack 16061
    within 0.040 sends 2..2
    rebase
    +0.030 < AE ack 1461
    +0 > C ect0
  )");
}

TEST_CASE("RFC 3168, 6.1.2: CWR tells of losses, too, on new data") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:8761
    +0 > 1:1461 A resent
    +0 > 14601:16061 C ect0
    +0 > 16061:17521 A ect0
  )");
}

TEST_CASE("RFC 3168, 6.1.2: and of timeouts") {
  Script script({.sack = false, .ecn = kEcnSetup});
  script.play(R"(
    write 5840
    within 0.005 > 1:5841
    +0.280 > 1:1461 A resent
    +0.080 < A ack 5841
    write 2920
    +0 > 5841:7301 C ect0
    +0 > 7301:8761 P ect0
  )");
}

TEST_CASE("RFC 3168, 6.1.2: CWR is on data, not on a FIN alone, behind which none follows") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    write 2920
    +0 > 1:1461 A ect0
    +0 > 1461:2921 P ect0
    +0.080 < AE ack 2921
    close
    +0 > 2921 FA
    +0.280 > 2921 FA resent
    +0.080 < A ack 2922
  )");
}

TEST_CASE("RFC 3168, 6.1.2: BBR, too, says CWR, once") {
  Script script({.ecn = kEcnSetup, .bbr = true});
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < AE ack 2921
    +0 > 14601:16061 C ect0
    +0 > 16061:17521 A ect0
    +0 > 17521:18981 A ect0
    +0 > 18981:20441 A ect0
  )");
}

TEST_CASE("RFC 3168, 6.1.3: a mark is told in all segments until CWR comes") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    +0 < 1:101 A ce
    +0~0.060 > EA ack 101
    +0 < 101:201 A ect0
    +0~0.060 > EA ack 201
    write 1460
    +0 > 1:1461 EP ect0
    +0.080 < 201:301 AC ack 1461 ect0
    +0~0.060 > A ack 301
    write 1460
    +0 > 1461:2921 P ect0
  )");
}

TEST_CASE("RFC 3168, 6.1.3: what comes with CWR may be marked, too") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    +0 < 1:101 A ce
    +0~0.060 > EA ack 101
    +0 < 101:201 AC ce
    +0~0.060 > EA ack 201
    +0 < 201:301 AC ect0
    +0~0.060 > A ack 301
  )");
}

TEST_CASE("RFC 3168, 6.1.4 and 6.1.5: marks without data, or outside the window, do not count") {
  Script script({.ecn = kEcnSetup});
  script.play(R"(
    write 1460
    +0 > 1:1461 P ect0
    +0.080 < A ack 1461 ce
    +0 < 60000:60100 A ce
    +0 > A ack 1
    +0 < 1:101 A ect1
    +0~0.060 > A ack 101
  )");
}
