// Forged frames, by kind: what an attacker sends who need not be who he says he is.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace siege {

using Frame = std::vector<std::uint8_t>;
using Mac = std::array<std::uint8_t, 6>;

// The machine under siege, from words like 52:54:00:4d:6f:74 and 192.0.2.2.
struct Victim {
  Victim(const char* mac, const char* address);
  Mac mac{};
  std::uint32_t address = 0;
};

class Forger {
 public:
  Forger(const Victim& victim, std::string_view kind, std::uint64_t seed);

  // All kinds' names, in one line.
  static std::string kinds();
  [[nodiscard]] bool is_known() const { return make_ != nullptr; }
  Frame next() { return (this->*make_)(); }

 private:
  using Make = Frame (Forger::*)();
  struct Kind;
  static const Kind kKinds[];

  [[nodiscard]] std::uint32_t random() { return static_cast<std::uint32_t>(random_()); }
  [[nodiscard]] std::uint32_t stranger();   // an address far away
  [[nodiscard]] std::uint32_t neighbour();  // one of the machine's own network

  // Ethernet and IPv4 around a payload. `fragment`: the field of flags and offset.
  Frame datagram(std::uint32_t from, unsigned protocol, const Frame& payload,
                 unsigned fragment = 0);
  Frame tcp(std::uint32_t from, unsigned flags, std::size_t payload = 0);
  Frame icmp_error(unsigned type, unsigned code);
  Frame arp(unsigned operation, std::uint32_t from, std::uint32_t about, const Mac& sender);
  Frame ethernet(unsigned type);

  Frame syn();
  Frame syn_of_neighbours();
  Frame ack();
  Frame reset();
  Frame fin();
  Frame xmas();
  Frame null();
  Frame data();
  Frame syn_ack();
  Frame unmannered();
  Frame udp();
  Frame ping();
  Frame arp_request();
  Frame arp_reply();
  Frame redirect();
  Frame unreachable();
  Frame teardrop();
  Frame overlapping();
  Frame incomplete();
  Frame beyond_the_end();
  Frame junk();

  Victim victim_;
  std::mt19937_64 random_;
  Make make_ = nullptr;
  Frame second_;  // the fragment that comes next
};

}  // namespace siege
