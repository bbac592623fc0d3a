// The stations that an interface sends to: a cache of Ethernet headers from lwIP's ARP table.
//
// lwIP searches its table for each frame, and renews an old entry when asked for it. The cache is
// therefore cleared whenever the table may have changed, by an ARP packet or with the link, and
// several times a second: so lwIP is asked again, and nothing here outlives its table entry for
// long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "netstack/wire/headers.hpp"

namespace mote::netstack {

class Peers {
 public:
  // The header for frames to the station with this on-link address (in memory as on the wire), or
  // null.
  [[nodiscard]] const EthernetHeader* find(std::uint32_t address) const {
    const Peer& peer = peers_[place(address)];
    return peer.address == address && address != 0 ? &peer.header : nullptr;
  }

  // Replaces another one at the same place.
  void learn(std::uint32_t address, const EthernetHeader& header) {
    peers_[place(address)] = {address, header};
  }

  void forget() { peers_ = {}; }

 private:
  struct Peer {
    std::uint32_t address = 0;  // 0: none
    EthernetHeader header;
  };

  static constexpr std::size_t kPlaces = 64;

  // By the last byte of the address, in which a link's neighbours differ.
  static std::size_t place(std::uint32_t address) { return address >> 24 & (kPlaces - 1); }

  std::array<Peer, kPlaces> peers_{};
};

}  // namespace mote::netstack
