// Writes the volumes that images.hpp describes.
#include "tests/unit/volumes/images.hpp"

#include <algorithm>

namespace mote::volumes {
namespace {

std::string ucs2(std::string_view text) {
  std::string wide;
  for (const char letter : text) wide += {'\0', letter};
  return wide;
}

std::string nm(std::string_view name, unsigned flags = 0) {
  return std::string("NM") + static_cast<char>(5 + name.size()) + '\1' + static_cast<char>(flags) +
         std::string(name);
}

struct IsoRecord {
  std::string_view name;
  unsigned extent;
  std::uint32_t bytes;
  unsigned flags = 0;
  std::string fields = {};
};

// Appends a record to a directory; returns where the next one goes.
std::size_t put_record(Image& image, std::size_t at, const IsoRecord& record) {
  const std::size_t use = (33 + record.name.size() + 1) & ~std::size_t{1};
  image.put8(at, static_cast<unsigned>(use + record.fields.size()));
  image.put32(at + 2, record.extent);
  image.put32(at + 10, record.bytes);
  image.put8(at + 25, record.flags);
  image.put8(at + 32, static_cast<unsigned>(record.name.size()));
  image.put(at + 33, record.name);
  image.put(at + use, record.fields);
  return at + use + record.fields.size();
}

void put_descriptor(Image& image, unsigned sector, unsigned type, std::string_view label,
                    unsigned root) {
  const std::size_t at = sector * kSector;
  image.put8(at, type);
  image.put(at + 1, "CD001\1");
  image.put(at + 40, label);
  image.put16(at + 128, kSector);
  put_record(image, at + 156, {.name = {"\0", 1}, .extent = root, .bytes = kSector, .flags = 2});
}

void put_directories(Image& image, std::size_t root, std::size_t sub, IsoNames names) {
  const bool is_joliet = names == IsoNames::kJoliet && root == kIsoJoliet;
  const bool is_rock = names == IsoNames::kRockRidge;
  const auto name = [&](std::string_view plain, std::string_view wide) {
    return is_joliet ? ucs2(wide) : std::string(plain);
  };
  const std::string self = is_rock ? std::string("SP\7\1\xBE\xEF\0PX\4\1", 11) : "";
  std::string continued("CE\x1C\1", 4);
  for (const unsigned number : {24U, 100U, 60U}) {
    continued += {static_cast<char>(number), 0, 0, 0, 0, 0, 0, 0};
  }
  std::size_t at = put_record(image, root, {{"\0", 1}, unsigned(root / kSector), kSector, 2, self});
  at = put_record(image, at, {{"\1", 1}, unsigned(root / kSector), kSector, 2});
  at = put_record(
      image, at,
      {name("LONGNAME.;1", "longer-name;1"), 26, 4, 0, is_rock ? nm("longer", 1) + continued : ""});
  at = put_record(
      image, at,
      {name("SUB", "sub"), unsigned(sub / kSector), kSector, 2, is_rock ? nm("sub") : ""});
  put_record(image, at,
             {name("USER_DAT.;1", "user-data"), 25, 5, 0, is_rock ? nm("user-data") : ""});
  put_record(image, sub,
             {name("META_DAT.;1", "meta-data;1"), 27, 4, 0, is_rock ? nm("meta-data") : ""});
}

}  // namespace

Image make_iso(IsoNames names) {
  Image image(30 * kSector);
  put_descriptor(image, 16, 1, "CIDATA                          ", 20);
  if (names == IsoNames::kJoliet) {
    put_descriptor(image, 17, 2, ucs2("cidata          "), 21);
    image.put(17 * kSector + 88, "%/E");
    put_directories(image, kIsoJoliet, 23 * kSector, names);
  }
  image.put(18 * kSector, std::string("\xFF") + "CD001\1");
  if (names != IsoNames::kJoliet) image.put(17 * kSector, std::string("\xFF") + "CD001\1");
  put_directories(image, kIsoRoot, kIsoSub, names);
  image.put(kIsoContinuation + 100, nm("-name"));
  image.put(kIsoFile, "hello");
  image.put(26 * kSector, "long");
  image.put(27 * kSector, "deep");
  return image;
}

std::size_t iso_record(const Image& image, std::size_t directory, std::string_view name) {
  const auto bytes = std::as_bytes(std::span(name));
  const auto begin = image.bytes().begin() + static_cast<std::ptrdiff_t>(directory);
  const auto end = begin + kSector;
  const auto found = std::search(begin, end, bytes.begin(), bytes.end());
  return found == end ? 0 : static_cast<std::size_t>(found - image.bytes().begin()) - 33;
}

void FatImage::set_entry(unsigned cluster, std::uint32_t value) {
  if (bits == 32) {
    image.put32(table + 4 * cluster, value);
  } else if (bits == 16) {
    image.put16(table + 2 * cluster, value);
  } else {
    const std::size_t at = table + cluster * 3 / 2;
    const auto old = [&](std::size_t i) {
      return std::to_integer<unsigned>(image.bytes()[at + i]);
    };
    const unsigned both = old(0) | old(1) << 8;
    image.put16(at, cluster % 2 == 0 ? (both & 0xF000) | (value & 0xFFF)
                                     : (both & 0xF) | (value & 0xFFF) << 4);
  }
}

namespace {

void put_entry(Image& image, std::size_t at, std::string_view name, unsigned attributes,
               unsigned cluster, std::uint32_t bytes) {
  image.put(at, name);
  image.put8(at + 11, attributes);
  image.put16(at + 26, cluster);
  image.put32(at + 28, bytes);
}

// One piece is enough for 13 characters.
void put_long_name(Image& image, std::size_t at, std::string_view name, std::string_view alias) {
  unsigned sum = 0;
  for (const char letter : alias) {
    sum = ((sum & 1) << 7) + (sum >> 1) + static_cast<unsigned char>(letter);
    sum &= 0xFF;
  }
  image.put8(at, 0x41);
  image.put8(at + 11, 0x0F);
  image.put8(at + 13, sum);
  for (std::size_t i = 0; i < 13; ++i) {
    const std::size_t place = i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11);
    image.put16(at + place, i < name.size()    ? static_cast<unsigned char>(name[i])
                            : i == name.size() ? 0U
                                               : 0xFFFFU);
  }
}

}  // namespace

FatImage make_fat(unsigned bits) {
  const unsigned clusters = bits == 16 ? 4200 : 64;
  const unsigned table_sectors = bits == 16 ? 17 : 1;
  const unsigned root_sectors = bits == 32 ? 0 : 1;
  const unsigned sectors = 1 + table_sectors + root_sectors + clusters;
  FatImage made{Image(std::size_t{sectors} * 512), 512, 0, 0, bits};
  made.data = std::size_t{1 + table_sectors + root_sectors} * 512;
  made.root = made.data - root_sectors * 512;
  Image& image = made.image;
  image.put(0, std::string_view("\xEB\x3C\x90mkfs.fat", 11));
  image.put16(11, 512);
  image.put8(13, 1);
  image.put16(14, 1);
  image.put8(16, 1);
  image.put16(17, root_sectors * 16);
  image.put16(19, sectors);
  image.put8(21, 0xF8);
  image.put16(22, bits == 32 ? 0 : table_sectors);
  if (bits == 32) {
    image.put32(36, table_sectors);
    image.put32(44, 2);
    made.set_entry(2, 0x0FFF'FFFF);
    made.root = made.data;
  }
  image.put8(bits == 32 ? 66 : 38, 0x29);
  image.put(bits == 32 ? 71 : 43, "BOOTLABEL  ");
  image.put16(510, 0xAA55);
  put_entry(image, made.root, "CIDATA     ", 0x08, 0, 0);
  put_long_name(image, made.root + 32, "user-data", "USER-D~1   ");
  put_entry(image, made.root + 64, "USER-D~1   ", 0x20, 5, 700);
  put_entry(image, made.root + 96, "SUB        ", 0x10, 3, 0);
  put_entry(image, made.root + 128, "SHORT   TXT", 0x20, 6, 5);
  const std::size_t sub = made.data + 512;
  put_long_name(image, sub, "meta-data", "META-D~1   ");
  put_entry(image, sub + 32, "META-D~1   ", 0x20, 4, 4);
  for (const unsigned last : {3U, 4U, 6U, 7U}) made.set_entry(last, 0x0FFF'FFFF);
  made.set_entry(5, 7);
  image.put(made.data + 2 * 512, "deep");
  image.put(made.data + 3 * 512, std::string(512, 'u'));
  image.put(made.data + 4 * 512, "short");
  image.put(made.data + 5 * 512, std::string(188, 'u'));
  return made;
}

}  // namespace mote::volumes
