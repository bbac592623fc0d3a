// Replies to requests that came before: the same bytes get the same reply again, without a parser.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/limits.hpp"
#include "http/reply/reply.hpp"

namespace mote::http {

// What a header section got, and the same as lwIP takes it.
struct KnownReply {
  Reply reply;
  GatheredPieces gathered;
};

// Header sections and what they got. A section is known by all of its bytes; its hash only says
// where it would lie. Nothing but the pack and these bytes makes these replies (Reply::repeats), so
// they hold for as long as the pack does.
//
// Each place has one section. Another takes it when it comes twice in a row among those that belong
// there and aren't known: sections that come once, however many, drive none out. Whoever plays
// against this makes it useless at worst.
class ReplyCache {
 public:
  // The reply to a header section, with the preface of this second, or null if it isn't known or
  // `section` is anything else but one whole section. It stays until the next call of any of these.
  [[nodiscard]] const KnownReply* find(std::string_view section);

  // This is what a section got, which wasn't known. It need not be kept.
  void learn(std::string_view section, const Reply& reply);

  void forget_all();

 private:
  struct Place {
    std::array<std::byte, limits::kKnownRequestBytes> section;
    KnownReply known;
    std::uint64_t rival;  // the hash of the last one that wasn't known here; 0: none came
    std::uint32_t bytes;  // of the section; 0: there is none
  };

  [[nodiscard]] Place& place_of(std::uint64_t hash);

  std::array<Place, limits::kKnownRequests> places_{};
};

}  // namespace mote::http
