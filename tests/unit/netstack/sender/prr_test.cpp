// RFC 6937: how much is sent in recovery.
#include "netstack/sender/prr.hpp"

#include <doctest/doctest.h>

using namespace mote;
using netstack::ProportionalReduction;

namespace {
constexpr std::uint32_t kMss = 1000;
}

TEST_CASE("RFC 6937, 3: the first resend goes at once") {
  ProportionalReduction reduction;
  reduction.begin(20'000);
  CHECK(reduction.window(16'000, 1000, 10'000, kMss, false) == 17'000);
}

TEST_CASE("RFC 6937, 3.1: half of what is delivered is sent, until ssthresh is in flight") {
  ProportionalReduction reduction;
  reduction.begin(20'000);
  std::uint32_t in_flight = 19'000;
  std::uint32_t sent = 0;
  for (int i = 0; i < 18; ++i) {
    in_flight -= kMss;
    const std::uint32_t window = reduction.window(in_flight, kMss, 10'000, kMss, true);
    const std::uint32_t now = (window - in_flight) / kMss * kMss;
    reduction.on_sent(now);
    in_flight += now;
    sent += now;
  }
  CHECK(sent == 9000);
  CHECK(in_flight == 10'000);
}

TEST_CASE("RFC 6937, 3.1: below ssthresh, one segment more than was delivered, if that is safe") {
  ProportionalReduction reduction;
  reduction.begin(20'000);
  static_cast<void>(reduction.window(4000, 1000, 10'000, kMss, true));
  reduction.on_sent(1000);
  CHECK(reduction.window(4000, 1000, 10'000, kMss, true) == 6000);
  reduction.on_sent(2000);
  // After another loss, what was delivered and not more.
  CHECK(reduction.window(3000, 2000, 10'000, kMss, false) == 4000);
  CHECK(reduction.window(9500, 2000, 10'000, kMss, true) == 10'000);
}

TEST_CASE("without a smaller window, ACKs clock resends: one for one, or two after a safe ACK") {
  ProportionalReduction reduction;
  reduction.begin(20'000);
  CHECK(reduction.clocked_window(4000, 0, kMss, false) == 5000);  // the first goes at once
  CHECK(reduction.clocked_window(4000, 2000, kMss, false) == 6000);
  reduction.on_sent(2000);
  CHECK(reduction.clocked_window(4000, 0, kMss, false) == 4000);
  CHECK(reduction.clocked_window(4000, 1000, kMss, false) == 5000);
  CHECK(reduction.clocked_window(4000, 1000, kMss, true) == 6000);
}
