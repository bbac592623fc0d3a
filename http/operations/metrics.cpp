// Every family of metrics, one after the other (Prometheus, "Exposition formats", text-based
// format).
#include "http/operations/metrics.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/operations/access_log.hpp"
#include "http/operations/counters.hpp"
#include "http/operations/exposition.hpp"
#include "http/operations/options.hpp"
#include "kernel/console/number_text.hpp"
#include "kernel/faults/last_run.hpp"
#include "kernel/memory/packet.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/wall_clock.hpp"
#include "netstack/limits.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/stats.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;
using netstack::Fate;
using netstack::InterfaceReport;

constexpr std::uint64_t kMillisecond = 1'000'000;

void write_build(Exposition& out) {
  const EndpointOptions& build = options().endpoints;
  const std::uint64_t uptime = clock::now().value / kMillisecond;
  out.gauge("build_info"sv, "The software that runs, with the value 1."sv);
  out.sample({"version"sv, build.version}, {"commit"sv, build.commit}, 1);
  out.gauge("uptime_seconds"sv, "Time since the start."sv);
  out.sample_milliseconds(uptime);
  if (const auto now = wall_clock::now()) {
    out.gauge("start_time_seconds"sv, "Time of the start, since 1970, by the wall clock."sv);
    out.sample(*now - uptime / 1000);
  }
  out.gauge("last_run_info"sv, "How the run before this one ended, with the value 1."sv);
  out.sample({"end"sv, last_run::how()}, 1);
  out.counter("runs_ended_total"sv, "Runs since power-on that ended, by how."sv);
  for (std::size_t end = 0; end < kRunEnds; ++end) {
    out.sample({"end"sv, last_run::name(static_cast<RunEnd>(end))}, last_run::ends()[end]);
  }
  if (build.loop != nullptr) {
    out.counter("loop_turns_total"sv, "Turns of the run loop, waiting not counted."sv,
                build.loop->turns);
    out.counter("loop_busy_turns_total"sv, "Turns in which there was something to do."sv,
                build.loop->busy_turns);
    out.counter("loop_dozes_total"sv, "Times that the CPU was halted while it waited."sv,
                build.loop->dozes);
    out.counter("loop_late_wakes_total"sv, "Halts that no interrupt ended though there was work."sv,
                build.loop->late_wakes);
  }
}

void write_requests(Exposition& out, const Counters& http) {
  out.counter("http_requests_total"sv, "Requests answered, by status code."sv);
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    const NumberText<10> code(kStatuses[i]);
    out.sample({"code"sv, code.text()}, http.responses[i]);
  }
  out.counter("http_response_bytes_total"sv, "Bytes of responses handed to TCP, heads included."sv,
              http.bytes);
  out.counter("http_request_content_bytes_total"sv, "Bytes of requests' content, discarded."sv,
              http.content_bytes);
  out.counter("http_request_content_refused_total"sv,
              "Connections closed for content that wasn't read to its end, by reason."sv);
  out.sample({"reason"sv, "too_large"sv}, http.content_too_large);
  out.sample({"reason"sv, "broken"sv}, http.content_broken);
}

void write_connections(Exposition& out, const Counters& http) {
  out.gauge("http_connections"sv, "Connections open."sv, http.open);
  out.gauge("http_connections_limit"sv, "Connections that may be open at once."sv,
            most_connections());
  out.counter("http_connections_accepted_total"sv, "Connections accepted."sv, http.connections);
  out.counter("http_connections_refused_total"sv, "Connections reset, all others being busy."sv,
              http.refused);
  out.counter("http_connections_refused_by_address_total"sv,
              "Connections reset because their address had as many as it may."sv,
              http.refused_by_address);
  out.counter("http_connections_evicted_total"sv, "Connections closed to make room for new ones."sv,
              http.evicted);
  out.counter("http_connections_gave_way_total"sv,
              "Connections reset because others needed memory that they had held longest."sv,
              http.gave_way);
  out.counter("http_timeouts_total"sv, "Connections whose time was over, by what they were at."sv);
  out.sample({"kind"sv, "idle"sv}, http.idle_timeouts);
  out.sample({"kind"sv, "header"sv}, http.header_timeouts);
  out.sample({"kind"sv, "content"sv}, http.content_timeouts);
  out.sample({"kind"sv, "send"sv}, http.stalls);
  out.counter("http_requests_without_buffer_total"sv,
              "Requests answered with 503, others having needed their buffer."sv, http.no_buffer);
  out.counter("http_writes_put_off_total"sv, "Writes put off, TCP having had no memory."sv,
              http.no_memory);
  out.counter("http_access_log_lines_lost_total"sv, "Lines that the access log left out."sv,
              access_lines_lost());
}

void write_tcp(Exposition& out) {
  const netstack::TcpCounters tcp = netstack::tcp_counters();
  out.counter("tcp_segments_retransmitted_total"sv,
              "Data and FINs sent once more; what the device cuts into segments counts once."sv,
              tcp.resent);
  out.counter("tcp_challenges_total"sv,
              "Segments of connections that weren't believed, by whether an ACK said so."sv);
  out.sample({"ack"sv, "sent"sv}, tcp.challenges);
  out.sample({"ack"sv, "withheld"sv}, tcp.challenges_withheld);
  out.counter("tcp_segments_dropped_total"sv, "Received segments dropped, by reason."sv);
  out.sample({"reason"sv, "checksum"sv}, tcp.dropped_checksum);
  out.sample({"reason"sv, "length"sv}, tcp.dropped_length);
  out.sample({"reason"sv, "no_connection"sv}, tcp.dropped_stray);
  out.sample({"reason"sv, "other"sv}, tcp.dropped_otherwise);
  out.counter("tcp_path_mtu_messages_total"sv,
              "What routers said of the lengths that paths take, by what became of it."sv);
  out.sample({"fate"sv, "believed"sv}, tcp.path_mtu_believed);
  out.sample({"fate"sv, "refused"sv}, tcp.path_mtu_refused);
  out.counter("tcp_syn_cookies_total"sv,
              "SYNs answered without memory, and ACKs when such were about, by fate."sv);
  out.sample({"fate"sv, "sent"sv}, tcp.cookies.sent);
  out.sample({"fate"sv, "unsent"sv}, tcp.cookies.unsent);
  out.sample({"fate"sv, "accepted"sv}, tcp.cookies.accepted);
  out.sample({"fate"sv, "refused"sv}, tcp.cookies.refused);
  out.sample({"fate"sv, "homeless"sv}, tcp.cookies.homeless);
  out.counter("tcp_resets_total"sv,
              "Segments that belong to no connection, by whether a reset said so."sv);
  out.sample({"reset"sv, "sent"sv}, tcp.resets.sent);
  out.sample({"reset"sv, "withheld"sv}, tcp.resets.withheld);
  out.counter("tcp_no_memory_total"sv, "SYNs for which TCP had no memory."sv, tcp.no_memory);
}

void write_icmp(Exposition& out) {
  const netstack::IcmpErrors errors = netstack::icmp_errors();
  out.counter("icmp_errors_total"sv, "Reasons to send an ICMP error, by what came of it."sv);
  out.sample({"result"sv, "sent"sv}, errors.sent);
  out.sample({"result"sv, "withheld"sv}, errors.withheld);
  out.sample({"result"sv, "forbidden"sv}, errors.forbidden);
}

// "net0", as on the console.
class InterfaceName {
 public:
  explicit InterfaceName(unsigned index) {
    static_assert(limits::kInterfaces <= 10);
    characters_[3] = static_cast<char>('0' + index);
  }
  [[nodiscard]] Label label() const {
    return {"interface"sv, {characters_.data(), characters_.size()}};
  }

 private:
  std::array<char, 4> characters_ = {'n', 'e', 't', '0'};
};

// Calls `use(label, report)` for each interface that has a report.
void each_interface(auto&& use) {
  for (unsigned index = 0; index < limits::kInterfaces; ++index) {
    if (const std::optional<InterfaceReport> report = netstack::report_on(index)) {
      use(InterfaceName(index).label(), *report);
    }
  }
}

void write_interfaces(Exposition& out) {
  out.gauge("interface_info"sv, "The interface's device, with the value 1."sv);
  each_interface([&](Label name, const InterfaceReport& report) {
    const MacText mac(report.mac);
    const std::array labels = {name, Label{"model"sv, report.model}, Label{"mac"sv, mac.text()}};
    out.sample(labels, 1);
  });
  out.gauge("interface_up"sv, "Whether the interface has a link."sv);
  each_interface(
      [&](Label name, const InterfaceReport& report) { out.sample(name, report.link_up ? 1 : 0); });
  out.gauge("interface_way_out"sv, "Whether a gateway or default route leads to other networks."sv);
  each_interface([&](Label name, const InterfaceReport& report) {
    out.sample(name, report.has_way_out ? 1 : 0);
  });
  out.counter("interface_dhcp_refused_total"sv, "DHCP messages that led to nothing, by kind."sv);
  each_interface([&](Label name, const InterfaceReport& report) {
    out.sample(name, {"kind"sv, "unusable_lease"sv}, report.dhcp.unusable);
    out.sample(name, {"kind"sv, "refusal"sv}, report.dhcp.refusals);
    out.sample(name, {"kind"sv, "broken"sv}, report.dhcp.broken);
  });
  out.counter("interface_dhcp_declines_total"sv,
              "Leases given back because another station had the address."sv);
  each_interface(
      [&](Label name, const InterfaceReport& report) { out.sample(name, report.dhcp.declines); });
}

// A family with a counter for each interface.
template <typename Counters>
struct InterfaceFamily {
  std::string_view name;
  std::string_view help;
  std::uint64_t Counters::* value;
};

using Device = std::remove_cvref_t<decltype(*InterfaceReport::device)>;
using Stack = std::remove_cvref_t<decltype(*InterfaceReport::stack)>;

constexpr auto kDeviceFamilies = std::to_array<InterfaceFamily<Device>>({
    {"interface_receive_frames_total"sv, "Frames received."sv, &Device::rx_frames},
    {"interface_receive_bytes_total"sv, "Bytes of frames received."sv, &Device::rx_bytes},
    {"interface_transmit_frames_total"sv, "Frames given to the device."sv, &Device::tx_frames},
    {"interface_transmit_bytes_total"sv, "Bytes of these frames."sv, &Device::tx_bytes},
    {"interface_receive_refills_failed_total"sv,
     "Buffers missing in the receive ring, the pool being empty."sv, &Device::rx_no_buffer},
    {"interface_transmit_ring_full_total"sv,
     "Times that a frame of any kind found the transmit ring full."sv, &Device::tx_full},
    {"interface_doorbells_total"sv, "Times that the device was told of frames or buffers."sv,
     &Device::doorbells},
    {"interface_doorbells_repeated_total"sv,
     "Doorbells rung again because the device waited for one and nothing came back."sv,
     &Device::doorbells_repeated},
});

constexpr auto kStackFamilies = std::to_array<InterfaceFamily<Stack>>({
    {"interface_prompt_answers_total"sv, "Requests answered past TCP's usual way."sv,
     &Stack::prompt_answers},
    {"interface_transmit_waits_total"sv, "Frames but for TCP's data that waited for the ring."sv,
     &Stack::tx_waited},
    {"interface_transmit_copied_total"sv, "Frames copied before they were sent."sv,
     &Stack::tx_copied},
    {"interface_arp_claims_refused_total"sv,
     "Claims of a neighbour's address by another station than is known to have it."sv,
     &Stack::claims_refused},
    {"interface_arp_moves_total"sv, "Neighbours followed to another station."sv,
     &Stack::neighbours_moved},
    {"interface_address_conflicts_total"sv,
     "ARP packets of other stations that have the interface's address."sv,
     &Stack::address_conflicts},
    {"interface_receive_copied_total"sv, "Frames copied because packets were scarce."sv,
     &Stack::rx_copied},
});

void write_interface_counters(Exposition& out) {
  for (const auto& [name, help, value] : kDeviceFamilies) {
    out.counter(name, help);
    each_interface([&](Label label, const InterfaceReport& report) {
      // report_on() has set it. NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
      out.sample(label, report.device->*value);
    });
  }
  for (const auto& [name, help, value] : kStackFamilies) {
    out.counter(name, help);
    each_interface([&](Label label, const InterfaceReport& report) {
      // report_on() has set it. NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
      out.sample(label, report.stack->*value);
    });
  }
  out.counter("interface_fast_path_replies_total"sv, "Echo requests answered in their buffer."sv);
  each_interface([&](Label label, const InterfaceReport& report) {
    const Stack& stack = *report.stack;
    out.sample(label, stack[Fate::kReply] - stack.replies_dropped);
  });
  out.counter("interface_device_errors_total"sv,
              "What the device said and can't be true, by direction."sv);
  each_interface([&](Label label, const InterfaceReport& report) {
    out.sample(label, {"direction"sv, "receive"sv}, report.device->rx_malformed);
    out.sample(label, {"direction"sv, "transmit"sv}, report.device->tx_malformed);
  });
}

struct DropReason {
  std::string_view reason;
  Fate fate;
};

constexpr auto kDropReasons = std::to_array<DropReason>({
    {"short"sv, Fate::kShort},
    {"other_host"sv, Fate::kOtherHost},
    {"unknown_protocol"sv, Fate::kUnknownProtocol},
    {"bad_arp"sv, Fate::kBadArp},
    {"bad_header"sv, Fate::kBadHeader},
    {"bad_checksum"sv, Fate::kBadChecksum},
    {"bad_source"sv, Fate::kBadSource},
    {"multicast"sv, Fate::kMulticast},
    {"echo_to_group"sv, Fate::kEchoToGroup},
    {"unicast_to_group"sv, Fate::kUnicastToGroup},
    {"source_route"sv, Fate::kSourceRoute},
    {"under_pressure"sv, Fate::kEarlyDrop},
});
static_assert(kDropReasons.size() == netstack::kFates - 3, "all but reply, up and fragment");

void write_drops(Exposition& out) {
  out.counter("interface_receive_dropped_total"sv, "Received frames dropped, by reason."sv);
  each_interface([&](Label label, const InterfaceReport& report) {
    for (const auto& [reason, fate] : kDropReasons) {
      out.sample(label, {"reason"sv, reason}, (*report.stack)[fate]);
    }
    out.sample(label, {"reason"sv, "no_memory"sv}, report.stack->rx_no_memory);
  });
  out.counter("interface_transmit_dropped_total"sv, "Frames not sent, by reason."sv);
  each_interface([&](Label label, const InterfaceReport& report) {
    out.sample(label, {"reason"sv, "unsendable"sv}, report.stack->tx_unsendable);
    out.sample(label, {"reason"sv, "stuck"sv}, report.stack->tx_stuck);
    out.sample(label, {"reason"sv, "no_route"sv}, report.stack->tx_no_route);
    out.sample(label, {"reason"sv, "reply_without_room"sv}, report.stack->replies_dropped);
  });
  out.counter("interface_transmit_refused_total"sv,
              "Frames but for TCP's data that found no room even to wait; SYNs come again."sv);
  each_interface([&](Label label, const InterfaceReport& report) {
    out.sample(label, report.stack->tx_refused);
  });
}

// All pools: packets, lwIP's pools, and the blocks of lwIP's heap by size.
class Pools {
 public:
  Pools() {
    const std::size_t packets = Packet::pool_size();
    add({"packets"sv, packets, packets - Packet::free_count(), packets - Packet::low_water(),
         Packet::failures()});
    for (const netstack::PoolUsage& pool : netstack::pools()) {
      add(pool);
    }
    constexpr std::array kNames = {"segment_blocks"sv, "message_blocks"sv, "frame_blocks"sv,
                                   "datagram_blocks"sv};
    static_assert(kNames.size() == netstack::heap::kSizes);
    std::size_t size = 0;
    for (const netstack::heap::Usage& usage : netstack::heap::usage()) {
      add({kNames[size++], usage.blocks, usage.used, usage.most_used, usage.failures});
      heap_bytes_ += usage.used * usage.block_bytes;
    }
  }

  [[nodiscard]] std::uint64_t heap_bytes() const { return heap_bytes_; }

  void write(Exposition& out, std::uint64_t (*value)(const netstack::PoolUsage&)) const {
    for (const netstack::PoolUsage& pool : pools_) {
      out.sample({"pool"sv, pool.name}, value(pool));
    }
  }

 private:
  void add(const netstack::PoolUsage& pool) { pools_[count_++] = pool; }

  std::array<netstack::PoolUsage, 1 + netstack::kPools + netstack::heap::kSizes> pools_{};
  std::size_t count_ = 0;
  std::uint64_t heap_bytes_ = 0;
};

void write_pools(Exposition& out) {
  using netstack::PoolUsage;
  const Pools pools;
  out.gauge("pool_elements"sv, "Elements that a pool has."sv);
  pools.write(out, [](const PoolUsage& pool) -> std::uint64_t { return pool.elements; });
  out.gauge("pool_elements_used"sv, "Elements in use."sv);
  pools.write(out, [](const PoolUsage& pool) -> std::uint64_t { return pool.used; });
  out.gauge("pool_elements_used_most"sv, "Elements in use at once, at most so far."sv);
  pools.write(out, [](const PoolUsage& pool) -> std::uint64_t { return pool.most_used; });
  out.counter("pool_exhausted_total"sv, "Times that an element was wanted and none left."sv);
  pools.write(out, [](const PoolUsage& pool) -> std::uint64_t { return pool.failures; });
  out.gauge("heap_used_bytes"sv, "Bytes of lwIP's heap in use, whole blocks counted."sv,
            pools.heap_bytes());
}

}  // namespace

void write_metrics(TextWriter& out) {
  Exposition exposition(out);
  write_build(exposition);
  write_requests(exposition, counters());
  write_connections(exposition, counters());
  write_tcp(exposition);
  write_icmp(exposition);
  write_interfaces(exposition);
  write_interface_counters(exposition);
  write_drops(exposition);
  write_pools(exposition);
}

}  // namespace mote::http
