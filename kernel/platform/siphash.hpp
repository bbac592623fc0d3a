// SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

class SipHash {
 public:
  constexpr explicit SipHash(SipKey key)
      : v0_(key.k0 ^ 0x736f'6d65'7073'6575),
        v1_(key.k1 ^ 0x646f'7261'6e64'6f6d),
        v2_(key.k0 ^ 0x6c79'6765'6e65'7261),
        v3_(key.k1 ^ 0x7465'6462'7974'6573) {}

  // The hash of a message of one 64-bit word, eight bytes in little-endian order.
  [[nodiscard]] static constexpr std::uint64_t of_word(SipKey key, std::uint64_t word) {
    SipHash hash(key);
    hash.compress(word);
    return hash.finish(std::uint64_t{sizeof(word)} << 56);
  }

  [[nodiscard]] static std::uint64_t of(SipKey key, std::span<const std::byte> message) {
    SipHash hash(key);
    const std::uint64_t length = std::uint64_t{message.size()} << 56;
    std::uint64_t word = 0;
    for (; message.size() >= sizeof(word); message = message.subspan(sizeof(word))) {
      __builtin_memcpy(&word, message.data(), sizeof(word));
      hash.compress(word);
    }
    word = 0;
    for (std::size_t at = 0; at < message.size(); ++at) {
      word |= std::to_integer<std::uint64_t>(message[at]) << (8 * at);
    }
    return hash.finish(word | length);
  }

 private:
  constexpr void compress(std::uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }

  constexpr std::uint64_t finish(std::uint64_t last_word) {
    compress(last_word);
    v2_ ^= 0xFF;
    round();
    round();
    round();
    round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

  // Inline, so that the four words stay in registers.
  [[gnu::always_inline]] constexpr void round() {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace mote
