// The pack reader: reads packs of tools/site/pack.py correctly, and never reads outside any blob.
#include "http/pack/site_pack.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>

#include "http/operations/endpoints.hpp"
#include "http/pack/crc32.hpp"
#include "http/reply/reply.hpp"
#include "http/request/request.hpp"
#include "tests/unit/http/pack/damaged_pack.hpp"
#include "tests/unit/http/reply/reply_bytes.hpp"
#include "tests/unit/http/site.hpp"

using namespace mote::http;
using mote::http_world::content_of;
using mote::http_world::Copy;
using mote::http_world::error_of;
using mote::http_world::is_refused;
using mote::http_world::PackFile;
using mote::http_world::small;

namespace {

PackFile& example() {
  static PackFile file = mote::http_world::pack_folder(mote::http_world::example_site());
  return file;
}

// Reads every byte, so that the sanitizer checks it.
void read(std::string_view text) { CHECK(std::string(text) == text); }

// Requests everything a pack holds, in every way, and reads every reply to its end.
void serve_all(const SitePack& pack) {
  std::array<char, 256> scratch;
  for (const char* path :
       {"/", "/a.txt", "/guide", "/404.html", "/no", "/%2f", "/docs/x?y", "/blog/"}) {
    for (const char* method : {"GET ", "HEAD ", "POST "}) {
      for (const char* fields :
           {"Host: b:80\r\nConnection: close\r\n", "Host: D\r\nAccept-Encoding: gzip\r\n",
            "Host: a\r\nIf-None-Match: *\r\n", "Host: a\r\nIf-Match: \"x\"\r\n",
            "Host: a\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
            "Host: a\r\nRange: bytes=1-\r\nAccept-Encoding: gzip\r\n",
            "Host: c\r\nRange: bytes=99999999999-\r\n", "Host: a\r\nRange: bytes=0-0,-1\r\n"}) {
        const std::string section = std::string(method) + path + " HTTP/1.1\r\n" + fields + "\r\n";
        const auto request = parse_request(section);
        REQUIRE(request.has_value());
        read(mote::http_world::bytes_of(make_reply(*request, {}, pack, endpoint_reply, scratch)));
      }
    }
  }
  for (const Status status : {Status::kBadRequest, Status::kServiceUnavailable}) {
    read(mote::http_world::bytes_of(make_error(status, "GET", pack)));
  }
  read(pack.settings());
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

TEST_CASE("a pack of tools/site/pack.py is read correctly") {
  const auto pack = SitePack::open(example().bytes());
  REQUIRE(pack.has_value());
  CHECK(pack->files() == 6);
  CHECK(pack->settings().empty());
  std::uint64_t sum = 0;
  for (const char* name : {"index.html", "404.html", "guide/index.html", "a b.txt", "large.bin"}) {
    CAPTURE(name);
    const Resource* resource = pack->find(0, "/" + std::string(name));
    REQUIRE(resource != nullptr);
    CHECK(resource->status == 200);
    CHECK(resource->last_modified == 784111777);
    const Representation& what = pack->representations(*resource).front();
    CHECK(what.coding == Coding::kIdentity);
    const std::string_view message = pack->message(what);
    const std::string_view head = message.substr(0, what.head_bytes);
    CHECK(head.ends_with("\r\n\r\n"));
    const std::string tag_line = "ETag: " + std::string(pack->entity_tag(what)) + "\r\n";
    CHECK(pack->common_lines(what).find(tag_line) != head.npos);
    CHECK(head.starts_with(pack->common_lines(what)));
    CHECK(pack->type_lines(what).starts_with("Content-Type: "));
    CHECK(pack->type_lines(what).data() ==
          pack->common_lines(what).data() + pack->common_lines(what).size());
    CHECK(pack->body(what) == content_of(name));
    CHECK(message.substr(what.head_bytes) == pack->body(what));
    sum += what.body_bytes;
  }
  CHECK(pack->bytes() == sum);
  const auto representation = [&](const char* path) {
    return &pack->representations(*pack->find(0, path)).front();
  };
  CHECK(representation("/") == representation("/index.html"));
  CHECK(pack->find(0, "/guide")->status == 301);
  CHECK(pack->entity_tag(*representation("/guide")).empty());
  CHECK(pack->body(pack->representation(*pack->error_page(0, 404))) == content_of("404.html"));
  CHECK(pack->error_page(0, 403) == nullptr);
  CHECK(pack->error_page(1, 404) == nullptr);
  for (const char* path : {"/missing", "", "guide", "/Guide", "/guide/index.htm"}) {
    CHECK(pack->find(0, path) == nullptr);
  }
  CHECK(pack->find(1, "/") == nullptr);
  CHECK(pack->find_rule(0, "/") == nullptr);
  CHECK(pack->site_of("anything") == 0);
}

TEST_CASE("sites, codings and redirects of a pack") {
  const auto pack = SitePack::open(small().bytes());
  REQUIRE(pack.has_value());
  for (const char* host : {"b", "c", "d", "B", "b:8080", "b.", "C.:1"}) {
    CHECK(pack->site_of(host) == 1);
  }
  for (const char* host : {"", "a", "e", "bb", "b.b", ":", "[b]", "[::b]:80"}) {
    CHECK(pack->site_of(host) == 0);
  }
  CHECK(pack->body(pack->representations(*pack->find(1, "/")).front()) == "<p>b");
  CHECK(pack->find(1, "/a.txt") == nullptr);
  const auto variants = pack->representations(*pack->find(0, "/a.txt"));
  REQUIRE(variants.size() == 2);
  CHECK(variants[1].coding == Coding::kGzip);
  const Rule* const rule = pack->find_rule(0, "/docs");
  REQUIRE(rule != nullptr);
  CHECK(pack->prefix(*rule) == "/docs");
  CHECK(pack->target(*rule) == "/manual");
  CHECK(rule->keeps_rest == 1);
  CHECK(pack->find_rule(0, "/blog/x")->keeps_rest == 0);
  CHECK(pack->find_rule(0, "/blog") == nullptr);
  CHECK(pack->find_rule(0, "/do") == nullptr);
}

TEST_CASE("settings travel in the pack") {
  CHECK(SitePack::open(small().bytes())->settings() == "http.port=8080\n");
}

TEST_CASE("memory behind the pack is ignored") {
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

TEST_CASE("the error messages for the console") {
  const auto error_after = [](auto damage) {
    Copy copy(small().bytes());
    damage(copy);
    return error_of(copy);
  };
  CHECK(error_after([](Copy& copy) { copy.header().magic[0] = 'X'; }) == "no site pack is there");
  CHECK(error_after([](Copy& copy) { copy.header().version = 1; }) ==
        "made by another version of Mote");
  CHECK(error_after([](Copy& copy) { copy.header().total_bytes += 4096; }) == "its end is missing");
  CHECK(error_after([](Copy& copy) { copy.header().total_bytes -= 1; }) == "its length is wrong");
  CHECK(error_after([](Copy& copy) { copy.bytes().back() ^= std::byte{1}; }) ==
        "its checksum is wrong");
}

TEST_CASE("no damage with a correct checksum makes any request read outside") {
  // All tables and the header.
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
  CHECK(opened > end);  // most damage is harmless
}

TEST_CASE("statuses that tools/site/pack.py doesn't write are refused") {
  for (const unsigned status : {0U, 99U, 100U, 201U, 304U, 404U, 500U, 599U, 600U, 0xFFFFU}) {
    CAPTURE(status);
    const auto error_with = [&](auto change) {
      Copy copy(small().bytes());
      change(copy, static_cast<std::uint16_t>(status));
      copy.seal();
      return std::string(error_of(copy));
    };
    CHECK(error_with([](Copy& copy, std::uint16_t bad) {
            copy.record<Resource>(copy.header().resources).status = bad;
          }) == "one of its resources has a wrong status or lies outside");
    CHECK(error_with([](Copy& copy, std::uint16_t bad) {
            copy.record<Rule>(copy.header().rules).status = bad;
          }) == "one of its redirects has a wrong status or lies outside");
    if (status < 400 || status > 599) {
      CHECK(error_with([](Copy& copy, std::uint16_t bad) {
              copy.record<ErrorPage>(copy.header().error_pages).status = bad;
            }) == "one of its error pages has a wrong status or is missing");
    }
  }
}

namespace {

constexpr Table PackHeader::* kTables[] = {&PackHeader::slots,           &PackHeader::resources,
                                           &PackHeader::representations, &PackHeader::hosts,
                                           &PackHeader::rules,           &PackHeader::error_pages,
                                           &PackHeader::field_sets,      &PackHeader::patterns};

}  // namespace

TEST_CASE("each table is checked, including for sums that wrap around") {
  const std::uint64_t total = small().bytes().size();
  for (const auto table : kTables) {
    for (const std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{184}, std::uint64_t{196},
                                    total + 8, ~std::uint64_t{7}, ~std::uint64_t{0}}) {
      CAPTURE(bad);
      CHECK(is_refused([&](Copy& copy) { (copy.header().*table).offset = bad; }));
    }
    CHECK(is_refused([&](Copy& copy) { (copy.header().*table).count = 0xFFFF'FFFF; }));
    CHECK(is_refused([&](Copy& copy) { (copy.header().*table).record_bytes += 8; }));
    CHECK(is_refused([&](Copy& copy) { (copy.header().*table).record_bytes = 0; }));
  }
  for (const std::uint32_t slots : {0U, 3U, 0x8000'0000U}) {
    CHECK(is_refused([&](Copy& copy) { copy.header().slots.count = slots; }));
  }
  CHECK(is_refused([](Copy& copy) { copy.header().resources.count = 0; }));
  CHECK(is_refused([](Copy& copy) { copy.header().representations.count = 1; }));
  CHECK(is_refused([](Copy& copy) { copy.header().header_bytes = 64; }));
  CHECK(is_refused([](Copy& copy) { copy.header().site_count = 0; }));
  CHECK(is_refused([](Copy& copy) { copy.header().site_count = 1; }));  // a host names the second
}

TEST_CASE("each offset and length is checked, including for sums that wrap around") {
  const std::uint64_t total = small().bytes().size();
  const auto resource = [](Copy& copy) -> Resource& {
    return copy.record<Resource>(copy.header().resources);
  };
  const auto what = [](Copy& copy) -> Representation& {
    return copy.record<Representation>(copy.header().representations);
  };
  const auto rule = [](Copy& copy) -> Rule& { return copy.record<Rule>(copy.header().rules); };
  const auto host = [](Copy& copy) -> Host& { return copy.record<Host>(copy.header().hosts); };
  for (const std::uint64_t bad :
       {std::uint64_t{0}, total + 8, ~std::uint64_t{7}, ~std::uint64_t{0}}) {
    CAPTURE(bad);
    CHECK(is_refused([&](Copy& copy) { copy.header().settings_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { resource(copy).path_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { what(copy).head_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { rule(copy).prefix_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { rule(copy).target_offset = bad; }));
    CHECK(is_refused([&](Copy& copy) { host(copy).name_offset = bad; }));
  }
  for (const std::uint64_t bad : {total, ~std::uint64_t{0}}) {
    CHECK(is_refused([&](Copy& copy) { what(copy).body_bytes = bad; }));
    CHECK(is_refused([&](Copy& copy) { copy.header().settings_bytes = bad; }));
  }
  constexpr std::uint32_t kMost = 0xFFFF'FFFF;
  CHECK(is_refused([&](Copy& copy) { resource(copy).path_bytes = kMost; }));
  CHECK(is_refused([&](Copy& copy) { resource(copy).representation = kMost; }));
  CHECK(is_refused([&](Copy& copy) { resource(copy).representation_count = 0xFF; }));
  CHECK(is_refused([&](Copy& copy) { resource(copy).representation_count = 0; }));
  CHECK(is_refused([&](Copy& copy) { resource(copy).representation_count = 5; }));
  CHECK(is_refused([&](Copy& copy) { what(copy).head_bytes = 0; }));
  CHECK(is_refused([&](Copy& copy) { what(copy).head_bytes = kMost; }));
  CHECK(is_refused([&](Copy& copy) { what(copy).common_bytes = 0xFFFF; }));
  CHECK(is_refused([&](Copy& copy) { what(copy).type_bytes = 0xFFFF; }));
  CHECK(is_refused([&](Copy& copy) { what(copy).tag_offset = 0xFFFF; }));
  CHECK(is_refused([&](Copy& copy) { what(copy).tag_bytes = 0xFFFF; }));
  CHECK(is_refused([&](Copy& copy) { what(copy).coding = static_cast<Coding>(4); }));
  CHECK(is_refused([&](Copy& copy) { rule(copy).prefix_bytes = kMost; }));
  CHECK(is_refused([&](Copy& copy) { rule(copy).target_bytes = kMost; }));
  CHECK(is_refused([&](Copy& copy) { host(copy).name_bytes = kMost; }));
  CHECK(is_refused([&](Copy& copy) { host(copy).site = 2; }));
  CHECK(is_refused([&](Copy& copy) {
    copy.record<ErrorPage>(copy.header().error_pages).representation = kMost;
  }));
}

TEST_CASE("a full hash table ends every search") {
  Copy copy(small().bytes());
  std::fill_n(&copy.record<Slot>(copy.header().slots), copy.header().slots.count,
              Slot{.hash = 0, .resource = 0});
  copy.seal();
  const auto pack = SitePack::open(copy.bytes());
  REQUIRE(pack.has_value());
  CHECK(pack->find(0, "/") == nullptr);
}
