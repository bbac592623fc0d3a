// The appliance: puts the parts together, says on the console what it found, and runs for ever.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/virtio/net.hpp"
#include "firmware/settings.hpp"
#include "firmware/site.hpp"
#include "generated/version.hpp"
#include "http/server.hpp"
#include "kernel/acpi.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/clock.hpp"
#include "kernel/console.hpp"
#include "kernel/cpu.hpp"
#include "kernel/entropy.hpp"
#include "kernel/fw_cfg.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory_map.hpp"
#include "kernel/panic.hpp"
#include "kernel/pci.hpp"
#include "netstack/interface.hpp"
#include "netstack/stack.hpp"

namespace mote {
namespace {

// A NIC with its side of the network stack. All zero at start, so that it costs no image.
struct Port {
  VirtioNet device;
  netstack::Interface<VirtioNet> interface;
};

constinit std::array<Port, limits::kInterfaces> ports{};
constinit std::size_t port_count = 0;
constinit Settings settings;

std::span<Port> attached() { return std::span(ports).first(port_count); }

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

// Later sources win: the pack, fw_cfg, the command line.
void gather_settings(const BootInfo& info, const http::SitePack* site) {
  if (site != nullptr) {
    settings.apply_lines({"site pack"}, site->settings());
  }
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
  set_panic_policy(settings.halt_on_panic() ? PanicPolicy::kHalt : PanicPolicy::kReset);
}

netstack::InterfaceSettings settings_for(std::uint32_t index, const MacAddress& mac) {
  const InterfaceFields fields = settings.interface(index, mac);
  netstack::InterfaceSettings result;
  result.host_name = settings.host_name();
  result.mtu = fields.mtu.value_or(0);
  if (fields.address && !fields.address->dhcp) {
    const Ipv4Prefix& fixed = fields.address->fixed;
    result.address =
        netstack::StaticAddress{{fixed.address}, fixed.length, {fields.gateway.value_or(0)}};
  }
  return result;
}

void print_function(const pci::Function& function) {
  console::print("pci ", function.address, ": network device ", console::Hex{function.vendor, 4},
                 ":", console::Hex{function.device_id, 4});
}

// How many packets each NIC may have lent to its device: the pool is shared, and something of it
// must stay free beside the reserve.
std::size_t receive_share() {
  constexpr std::size_t kShared = limits::kPackets - 2 * limits::kPacketReserve;
  const auto found = std::ranges::count_if(pci::functions(), virtio::is_net);
  const auto nics = std::clamp<std::size_t>(found, 1, limits::kInterfaces);
  return std::min(limits::kReceiveBuffers, kShared / nics);
}

void attach(const pci::Function& function) {
  if (port_count == ports.size()) {
    print_function(function);
    console::line(" left alone: ", limits::kInterfaces, " NICs are driven already");
    return;
  }
  Port& port = ports[port_count];
  if (!port.device.bring_up(function, receive_share())) {
    print_function(function);
    console::line(" does not work: ", port.device.error());
    return;
  }
  const auto index = static_cast<std::uint32_t>(port_count);
  if (port.interface.attach(port.device, index, settings_for(index, port.device.mac()))) {
    ++port_count;
  }
}

void bring_up_network(MemoryMap memory) {
  pci::scan(memory);
  netstack::initialize();
  for (const pci::Function& function : pci::functions()) {
    if (virtio::is_net(function)) {
      attach(function);
    } else if (function.class_code == pci::Function::kClassNetwork) {
      print_function(function);
      console::line(" is not supported, use virtio-net");
    }
  }
  if (port_count == 0) {
    console::line("no network: none of ", pci::functions().size(),
                  " PCI functions is a NIC that works");
  }
}

bool start_http(const http::SitePack& site) {
  const http::Options options{.port = settings.http_port(),
                              .header_time_ms = settings.header_time_ms(),
                              .idle_time_ms = settings.idle_time_ms()};
  if (!http::start(site, options)) {
    console::line("http: cannot listen on port ", options.port);
    return false;
  }
  return true;
}

// The last words of a boot, when somebody can reach the machine.
void announce(const http::SitePack* serving) {
  if (serving == nullptr) {
    console::line("not serving, answering ping only");
    return;
  }
  console::line("http: port ", settings.http_port(), ", ", serving->files(), " files, ",
                (serving->bytes() + 1023) / 1024, " KiB");
  console::line("ready");
}

bool any_address() {
  for (const Port& port : attached()) {
    if (port.interface.usable()) {
      return true;
    }
  }
  return false;
}

// One turn: lwIP's timers, then each NIC in its order. Says whether there was anything to do.
bool turn() {
  netstack::run_timers();
  bool busy = false;
  for (Port& port : attached()) {
    busy |= port.interface.turn();
  }
  return busy;
}

// What is looked at now and then, not in every turn: a look may cost an exit to the hypervisor.
void look_around(Nanoseconds now) {
  for (Port& port : attached()) {
    port.interface.second(now);
  }
}

[[noreturn]] void run(const http::SitePack* serving) {
  constexpr Nanoseconds kLookInterval = milliseconds(250);
  bool ready = false;
  Nanoseconds next_look = clock::now();
  while (true) {
    const bool busy = turn();
    const Nanoseconds now = clock::now();
    if (now >= next_look) {
      next_look = now + kLookInterval;
      look_around(now);
    }
    if (!ready && any_address()) {
      ready = true;
      announce(serving);
    }
    if (!busy) {
      cpu::pause();
    }
  }
}

}  // namespace

// boot/ calls this once, in long mode, on W^X page tables and the kernel's stack.
extern "C" [[noreturn]] void kernel_main(const BootInfo* info) {
  const MemoryMap memory(*info);
  console::initialize();
  acpi::initialize(*info);
  clock::initialize();
  entropy::initialize();
  greet(*info, memory);
  if (clock::source().starts_with("assumed")) {
    console::line("clock: ", clock::frequency_khz() / 1000, " MHz ", clock::source());
  }

  static constinit std::optional<http::SitePack> site;
  site = find_site(*info, memory);
  gather_settings(*info, site ? &*site : nullptr);
  bring_up_network(memory);
  run(site && start_http(*site) ? &*site : nullptr);
}

}  // namespace mote
