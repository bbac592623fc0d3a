// Caches replies: a request with the same bytes gets the same reply again, without parsing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/limits.hpp"
#include "http/reply/reply.hpp"

namespace mote::http {

// Header sections and their replies. A section matches only if all its bytes do; the hash just
// selects its place. The cached replies depend on nothing but the pack and these bytes
// (Reply::repeats), so they stay valid as long as the pack.
//
// Each place has one section. Another one replaces it by missing twice in a row, with no other miss
// at this place in between, so sections that come only once displace nothing, however many they
// are. At worst, an attacker makes the cache useless.
class ReplyCache {
 public:
  // The reply to a header section, with this second's preface; null if the section isn't known, or
  // `section` isn't exactly one whole section. Valid until the next call of any of these functions.
  [[nodiscard]] const Reply* find(std::string_view section);

  // The same, but skips the section that find() has just missed: a request is looked up before TCP
  // has it, and again when TCP delivers it.
  [[nodiscard]] const Reply* find_once(std::string_view section) {
    return was_missed(section) ? nullptr : find(section);
  }

  // Offers the reply to a section that wasn't known. The cache may decline it.
  void learn(std::string_view section, const Reply& reply);

  // Ends a frame: other bytes may lie where the section lay that find() missed.
  void end_frame() { missed_.data = nullptr; }

  void forget_all();

 private:
  struct Place {
    std::array<std::byte, limits::kKnownRequestBytes> section;
    Reply reply;
    std::uint64_t rival;  // the hash of the last section that missed here; 0: none
    std::uint32_t bytes;  // of the section; 0: the place is empty
  };

  // Where the last section that missed lies in memory.
  struct Missed {
    const char* data;
    std::size_t bytes;
    std::uint64_t hash;
  };

  [[nodiscard]] bool was_missed(std::string_view section) const {
    return section.data() == missed_.data && section.size() == missed_.bytes;
  }
  [[nodiscard]] Place& place_of(std::uint64_t hash);

  std::array<Place, limits::kKnownRequests> places_{};
  Missed missed_{};
};

}  // namespace mote::http
