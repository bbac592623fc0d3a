// Directories on FAT (FAT specification 1.03, sections 6 and 7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "volumes/fat_chain.hpp"

namespace mote::volumes {

// An entry (6). Long names are in entries of their own before it.
struct [[gnu::packed]] FatEntry {
  static constexpr unsigned kVolume = 0x08;  // names the volume, and is no file
  static constexpr unsigned kDirectory = 0x10;
  static constexpr unsigned kLongName = 0x0F;
  static constexpr unsigned kLongNameMask = 0x3F;

  std::array<char, 11> name;
  std::uint8_t attributes;
  std::uint8_t case_bits;  // Windows NT's: which parts are shown in lower case
  std::array<std::uint8_t, 7> created_and_accessed;
  std::uint16_t cluster_high;  // only of FAT32
  std::array<std::uint8_t, 4> written;
  std::uint16_t cluster_low;
  std::uint32_t bytes;

  [[nodiscard]] bool has(unsigned attribute) const { return (attributes & attribute) != 0; }
};
static_assert(sizeof(FatEntry) == 32);

// A piece of a long name (7): 13 characters in UCS-2.
struct [[gnu::packed]] FatLongEntry {
  static constexpr unsigned kLast = 0x40;
  static constexpr unsigned kOrder = 0x3F;
  static constexpr unsigned kMostPieces = 20;
  static constexpr std::size_t kCharacters = 13;

  std::uint8_t order;                  // from 1; the last piece is marked, and comes first
  std::array<std::uint8_t, 10> first;  // characters, little endian
  std::uint8_t attributes;
  std::uint8_t type;
  std::uint8_t checksum;  // of the short name
  std::array<std::uint8_t, 12> second;
  std::uint16_t cluster;
  std::array<std::uint8_t, 4> third;

  [[nodiscard]] unsigned character(std::size_t i) const {
    const std::uint8_t* const low = i < 5    ? &first[2 * i]
                                    : i < 11 ? &second[2 * (i - 5)]
                                             : &third[2 * (i - 11)];
    return low[0] | low[1] << 8U;
  }
};
static_assert(sizeof(FatLongEntry) == sizeof(FatEntry));

// Compares long names with one, piece by piece.
class FatLongName {
 public:
  explicit FatLongName(std::string_view sought) : sought_(sought) {}

  void add(const FatLongEntry& piece);
  void forget() { is_same_ = false; }

  // Whether all pieces came, in order, belong to this short name, and are the name sought. Then
  // forgets them.
  [[nodiscard]] bool take(const FatEntry& entry);

 private:
  [[nodiscard]] bool is_same(const FatLongEntry& piece, unsigned order) const;

  std::string_view sought_;
  unsigned order_ = 0;  // of the piece that came last
  std::uint8_t checksum_ = 0;
  bool is_same_ = false;  // so far
};

// Whether a name of 8 and 3 characters is this one. FAT's names are the same in any case.
[[nodiscard]] bool is_short_name(const FatEntry& entry, std::string_view name);

// The entries of a directory that are files, directories, or the volume's name.
class FatDirectory {
 public:
  // `sought`: a name that entries are compared with; it must outlive the directory.
  FatDirectory(FatChain chain, std::string_view sought)
      : chain_(chain), sought_(sought), long_name_(sought) {}

  // The next one. kEnd: there are no more, or too many (kMostDirectoryBytes).
  [[nodiscard]] FatChain::State next(FatEntry& entry);

  // Whether the entry that came last has the name sought.
  [[nodiscard]] bool is_sought() const { return is_sought_; }

 private:
  FatChain chain_;
  std::string_view sought_;
  FatLongName long_name_;
  std::uint32_t bytes_ = 0;  // looked at
  bool is_sought_ = false;
};

}  // namespace mote::volumes
