// Unpredictable numbers for sequence numbers, ports, identifiers and transaction ids.
//
// The generator is SipHash-2-4 (Aumasson, Bernstein 2012) in counter mode under a 128-bit key.
// The key is stirred from RDRAND or RDSEED where the CPU has them, UEFI's random numbers, a random
// number generator among the devices, timing jitter, the calendar clock, and the arrival times of
// frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::entropy {

// Seeds the generator from every source available at boot, the loader's random bytes among them.
// Call once, before the rest.
void initialize(std::span<const std::byte> seed = {});

// Mixes a sample into the key. Cheap enough to call once in each turn that received something.
void stir(std::uint64_t sample);

// Mixes in a random generator's bytes, however many, and renews the key of `keyed_hash`. Call only
// at boot, before the key is used.
void stir(std::span<const std::byte> random);

[[nodiscard]] std::uint64_t random64();
[[nodiscard]] inline std::uint32_t random32() { return static_cast<std::uint32_t>(random64()); }

// A keyed hash, the same throughout one boot: for initial sequence numbers (RFC 6528).
[[nodiscard]] std::uint64_t keyed_hash(std::span<const std::byte> message);

}  // namespace mote::entropy
