// Probes, announces and defends an interface's address. The constants are those of RFC 5227, 1.1.
#include "netstack/interface/address_conflict.hpp"

#include <string_view>

#include "kernel/platform/entropy.hpp"
#include "netstack/interface/arp.hpp"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/wire/address_text.hpp"

namespace mote::netstack {
namespace {

using namespace std::string_view_literals;

constexpr unsigned kProbeNum = 3;
constexpr unsigned kAnnounceNum = 2;
constexpr std::uint32_t kProbeWaitMs = 1'000;
constexpr std::uint32_t kProbeMinMs = 1'000;
constexpr std::uint32_t kProbeMaxMs = 2'000;
constexpr Nanoseconds kAnnounceWait = milliseconds(2'000);
constexpr Nanoseconds kAnnounceInterval = milliseconds(2'000);
constexpr Nanoseconds kDefendInterval = milliseconds(10'000);

Nanoseconds random_wait(std::uint32_t from_ms, std::uint32_t to_ms) {
  return milliseconds(from_ms + entropy::random32() % (to_ms - from_ms + 1));
}

}  // namespace

void AddressConflict::begin(Ipv4Address address, bool may_decline) {
  address_ = address;
  may_decline_ = may_decline;
  phase_ = address.value == 0 ? Phase::kNone : Phase::kProbing;
  sent_ = 0;
  next_ = clock::now() + random_wait(0, kProbeWaitMs);
}

void AddressConflict::on_link_up() { begin(address_, may_decline_); }

void AddressConflict::look(Attachment& attachment) {
  if (const Ipv4Address own = attachment.host().address; own != address_) {
    begin(own, attachment.is_leased());
  }
  const Nanoseconds now = clock::now();
  if (phase_ == Phase::kNone || phase_ == Phase::kServing || now < next_ || !attachment.usable()) {
    return;
  }
  if (phase_ == Phase::kProbing && sent_ < kProbeNum) {
    probe(attachment, now);
  } else {
    announce(attachment, now);
  }
}

// RFC 5227, 2.1.1.
void AddressConflict::probe(Attachment& attachment, Nanoseconds now) {
  if (!send_arp_request(attachment.netif(), kEveryStation, {}, address_)) {
    return;
  }
  ++sent_;
  next_ = now + (sent_ < kProbeNum ? random_wait(kProbeMinMs, kProbeMaxMs) : kAnnounceWait);
}

// RFC 5227, 2.3.
void AddressConflict::announce(Attachment& attachment, Nanoseconds now) {
  if (phase_ == Phase::kProbing) {  // nobody objected
    phase_ = Phase::kAnnouncing;
    sent_ = declines_ = 0;
    may_decline_ = false;
  }
  if (!send_arp_request(attachment.netif(), kEveryStation, address_, address_)) {
    return;
  }
  ++sent_;
  next_ = now + kAnnounceInterval;
  if (sent_ == kAnnounceNum) {
    phase_ = Phase::kServing;
  }
}

// Switches that track devices ask each station by itself, without a sender's address: no probe.
bool AddressConflict::is_conflict(Attachment& attachment, const ArpPacket& arp, bool to_all) {
  const bool is_same = arp.sender_address == address_.value;
  const bool is_probe = to_all && arp.sender_address == 0 && arp.target_address == address_.value &&
                        arp.operation == ArpPacket::kRequest && phase_ == Phase::kProbing;
  if (address_.value == 0 || (!is_same && !is_probe) || arp.sender_mac == attachment.host().mac) {
    return false;
  }
  meet(attachment, arp.sender_mac);
  return is_same;
}

void AddressConflict::meet(Attachment& attachment, const MacAddress& other) {
  ++attachment.counters().address_conflicts;
  Complaints& complaints = attachment.complaints();
  if (may_decline_ && declines_ < limits::kDeclines) {
    ++declines_;
    complaints.say("conflict"sv, "declined"sv, address_, " is in use by ", MacText(other).text(),
                   ": declined");
    attachment.decline_lease();
    return;
  }
  if (may_decline_) {
    complaints.say("conflict"sv, "forged"sv, address_, " is in use by ", MacText(other).text(),
                   ", too, as were ", limits::kDeclines, " leases before: kept");
  } else {
    complaints.say("conflict"sv, "kept"sv, address_, " is in use by ", MacText(other).text(),
                   ", too: kept");
  }
  may_decline_ = false;
  if (phase_ == Phase::kProbing) {
    phase_ = Phase::kServing;  // it is no question any more; each conflict is answered by itself
  }
  defend(attachment);
}

void AddressConflict::defend(Attachment& attachment) {
  const Nanoseconds now = clock::now();
  if (now >= next_defence_ &&
      send_arp_request(attachment.netif(), kEveryStation, address_, address_)) {
    next_defence_ = now + kDefendInterval;
  }
}

}  // namespace mote::netstack
