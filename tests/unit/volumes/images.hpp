// Small volumes that tests and fuzzers write byte by byte, and then spoil.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mote::volumes {

// A disk's content, with fields to set.
class Image {
 public:
  explicit Image(std::size_t bytes) : bytes_(bytes) {}

  void put(std::size_t at, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) bytes_.at(at + i) = std::byte(text[i]);
  }
  void put8(std::size_t at, unsigned value) { bytes_.at(at) = std::byte(value); }
  void put16(std::size_t at, unsigned value) {
    put8(at, value & 0xFF);
    put8(at + 1, value >> 8 & 0xFF);
  }
  void put32(std::size_t at, std::uint32_t value) {
    put16(at, value & 0xFFFF);
    put16(at + 2, value >> 16);
  }
  void resize(std::size_t bytes) { bytes_.resize(bytes); }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// ISO 9660: descriptors in sectors 16 to 18, the root directory in sector 20 (Joliet's in 21), a
// directory `sub` in 22 (Joliet's in 23), a continuation area in 24, files from 25 on.
inline constexpr std::size_t kSector = 2048;
inline constexpr std::size_t kIsoRoot = 20 * kSector;
inline constexpr std::size_t kIsoJoliet = 21 * kSector;
inline constexpr std::size_t kIsoSub = 22 * kSector;
inline constexpr std::size_t kIsoContinuation = 24 * kSector;
inline constexpr std::size_t kIsoFile = 25 * kSector;
enum class IsoNames { kPlain, kJoliet, kRockRidge };

// Holds `user-data` ("hello"), a long name ("long") and `sub/meta-data` ("deep").
[[nodiscard]] Image make_iso(IsoNames names);

// Where a record with this name, as stored, begins in a directory; 0: nowhere.
[[nodiscard]] std::size_t iso_record(const Image& image, std::size_t directory,
                                     std::string_view name);

// FAT with entries of `bits`, sectors and clusters of 512 bytes, a reserved sector and one table:
// `user-data` (700 bytes of 'u' in clusters 5 and 7), `sub/meta-data` ("deep", in cluster 4), and
// "SHORT.TXT" ("short").
struct FatImage {
  Image image;
  std::size_t table;
  std::size_t root;
  std::size_t data;  // cluster 2
  unsigned bits;

  void set_entry(unsigned cluster, std::uint32_t value);
};
[[nodiscard]] FatImage make_fat(unsigned bits);

}  // namespace mote::volumes
