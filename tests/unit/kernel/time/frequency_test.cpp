// Tests of the choice among sources of the counter's frequency.
#include "kernel/time/frequency.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace mote {
namespace {

TEST_CASE("frequencies agree within one part in fifty") {
  CHECK(agree({2'500'000, ""}, {2'500'000, ""}));
  CHECK(agree({2'500'000, ""}, {2'540'000, ""}));
  CHECK(agree({2'500'000, ""}, {2'460'000, ""}));
  CHECK_FALSE(agree({2'500'000, ""}, {2'600'000, ""}));
  CHECK_FALSE(agree({2'500'000, ""}, {}));
  CHECK_FALSE(agree({}, {}));
}

TEST_CASE("the frequency believed, for each set of sources") {
  constexpr std::uint64_t kGood = 2'500'000;
  constexpr std::uint64_t kBad = 3'500'000;
  const auto choice = [](std::uint64_t stated, std::uint64_t better, std::uint64_t other,
                         std::uint64_t better_again = 0) {
    unsigned asked = 0;
    const auto ask_better = [&] {
      return Frequency{asked++ == 0 ? better : better_again, "better"};
    };
    const auto ask_other = [&] { return Frequency{other, "other"}; };
    return choose_frequency({}, {stated, "stated"}, ask_better, ask_other, {1, "assumed"}).source;
  };
  CHECK(choice(kGood, kGood, kGood) == "stated");
  CHECK(choice(kGood, kBad, kGood) == "stated");
  CHECK(choice(kGood, 0, kGood) == "stated");
  CHECK(choice(kGood, 0, 0) == "stated");
  CHECK(choice(kBad, kGood, kGood) == "better");
  CHECK(choice(kBad, kGood, 0) == "better");
  CHECK(choice(kBad, 0, kGood) == "other");
  CHECK(choice(0, kGood, kGood) == "better");
  CHECK(choice(0, kGood, 0) == "better");
  CHECK(choice(0, 0, kGood) == "other");
  CHECK(choice(0, kBad, kGood, kGood) == "better");
  CHECK(choice(0, kBad, kGood, 0) == "other");
  CHECK(choice(0, 0, 0) == "assumed");
  CHECK(choice(1, 7, 0) == "assumed");
}

TEST_CASE("a frequency from the hypervisor costs no measurement") {
  unsigned asked = 0;
  const auto timer = [&] {
    ++asked;
    return Frequency{3'500'000, "timer"};
  };
  const Frequency stated{3'500'000, "stated"};
  CHECK(choose_frequency({2'500'000, "given"}, stated, timer, timer, {}).source == "given");
  CHECK(asked == 0);
  CHECK(choose_frequency({1, "given"}, stated, timer, timer, {}).source == "stated");
}

}  // namespace
}  // namespace mote
