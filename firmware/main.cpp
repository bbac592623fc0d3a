// The appliance: puts the parts together, reports on the console, and runs forever.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "agent/host.hpp"
#include "firmware/agent_ports.hpp"
#include "firmware/entropy_sources.hpp"
#include "firmware/idle.hpp"
#include "firmware/limits.hpp"
#include "firmware/nics.hpp"
#include "firmware/pools.hpp"
#include "firmware/power.hpp"
#include "firmware/run_loop.hpp"
#include "firmware/settings/gather.hpp"
#include "firmware/settings/settings.hpp"
#include "firmware/site.hpp"
#include "firmware/urls.hpp"
#include "firmware/watchdog.hpp"
#include "generated/version.hpp"
#include "http/connection/server.hpp"
#include "http/operations/access_log.hpp"
#include "http/operations/audience.hpp"
#include "http/operations/endpoints.hpp"
#include "kernel/acpi/acpi.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/console/console.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/cpu/injection.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/faults/last_run.hpp"
#include "kernel/faults/panic.hpp"
#include "kernel/faults/stack_guard.hpp"
#include "kernel/faults/turn_limit.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/platform/entropy.hpp"
#include "kernel/platform/power.hpp"
#include "kernel/platform/virtio_mmio.hpp"
#include "kernel/time/allowance.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/wall_clock.hpp"
#include "netstack/limits.hpp"
#include "netstack/sender/congestion/congestion.hpp"
#include "netstack/stack.hpp"

namespace mote {
namespace {

[[gnu::section(".sealed")]] constinit Settings settings;
constinit LoopCounters loop_counters{};

std::string_view name(BootWay way) {
  switch (way) {
    case BootWay::kBios:
      return "bios";
    case BootWay::kPvh:
      return "pvh";
    case BootWay::kUefi:
      return "uefi";
  }
  return "unknown";
}

void greet(const BootInfo& info, MemoryMap memory) {
  const cpu::Brand brand;
  console::print("mote ", kVersion, " (", kCommit, "), booted by ", name(info.way));
  if (memory.known()) {
    console::print(", ", memory.usable_mib(), " MiB");
  }
  if (!brand.text().empty()) {
    console::print(", ", brand.text());
  }
  console::line();
}

void tell_name() {
  if (*settings.host_name() != '\0') {
    const console::Fact fact;
    console::line("host: ", std::string_view(settings.host_name()));
  }
}

// Names the NICs that have settings and aren't there.
void tell_of_missing_nics() {
  settings.for_each_choice([](const InterfaceChoice& choice) {
    if (nics::find(choice)) {
      return;
    }
    if (choice.mac) {
      console::line("settings: there is no NIC ", MacText(*choice.mac).text());
    } else {
      console::line("settings: there is no net", choice.index);
    }
  });
}

// The interfaces on which metrics are served.
http::Audience metrics_audience() {
  using enum Settings::MetricsAudience;
  if (settings.metrics_path().empty() || settings.metrics_audience() == kAll) {
    return http::Audience::all();
  }
  const auto found =
      settings.metrics_audience() == kOne ? nics::find(settings.metrics_interface()) : std::nullopt;
  if (!found) {
    console::line("http: the interface for metrics is missing, nobody gets them");
    return http::Audience::none();
  }
  return http::Audience::on(*found);
}

bool start_http(const http::SitePack& site) {
  const http::Options options{
      .port = settings.http_port(),
      .header_time_ms = settings.header_time_ms(),
      .idle_time_ms = settings.idle_time_ms(),
      .connections_per_address = settings.connections_per_address(),
      .endpoints = {.health = settings.health_path(),
                    .metrics = settings.metrics_path(),
                    .metrics_for = http::Audience::none(),  // until one can be used
                    .version = kVersion,
                    .commit = kCommit,
                    .loop = &loop_counters},
      .log = {.combined = settings.logs_access(), .lines_a_second = settings.access_log_lines()}};
  if (!http::start(site, options)) {
    console::line("http: cannot listen on port ", options.port);
    return false;
  }
  return true;
}

void tell_what_is_served(const http::SitePack& site) {
  const console::Fact fact;
  console::line("http: port ", settings.http_port(), ", ", site.files(), " files, ",
                (site.bytes() + 1023) / 1024, " KiB, ", http::most_connections(), " connections");
}

// guest-shutdown of the guest agent.
void shut_down(agent::Shutdown how) {
  constexpr std::string_view kWhy = "the guest agent asks for it";
  switch (how) {
    case agent::Shutdown::kPowerDown:
      return power::request(PowerAction::kOff, kWhy);
    case agent::Shutdown::kReboot:
      return power::request(PowerAction::kReset, kWhy);
    case agent::Shutdown::kHalt:
      return power::request(PowerAction::kHalt, kWhy);
  }
}

// The run loop's machine: NICs, stack, console, clocks.
class Machine {
 public:
  explicit Machine(const http::SitePack* serving) : serving_(serving) {}

  static Nanoseconds now() { return clock::now(); }
  Nanoseconds look_around(Nanoseconds now) {
    const bool is_changed = nics::look_around(now, agent_ports::let_go);
    if (announced_ && serving_ != nullptr) {
      if (is_changed) {
        http::bind_metrics(metrics_audience());
      }
      tell_urls();
    }
    agent_ports::look_around();
    wall_clock::keep();
    last_run::note(now);
    watchdog::look(now);
    turn_limit::look(now);
    http::tell_of_lost_lines(now);
    return power::look(now);
  }
  static void run_timers() {
    nics::reclaim();
    netstack::run_timers();
    agent_ports::turn(clock::now());
  }
  static Nanoseconds next_timer() {
    return std::min(netstack::next_timer(), agent_ports::next_turn());
  }
  static void run_departures(Nanoseconds now) { netstack::run_departures(now); }

  static bool turn_nics() { return nics::turn(); }
  static bool send_log() {
    console::send_logged();
    return console::has_logged();
  }
  static bool is_reachable() { return nics::any_usable(); }
  // The boot's last lines, once the machine can be reached.
  void announce() {
    announced_ = true;
    if (serving_ == nullptr) {
      console::line("not serving, answering ping only");
      return;
    }
    http::bind_metrics(metrics_audience());
    tell_what_is_served(*serving_);
    tell_urls();
    console::line("ready");
  }
  static void watch(Watch& watch) {
    nics::watch(watch);
    agent_ports::watch(watch);
  }
  static idle::Woken wait(const Watch& watch, Nanoseconds until, Nanoseconds last_work) {
    return idle::wait(watch, until, last_work);
  }
  static idle::Counts idle_counts() { return idle::counted(); }

 private:
  void tell_urls() {
    for (unsigned index = 0; index < limits::kInterfaces; ++index) {
      urls_.tell(index, netstack::usable_address(index), settings.http_port());
    }
  }

  const http::SitePack* serving_;  // null: none
  Urls urls_;
  bool announced_ = false;
};

[[noreturn]] void run(const http::SitePack* serving) {
  if (!settings.halt_on_panic()) {  // a machine that is to stand still after a fault may do so
    watchdog::start(clock::now());
  }
  injection::begin();
  Machine machine(serving);
  RunLoop loop(machine, loop_counters);
  while (true) {
    loop.turn();
  }
}

}  // namespace

// boot/ calls this once, in long mode, on W^X page tables and the kernel's stack.
extern "C" [[noreturn, gnu::no_stack_protector]] void kernel_main(const BootInfo* told) {
  // Kept, because a loader may have put it into memory that we are about to use.
  [[gnu::section(".bss.sealed")]] static constinit BootInfo kept{};
  kept = *told;
  const BootInfo* const info = &kept;
  const MemoryMap memory(*info);
  last_run::begin();
  console::initialize(*info);
  entropy::initialize(std::span(info->seed).first(std::min(info->seed_bytes, info->seed.size())));
  stack_guard::choose(entropy::random64());
  acpi::initialize(*info);
  clock::initialize();
  greet(*info, memory);
  if (!clock::is_known()) {
    console::line("clock: ", clock::frequency_khz() / 1000, " MHz assumed, no timer answers");
  }
  initialize_power_button();
  wall_clock::initialize();
  if (!wall_clock::now()) {
    console::line("clock: no wall clock, responses carry no Date");
  }

  [[gnu::section(".bss.sealed")]] static constinit std::optional<http::SitePack> site;
  site = find_site(*info, memory);
  pci::scan(memory);
  last_run::tell(watchdog::find());
  virtio_mmio::find(*info, memory);
  const http::SitePack* const pack = site ? &*site : nullptr;
  const AddressRange lent = lend_dma_memory(memory, pack, limits::kBootDmaBytes);
  allowance::begin();
  bool all_stopped = stir_entropy();
  all_stopped &= gather_settings(*info, pack, settings);
  if (site && wall_clock::now().value_or(site->newest()) < site->newest()) {
    console::line("clock: behind the site's newest file, Date is that file's until it is later");
  }
  carve_pools(memory, pack, all_stopped ? AddressRange{} : lent, settings.http_connections());
  netstack::choose_congestion_control(settings.congestion());
  netstack::initialize();
  idle::initialize(settings.idle());
  tell_name();
  nics::bring_up(settings);
  tell_of_missing_nics();
  agent_ports::bring_up(settings, shut_down);
  power::initialize(milliseconds(settings.drain_time_ms()));
  const bool serves = site && start_http(*site);
  turn_limit::start(loop_counters.turns);
  if (!paging::seal()) {
    console::line("memory: cannot make page tables and other fixed data read-only");
  }
  run(serves ? &*site : nullptr);
}

}  // namespace mote
