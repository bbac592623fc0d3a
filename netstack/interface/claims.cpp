// Doubts about entries of lwIP's ARP table (lwip/patches/arp-claims).
#include "netstack/interface/claims.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "drivers/net_device.hpp"
#include "kernel/time/clock.hpp"
#include "lwip/etharp.h"
#include "mote_hooks.h"
#include "netstack/interface/arp.hpp"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/wire/address_text.hpp"

namespace mote::netstack {
namespace {

using namespace std::string_view_literals;

constexpr Nanoseconds kPollInterval = milliseconds(limits::kArpPollMs);

// What is thought of an entry's station.
enum class Standing : std::uint8_t {
  kSure,
  kDoubted,  // it is asked, and hasn't answered yet
  kGone,     // it didn't: whoever claims the address has it
};

struct Doubt {
  Standing standing = Standing::kSure;
  std::uint8_t polls = 0;  // sent
  MacAddress claimant;     // the last one
  Nanoseconds next_poll;   // not before, even for a new doubt
};
constinit std::array<Doubt, ARP_TABLE_SIZE> doubts{};
constinit bool is_any_doubted = false;

// An entry that knows a station.
struct Known {
  ip4_addr_t* address = nullptr;
  struct netif* netif = nullptr;
  struct eth_addr* station = nullptr;

  [[nodiscard]] bool read(std::size_t entry) {
    return etharp_get_entry(entry, &address, &netif, &station) != 0;
  }
  [[nodiscard]] Ipv4Address ip() const { return {std::byteswap(ip4_addr_get_u32(address))}; }
  [[nodiscard]] MacAddress mac() const { return std::bit_cast<MacAddress>(*station); }
  [[nodiscard]] bool is_gateway() const { return ip4_addr_eq(address, netif_ip4_gw(netif)); }
};

// Asks a doubted station, or gives it up, if it is time.
void poll(Doubt& doubt, const Known& known) {
  const Nanoseconds now = clock::now();
  if (now < doubt.next_poll) {
    return;
  }
  if (doubt.polls == limits::kArpPolls) {
    doubt.standing = Standing::kGone;
    etharp_request(known.netif, known.address);
    return;
  }
  const Ipv4Address own = attachment_of(known.netif).host().address;
  if (!send_arp_request(*known.netif, known.mac(), own, known.ip())) {
    return;  // later, since silence must mean that it was asked
  }
  ++doubt.polls;
  // A look that came late doesn't delay those after it, but leaves time for an answer.
  doubt.next_poll = std::max(doubt.next_poll + kPollInterval, now + milliseconds(500));
}

// A line about an entry; no stranger's claims can keep one about the gateway from the console.
void tell(const Known& known, std::string_view what, const auto&... words) {
  const std::string_view who = known.is_gateway() ? "gateway "sv : std::string_view{};
  attachment_of(known.netif).complaints().say(what, who, who, known.ip(), words...);
}

// The entry's own station speaks.
void confirm(Doubt& doubt, const Known& known) {
  if (doubt.standing == Standing::kDoubted) {
    tell(known, "claim"sv, " is claimed by ", MacText(doubt.claimant).text(), ", but ",
         MacText(known.mac()).text(), " still has it: not believed");
  }
  doubt.standing = Standing::kSure;
}

void move(Doubt& doubt, const Known& known, const MacAddress& station) {
  ++attachment_of(known.netif).counters().neighbours_moved;
  tell(known, "move"sv, " has moved from ", MacText(known.mac()).text(), ", which is silent, to ",
       MacText(station).text());
  doubt.standing = Standing::kSure;
}

}  // namespace

void forget_claims(std::size_t entry) { doubts[entry] = {}; }

void look_at_claims() {
  if (!is_any_doubted) {
    return;
  }
  is_any_doubted = false;
  for (std::size_t i = 0; i < doubts.size(); ++i) {
    if (doubts[i].standing != Standing::kDoubted) {
      continue;
    }
    if (Known known; known.read(i)) {
      poll(doubts[i], known);
      is_any_doubted |= doubts[i].standing == Standing::kDoubted;
    } else {
      forget_claims(i);
    }
  }
}

}  // namespace mote::netstack

using namespace mote;
using namespace mote::netstack;

extern "C" {

err_t mote_arp_claim(size_t entry, const struct eth_addr* station) {
  Doubt& doubt = doubts[entry];
  Known known;
  const auto mac = std::bit_cast<MacAddress>(*station);
  if (!known.read(entry)) {
    return ERR_OK;
  }
  if (mac == known.mac()) {
    confirm(doubt, known);
    return ERR_OK;
  }
  if (doubt.standing == Standing::kGone) {
    move(doubt, known, mac);
    return ERR_OK;
  }
  ++attachment_of(known.netif).counters().claims_refused;
  doubt.claimant = mac;
  if (doubt.standing == Standing::kSure) {
    doubt.standing = Standing::kDoubted;
    doubt.polls = 0;
    doubt.next_poll = std::max(doubt.next_poll, clock::now());
    is_any_doubted = true;
  }
  poll(doubt, known);
  return ERR_VAL;
}

}  // extern "C"
