// Windows of clients: shut, tiny, shrinking, huge.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 9293, 3.8.6.1: a shut window is probed, again and again, ever more rarely") {
  Script script;
  script.play(R"(
    +0.010 < A win 0
    write 1000
    nothing for 0.150
    +0.130 > A
    +0.080 < A
    +0.48 > A
    +0.080 < A
    +1.04 > A
    +0.080 < A
    +2.16 > A
    +0.080 < A win 60032
    +0 > 1:1001 PA
    +0.080 < A ack 1001
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.8.6.1: while a client answers probes, the connection stays") {
  Script script;
  script.play(R"(
    +0.010 < A win 0
    write 1000
    +0.280 > A                          # unanswered: the time to the next one doubles
    +0.560 > A
    +1.120 > A
    +2.240 > A
    +4.480~4.500 > A
    +8.960~8.980 > A
    +17.920~17.940 > A
    +24.410 < A
  )");
  for (int minute = 0; minute < 60; ++minute) {
    script.play("within 60 sends 0..0\n skip\n +0 < A\n open");
  }
  script.play(R"(
    +0.080 < A win 60032
    within 0.010 > 1:1001
    +0.080 < A ack 1001
  )");
}

TEST_CASE("RFC 9293, 3.8.6.1: who answers no probe is given up") {
  Script script;
  script.play(R"(
    +0.010 < A win 0
    write 1000
    within 2500 sends 0..0
    lost
    skip
  )");
}

TEST_CASE("RFC 9293, 3.8.6: a window that opens is used at once") {
  Script script;
  script.play(R"(
    +0.010 < A win 0
    write 20000
    nothing for 0.100
    +0 < A win 60032
    within 0.005 > 1:14601
    nothing for 0.050
  )");
}

TEST_CASE("RFC 9293, 3.8.6.2.1: a window opened by little waits for more, but not for ever") {
  Script script({.scale = 0, .window = 60'000});
  script.play(R"(
    +0.010 < A win 0
    write 20000
    nothing for 0.100
    +0 < A win 100
    nothing for 0.090
    +0.110 > 1:101                    # the override timeout: 0.1 to 1 s
    nothing for 0.050
    +0 < A ack 101 win 5000
    within 0.005 > 101:4481
  )");
}

TEST_CASE("RFC 9293, 3.8.6.2.1: half of the largest window ever is worth a segment") {
  Script script({.scale = 0, .window = 2000});
  script.play(R"(
    +0.010 < A win 0
    write 20000
    nothing for 0.050
    +0 < A win 1000
    +0 > 1:1001
    nothing for 0.050
    +0 < A ack 1001 win 900
    nothing for 0.090
  )");
}

TEST_CASE("RFC 9293, 3.8.6.2.1: what fits into a small window whole goes at once") {
  Script script({.scale = 0, .window = 60'000});
  script.play(R"(
    +0.010 < A win 100
    write 50
    +0 > 1:51 PA
    +0.080 < A ack 51
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.8.6: beyond a window that shrinks nothing more is sent") {
  Script script({.scale = 0, .window = 60'000});
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.080 < A ack 2921 win 1000        # its edge was 60001
    nothing for 0.100
    +0 < A ack 14601 win 20000
    within 0.070 > 14601:33581
    nothing for 0.070
  )");
}

TEST_CASE("RFC 9293, 3.8.6: what is lost beyond a shrunken window is resent when it may be") {
  Script script({.scale = 0, .window = 60'000});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1461 win 0
    within 5 sends 1..1                 # the tail, as a probe; the window is probed without data
    +5 < A ack 1461 win 60000
    within 5 sends 6..6
  )");
  CHECK(script.has_resent(1461));
}

TEST_CASE("RFC 7323, 2.3: with a scale of 14 the window is large, and the sender isn't") {
  Script script({.scale = 14, .window = 0xFFFFU << 14});
  script.play(R"(
    write 200000
    within 0.005 > 1:14601
    +0.080 < A ack 14601
    within 0.075 sends 20..20
  )");
}

TEST_CASE("RFC 7323, 2.2: without scaling no more than 65,535 bytes fly") {
  Script script({.scale = -1, .window = 65'535});
  script.play(R"(
    write 1000000
    auto 0.080 for 0.800
    flight 44..44
    skip
  )");
}

TEST_CASE("RFC 9293, 3.8.6: a window that is shut at first is waited for") {
  Script script({.window = 0});
  script.play(R"(
    write 3000
    nothing for 0.100
    +0 < A win 60032
    within 0.005 > 1:3001
    +0.080 < A ack 3001
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.10.7.4: an older segment's window doesn't count") {
  Script script({.scale = 0, .window = 60'000});
  script.play(R"(
    write 2920
    within 0.005 > 1:2921
    +0.080 < A ack 2921 win 60000
    +0.001 < A ack 1 win 0              # overtaken on the way
    write 2920
    within 0.005 > 2921:5841
    +0.080 < A ack 5841 win 60000
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.8.6.1: a lost window update costs no more than a probe") {
  Script script;
  script.play(R"(
    +0.010 < A win 0
    write 30000
    +0.280 > A
    +0.080 < A win 1000000              # it was open long since
    within 0.010 > 1:14601
  )");
}

TEST_CASE("RFC 9293, 3.10.7.4: an old acknowledgement shuts no window") {
  Script script;
  script.play(R"(
    write 3000000
    auto 0.080 for 0.5
    skip
    +0 < 101:102 A ack 400001 win 0 forged
    auto 0.080 until 3000001
    nothing until 5
  )");
}
