// Packs for tests to damage: the reader must refuse the result, or never read outside it.
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "http/pack/crc32.hpp"
#include "http/pack/format.hpp"
#include "http/pack/site_pack.hpp"
#include "tests/unit/http/site.hpp"

namespace mote::http_world {

// A pack small enough to be damaged in many ways, with settings in it.
inline PackFile& small() {
  static PackFile file = [] {
    const auto site = example_site().parent_path() / "small";
    std::filesystem::create_directories(site / "guide");
    for (const char* name : {"index.html", "404.html", "guide/index.html"}) {
      std::ofstream(site / name) << content_of(name);
    }
    const auto config = site.parent_path() / "mote.toml";
    std::filesystem::create_directories(site.parent_path() / "small-b");
    std::ofstream(site.parent_path() / "small-b/index.html") << "<p>b";
    std::ofstream(site / "a.txt") << std::string(300, 'a');
    std::ofstream(config) << "[http]\nport = 8080\ncompress = [\"gzip\"]\n"
                             "[[http.redirect]]\nfrom = \"/docs*\"\nto = \"/manual*\"\n"
                             "[[http.redirect]]\nfrom = \"/blog/*\"\nto = \"/b\"\n"
                             "[[http.headers]]\nmatch = \"/a*\"\nset = { X-A = \"1\" }\n"
                             "[[http.headers]]\nmatch = \"*.html\"\nset = { X-B = \"2\" }\n"
                             "[[http.site]]\nhosts = [\"b\", \"c\", \"d\"]\nroot = \"small-b\"\n";
    return pack_folder(site, config);
  }();
  return file;
}

// A copy of a pack, in memory of exactly its size.
class Copy {
 public:
  explicit Copy(std::span<const std::byte> bytes)
      : size_(bytes.size()), data_(new(std::align_val_t{4096}) std::byte[bytes.size()]) {
    std::memcpy(data_, bytes.data(), size_);
  }
  ~Copy() { ::operator delete[](data_, std::align_val_t{4096}); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() { return {data_, size_}; }
  [[nodiscard]] http::PackHeader& header() { return *reinterpret_cast<http::PackHeader*>(data_); }
  template <class Record>
  [[nodiscard]] Record& record(const http::Table& table, std::size_t index = 0) {
    return reinterpret_cast<Record*>(data_ + table.offset)[index];
  }

  // Corrects the checksum, so that the other checks are reached.
  void seal() {
    header().checksum = 0;
    header().checksum = http::crc32(0, bytes());
  }

 private:
  std::size_t size_;
  std::byte* data_;
};

inline std::string_view error_of(Copy& copy) {
  const auto pack = http::SitePack::open(copy.bytes());
  return pack ? "" : pack.error();
}

// Whether a pack is refused after this damage, with a correct checksum.
template <class Damage>
bool is_refused(Damage damage) {
  Copy copy(small().bytes());
  damage(copy);
  copy.seal();
  return !error_of(copy).empty();
}

}  // namespace mote::http_world
