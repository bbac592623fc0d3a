// An interface's lines on the console, and its last report.
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "kernel/console/console.hpp"
#include "lwip/dhcp.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/wire/address_text.hpp"

namespace mote::netstack {
namespace {

// Interfaces that have gone, with what they counted.
struct Past {
  InterfaceReport report;
  DeviceCounters device;
  InterfaceCounters stack;
};
constinit std::array<std::optional<Past>, limits::kInterfaces> past{};

Ipv4Address gateway_of(const struct netif& netif) {
  return {std::byteswap(ip4_addr_get_u32(netif_ip4_gw(&netif)))};
}

}  // namespace

void Attachment::keep_report() {
  Past& kept = past[index_].emplace(Past{report(), *device_counters_, counters_});
  kept.report.is_gone = true;
  kept.report.device = &kept.device;
  kept.report.stack = &kept.stack;
}

std::optional<InterfaceReport> Attachment::last_report(unsigned index) {
  return past[index] ? std::optional(past[index]->report) : std::nullopt;
}

void Attachment::announce_device(const DeviceFacts& facts, bool offload) const {
  const console::Fact fact(facts.link_up);
  print_name();
  console::print(facts.model, ' ', MacText(facts.mac).text(),
                 facts.link_up ? ", link up" : ", link down");
  if (!offload) {
    console::print(", offloads off");
  } else if (!facts.features.empty()) {
    console::print(", offloads ", facts.features);
  }
  console::print("\n");
}

// Reports the address, unless it is the one last reported.
void Attachment::announce() {
  const Host now = host();
  const Ipv4Address gateway = gateway_of(netif_);
  if (now.address == announced_.address && now.netmask == announced_.netmask &&
      gateway == announced_gateway_ && !routes_are_news_) {
    return;
  }
  const bool had_address = announced_.address.value != 0;
  announced_ = now;
  announced_gateway_ = gateway;
  routes_are_news_ = false;
  if (now.address.value == 0) {
    if (!had_address) {
      return;
    }
    print_name();
    console::line("address lost, asking DHCP again");
    tells_of_address_ = true;
    return;
  }
  announce_address(now, gateway);
  announce_routes();
}

// A quiet console, too, tells the end of a trouble that it told of.
void Attachment::announce_address(const Host& now, Ipv4Address gateway) {
  const console::Fact fact(!std::exchange(tells_of_address_, false));
  print_name();
  console::print(now.address, '/', std::popcount(now.netmask.value));
  if (gateway.value != 0) {
    console::print(" via ", gateway);
  }
  const struct dhcp* dhcp = netif_dhcp_data(&netif_);
  if (!dhcp_ || dhcp == nullptr) {
    console::line(" (static)");
  } else if (dhcp->offered_t0_lease == Lease::kForever) {
    console::line(" (dhcp, lease without end)");
  } else {
    console::line(" (dhcp, lease ", dhcp->offered_t0_lease, " s)");
  }
}

void Attachment::announce_routes() {
  for (const Route& route : routes_.all()) {
    const console::Fact fact;
    print_name();
    console::print("route ", route.network, '/', route.prefix_bits);
    if (route.is_on_link()) {
      console::line(" on the link");
    } else {
      console::line(" via ", route.router);
    }
  }
  if (has_way_out()) {
    return;
  }
  print_name();
  console::line("no gateway");
}

void Attachment::complain_of_route(const Route& route, std::string_view fault) const {
  if (!fault.empty()) {
    print_name();
    console::line("route ", route.network, '/', route.prefix_bits, " via ", route.router,
                  ": that is ", fault, ": not used");
  }
}

void Attachment::complain_of_silence(Nanoseconds now) {
  if (std::exchange(answers_, dhcp_client().answers()) != answers_) {
    // There was an answer, but a useless one, which has been reported. The next may take longer
    // than a period to come.
    next_complaint_ = now + Complaints::kPeriod + Complaints::kPeriod;
  } else if (usable() || !netif_is_link_up(&netif_)) {
    next_complaint_ = now + Complaints::kPeriod;
  } else if (now >= next_complaint_) {
    next_complaint_ = now + Complaints::kPeriod;
    print_name();
    console::line("no answer to DHCP yet, still asking");
  }
}

void Attachment::print_name() const { console::print("net", index_, ": "); }

}  // namespace mote::netstack
