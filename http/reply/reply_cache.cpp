// Looks header sections up by hash, and compares them in full.
#include "http/reply/reply_cache.hpp"

#include <bit>

#include "http/limits.hpp"
#include "kernel/memory/memory.hpp"

namespace mote::http {
namespace {

using memory::load;
using memory::Word128;
using memory::Word64;

// "GET / HTTP/1.0" and two line ends: every shorter section gets an error.
constexpr std::size_t kLeastBytes = 18;

bool has_sound_size(std::string_view section) {
  return section.size() >= kLeastBytes && section.size() <= limits::kKnownRequestBytes;
}

const std::byte* start_of(std::string_view section) {
  return reinterpret_cast<const std::byte*>(section.data());
}

// Multiplies pairs of eight-byte words into one another; the last pair may overlap the one before.
// A bit influences only the bits above it, so the top bits are the best mixed.
std::uint64_t hash_of(const std::byte* from, std::size_t bytes) {
  constexpr std::uint64_t kFactor = 0x9E37'79B9'7F4A'7C15;  // 2^64 by the golden ratio
  const std::byte* const last = from + bytes - 2 * sizeof(Word64);
  std::uint64_t hash = bytes;
  const auto add_pair = [&](const std::byte* pair) {
    hash = (hash ^ load<Word64>(pair)) * kFactor;
    hash = (hash ^ load<Word64>(pair + sizeof(Word64))) * kFactor;
  };
  for (; from < last; from += 2 * sizeof(Word64)) {
    add_pair(from);
  }
  add_pair(last);
  return hash;
}

// Whether two runs of `bytes` bytes, at least sixteen, are equal.
bool are_same(const std::byte* one, const std::byte* other, std::size_t bytes) {
  const std::size_t last = bytes - sizeof(Word128);
  Word128 difference = load<Word128>(one + last) ^ load<Word128>(other + last);
  for (std::size_t at = 0; at < last; at += sizeof(Word128)) {
    difference |= load<Word128>(one + at) ^ load<Word128>(other + at);
  }
  return (difference[0] | difference[1]) == 0;
}

}  // namespace

ReplyCache::Place& ReplyCache::place_of(std::uint64_t hash) {
  static_assert(std::has_single_bit(limits::kKnownRequests));
  constexpr unsigned kBits = std::countr_zero(limits::kKnownRequests);
  return places_[hash >> (64 - kBits)];
}

const Reply* ReplyCache::find(std::string_view section) {
  if (!has_sound_size(section)) {
    return nullptr;
  }
  const std::byte* const start = start_of(section);
  const std::uint64_t hash = hash_of(start, section.size());
  Place& place = place_of(hash);
  if (place.bytes != section.size() || !are_same(place.section.data(), start, section.size())) {
    missed_ = {section.data(), section.size(), hash};
    return nullptr;
  }
  place.reply.renew_preface();
  return &place.reply;
}

void ReplyCache::learn(std::string_view section, const Reply& reply) {
  if (!reply.repeats || !has_sound_size(section)) {
    return;
  }
  const std::uint64_t hash =
      was_missed(section) ? missed_.hash : hash_of(start_of(section), section.size());
  missed_ = {};
  Place& place = place_of(hash);
  if (place.bytes != 0 && place.rival != hash) {
    place.rival = hash;
    return;
  }
  __builtin_memcpy(place.section.data(), section.data(), section.size());
  place.bytes = static_cast<std::uint32_t>(section.size());
  place.reply = reply;
  place.rival = 0;
}

void ReplyCache::forget_all() {
  for (Place& place : places_) {
    place.bytes = 0;
  }
  missed_ = {};
}

}  // namespace mote::http
