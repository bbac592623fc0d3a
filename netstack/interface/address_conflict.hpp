// Address Conflict Detection (RFC 5227) for an interface's address, static or leased.
//
// The address is used at once, and probed for meanwhile; RFC 5227, 2.1, would wait for seven
// seconds (docs/decisions.md says why). Another station that has it, or probes for it, before the
// first announcement makes a new lease be declined (RFC 2131, 3.1 (5)), but no more than
// limits::kDeclines in a row: a forger may answer every probe. In all other cases the address is
// kept, and defended at most once in ten seconds (RFC 5227, 2.4 (c)): connections depend on it, and
// whoever can send ARP packets must not be able to end them.
#pragma once

#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

class Attachment;

class AddressConflict {
 public:
  // Call when the address may have changed, and several times a second.
  void look(Attachment& attachment);

  // The link is up again, perhaps elsewhere: probes once more. An address that was announced before
  // isn't declined.
  void on_link_up();

  // An ARP packet came, to all or to us alone. True: it is in our address's name, and nobody else
  // may learn of it.
  [[nodiscard]] bool is_conflict(Attachment& attachment, const ArpPacket& arp, bool to_all);

 private:
  enum class Phase : std::uint8_t { kNone, kProbing, kAnnouncing, kServing };

  void begin(Ipv4Address address, bool may_decline);
  void probe(Attachment& attachment, Nanoseconds now);
  void announce(Attachment& attachment, Nanoseconds now);
  void meet(Attachment& attachment, const MacAddress& other);
  void defend(Attachment& attachment);

  Ipv4Address address_;  // zero: none
  Phase phase_ = Phase::kNone;
  bool may_decline_ = false;
  std::uint8_t sent_ = 0;      // probes or announcements
  std::uint8_t declines_ = 0;  // in a row
  Nanoseconds next_;           // probe or announcement
  Nanoseconds next_defence_;
};

}  // namespace mote::netstack
