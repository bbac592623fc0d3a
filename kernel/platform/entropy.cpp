// The generator and its sources.
#include "kernel/platform/entropy.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "kernel/cpu/cpu.hpp"
#include "kernel/cpu/port_io.hpp"
#include "kernel/platform/siphash.hpp"

namespace mote::entropy {
namespace {

// SipHash as a pseudo-random function of a counter. Samples collect in one word, which is mixed
// into the key when the next number is drawn.
class Generator {
 public:
  void stir(std::uint64_t sample) {
    constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15;  // 2^64 / golden ratio
    gathered_ = (std::rotl(gathered_, 23) ^ sample) * kOdd;
  }

  // Derives a new key from the old one and the samples collected. Recovering the old key from the
  // new one means inverting SipHash.
  void rekey() {
    const std::uint64_t sample = gathered_;
    const SipKey old = key_;
    key_.k0 = old.k0 ^ SipHash::of_word(old, sample);
    key_.k1 = old.k1 ^ SipHash::of_word({old.k1, old.k0}, sample + 1);
    gathered_ = 0;
  }

  std::uint64_t draw() {
    if (gathered_ != 0) {
      rekey();
    }
    return SipHash::of_word(key_, counter_++);
  }

 private:
  SipKey key_;
  std::uint64_t counter_ = 0;
  std::uint64_t gathered_ = 0;
};

constinit Generator generator{};
[[gnu::section(".bss.sealed")]] constinit SipKey hash_key{};

// Intel recommends ten tries of RDRAND (SDM 1, 7.3.17.1). RDSEED may need more, but we can do
// without it.
constexpr unsigned kTries = 10;

bool draw_from_cpu(auto instruction, std::uint64_t& value) {
  for (unsigned i = 0; i < kTries; ++i) {
    if (instruction(value)) {
      return true;
    }
    cpu::pause();
  }
  return false;
}

// Draws several times: some hypervisors and CPUs have been seen to return a constant. That does no
// harm here, since this is only one source of several.
void stir_from_cpu() {
  constexpr unsigned kDraws = 4;
  const bool has_rdrand = (cpu::cpuid(cpu::kFeatureLeaf).ecx & cpu::kRdrandBit) != 0;
  const bool has_rdseed = cpu::last_leaf(0) >= cpu::kStructuredFeatureLeaf &&
                          (cpu::cpuid(cpu::kStructuredFeatureLeaf).ebx & cpu::kRdseedBit) != 0;
  for (unsigned i = 0; i < kDraws; ++i) {
    std::uint64_t value = 0;
    if (has_rdseed && draw_from_cpu(cpu::rdseed, value)) {
      generator.stir(value);
      generator.rekey();
    }
    if (has_rdrand && draw_from_cpu(cpu::rdrand, value)) {
      generator.stir(value);
      generator.rekey();
    }
  }
}

// A port access takes a noisy time: a bus cycle on a real machine, an exit to a busy host on a
// virtual one. Port 61h is the speaker's and exists on every PC; elsewhere a read still costs the
// exit.
void stir_from_jitter() {
  constexpr unsigned kSamples = 64;
  constexpr IoPort kSpeaker{0x61};
  for (unsigned i = 0; i < kSamples; ++i) {
    const std::uint64_t before = cpu::time_stamp();
    const std::uint8_t level = port::in8(kSpeaker);
    generator.stir(std::rotl(cpu::time_stamp() - before, 32) ^ before ^ level);
    generator.rekey();
  }
}

// The calendar clock (Motorola MC146818A) is no secret, but it makes boots differ under a
// hypervisor whose record and replay leaves no jitter. Where there is none, it always reads the
// same.
void stir_from_calendar() {
  constexpr IoPort kIndex{0x70};
  constexpr IoPort kData{0x71};
  constexpr std::array<std::uint8_t, 6> kSecondToYear = {0, 2, 4, 7, 8, 9};
  std::uint64_t date = 0;
  for (const std::uint8_t index : kSecondToYear) {
    port::out8(kIndex, index);
    date = date << 8 | port::in8(kData);
  }
  generator.stir(date);
}

void stir_from(std::span<const std::byte> random) {
  while (!random.empty()) {
    std::uint64_t sample = 0;
    const auto part = random.first(std::min(random.size(), sizeof(sample)));
    __builtin_memcpy(&sample, part.data(), part.size());
    generator.stir(sample);
    generator.rekey();
    random = random.subspan(part.size());
  }
}

void choose_hash_key() { hash_key = {generator.draw(), generator.draw()}; }

}  // namespace

void initialize(std::span<const std::byte> seed) {
  stir_from_calendar();
  stir_from_jitter();
  stir_from_cpu();
  stir_from(seed);
  choose_hash_key();
}

void stir(std::uint64_t sample) { generator.stir(sample); }

void stir(std::span<const std::byte> random) {
  stir_from(random);
  choose_hash_key();
}

std::uint64_t random64() { return generator.draw(); }

std::uint64_t keyed_hash(std::span<const std::byte> message) {
  return SipHash::of(hash_key, message);
}

}  // namespace mote::entropy
