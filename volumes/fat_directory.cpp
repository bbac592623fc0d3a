// Entries of FAT's directories, and their two kinds of names.
#include "volumes/fat_directory.hpp"

#include <algorithm>
#include <bit>

#include "volumes/names.hpp"
#include "volumes/records.hpp"

namespace mote::volumes {
namespace {

// First bytes of names (6.1).
constexpr char kEndOfDirectory = '\0';
constexpr char kDeleted = '\xE5';
constexpr char kStandsForDeleted = '\x05';  // a name that begins with that character

constexpr std::size_t kStemBytes = 8;

std::uint8_t checksum(std::string_view name) {  // (7.2)
  std::uint8_t sum = 0;
  for (const char letter : name) {
    sum = static_cast<std::uint8_t>(std::rotr(sum, 1) + static_cast<unsigned char>(letter));
  }
  return sum;
}

std::string_view without_spaces(std::string_view part) {
  return part.substr(0, part.find_last_not_of(' ') + 1);
}

}  // namespace

void FatLongName::add(const FatLongEntry& piece) {
  const unsigned order = piece.order & FatLongEntry::kOrder;
  const bool is_last = (piece.order & FatLongEntry::kLast) != 0;
  const bool follows = is_last ? order <= FatLongEntry::kMostPieces
                               : is_same_ && order + 1 == order_ && piece.checksum == checksum_;
  // The last piece holds the name's end, maybe as its terminator.
  const std::size_t before = (order - std::size_t{1}) * FatLongEntry::kCharacters;
  const bool ends =
      !is_last || (sought_.size() > before && sought_.size() <= before + FatLongEntry::kCharacters);
  is_same_ = order != 0 && follows && ends && is_same(piece, order);
  order_ = order;
  checksum_ = piece.checksum;
}

bool FatLongName::is_same(const FatLongEntry& piece, unsigned order) const {
  const std::size_t before = (order - std::size_t{1}) * FatLongEntry::kCharacters;
  for (std::size_t i = 0; i < FatLongEntry::kCharacters && before + i <= sought_.size(); ++i) {
    const unsigned character = piece.character(i);
    if (before + i == sought_.size()) {
      return character == 0;
    }
    if (character > 0x7F || upper(static_cast<char>(character)) != upper(sought_[before + i])) {
      return false;
    }
  }
  return true;
}

bool FatLongName::take(const FatEntry& entry) {
  const bool is_whole =
      is_same_ && order_ == 1 && checksum({entry.name.data(), entry.name.size()}) == checksum_;
  forget();
  return is_whole;
}

bool is_short_name(const FatEntry& entry, std::string_view name) {
  std::array<char, 11> stored = entry.name;
  if (stored[0] == kStandsForDeleted) {
    stored[0] = kDeleted;
  }
  const std::string_view all(stored.data(), stored.size());
  const std::string_view stem = without_spaces(all.substr(0, kStemBytes));
  const std::string_view extension = without_spaces(all.substr(kStemBytes));
  if (!equal_in_any_case(name.substr(0, stem.size()), stem)) {
    return false;
  }
  name.remove_prefix(stem.size());
  if (extension.empty()) {
    return name.empty();
  }
  return name.starts_with('.') && equal_in_any_case(name.substr(1), extension);
}

FatChain::State FatDirectory::next(FatEntry& entry) {
  for (; bytes_ < kMostDirectoryBytes; bytes_ += sizeof entry) {
    const FatChain::State state = chain_.read(std::as_writable_bytes(std::span(&entry, 1)));
    if (state != FatChain::State::kRead) {
      return state;
    }
    if (entry.name[0] == kEndOfDirectory) {
      return FatChain::State::kEnd;
    }
    if (entry.name[0] == kDeleted) {
      long_name_.forget();
    } else if ((entry.attributes & FatEntry::kLongNameMask) == FatEntry::kLongName) {
      long_name_.add(std::bit_cast<FatLongEntry>(entry));
    } else {
      is_sought_ = long_name_.take(entry) || is_short_name(entry, sought_);
      bytes_ += sizeof entry;
      return FatChain::State::kRead;
    }
  }
  return FatChain::State::kEnd;
}

}  // namespace mote::volumes
