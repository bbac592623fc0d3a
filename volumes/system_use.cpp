// Entries of System Use fields, and Rock Ridge's names among them.
#include "volumes/system_use.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace mote::volumes {
namespace {

constexpr std::size_t kHeaderBytes = 4;

// "CE" (SUSP 5.1): each number is stored twice, little endian first.
struct [[gnu::packed]] Continuation {
  std::uint32_t block;
  std::uint32_t block_big_endian;
  std::uint32_t offset;
  std::uint32_t offset_big_endian;
  std::uint32_t bytes;
  std::uint32_t bytes_big_endian;
};
static_assert(sizeof(Continuation) == 24);

// "SP" (SUSP 5.3): two check bytes, then how many to skip.
constexpr std::string_view kCheckBytes = "\xBE\xEF";

// "NM": flags, then text. With one of these the text is empty, and the name is "." or "..".
constexpr unsigned kNameContinues = 1 << 0;
constexpr unsigned kNameIsSpecial = 1 << 1 | 1 << 2;

}  // namespace

bool SystemUse::next(SystemUseEntry& entry) {
  for (;;) {
    if (left_ < kHeaderBytes) {  // padding, or nothing
      if (continuation_bytes_ == 0 || ++continuations_ > kMostContinuations) {
        return false;
      }
      at_ = continuation_at_;
      left_ = std::min(continuation_bytes_, kMostContinuationBytes);
      continuation_bytes_ = 0;
      continue;
    }
    const auto bytes = std::as_writable_bytes(std::span(&entry, 1));
    if (!disk_->read(at_, bytes.first(std::min<std::size_t>(left_, bytes.size())))) {
      return false;
    }
    if (entry.length < kHeaderBytes || entry.length > left_ || entry.is("ST")) {
      left_ = 0;  // ST ends an area (SUSP 5.4), and so does what isn't an entry
      continue;
    }
    at_ += entry.length;
    left_ -= entry.length;
    if (!entry.is("CE")) {
      return true;
    }
    note_continuation(entry);
  }
}

void SystemUse::note_continuation(const SystemUseEntry& entry) {
  if (entry.data().size() >= sizeof(Continuation)) {
    Continuation area;
    __builtin_memcpy(&area, entry.bytes.data(), sizeof area);
    continuation_at_ = std::uint64_t{area.block} * block_bytes_ + area.offset;
    continuation_bytes_ = area.bytes;
  }
}

RockRidge find_rock_ridge(SystemUse record_of_self) {
  SystemUseEntry entry;
  if (!record_of_self.next(entry) || !entry.is("SP") || entry.data().size() < 3 ||
      !entry.data().starts_with(kCheckBytes)) {
    return {};
  }
  const auto skipped = static_cast<std::uint8_t>(entry.data()[2]);
  while (record_of_self.next(entry)) {
    if (entry.is("PX")) {  // POSIX attributes: every record of Rock Ridge has them (RRIP 4.1.1)
      return {.is_there = true, .skipped_bytes = skipped};
    }
  }
  return {};
}

RockRidgeName compare_rock_ridge_name(SystemUse fields, std::string_view name) {
  SystemUseEntry entry;
  bool is_same = true;
  while (fields.next(entry)) {
    if (!entry.is("NM") || entry.data().empty()) {
      continue;
    }
    const auto flags = static_cast<unsigned char>(entry.data()[0]);
    const std::string_view part = entry.data().substr(1);
    if ((flags & kNameIsSpecial) != 0 || !name.starts_with(part)) {
      is_same = false;
    } else {
      name.remove_prefix(part.size());
    }
    if ((flags & kNameContinues) == 0) {
      return is_same && name.empty() ? RockRidgeName::kSame : RockRidgeName::kOther;
    }
  }
  return RockRidgeName::kNone;
}

}  // namespace mote::volumes
