// The addresses that connections come from, and how many each has open, so that one address can't
// keep all others out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "http/limits.hpp"
#include "kernel/memory/arena.hpp"
#include "netstack/stream.hpp"

namespace mote::http {

// An address with connections open.
struct Source {
  std::uint64_t key = 0;   // its first bytes: of an IPv6 address the network, which is one host's
  Source* next = nullptr;  // in its chain, or in the list of free ones
  std::uint32_t open = 0;  // its connections
};

class Sources {
 public:
  // Takes memory for as many sources as there may be connections, and one more that asks for one.
  // False: the arena has too little.
  [[nodiscard]] bool set_up(Arena& arena, std::size_t connections);

  // Chooses the order in which addresses are chained. Call before the first connection.
  void shuffle(std::uint64_t secret) { multiplier_ = secret | 1; }

  // One more connection from an address; `leave` follows once for each.
  [[nodiscard]] Source& enter(const netstack::PeerAddress& address);
  void leave(Source& source);

 private:
  [[nodiscard]] std::size_t chain_of(std::uint64_t key) const {
    return static_cast<std::size_t>(key * multiplier_ >> (64 - limits::kSourceChainBits));
  }
  [[nodiscard]] Source& unused();

  std::array<Source*, std::size_t{1} << limits::kSourceChainBits> chains_{};
  std::span<Source> memory_;
  std::size_t touched_ = 0;  // the rest aren't constructed yet
  Source* free_ = nullptr;
  std::uint64_t multiplier_ = 0;
};

}  // namespace mote::http
