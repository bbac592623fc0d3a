// The appliance: puts the parts together, reports on the console, and runs forever.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "firmware/idle.hpp"
#include "firmware/limits.hpp"
#include "firmware/nics.hpp"
#include "firmware/pools.hpp"
#include "firmware/run_loop.hpp"
#include "firmware/settings/settings.hpp"
#include "firmware/site.hpp"
#include "generated/version.hpp"
#include "http/connection/server.hpp"
#include "http/operations/access_log.hpp"
#include "http/operations/audience.hpp"
#include "http/operations/endpoints.hpp"
#include "kernel/acpi/acpi.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/console/console.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/faults/panic.hpp"
#include "kernel/faults/stack_guard.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/platform/entropy.hpp"
#include "kernel/platform/fw_cfg.hpp"
#include "kernel/platform/smbios.hpp"
#include "kernel/platform/virtio_mmio.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/wall_clock.hpp"
#include "netstack/limits.hpp"
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

// A string for us may hold several lines, as one that QEMU reads from a file does.
void apply_oem_strings() {
  constexpr std::string_view kPrefix = "mote:";
  smbios::OemStrings strings = smbios::oem_strings();
  while (const auto text = strings.next()) {
    if (text->starts_with(kPrefix)) {
      settings.apply_lines({"smbios"}, text->substr(kPrefix.size()));
    }
  }
}

// Later sources win: the pack, SMBIOS, fw_cfg, the command line.
void gather_settings(const BootInfo& info, const http::SitePack* site) {
  if (site != nullptr) {
    settings.apply_lines({"site pack"}, site->settings());
  }
  apply_oem_strings();
  static constinit std::array<std::byte, limits::kSettingsBytes> file{};
  if (const auto found = fw_cfg::find("opt/mote/config")) {
    const auto text = fw_cfg::read(*found, file);
    settings.apply_lines({"fw_cfg"}, {reinterpret_cast<const char*>(text.data()), text.size()},
                         found->bytes > file.size());
  }
  if (info.command_line != 0) {
    const std::string_view text = reinterpret_cast<const char*>(info.command_line);
    settings.apply_command_line(text, text.size() >= BootInfo::kMaxCommandLine);
  }
  console::set_quiet(settings.is_console_quiet());
  set_panic_policy(settings.halt_on_panic() ? PanicPolicy::kHalt : PanicPolicy::kReset);
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
    console::line("http: the interface for metrics is not there, nobody gets any");
    return http::Audience::none();
  }
  return http::Audience::on(*found);
}

bool start_http(const http::SitePack& site) {
  const http::Options options{
      .port = settings.http_port(),
      .header_time_ms = settings.header_time_ms(),
      .idle_time_ms = settings.idle_time_ms(),
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

// The boot's last lines, once the machine can be reached.
void tell_what_is_served(const http::SitePack* serving) {
  if (serving == nullptr) {
    console::line("not serving, answering ping only");
    return;
  }
  {
    const console::Fact fact;
    console::line("http: port ", settings.http_port(), ", ", serving->files(), " files, ",
                  (serving->bytes() + 1023) / 1024, " KiB, ", http::most_connections(),
                  " connections");
  }
  console::line("ready");
}

// The run loop's machine: NICs, stack, console, clocks.
class Machine {
 public:
  explicit Machine(const http::SitePack* serving) : serving_(serving) {}

  static Nanoseconds now() { return clock::now(); }
  void look_around(Nanoseconds now) {
    if (nics::look_around(now) && announced_) {
      bind_metrics();
    }
    wall_clock::keep();
    http::tell_of_lost_lines(now);
  }
  static void run_timers() {
    nics::reclaim();
    netstack::run_timers();
  }
  static Nanoseconds next_timer() { return netstack::next_timer(); }
  static bool turn_nics() { return nics::turn(); }
  static bool send_log() {
    console::send_logged();
    return console::has_logged();
  }
  static bool is_reachable() { return nics::any_usable(); }
  void announce() {
    announced_ = true;
    bind_metrics();
    tell_what_is_served(serving_);
  }
  static void watch(Watch& watch) { nics::watch(watch); }
  static idle::Woken wait(const Watch& watch, Nanoseconds until, Nanoseconds last_work) {
    return idle::wait(watch, until, last_work);
  }
  static idle::Counts idle_counts() { return idle::counted(); }

 private:
  void bind_metrics() const {
    if (serving_ != nullptr) {
      http::bind_metrics(metrics_audience());
    }
  }

  const http::SitePack* serving_;  // null: none
  bool announced_ = false;
};

[[noreturn]] void run(const http::SitePack* serving) {
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
  console::initialize();
  entropy::initialize();
  stack_guard::choose(entropy::random64());
  acpi::initialize(*info);
  clock::initialize();
  greet(*info, memory);
  if (!clock::is_known()) {
    console::line("clock: ", clock::frequency_khz() / 1000, " MHz assumed, no timer answers");
  }
  wall_clock::initialize();
  if (!wall_clock::now()) {
    console::line("clock: no wall clock, responses carry no Date");
  }

  [[gnu::section(".bss.sealed")]] static constinit std::optional<http::SitePack> site;
  site = find_site(*info, memory);
  pci::scan(memory);
  virtio_mmio::find(*info, memory);
  gather_settings(*info, site ? &*site : nullptr);
  if (site && wall_clock::now().value_or(site->newest()) < site->newest()) {
    console::line("clock: behind the site's newest file, Date is that file's until it is later");
  }
  carve_pools(memory, site ? &*site : nullptr, {}, settings.http_connections());
  netstack::initialize();
  idle::initialize(settings.idle());
  nics::bring_up(settings);
  const bool serves = site && start_http(*site);
  if (!paging::seal()) {
    console::line("memory: cannot make read-only what boot has decided");
  }
  run(serves ? &*site : nullptr);
}

}  // namespace mote
