// Clients of a machine on which half-open connections are many.
#include "tests/unit/netstack/tcp/cookie_client.hpp"

#include <doctest/doctest.h>

#include "lwip/priv/tcp_priv.h"
#include "mote_hooks.h"

namespace mote::world {

using netstack::cookie_counters;

namespace {

// Before the machine is made.
const bool prepared = (machine_plan = plan_for(0), true);

}  // namespace

void let_pass(std::uint32_t seconds) {
  for (std::uint32_t i = 0; i < 20 * seconds; ++i) {
    advance(milliseconds(50));
    settle(server());
  }
  server().device.wire.clear();
}

void flood() {
  REQUIRE(prepared);
  server();
  static std::uint32_t stranger = 0xCB007100;  // 203.0.113.0
  while (tcp_half_opens() < mote_tcp_half_open()) {
    answers_to(Segment{.source = ++stranger}.frame());
  }
}

void forget_flood() {
  let_pass(130);
  REQUIRE(tcp_half_opens() == 0);
}

struct tcp_pcb* connection_of(const Segment& segment) {
  struct tcp_pcb* pcb = tcp_active_pcbs;
  while (pcb != nullptr && (pcb->remote_port != segment.port ||
                            ip4_addr_get_u32(&pcb->remote_ip) != lwip_htonl(segment.source))) {
    pcb = pcb->next;
  }
  return pcb;
}

Bytes syn_ack_for(const Segment& syn) {
  const auto frames = answers_to(syn.frame());
  REQUIRE(frames.size() == 1);
  REQUIRE(flags_of(frames[0]) == (kSyn | kAck));
  return frames[0];
}

Segment ack_for(Segment syn, const Bytes& syn_ack, Bytes text) {
  syn.flags = kAck;
  syn.sequence += 1;
  syn.acknowledgement = tcp_of(syn_ack).sequence + 1;
  syn.options = {};
  syn.text = std::move(text);
  return syn;
}

bool is_reset(const std::deque<Bytes>& frames) {
  return frames.size() == 1 && (flags_of(frames[0]) & kRst) != 0;
}

CookieClient::CookieClient(std::uint16_t port)
    : syn{.source = kFar, .port = port, .sequence = 5000, .options = {2, 4, 5, 180}} {
  flood();
  const std::uint64_t before = cookie_counters().sent;
  syn_ack = syn_ack_for(syn);
  REQUIRE(connection_of(syn) == nullptr);
  REQUIRE(cookie_counters().sent == before + 1);
  ack = ack_for(syn, syn_ack);
}

void CookieClient::reset() const {
  Segment rst = ack;
  rst.flags = kRst;
  answers_to(rst.frame());
  CHECK_FALSE(is_open());
}

}  // namespace mote::world
