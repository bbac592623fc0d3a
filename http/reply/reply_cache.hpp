// Replies to requests that came before: the same bytes get the same reply again, without a parser.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/limits.hpp"
#include "http/reply/reply.hpp"

namespace mote::http {

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
  [[nodiscard]] const Reply* find(std::string_view section);

  // The same, but for what was just looked for in vain: a request is looked up before TCP has it,
  // and once more when TCP hands it over.
  [[nodiscard]] const Reply* find_once(std::string_view section) {
    return was_missed(section) ? nullptr : find(section);
  }

  // This is what a section got, which wasn't known. It need not be kept.
  void learn(std::string_view section, const Reply& reply);

  void forget_all();

 private:
  struct Place {
    std::array<std::byte, limits::kKnownRequestBytes> section;
    Reply reply;
    std::uint64_t rival;  // the hash of the last one that wasn't known here; 0: none came
    std::uint32_t bytes;  // of the section; 0: there is none
  };

  // Where the section lay that was looked for last in vain. Should others lie there by now, no harm
  // is done: they aren't found, or are kept where nobody looks for them.
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
