// Idleness, and pacing.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 7661, 4.4 and 5: a window isn't lost in idleness, nor does it leave in one burst") {
  for (const bool bbr : {false, true}) {
    for (const char* const idle : {"2", "10"}) {
      CAPTURE(bbr);
      CAPTURE(idle);
      Script script({.bbr = bbr});
      script.play(std::string(R"(
        write 400000
        auto 0.080 until 400001
        rebase
        nothing for )") +
                  idle + R"(
        write 400000
        within 0.079 sends )" +
                  (bbr ? "271..271" : "228..228") + " bursts 16");
    }
  }
}

TEST_CASE("RFC 7661, 4.4.3: after ten minutes less than that is left") {
  Script script;
  script.play(R"(
    write 4000000
    auto 0.080 until 4000001
    rebase
    nothing for 1900
    write 4000000
    within 0.079 sends 21..21
  )");
}

TEST_CASE("issue 13: a first window isn't paced") {
  for (const bool bbr : {false, true}) {
    CAPTURE(bbr);
    Script script({.bbr = bbr});
    script.play(R"(
      write 14600
      within 0.0003 sends 10..10
      +0.080 < A ack 14601
      nothing for 1
    )");
  }
}

TEST_CASE("issue 13: later windows leave in bursts of no more than two segments or a millisecond") {
  for (const bool bbr : {false, true}) {
    CAPTURE(bbr);
    Script script({.bbr = bbr});
    script.play(R"(
      write 2000000
      auto 0.080 until 100001
      skip
      +0 < A
      within 0.060 sends 78..78 bursts 2
    )");
  }
}

TEST_CASE("RFC 9406, 4.2: slow start ends when round trips grow") {
  Script script;
  script.play(R"(
    write 8000000
    auto 0.080 for 0.240
    auto 0.120 for 0.360
    auto 0.160 for 0.800
    skip
    flight 149..149
  )");
}

TEST_CASE("RFC 9438, 5.8: a keep-alive connection doesn't grow its window by small responses") {
  Script script;
  for (int i = 0; i < 20; ++i) {
    script.play(R"(
      write 2920
      within 0.005 > 1:2921
      +0.080 < A ack 2921
      rebase
      nothing for 0.300
    )");
  }
  script.play(R"(
    write 200000
    within 0.005 > 1:14601
    nothing for 0.070
  )");
}
