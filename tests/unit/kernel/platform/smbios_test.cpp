// Tests of SMBIOS's entry points and OEM strings, good and broken.
//
// The last part of this process's first MiB plays the machine's.
#include "kernel/platform/smbios.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

// The kernel, in which no firmware keeps tables.
asm(R"(
  .globl __image_start
  .globl __image_end
  .set __image_start, 0x100000
  .set __image_end, 0x200000
)");

namespace mote::smbios {
namespace {

using namespace std::string_literals;

constexpr std::size_t kAreaBytes = 0x10000;

std::string number(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) {
    text += static_cast<char>(value >> 8 * i);
  }
  return text;
}

void seal(std::string& text, std::size_t at, std::size_t begin = 0) {
  text[at] = 0;
  unsigned sum = 0;
  for (const char c : text.substr(begin)) {
    sum += static_cast<unsigned char>(c);
  }
  text[at] = static_cast<char>(-sum);
}

// Entry points as in 5.2.1 and 5.2.2.
std::string entry32(std::uint64_t table, std::uint64_t bytes, std::uint64_t structures,
                    char length = 0x1F) {
  std::string text = "_SM_\0"s + length + "\x02\x08\0\0\0\0\0\0\0\0"s + "_DMI_\0"s +
                     number(bytes, 2) + number(table, 4) + number(structures, 2) + "\x28"s;
  seal(text, 0x15, 0x10);
  std::string first = text.substr(0, static_cast<unsigned char>(length));
  seal(first, 4);
  text[4] = first[4];
  return text;
}
std::string entry64(std::uint64_t table, std::uint64_t most) {
  std::string text = "_SM3_\0\x18\x03\0\0\x01\0"s + number(most, 4) + number(table, 8);
  seal(text, 5);
  return text;
}

std::string structure(char type, const std::string& formatted, const std::string& strings) {
  return std::string() + type + static_cast<char>(4 + formatted.size()) + "\1\0"s + formatted +
         strings + (strings.empty() ? "\0\0"s : "\0"s);
}

const std::string kBiosFacts = structure(0, std::string(14, '\1'), "SeaBIOS\0001.16\0"s);
const std::string kProcessor = structure(4, std::string(44, '\0'), "");
const std::string kOem = structure(11, "\2"s, "mote:http.port=8080\0other\0"s);
const std::string kEnd = structure(127, "", "");

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// All OEM strings of a table, which lies at the very end of its memory.
std::vector<std::string> strings_of(const std::string& text, std::uint32_t structures = 100) {
  std::vector<char> exact(text.begin(), text.end());
  OemStrings strings({reinterpret_cast<const std::byte*>(exact.data()), exact.size()}, structures);
  std::vector<std::string> all;
  while (const auto next = strings.next()) {
    all.emplace_back(*next);
  }
  CHECK_FALSE(strings.next().has_value());
  return all;
}

using Strings = std::vector<std::string>;

TEST_CASE("OEM strings are found among other structures, in order") {
  CHECK(strings_of(kBiosFacts + kProcessor + kOem + kEnd) ==
        Strings{"mote:http.port=8080", "other"});
  CHECK(strings_of(kOem + kProcessor + kOem + kEnd).size() == 4);
  CHECK(strings_of(structure(11, "\0"s, "") + kOem).size() == 2);
  CHECK(strings_of(structure(11, "\1"s, "several\nlines\n\0"s)) == Strings{"several\nlines\n"});
  CHECK(strings_of("").empty());
}

TEST_CASE("nothing is read after the end, be it a structure, a count or the table's own") {
  CHECK(strings_of(kBiosFacts + kEnd + kOem).empty());
  CHECK(strings_of(kBiosFacts + kOem, 1).empty());
  CHECK(strings_of(kBiosFacts + kOem, 2).size() == 2);
  CHECK(strings_of(kOem, 0).empty());
  const std::string whole = kBiosFacts + kProcessor + kOem + kEnd;
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CHECK(strings_of(whole.substr(0, bytes)).size() <= 2);
  }
}

TEST_CASE("a structure whose length can't be ends the walk") {
  for (const char length : {0, 1, 3, 127}) {
    std::string broken = kProcessor;
    broken[1] = length;
    CHECK(strings_of(broken + kOem).empty());
  }
  std::string endless = kOem.substr(0, 10);  // no zero any more
  CHECK(strings_of(endless).empty());
  CHECK(strings_of(std::string(1000, '\x0B')).empty());
}

TEST_CASE("entry points are found by their anchors, checksums and lengths") {
  const auto area = [](std::size_t at, const std::string& entry) {
    std::string text(0x100, '\0');
    return text.replace(at, entry.size(), entry);
  };
  const auto found = find_table(bytes_of(area(0x40, entry32(0xF1000, 300, 9))));
  REQUIRE(found.has_value());
  CHECK(found->address == 0xF1000);
  CHECK(found->bytes == 300);
  CHECK(found->structures == 9);
  CHECK(find_table(bytes_of(area(0, entry32(0xF1000, 300, 9, 0x1E)))).has_value());
  const auto wide = find_table(bytes_of(area(0xE0, entry64(0x7FFF'0000, 70'000))));
  REQUIRE(wide.has_value());
  CHECK(wide->address == 0x7FFF'0000);
  CHECK(wide->bytes == 70'000);
  CHECK(find_table(bytes_of(area(0, entry64(1, 0xFFFF'FFFF))))->bytes == 128 * 1024);
  // The 64-bit one is used, wherever it is.
  std::string both = area(0, entry32(0xF1000, 300, 9));
  both.replace(0x80, 0x18, entry64(0xF2000, 5));
  CHECK(find_table(bytes_of(both))->address == 0xF2000);
}

TEST_CASE("entry points that are damaged, astray or cut are none") {
  for (const std::string& good : {entry32(0xF1000, 300, 9), entry64(0xF1000, 300)}) {
    CHECK(find_table(bytes_of(good + std::string(16, '\0'))).has_value());
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good + std::string(16, '\0');
      bad[at] = static_cast<char>(bad[at] + 1);
      CHECK_FALSE(find_table(bytes_of(bad)).has_value());
      const std::vector<char> cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(at));
      CHECK_FALSE(
          find_table({reinterpret_cast<const std::byte*>(cut.data()), cut.size()}).has_value());
    }
    CHECK_FALSE(find_table(bytes_of("\0\0\0\0\0\0\0\0"s + good)).has_value());
  }
  CHECK_FALSE(find_table({}).has_value());
}

TEST_CASE("the machine's strings are read where its entry point says, unless that can't be") {
  auto* const area =
      static_cast<char*>(mmap(reinterpret_cast<void*>(0xF0000), kAreaBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  REQUIRE(reinterpret_cast<std::uintptr_t>(area) == 0xF0000);
  CHECK_FALSE(oem_strings({}).next().has_value());
  const std::string table = kBiosFacts + kOem + kEnd;
  std::memcpy(area + 0x1234, table.data(), table.size());
  const auto put = [&](const std::string& entry) {
    std::memcpy(area + 0x500, entry.data(), entry.size());
  };
  put(entry32(0xF1234, table.size(), 3));
  CHECK(oem_strings({}).next() == "mote:http.port=8080");
  put(entry64(0xF1234, table.size()));
  CHECK(oem_strings({}).next() == "mote:http.port=8080");
  // Where the loader says, without a search; but one that is told wrong is searched for.
  std::memcpy(area + 0x8008, entry64(0xF1235, table.size()).data(), 0x18);  // at no multiple of 16
  CHECK(oem_strings({0xF8008}).next() != "mote:http.port=8080");
  CHECK(oem_strings({0xF0500}).next() == "mote:http.port=8080");
  CHECK(oem_strings({0xF8100}).next() == "mote:http.port=8080");
  CHECK(oem_strings({~std::uint64_t{0} - 8}).next() == "mote:http.port=8080");
  // Page 0, the kernel, the end of what is mapped, and beyond.
  for (const std::uint64_t astray : {std::uint64_t{0}, std::uint64_t{0x10'0000},
                                     std::uint64_t{0xFFFF'FFF0}, ~std::uint64_t{0} - 8}) {
    put(entry64(astray, table.size()));
    CHECK_FALSE(oem_strings({}).next().has_value());
  }
}

}  // namespace
}  // namespace mote::smbios
