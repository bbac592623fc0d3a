// The header rules' patterns in a pack: an automaton that never leaves its tables.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/pack/site_pack.hpp"
#include "tests/unit/http/pack/damaged_pack.hpp"

using namespace mote::http;
using mote::http_world::Copy;
using mote::http_world::is_refused;
using mote::http_world::small;

TEST_CASE("field sets are found by patterns, for any path") {
  const auto pack = SitePack::open(small().bytes());
  REQUIRE(pack.has_value());
  const auto lines = [&](std::string_view path, unsigned page_group = 0) {
    return pack->lines(*pack->field_set(pack->group_of(path), page_group));
  };
  CHECK(lines("/a") == "X-A: 1\r\n");
  CHECK(lines("/b").empty());
  CHECK(lines("").empty());
  CHECK(lines("/\xFF.html") == "X-B: 2\r\n");
  CHECK(lines("/a/b.html") == "X-A: 1\r\nX-B: 2\r\n");
  CHECK(lines("/a/b", pack->error_page(0, 404)->group) == "X-A: 1\r\nX-B: 2\r\n");
  CHECK(pack->group_of("/guide/") == pack->group_of("/"));
  CHECK(lines("/guide/").empty());
  const Resource& guide = *pack->find(0, "/guide/");  // guide/index.html is there
  CHECK(pack->lines(*pack->field_set(guide.group)) == "X-B: 2\r\n");
}

TEST_CASE("a pattern that leads to a missing state or group is refused") {
  const auto word = [](Copy& copy, std::size_t at) -> std::uint16_t& {
    return (&copy.record<std::uint16_t>(copy.header().patterns))[at];
  };
  const std::size_t count = Copy(small().bytes()).header().patterns.count;
  for (const std::size_t at : {Patterns::kClasses, Patterns::kStates, Patterns::kGroups}) {
    for (const std::uint16_t bad : {0, 0xFFFF}) {
      CHECK(is_refused([&](Copy& copy) { word(copy, at) = bad; }));
    }
  }
  unsigned refused = 0;
  for (std::size_t at = Patterns::kClassOf; at < count; ++at) {
    refused += is_refused([&](Copy& copy) { word(copy, at) = 0xFFFF; }) ? 1 : 0;
  }
  CHECK(refused >= count - Patterns::kClassOf - 3);  // except the table's padding
  CHECK(is_refused([&](Copy& copy) { copy.header().patterns.count = Patterns::kRows; }));
  CHECK(is_refused([&](Copy& copy) { copy.header().patterns.count = 1; }));
  CHECK(is_refused([&](Copy& copy) { copy.header().field_sets.count = 0; }));
  CHECK(is_refused([&](Copy& copy) { --copy.header().field_sets.count; }));
  const auto set = [](Copy& copy) -> FieldSet& {
    return copy.record<FieldSet>(copy.header().field_sets);
  };
  CHECK(is_refused([&](Copy& copy) { set(copy).offset = ~std::uint64_t{0}; }));
  CHECK(is_refused([&](Copy& copy) { set(copy).bytes = 0xFFFF'FFFF; }));
  CHECK(is_refused(
      [&](Copy& copy) { copy.record<Resource>(copy.header().resources).group = 0xFFFF; }));
  CHECK(is_refused(
      [&](Copy& copy) { copy.record<ErrorPage>(copy.header().error_pages).group = 0xFFFF'FFFF; }));
}
