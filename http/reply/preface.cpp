// Caches prefaces, each for the second in which it was last requested.
#include "http/reply/preface.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "http/reply/date.hpp"
#include "http/reply/status.hpp"
#include "http/reply/text_writer.hpp"
#include "kernel/time/wall_clock.hpp"
#include "netstack/limits.hpp"

namespace mote::http {
namespace {

constexpr std::size_t kPersistences = 3;
static_assert(static_cast<std::size_t>(Persistence::kClose) == kPersistences - 1);

struct Entry {
  std::array<char, limits::kFirstTextBytes> text;
  std::uint32_t bytes;
  std::uint64_t stamp;  // the second it was made for, plus one; 0: none yet

  [[nodiscard]] std::string_view view() const { return {text.data(), bytes}; }
};

// The stamp when there is no wall clock.
constexpr std::uint64_t kNoClock = ~std::uint64_t{0};

constinit std::array<std::array<Entry, kPersistences>, kStatuses.size()> entries{};

constinit std::uint64_t earliest = 0;

// The Date text of the second last requested.
struct DateText {
  std::uint64_t second;
  std::array<char, kDateBytes> text;
};
constinit DateText last_date{};

std::string_view date_of(std::uint64_t second) {
  if (last_date.second != second || last_date.text[0] == '\0') {
    last_date.second = second;
    write_date(second, last_date.text);
  }
  return {last_date.text.data(), last_date.text.size()};
}

constexpr std::string_view connection_line(Persistence persistence) {
  switch (persistence) {
    case Persistence::kKeepAlive:
      return "Connection: keep-alive\r\n";
    case Persistence::kClose:
      return "Connection: close\r\n";
    case Persistence::kSilent:
      break;
  }
  return {};
}

[[gnu::noinline]] std::string_view make(Entry& entry, std::uint64_t stamp, std::uint16_t status,
                                        Persistence persistence) {
  TextWriter writer(entry.text);
  writer.add("HTTP/1.1 ");
  writer.add(status_text(status));
  writer.add("\r\n");
  if (stamp != kNoClock) {
    writer.add("Date: ");
    writer.add(date_of(stamp - 1));
    writer.add("\r\n");
  }
  writer.add(connection_line(persistence));
  entry.bytes = static_cast<std::uint32_t>(writer.text().size());
  entry.stamp = stamp;
  return entry.view();
}

// Whether even the longest preface fits.
consteval bool all_fit() {
  for (const std::uint16_t status : kStatuses) {
    if (9 + status_text(status).size() + 2 + 6 + kDateBytes + 2 +
            connection_line(Persistence::kKeepAlive).size() >
        sizeof(Entry::text)) {
      return false;
    }
  }
  return true;
}
static_assert(all_fit(), "raise limits::kFirstTextBytes");

}  // namespace

std::string_view preface(std::uint16_t status, Persistence persistence) {
  const std::optional<std::uint64_t> second = wall_clock::now();
  const std::uint64_t stamp = second ? std::max(*second, earliest) + 1 : kNoClock;
  const std::size_t index = index_of_status(status);
  Entry& entry = entries[index][static_cast<std::size_t>(persistence)];
  return entry.stamp == stamp ? entry.view() : make(entry, stamp, kStatuses[index], persistence);
}

void set_earliest_date(std::uint64_t second) {
  earliest = std::min(second, kNoClock - 2);  // write_date limits it to the year 9999
}

}  // namespace mote::http
