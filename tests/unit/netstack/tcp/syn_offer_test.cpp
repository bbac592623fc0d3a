// What a SYN's options offer, and the eight bits that a cookie has for it.
#include "netstack/tcp/syn_offer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using mote::netstack::SynAckOptions;
using mote::netstack::SynOffer;

namespace {

using Options = std::vector<std::uint8_t>;

std::uint16_t kept_size(std::uint16_t offered) {
  return SynOffer::unpacked(SynOffer{.mss = offered}.packed()).mss;
}

Options answer_to(const SynOffer& offer) {
  const SynAckOptions options(offer, 1460, 0);
  return {options.all().begin(), options.all().end()};
}

}  // namespace

TEST_CASE("the usual offers are read in any order") {
  const SynOffer all{1400, 7, true};
  CHECK(SynOffer::read(Options{2, 4, 5, 120, 4, 2, 1, 3, 3, 7}) == all);
  CHECK(SynOffer::read(Options{1, 3, 3, 7, 1, 1, 4, 2, 8,   10, 0, 0, 0,
                               0, 0, 0, 0, 0, 2, 4, 5, 120, 0,  3, 3, 1}) == all);
  CHECK(SynOffer::read({}) == SynOffer{536, SynOffer::kNoScale, false});
}

TEST_CASE("sizes and scales beyond what is allowed are brought to it") {
  CHECK(SynOffer::read(Options{2, 4, 0, 0}).mss == 1460);
  CHECK(SynOffer::read(Options{2, 4, 0, 1}).mss == 216);
  CHECK(SynOffer::read(Options{2, 4, 255, 255}).mss == 1460);
  CHECK(SynOffer::read(Options{3, 3, 14}).scale == 14);
  CHECK(SynOffer::read(Options{3, 3, 15}).scale == 14);
  CHECK(SynOffer::read(Options{3, 3, 255}).scale == 14);
}

TEST_CASE("of options that can't be read, those in front count") {
  for (const Options& rest :
       {Options{2, 3, 5}, Options{2, 5, 5, 120, 0}, Options{3, 4, 1, 1}, Options{4, 3, 0},
        Options{9, 0}, Options{9, 1}, Options{9, 40}, Options{0}}) {
    Options options{4, 2};
    options.insert(options.end(), rest.begin(), rest.end());
    options.insert(options.end(), {3, 3, 7});
    CHECK(SynOffer::read(options) == SynOffer{536, SynOffer::kNoScale, true});
  }
  for (const Options& cut : {Options{4, 2, 2}, Options{4, 2, 2, 4, 5}, Options{4, 2, 3, 3}}) {
    CHECK(SynOffer::read(cut) == SynOffer{536, SynOffer::kNoScale, true});
  }
}

TEST_CASE("eight bits keep scale and SACK, and a size that isn't longer than the one offered") {
  for (std::uint8_t scale = 0; scale <= SynOffer::kNoScale; ++scale) {
    for (const bool permits_sack : {false, true}) {
      const SynOffer offer{1460, scale, permits_sack};
      CHECK(SynOffer::unpacked(offer.packed()) == offer);
    }
  }
  for (const std::uint16_t usual : {216, 536, 1200, 1360, 1400, 1440, 1452, 1460}) {
    CHECK(kept_size(usual) == usual);
  }
  for (std::uint16_t offered = 216; offered <= 1460; ++offered) {
    CHECK(kept_size(offered) <= offered);
    CHECK(kept_size(offered) >= kept_size(offered - 1));
  }
  for (unsigned bits = 0; bits < 256; ++bits) {
    CHECK(SynOffer::unpacked(static_cast<std::uint8_t>(bits)).packed() == bits);
  }
}

TEST_CASE("a SYN-ACK offers what the SYN did") {
  CHECK(answer_to({}) == Options{2, 4, 5, 180});
  CHECK(answer_to({1460, 7, false}) == Options{2, 4, 5, 180, 1, 3, 3, 0});
  CHECK(answer_to({1460, SynOffer::kNoScale, true}) == Options{2, 4, 5, 180, 1, 1, 4, 2});
  CHECK(answer_to({1460, 7, true}) == Options{2, 4, 5, 180, 1, 3, 3, 0, 1, 1, 4, 2});
}
