// Tests of the kernel's small parts: memory, numbers as text, SipHash, the clock's arithmetic, the
// memory map.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "kernel/console/number_text.hpp"
#include "kernel/faults/backtrace.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/platform/siphash.hpp"
#include "kernel/time/frequency.hpp"
#include "kernel/time/timeline.hpp"

namespace mote {
namespace {

std::vector<std::byte> counting(std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    out[i] = static_cast<std::byte>(i * 7 + 1);
  }
  return out;
}

TEST_CASE("copy copies every length at every alignment, and nothing more") {
  const std::vector<std::byte> source = counting(400);
  for (std::size_t offset = 0; offset < 17; ++offset) {
    for (std::size_t bytes = 0; bytes <= 300; ++bytes) {
      std::vector<std::byte> target(400);
      std::vector<std::byte> wanted(400);
      std::copy_n(source.begin() + 3, bytes, wanted.begin() + static_cast<long>(offset));
      memory::copy(target.data() + offset, source.data() + 3, bytes);
      REQUIRE(target == wanted);
    }
  }
}

TEST_CASE("move is right however the ranges overlap") {
  constexpr std::size_t kFrom = 150;
  for (std::size_t to = 0; to < 300; to += 1) {
    for (const std::size_t bytes :
         {0UZ, 1UZ, 2UZ, 3UZ, 7UZ, 8UZ, 15UZ, 16UZ, 31UZ, 33UZ, 64UZ, 65UZ, 100UZ, 129UZ, 200UZ}) {
      std::vector<std::byte> actual = counting(512);
      std::vector<std::byte> wanted = actual;
      std::memmove(wanted.data() + to, wanted.data() + kFrom, bytes);
      memory::move(actual.data() + to, actual.data() + kFrom, bytes);
      REQUIRE(actual == wanted);
    }
  }
}

TEST_CASE("fill fills every length") {
  for (std::size_t bytes = 0; bytes <= 300; ++bytes) {
    std::vector<std::byte> actual(320);
    std::vector<std::byte> wanted(320);
    std::fill_n(wanted.begin() + 5, bytes, std::byte{0xA7});
    memory::fill(actual.data() + 5, 0xA7, bytes);
    REQUIRE(actual == wanted);
  }
}

TEST_CASE("compare goes by the first byte that differs, unsigned") {
  const std::vector<std::byte> a = counting(40);
  for (std::size_t at = 0; at < a.size(); ++at) {
    std::vector<std::byte> b = a;
    CHECK(memory::compare(a.data(), b.data(), at) == 0);
    b[at] = std::byte{0xFF};
    if (b[at] != a[at]) {
      CHECK(memory::compare(a.data(), b.data(), a.size()) < 0);
      CHECK(memory::compare(b.data(), a.data(), a.size()) > 0);
    }
  }
}

TEST_CASE("texts are measured, searched and compared as C does") {
  CHECK(memory::length("") == 0);
  CHECK(memory::length("mote") == 4);
  CHECK(memory::compare_text("abc", "abd", 3) < 0);
  CHECK(memory::compare_text("abc", "abd", 2) == 0);
  CHECK(memory::compare_text("ab", "abc", SIZE_MAX) < 0);
  CHECK(memory::compare_text("\x80", "a", SIZE_MAX) > 0);
  CHECK(memory::compare_text("same", "same", SIZE_MAX) == 0);
  const std::vector<std::byte> in = counting(20);
  CHECK(memory::find(in.data(), std::to_integer<std::uint8_t>(in[9]), in.size()) == &in[9]);
  CHECK(memory::find(in.data(), 0, in.size()) == nullptr);
}

TEST_CASE("numbers as text") {
  CHECK(NumberText<10>(0).text() == "0");
  CHECK(NumberText<10>(1'234'567'890).text() == "1234567890");
  CHECK(NumberText<10>(~std::uint64_t{0}).text() == "18446744073709551615");
  CHECK(NumberText<16>(0xDEADBEEF).text() == "deadbeef");
  CHECK(NumberText<16>(~std::uint64_t{0}).text() == "ffffffffffffffff");
  CHECK(NumberText<16>(0x1F, 4).text() == "001f");
  CHECK(NumberText<16>(0, 16).text() == "0000000000000000");
  CHECK(NumberText<10>(7, 100).text() == "00000000000000000007");
}

// The first, a middle and the last of the reference implementation's vectors (vectors.h): key
// 00..0f, messages of 0, 1, 2 … bytes 00, 01, 02 …; the one of 15 bytes stands in the paper, too.
TEST_CASE("SipHash-2-4 gives the reference vectors") {
  constexpr SipKey kKey{0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908};
  std::array<std::byte, 64> message{};
  for (std::size_t i = 0; i < message.size(); ++i) {
    message[i] = static_cast<std::byte>(i);
  }
  const auto hash = [&](std::size_t bytes) {
    return SipHash::of(kKey, std::span(message).first(bytes));
  };
  CHECK(hash(0) == 0x726f'db47'dd0e'0e31);
  CHECK(hash(1) == 0x74f8'39c5'93dc'67fd);
  CHECK(hash(8) == 0x93f5'f579'9a93'2462);
  CHECK(hash(15) == 0xa129'ca61'49be'45e5);
  CHECK(hash(63) == 0x958a'324c'eb06'4572);
  CHECK(SipHash::of_word(kKey, 0x0706'0504'0302'0100) == hash(8));
}

TEST_CASE("a timeline counts nanoseconds") {
  Timeline timeline;
  timeline.start(1'000, 2'500'000);
  CHECK(timeline.at(1'000) == 0);
  CHECK(timeline.at(1'000 + 2'500) == doctest::Approx(1'000).epsilon(0.002));
  const std::uint64_t year_ticks = std::uint64_t{365} * 86'400 * 2'500'000'000;
  const std::uint64_t year_ns = std::uint64_t{365} * 86'400 * 1'000'000'000;
  const std::uint64_t year = timeline.at(1'000 + year_ticks);
  CHECK(year <= year_ns);
  CHECK(year_ns - year < year_ns / 1'000'000'000);
}

TEST_CASE("a timeline holds the slowest and the fastest counter") {
  for (const std::uint64_t khz : {Frequency::kSlowestKhz, Frequency::kFastestKhz}) {
    Timeline timeline;
    timeline.start(0, khz);
    const std::uint64_t second = timeline.at(khz * 1'000);
    CHECK(second <= 1'000'000'000);
    CHECK(second > 999'999'900);
  }
}

TEST_CASE("a counter that steps back never turns time back") {
  Timeline timeline;
  timeline.start(5'000'000'000, 1'000'000);
  const std::uint64_t before = timeline.at(6'000'000'000);
  const std::uint64_t at_step = timeline.at(17);
  CHECK(at_step == before);
  CHECK(timeline.at(1'017) - at_step == 1'000);
  CHECK(timeline.at(3) - at_step == 1'000);
}

TEST_CASE("what counts as the same frequency") {
  CHECK(agree({2'500'000, ""}, {2'500'000, ""}));
  CHECK(agree({2'500'000, ""}, {2'540'000, ""}));
  CHECK(agree({2'500'000, ""}, {2'460'000, ""}));
  CHECK_FALSE(agree({2'500'000, ""}, {2'600'000, ""}));
  CHECK_FALSE(agree({2'500'000, ""}, {}));
  CHECK_FALSE(agree({}, {}));
}

TEST_CASE("which frequency is believed") {
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

TEST_CASE("what a hypervisor says of its counter costs no timer") {
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

// A stack of words; words[i] lies at address(i).
class FakeStack {
 public:
  std::array<std::uint64_t, 16> words{};

  [[nodiscard]] std::uint64_t address(std::size_t i) const {
    return reinterpret_cast<std::uintptr_t>(words.data()) + 8 * i;
  }
  void frame(std::size_t at, std::uint64_t caller, std::uint64_t return_address) {
    words[at] = caller;
    words[at + 1] = return_address;
  }
  [[nodiscard]] std::vector<std::uint64_t> walk(std::uint64_t from, std::size_t most = 8) const {
    std::vector<std::uint64_t> callers(most);
    const AddressRange text{0x10'0000, 0x11'0000};
    callers.resize(walk_frames(from, {address(0), address(words.size())}, text, callers));
    return callers;
  }
};

TEST_CASE("a backtrace follows sound frames and stops at the first that is not") {
  using Callers = std::vector<std::uint64_t>;
  FakeStack stack;
  stack.frame(2, stack.address(6), 0x10'0010);
  stack.frame(6, stack.address(14), 0x10'0020);
  stack.frame(14, 0, 0x10'FFFF);
  CHECK(stack.walk(stack.address(2)) == Callers{0x10'0010, 0x10'0020, 0x10'FFFF});
  CHECK(stack.walk(stack.address(2), 2) == Callers{0x10'0010, 0x10'0020});
  stack.frame(14, stack.address(2), 0x11'0000);  // not in text
  CHECK(stack.walk(stack.address(2)) == Callers{0x10'0010, 0x10'0020});
  stack.frame(6, stack.address(2), 0x10'0020);  // turns back
  CHECK(stack.walk(stack.address(2)) == Callers{0x10'0010, 0x10'0020});
  for (const std::uint64_t nowhere :
       {std::uint64_t{0}, ~std::uint64_t{0}, stack.address(2) + 1, stack.address(15),
        stack.address(16), stack.address(0) - 16}) {
    CHECK(stack.walk(nowhere).empty());
  }
}

TEST_CASE("ranges that touch, up to the ends of the address space") {
  constexpr AddressRange kRange{0x1000, 0x3000};
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  CHECK(kRange.touches(0x1000, 1));
  CHECK(kRange.touches(0x2FFF, kAll));
  CHECK(kRange.touches(0, 0x1001));
  CHECK(kRange.touches(0, kAll));
  CHECK_FALSE(kRange.touches(0, 0x1000));
  CHECK_FALSE(kRange.touches(0x3000, kAll));
  CHECK_FALSE(kRange.touches(0x2000, 0));
  CHECK_FALSE(AddressRange{}.touches(0, kAll));
}

constexpr std::uint32_t kRam = MemoryRange::kUsableRam;
constexpr std::uint32_t kReserved = 2;

// As SeaBIOS tells it of QEMU's pc with 8 MiB, with the RAM above cut in two.
constexpr std::array kPc = {
    MemoryRange{0x0070'0000, 0x000E'0000, kRam, 0}, MemoryRange{0, 0x9FC00, kRam, 0},
    MemoryRange{0x9FC00, 0x400, kReserved, 0},      MemoryRange{0xF0000, 0x10000, kReserved, 0},
    MemoryRange{0x10'0000, 0x60'0000, kRam, 0},     MemoryRange{0x7E'0000, 0x2'0000, kReserved, 0},
};

TEST_CASE("the memory map says how much there is, and how far it goes") {
  constexpr MemoryMap map{std::span(kPc)};
  static_assert(map.known());
  CHECK(map.usable_mib() == 8);
  CHECK(map.end_below_4_gib() == 0x7E'0000);
  CHECK(map.usable_from(0x10'0000, 0x6E'0000) == 0x6E'0000);
  CHECK(map.usable_from(0x6F'F000, 0x2000) == 0x2000);
  CHECK(map.usable_from(0x10'0000, 0x6E'1000) == 0x6E'0000);
  CHECK(map.usable_from(0x9F000, 0x1000) == 0xC00);
  CHECK(map.usable_from(0xF0000, 0x1000) == 0);
  CHECK(map.usable_from(0xF0000, 0) == 0);
  CHECK(map.usable_from(0x7D'F000, ~std::uint64_t{0}) == 0x1000);
}

TEST_CASE("nonsense in the memory map is not believed") {
  constexpr std::array kOdd = {MemoryRange{0, 0, kRam, 0},
                               MemoryRange{0x1000, ~std::uint64_t{0}, kRam, 0},
                               MemoryRange{std::uint64_t{1} << 32, 1 << 30, kRam, 0}};
  const MemoryMap map{std::span(kOdd)};
  CHECK(map.usable_mib() == 1024);
  CHECK(map.usable_from(0x1000, 0x1000) == 0);
  CHECK(map.end_below_4_gib() == 0);
  CHECK_FALSE(MemoryMap(std::span<const MemoryRange>()).known());
}

}  // namespace
}  // namespace mote
