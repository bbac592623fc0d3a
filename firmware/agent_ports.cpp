// The guest agent's ports, and what the agent is told of the machine.
#include "firmware/agent_ports.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/virtio/serial_port.hpp"
#include "firmware/agent_service.hpp"
#include "firmware/limits.hpp"
#include "generated/version.hpp"
#include "kernel/console/console.hpp"
#include "kernel/interrupts/interrupts.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/platform/virtio_mmio.hpp"
#include "kernel/time/wall_clock.hpp"
#include "netstack/limits.hpp"
#include "netstack/stack.hpp"
#include "netstack/stats.hpp"

namespace mote::agent_ports {
namespace {

// QEMU's docs/interop/qemu-ga: the name that all hypervisors give the port.
constexpr std::string_view kName = "org.qemu.guest_agent.0";

constexpr std::string_view kNoMemory = "agent: no memory left";

// `next_turn` returns this when no turn is due.
constexpr Nanoseconds kNever{~std::uint64_t{0}};

using Port = virtio::AnySerialPort;

// Made only where there is something to listen on, in the memory of devices' rings.
constinit std::array<Port*, limits::kSerialDevices> places{};
constinit std::array<std::optional<pci::Function>, limits::kSerialDevices> functions{};  // of them
constinit AgentService* service = nullptr;
constinit std::size_t attached_count = 0;
constinit const Settings* settings_in_force = nullptr;
constinit Nanoseconds next_hurry{};

std::optional<agent::Interface> interface_of(unsigned number) {
  for (unsigned index = 0; index < limits::kInterfaces; ++index) {
    const auto report = netstack::report_on(index);
    if (!report || report->is_gone || number-- != 0) {
      continue;
    }
    const auto& device = *report->device;
    const auto& stack = *report->stack;
    return agent::Interface{
        .index = index,
        .mac = report->mac.octets,
        .address = report->address.value,
        .prefix_bits = static_cast<std::uint8_t>(std::popcount(report->netmask.value)),
        .received = {.bytes = device.rx_bytes,
                     .packets = device.rx_frames,
                     .errors = device.rx_malformed,
                     .dropped = device.rx_no_buffer + stack.rx_no_memory},
        .sent = {.bytes = device.tx_bytes,
                 .packets = device.tx_frames,
                 .errors = device.tx_malformed,
                 .dropped = stack.tx_unsendable + stack.tx_stuck}};
  }
  return std::nullopt;
}

// The name set, else the one that DHCP gave. The agent's protocol wants some name.
std::string_view host_name() {
  const std::string_view set = settings_in_force->host_name();
  const std::string_view leased = netstack::leased_host_name();
  return !set.empty() ? set : !leased.empty() ? leased : "mote";
}

constinit agent::Host host{.host_name = host_name,
                           .version = kVersion,
                           .time = wall_clock::nanoseconds,
                           .interface = interface_of};
constinit Uart line{};

// The virtio devices in use.
std::span<Port* const> ports() { return std::span(places).first(attached_count); }

void complain(std::string_view error) {
  if (!error.empty()) {
    console::line(error, "; no guest agent there");
  }
}

template <typename T>
T* make() {
  const auto memory = dma::allocate(sizeof(T), alignof(T));
  return memory.empty() ? nullptr : new (memory.data()) T{};
}

void attach(const virtio::AnyLocation& location) {
  if (!Port::drives(location) || attached_count == places.size()) {
    return;
  }
  const std::size_t memory = dma::mark();
  Port* const port = make<Port>();
  if (port == nullptr) {
    complain(kNoMemory);
    return;
  }
  if (port->bring_up(location, kName)) {
    if (location.function != nullptr) {
      functions[attached_count] = *location.function;
    }
    places[attached_count++] = port;
    return;
  }
  complain(port->error());
  if (location.function != nullptr) {  // a device in a window can't be kept off memory
    location.function->disable_bus_master();
    dma::rewind(memory);
  }
}

// The first serial port behind the console's.
void find_line() {
  using namespace uart_register;
  for (const IoPort base : {kCom2, kCom3, kCom4}) {
    line = Uart(MachinePorts{}, base);
    line.initialize();
    if (line.is_there()) {
      return;
    }
  }
}

// While interrupts are used, a device without one is looked after by the timers alone: a doze that
// it can't end would look as if a NIC's interrupt were lost.
bool is_watched(const Port& port) {
  return port.is_running() && (port.can_wake() || !interrupts::message());
}

}  // namespace

void bring_up(const Settings& settings, void (*shut_down)(agent::Shutdown)) {
  settings_in_force = &settings;
  host.shut_down = shut_down;
  for (const pci::Function& function : pci::functions()) {
    attach(function);
  }
  for (const MmioWindow& window : virtio_mmio::windows()) {
    attach(window);
  }
  find_line();
  if (attached_count == 0 && !line.is_there()) {
    return;
  }
  service = make<AgentService>();
  if (service == nullptr) {
    complain(kNoMemory);
    attached_count = 0;
    line = {};
    return;
  }
  service->start(host);
}

void turn(Nanoseconds now) {
  for (Port* const port : ports()) {
    if (port->is_running()) {
      service->serve(port->queues());
      port->flush();
    }
  }
  if (line.is_there()) {
    service->serve(line, now);
  }
  next_hurry = service != nullptr && service->is_in_hurry() ? now + milliseconds(1) : kNever;
}

Nanoseconds next_turn() {
  return line.is_there() ? std::min(next_hurry, service->line_is_due()) : next_hurry;
}

void watch(Watch& watch) {
  for (Port* const port : ports()) {
    if (is_watched(*port)) {
      port->queues().watch(watch, service->takes_input(port->queues()));
    }
  }
}

void arm() {
  for (Port* const port : ports()) {
    port->arm(service->takes_input(port->queues()));
  }
}

void disarm() {
  for (Port* const port : ports()) {
    port->disarm();
  }
}

void let_go(pci::Address device) {
  for (std::size_t i = 0; i < attached_count; ++i) {
    auto& function = functions[i];
    if (function && function->address.bus == device.bus &&
        function->address.device == device.device) {
      places[i]->let_go();
      function->disable_bus_master();
      function.reset();
      service->forget(places[i]->queues());
      complain("virtio-serial unplugged");
    }
  }
}

void look_around() {
  for (Port* const port : ports()) {
    if (port->is_sound() && !port->tend()) {
      service->forget(port->queues());
      complain(port->error());
    }
  }
}

}  // namespace mote::agent_ports
