// The pack reader: packs of tools/pack.py are read right, and no blob makes it read outside.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>
#include <string>

#include "http/counters.hpp"
#include "http/crc32.hpp"
#include "http/reply.hpp"
#include "http/site_pack.hpp"
#include "tests/unit/http_world.hpp"

using namespace mote::http;
using mote::http_world::content_of;
using mote::http_world::PackFile;

namespace {

PackFile& example() {
  static PackFile file = mote::http_world::pack_folder(mote::http_world::example_site());
  return file;
}

// A pack small enough to be damaged in many ways, with settings in it.
PackFile& small() {
  static PackFile file = [] {
    const auto site = mote::http_world::example_site().parent_path() / "small";
    std::filesystem::create_directories(site / "guide");
    for (const char* name : {"index.html", "404.html", "guide/index.html"}) {
      std::ofstream(site / name) << content_of(name);
    }
    const auto config = site.parent_path() / "mote.toml";
    std::ofstream(config) << "[http]\nport = 8080\n";
    return mote::http_world::pack_folder(site, config);
  }();
  return file;
}

// A pack's bytes in memory of their own, exactly as long as they are.
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
  [[nodiscard]] PackHeader& header() { return *reinterpret_cast<PackHeader*>(data_); }
  [[nodiscard]] Resource& resource(std::size_t index) {
    return reinterpret_cast<Resource*>(data_ + header().resources_offset)[index];
  }

  // Makes the checksum right again, so that the other checks are reached.
  void seal() {
    header().checksum = 0;
    header().checksum = crc32(0, bytes());
  }

 private:
  std::size_t size_;
  std::byte* data_;
};

// Reads every byte, for the sanitizer to see.
void read(std::string_view text) { CHECK(std::string(text) == text); }

// Asks for all that a pack holds, in every way, and reads the pieces of every reply.
void serve_all(const SitePack& pack) {
  std::array<char, 256> scratch;
  for (const char* path : {"/", "/index.html", "/guide", "/guide/", "/404.html", "/no", "/%2f"}) {
    for (const char* method : {"GET ", "HEAD "}) {
      for (const char* rest :
           {" HTTP/1.0\r\n\r\n", " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            " HTTP/1.1\r\nHost: a\r\n\r\n", " HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n",
            " HTTP/1.0\r\nIf-None-Match: \"a\", *, \"b\"\r\nIf-Match: \"x\"\r\n\r\n",
            " HTTP/1.0\r\nIf-None-Match: *\r\n\r\n",
            " HTTP/1.0\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"}) {
        const std::string request = std::string(method) + path + rest;
        const Reply reply = make_reply(request, pack, scratch);
        CHECK(reply.status / 100U < Counters{}.responses.size());
        for (const Reply::Piece& piece : reply.pieces) {
          read({piece.data, piece.bytes});
        }
      }
    }
  }
  read(pack.settings());
}

std::string_view error_of(Copy& copy) {
  const auto pack = SitePack::open(copy.bytes());
  return pack ? "" : pack.error();
}

}  // namespace

TEST_CASE("CRC-32: known values, whole and in pieces") {
  const auto crc_of = [](std::string_view text) {
    return crc32(0, std::as_bytes(std::span(text)));
  };
  CHECK(crc_of("") == 0);
  CHECK(crc_of("123456789") == 0xCBF43926);
  CHECK(crc_of("The quick brown fox jumps over the lazy dog") == 0x414FA339);
  const std::string text = content_of("large.bin").substr(0, 100);
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CHECK(crc32(crc32(0, bytes.first(cut)), bytes.subspan(cut)) == crc_of(text));
  }
}

TEST_CASE("a pack of tools/pack.py is read as it was meant") {
  const auto pack = SitePack::open(example().bytes());
  REQUIRE(pack.has_value());
  CHECK(pack->files() == 6);
  CHECK(pack->settings().empty());
  std::uint64_t sum = 0;
  for (const char* name : {"index.html", "404.html", "guide/index.html", "a b.txt", "large.bin"}) {
    CAPTURE(name);
    const Resource* resource = pack->find("/" + std::string(name));
    REQUIRE(resource != nullptr);
    const Message message = pack->message(*resource);
    CHECK(message.status == 200);
    CHECK(std::string_view(message.data, message.status_line_bytes) == "HTTP/1.1 200 OK\r\n");
    const std::string_view head(message.data, message.head_bytes);
    CHECK(head.ends_with("\r\n\r\n"));
    CHECK(head.find("ETag: " + std::string(pack->entity_tag(*resource)) + "\r\n") != head.npos);
    CHECK(std::string_view(message.data + message.head_bytes, message.body_bytes) ==
          content_of(name));
    CHECK(resource->last_modified == 784111777);
    sum += message.body_bytes;
  }
  CHECK(pack->bytes() == sum);
  CHECK(pack->message(*pack->find("/")).data == pack->message(*pack->find("/index.html")).data);
  CHECK(pack->message(*pack->find("/guide")).status == 301);
  CHECK(pack->message(*pack->not_found()).status == 404);
  CHECK(pack->not_modified(*pack->find("/")).status == 304);
  CHECK(pack->find("/missing") == nullptr);
  CHECK(pack->find("") == nullptr);
  CHECK(pack->find("guide") == nullptr);
}

TEST_CASE("settings travel in the pack") {
  CHECK(SitePack::open(small().bytes())->settings() == "http.port=8080\n");
}

TEST_CASE("memory behind the pack doesn't matter") {
  std::vector<std::byte> bytes(small().bytes().begin(), small().bytes().end());
  bytes.resize(bytes.size() + 100, std::byte{0xAA});
  Copy copy(bytes);
  CHECK(error_of(copy).empty());
}

TEST_CASE("any flipped bit is found") {
  Copy copy(small().bytes());
  for (std::size_t at = 0; at < copy.bytes().size(); ++at) {
    const auto bit = std::byte(1U << at % 8);
    copy.bytes()[at] ^= bit;
    CHECK_FALSE(error_of(copy).empty());
    copy.bytes()[at] ^= bit;
  }
  CHECK(error_of(copy).empty());
}

TEST_CASE("a short blob is refused") {
  for (std::size_t size = 0; size < small().bytes().size(); size += size < 256 ? 1 : 97) {
    Copy copy(small().bytes().first(size));
    CHECK_FALSE(error_of(copy).empty());
  }
}

TEST_CASE("the words for the console") {
  const auto error_after = [](auto damage) {
    Copy copy(small().bytes());
    damage(copy);
    return error_of(copy);
  };
  CHECK(error_after([](Copy& copy) { copy.header().magic[0] = 'X'; }) == "no site pack is there");
  CHECK(error_after([](Copy& copy) { copy.header().version = 2; }) ==
        "made by another version of Mote");
  CHECK(error_after([](Copy& copy) { copy.header().total_bytes += 4096; }) == "its end is missing");
  CHECK(error_after([](Copy& copy) { copy.header().total_bytes -= 1; }) == "its length is wrong");
  CHECK(error_after([](Copy& copy) { copy.bytes().back() ^= std::byte{1}; }) ==
        "its checksum is wrong");
}

TEST_CASE("no damage under a right checksum leads outside, whatever is asked for") {
  const std::size_t end =
      reinterpret_cast<const PackHeader*>(small().bytes().data())->settings_offset;
  Copy copy(small().bytes());
  unsigned opened = 0;
  for (std::size_t at = 0; at < end; ++at) {
    const std::byte before = copy.bytes()[at];
    for (const unsigned value : {0x00U, 0x01U, 0x7FU, 0x80U, 0xFFU}) {
      copy.bytes()[at] = std::byte(value);
      copy.seal();
      if (const auto pack = SitePack::open(copy.bytes())) {
        ++opened;
        serve_all(*pack);
      }
    }
    copy.bytes()[at] = before;
  }
  CHECK(opened > end);  // most of it is harmless
}

TEST_CASE("a status that tools/pack.py doesn't write is refused") {
  for (const unsigned status : {0U, 99U, 100U, 201U, 304U, 500U, 599U, 600U, 0xFFFFU}) {
    CAPTURE(status);
    Copy copy(small().bytes());
    copy.resource(0).status = static_cast<std::uint16_t>(status);
    copy.seal();
    CHECK(error_of(copy) == "one of its resources has a wrong status or lies outside");
  }
}

TEST_CASE("each offset and length is checked, wrapped sums too") {
  const auto is_refused = [](auto damage) {
    Copy copy(small().bytes());
    damage(copy);
    copy.seal();
    return !error_of(copy).empty();
  };
  const std::uint64_t total = small().bytes().size();
  for (const std::uint64_t bad :
       {std::uint64_t{0}, total + 8, ~std::uint64_t{7}, ~std::uint64_t{0}}) {
    CAPTURE(bad);
    CHECK(is_refused([&](Copy& copy) { copy.header().slots_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { copy.header().resources_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { copy.header().settings_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { copy.resource(0).path_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { copy.resource(0).head_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { copy.resource(0).tag_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { copy.resource(0).not_modified_offset = bad; }));
  }
  CHECK(is_refused([&](Copy& copy) { copy.resource(0).body_bytes = total; }));
  CHECK(is_refused([](Copy& copy) { copy.resource(0).body_bytes = ~std::uint64_t{0}; }));
  CHECK(is_refused([](Copy& copy) { copy.resource(0).head_bytes = 0; }));
  CHECK(is_refused([](Copy& copy) { copy.resource(0).head_bytes = 0xFFFF'FFFF; }));
  CHECK(is_refused([](Copy& copy) { copy.resource(0).not_modified_bytes = 0; }));
  CHECK(is_refused([](Copy& copy) { copy.header().slot_count = 0; }));
  CHECK(is_refused([](Copy& copy) { copy.header().slot_count = 3; }));
  CHECK(is_refused([](Copy& copy) { copy.header().slot_count = 0x8000'0000; }));
  CHECK(is_refused([](Copy& copy) { copy.header().resource_count = 0xFFFF'FFFF; }));
  CHECK(is_refused([](Copy& copy) { copy.header().resource_count = 0; }));
  CHECK(is_refused([](Copy& copy) { copy.header().not_found = 1000; }));
  CHECK(is_refused([](Copy& copy) { copy.header().header_bytes = 64; }));
  CHECK(is_refused([](Copy& copy) { copy.header().resource_bytes = 64; }));
}

TEST_CASE("a full hash table ends every search") {
  Copy copy(small().bytes());
  auto* const slots = reinterpret_cast<Slot*>(copy.bytes().data() + copy.header().slots_offset);
  std::fill_n(slots, copy.header().slot_count, Slot{.hash = 0, .resource = 0});
  copy.seal();
  const auto pack = SitePack::open(copy.bytes());
  REQUIRE(pack.has_value());
  CHECK(pack->find("/") == nullptr);
}
