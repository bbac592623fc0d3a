// Tests of the count of connections by address.
#include "http/connection/sources.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <vector>

#include "tests/unit/ample_arena.hpp"

namespace mote::http {
namespace {

netstack::PeerAddress host(std::uint32_t number) {
  std::array<std::uint8_t, 4> bytes{};
  __builtin_memcpy(bytes.data(), &number, sizeof number);
  return netstack::PeerAddress(bytes);
}

Sources& sources_for(std::size_t connections) {
  static Sources sources;
  sources = {};
  REQUIRE(sources.set_up(ample_arena(), connections));
  sources.shuffle(0x9E37'79B9'7F4A'7C15);
  return sources;
}

TEST_CASE("each address is counted by itself, whatever comes and goes") {
  constexpr std::size_t kConnections = 3000;
  Sources& sources = sources_for(kConnections);
  std::mt19937 chance(1);
  std::map<std::uint32_t, std::uint32_t> open;
  std::vector<std::pair<std::uint32_t, Source*>> entered;
  for (int step = 0; step < 100'000; ++step) {
    const bool enters = entered.size() < kConnections && (entered.empty() || chance() % 100 < 52);
    if (enters) {
      const std::uint32_t number = chance() % 4 == 0 ? chance() % 8 : chance();
      entered.emplace_back(number, &sources.enter(host(number)));
      ++open[number];
      REQUIRE(entered.back().second->open == open[number]);
    } else {
      std::swap(entered[chance() % entered.size()], entered.back());
      const auto [number, source] = entered.back();
      REQUIRE(source->open == open[number]);
      sources.leave(*source);
      --open[number];
      entered.pop_back();
    }
  }
  for (const auto& [number, source] : entered) {
    REQUIRE(source->open == open[number]);
  }
}

TEST_CASE("there is room for as many addresses as connections and one, again and again") {
  Sources& sources = sources_for(64);
  for (std::uint32_t round = 0; round < 3; ++round) {
    std::vector<Source*> entered;
    for (std::uint32_t i = 0; i <= 64; ++i) {
      entered.push_back(&sources.enter(host(round * 100 + i)));
    }
    for (Source* source : entered) {
      CHECK(source->open == 1);
      sources.leave(*source);
    }
  }
}

TEST_CASE("addresses of one IPv6 network are one source") {
  Sources& sources = sources_for(64);
  std::array<std::uint8_t, 16> bytes = {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1};
  Source& first = sources.enter(netstack::PeerAddress(bytes));
  bytes[15] = 9;
  CHECK(&sources.enter(netstack::PeerAddress(bytes)) == &first);
  bytes[7] = 2;
  CHECK(&sources.enter(netstack::PeerAddress(bytes)) != &first);
  CHECK(first.open == 2);
}

}  // namespace
}  // namespace mote::http
