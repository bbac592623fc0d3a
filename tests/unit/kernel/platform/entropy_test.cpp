// Tests of the random numbers: every source counts, and a CPU that has no number isn't waited for.
//
// Each boot is a child process, so that it begins with the generator as the image holds it.
#include "kernel/platform/entropy.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>

#include "tests/unit/machine/machine.hpp"

namespace mote::entropy {
namespace {

constexpr std::uint32_t kRdrand = 1U << 30;  // leaf 1, ECX
constexpr std::uint32_t kRdseed = 1U << 18;  // leaf 7, EBX

// A machine of constant jitter, with a calendar clock and without instructions for random numbers.
struct Pc : FakeMachine {
  std::uint8_t second = 56;
  std::uint64_t jitter = 1;
  unsigned draws = 0;

  Pc() {
    leaves[{0, 0}] = {7, 0, 0, 0};
    on_in = [this](std::uint16_t port, unsigned) -> std::uint32_t {
      ticks += port == 0x61 ? jitter : 0;
      return port == 0x71 ? second : 0;
    };
    on_rdrand = on_rdseed = [this](std::uint64_t& value) {
      value = ++draws;
      return true;
    };
  }
  void can(std::uint32_t rdrand, std::uint32_t rdseed) {
    leaves[{1, 0}] = {0, 0, rdrand, 0};
    leaves[{7, 0}] = {0, rdseed, 0, 0};
  }
};

// The number that `use` returns in a process of its own.
std::uint64_t in_child(const std::function<std::uint64_t()>& use) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::uint64_t number = use();
    _exit(write(ends[1], &number, sizeof(number)) == sizeof(number) ? 0 : 1);
  }
  std::uint64_t number = 0;
  CHECK(read(ends[0], &number, sizeof(number)) == sizeof(number));
  CHECK(waitpid(child, nullptr, 0) == child);
  close(ends[0]);
  close(ends[1]);
  return number;
}

std::uint64_t first_number() {
  return in_child([] {
    initialize();
    return random64();
  });
}

TEST_CASE(
    "equal boots give equal numbers; another second, other jitter or RDRAND, different ones") {
  Pc pc;
  const std::uint64_t number = first_number();
  CHECK(first_number() == number);
  pc.second = 57;
  const std::uint64_t later = first_number();
  CHECK(later != number);
  pc.second = 56;
  pc.jitter = 2;
  const std::uint64_t shaken = first_number();
  CHECK(shaken != number);
  pc.jitter = 1;
  pc.can(kRdrand, 0);
  const std::uint64_t drawn = first_number();
  CHECK(drawn != number);
  pc.can(kRdrand, kRdseed);
  CHECK(first_number() != drawn);
}

TEST_CASE("instructions that CPUID doesn't report are not used") {
  Pc pc;
  pc.on_rdrand = pc.on_rdseed = [](std::uint64_t&) -> bool { throw "an invalid opcode"; };
  initialize();
  pc.can(0, kRdseed);
  pc.leaves[{0, 0}] = {6, 0, 0, 0};  // leaf 7 is past the last: its bits don't count
  initialize();
}

TEST_CASE("an instruction that never gives a number is tried ten times for each of four draws") {
  Pc pc;
  pc.can(kRdrand, kRdseed);
  pc.on_rdrand = pc.on_rdseed = [&](std::uint64_t&) {
    ++pc.draws;
    return false;
  };
  initialize();
  CHECK(pc.draws == 2 * 4 * 10);
}

TEST_CASE("numbers don't repeat, and a sample changes those that follow") {
  Pc pc;
  initialize();
  std::set<std::uint64_t> seen;
  for (unsigned i = 0; i < 10'000; ++i) {
    seen.insert(random64());
  }
  CHECK(seen.size() == 10'000);
  const auto after = [](std::uint64_t sample) {
    return in_child([=] {
      stir(sample);
      return random64();
    });
  };
  CHECK(after(1) == after(1));
  CHECK(after(1) != after(2));
  CHECK(after(1) != in_child([] { return random64(); }));
}

TEST_CASE("a device's random bytes change what follows, each of them, and the keyed hash") {
  Pc pc;
  initialize();
  std::array<std::byte, 21> seed{};
  const auto number = [&] {
    return in_child([&] {
      stir(seed);
      return random64();
    });
  };
  const auto hash = [&] {
    return in_child([&] {
      stir(seed);
      return keyed_hash({});
    });
  };
  std::set<std::uint64_t> seen = {number(), hash(), in_child([] { return random64(); }),
                                  keyed_hash({})};
  for (std::byte& byte : seed) {
    byte = std::byte{1};
    seen.insert(number());
    seen.insert(hash());
    byte = std::byte{0};
  }
  CHECK(seen.size() == 4 + 2 * seed.size());
}

TEST_CASE("each of the loader's random bytes counts") {
  Pc pc;
  std::array<std::byte, 64> seed{};
  const auto number = [&](std::size_t bytes) {
    return in_child([&] {
      initialize(std::span(seed).first(bytes));
      return random64();
    });
  };
  std::set<std::uint64_t> seen = {number(0), number(64)};
  for (std::byte& byte : seed) {
    byte = std::byte{1};
    seen.insert(number(64));
    byte = std::byte{0};
  }
  CHECK(seen.size() == 2 + seed.size());
  CHECK(number(0) == first_number());
}

TEST_CASE("the keyed hash is the same throughout a boot, and another in the next") {
  Pc pc;
  initialize();
  const std::array<std::byte, 4> message = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  const std::uint64_t hash = keyed_hash(message);
  stir(7);
  static_cast<void>(random64());
  CHECK(keyed_hash(message) == hash);
  CHECK(keyed_hash(std::span(message).first(3)) != hash);
  initialize();
  CHECK(keyed_hash(message) != hash);
}

}  // namespace
}  // namespace mote::entropy
