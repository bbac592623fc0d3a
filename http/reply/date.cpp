// Parses HTTP's three date forms, and writes the one that is sent.
#include "http/reply/date.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "http/reply/text_writer.hpp"
#include "kernel/console/number_text.hpp"
#include "kernel/time/calendar.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Date {
  unsigned year = 0;
  unsigned month = 0;  // 0 to 11
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

// Takes pieces off the front of a text; once one is missing, `ok_` stays false. Rarely used, so not
// inlined, which would make it four times as large.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[gnu::noinline]] bool accept(std::string_view word) {
    const bool there = rest_.starts_with(word);
    if (there) {
      rest_.remove_prefix(word.size());
    }
    return there;
  }

  void expect(std::string_view word) { ok_ &= accept(word); }

  [[gnu::noinline]] unsigned number(std::size_t digits) {
    unsigned value = 0;
    for (std::size_t count = 0; count < digits; ++count) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  [[gnu::noinline]] unsigned month() {
    for (unsigned index = 0; index < kMonths.size(); ++index) {
      if (accept(kMonths[index])) {
        return index;
      }
    }
    ok_ = false;
    return 0;
  }

  void time(Date& date) {
    date.hour = number(2);
    expect(":"sv);
    date.minute = number(2);
    expect(":"sv);
    date.second = number(2);
  }

  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// "06 Nov 1994 08:49:37 GMT", behind "Sun, ".
bool read_fixdate(Reader reader, Date& date) {
  date.day = reader.number(2);
  reader.expect(" "sv);
  date.month = reader.month();
  reader.expect(" "sv);
  date.year = reader.number(4);
  reader.expect(" "sv);
  reader.time(date);
  reader.expect(" GMT"sv);
  return reader.finished();
}

// "06-Nov-94 08:49:37 GMT", behind "Sunday, ".
bool read_rfc850(Reader reader, Date& date) {
  date.day = reader.number(2);
  reader.expect("-"sv);
  date.month = reader.month();
  reader.expect("-"sv);
  const unsigned year = reader.number(2);
  date.year = year < 70 ? 2000 + year : 1900 + year;
  reader.expect(" "sv);
  reader.time(date);
  reader.expect(" GMT"sv);
  return reader.finished();
}

// "Nov  6 08:49:37 1994", behind "Sun ".
bool read_asctime(Reader reader, Date& date) {
  date.month = reader.month();
  reader.expect(" "sv);
  date.day = reader.accept(" "sv) ? reader.number(1) : reader.number(2);
  reader.expect(" "sv);
  reader.time(date);
  reader.expect(" "sv);
  date.year = reader.number(4);
  return reader.finished();
}

bool read(std::string_view text, Date& date) {
  for (const std::string_view day : kDays) {
    const std::string_view short_day{day.data(), 3};
    if (!text.starts_with(short_day)) {
      continue;
    }
    Reader reader(text);
    if (reader.accept(day)) {
      return reader.accept(", "sv) && read_rfc850(reader, date);
    }
    reader.expect(short_day);
    return reader.accept(", "sv) ? read_fixdate(reader, date)
                                 : reader.accept(" "sv) && read_asctime(reader, date);
  }
  return false;
}

// A leap second may be written as 60 (RFC 9110, 5.6.7).
bool exists(const Date& date) {
  return date.day >= 1 && date.day <= calendar::days_in(date.year, date.month + 1) &&
         date.hour < 24 && date.minute < 60 && date.second <= 60;
}

// Days since 1970-01-01, as in kernel/time/calendar.hpp, but also for earlier dates, which a client
// may well send.
std::int64_t days_of(const Date& date) {
  constexpr std::int64_t kDaysBefore1970 = 719'468;  // from 1 March of the year 0
  const bool early = date.month < 2;
  const std::int64_t year = std::int64_t{date.year} - (early ? 1 : 0);
  const std::int64_t month = early ? date.month + 10 : date.month - 2;
  // Adds one 400-year cycle so that divisions don't round upwards for the year -1.
  const std::int64_t shifted = year + 400;
  const std::int64_t leap_days = shifted / 4 - shifted / 100 + shifted / 400;
  constexpr std::int64_t kCycleDays = 146'097;
  return shifted * 365 + leap_days + (153 * month + 2) / 5 + date.day - 1 - kCycleDays -
         kDaysBefore1970;
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
  Date date;
  if (!read(text, date) || !exists(date)) {
    return std::nullopt;
  }
  return ((days_of(date) * 24 + date.hour) * 60 + date.minute) * 60 + date.second;
}

void write_date(std::uint64_t seconds, std::array<char, kDateBytes>& text) {
  constexpr std::uint64_t kLast = 253'402'300'799;  // 9999-12-31T23:59:59Z
  seconds = seconds < kLast ? seconds : kLast;
  const auto days = static_cast<std::uint32_t>(seconds / calendar::kDaySeconds);
  const calendar::Date date = calendar::date_of(days);
  const calendar::TimeOfDay time = calendar::time_of_day(seconds);
  TextWriter writer(text);
  writer.add(std::string_view(kDays[(days + 3) % 7].data(), 3));  // 1970 began on a Thursday
  writer.add(", ");
  writer.add(NumberText<10>(date.day, 2).text());
  writer.add(" ");
  writer.add(kMonths[date.month - 1]);
  writer.add(" ");
  writer.add(NumberText<10>(date.year, 4).text());
  for (const auto [mark, number] :
       {std::pair{" ", time.hour}, std::pair{":", time.minute}, std::pair{":", time.second}}) {
    writer.add(mark);
    writer.add(NumberText<10>(number, 2).text());
  }
  writer.add(" GMT");
}

}  // namespace mote::http
