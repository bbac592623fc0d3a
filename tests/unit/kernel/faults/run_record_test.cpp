// Tests of the record that outlives a reset: what is believed of it, and what damage costs.
#include "kernel/faults/run_record.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace mote {
namespace {

RunRecord panicked() {
  RunRecord record;
  record.runs = 7;
  record.ends[static_cast<std::size_t>(RunEnd::kPanic)] = 3;
  record.end = RunEnd::kPanic;
  record.add("page fault");
  record.note_time(12);
  record.seal();
  return record;
}

TEST_CASE("memory with anything in it is no record, and neither is memory with nothing in it") {
  RunRecord record;
  for (const int filler : {0x00, 0x55, 0xAA, 0xFF}) {
    std::memset(static_cast<void*>(&record), filler, sizeof(record));
    CHECK(!record.is_sound());
    record.note_time(1);
    CHECK(!record.is_sound());
  }
  CHECK(!RunRecord().is_sound());
}

TEST_CASE("a sealed record is sound, and each flipped bit that counts makes it unsound") {
  const RunRecord record = panicked();
  REQUIRE(record.is_sound());
  const std::size_t told = offsetof(RunRecord, text) + record.text_bytes;
  for (std::size_t bit = 0; bit < 8 * sizeof(RunRecord); ++bit) {
    auto bytes = std::bit_cast<std::array<unsigned char, sizeof(RunRecord)>>(record);
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ 1U << bit % 8);
    CHECK(std::bit_cast<RunRecord>(bytes).is_sound() == (bit / 8 >= told));
  }
}

TEST_CASE("what can't be true is not believed, even with the right sum") {
  const auto refuses = [](auto change) {
    RunRecord record = panicked();
    change(record);
    record.text_bytes = record.text_bytes <= RunRecord::kTextBytes ? record.text_bytes : 0;
    record.seal();
    return !record.is_sound();
  };
  CHECK(refuses([](RunRecord& record) { record.magic ^= 1; }));
  CHECK(refuses([](RunRecord& record) { ++record.version; }));
  CHECK(refuses([](RunRecord& record) { --record.bytes; }));
  CHECK(refuses([](RunRecord& record) { record.lasted = 12; }));
  CHECK(refuses([](RunRecord& record) { record.end = static_cast<RunEnd>(kRunEnds); }));
  CHECK(!refuses([](RunRecord& record) { record.end = RunEnd::kWatchdog; }));
  RunRecord longer = panicked();
  longer.text_bytes = RunRecord::kTextBytes + 1;
  CHECK(!longer.is_sound());
}

TEST_CASE("the time is noted in one store that needs no new seal") {
  RunRecord record = panicked();
  for (const std::uint32_t seconds : {0U, 1U, 86'400U, ~0U}) {
    record.note_time(seconds);
    CHECK(record.is_sound());
    CHECK(record.seconds() == seconds);
  }
}

TEST_CASE("a text fills its room and no more") {
  RunRecord record;
  record.add(std::string(60, 'a'));
  record.add("bcdefg");
  record.add("h");
  CHECK(record.words() == std::string(60, 'a') + "bcde");
  record.seal();
  CHECK(record.is_sound());
}

}  // namespace
}  // namespace mote
