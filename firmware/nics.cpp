// The machine's NICs: the list of drivers, and the choice of one for each device.
#include "firmware/nics.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "drivers/e1000/nic.hpp"
#include "drivers/limits.hpp"
#include "drivers/virtio/mmio_nic.hpp"
#include "drivers/virtio/nic.hpp"
#include "drivers/vmxnet3/nic.hpp"
#include "firmware/driver_list.hpp"
#include "firmware/nic_complaints.hpp"
#include "http/connection/connection.hpp"
#include "kernel/console/console.hpp"
#include "kernel/interrupts/interrupts.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/pci/hotplug.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/platform/virtio_mmio.hpp"
#include "netstack/interface/interface.hpp"
#include "netstack/limits.hpp"

namespace mote::nics {
namespace {

// A device and its part of the network stack.
template <NetDevice DeviceType>
struct Nic {
  DeviceType device;
  netstack::Interface<DeviceType, netstack::kPromptServer<http::Connection>> interface;
};

// The drivers. To add one, add its folder and its name here.
using PciDrivers = DriverList<virtio::PciNic, e1000::PciNic, vmxnet3::PciNic>;
using WindowDrivers = DriverList<virtio::MmioNic>;

// Storage for any NIC. Its kind is looked up once per turn; from there on the type is known.
template <typename... Lists>
struct AnyOf;
template <NetDevice... OnPci, NetDevice... InWindows>
struct AnyOf<DriverList<OnPci...>, DriverList<InWindows...>> {
  using Type = std::variant<std::monostate, Nic<OnPci>..., Nic<InWindows>...>;
};
using AnyNic = AnyOf<PciDrivers, WindowDrivers>::Type;

constinit std::array<AnyNic, limits::kInterfaces> places{};
constinit std::size_t place_count = 0;  // those before it may have one, those from it on never had

// The resources given to a place's NIC, some of which are kept for the next one there.
struct Seat {
  std::optional<pci::Function> function;  // none: in a window, or free
  std::size_t packets = 0;                // lent to the device; 0: free
  std::span<std::byte> rings;
};
constinit std::array<Seat, limits::kInterfaces> seats{};
constinit const Settings* settings_in_force = nullptr;
constinit Complaints complaints;

// Calls `use` with each attached NIC, whatever its kind.
void for_each(auto&& use) {
  for (AnyNic& place : std::span(places).first(place_count)) {
    std::visit(
        [&]<typename Kind>(Kind& nic) {
          if constexpr (!std::is_same_v<Kind, std::monostate>) {
            use(nic);
          }
        },
        place);
  }
}

bool all_of(auto&& is_so) {
  bool all = true;
  for_each([&](auto& nic) { all &= is_so(nic); });
  return all;
}

// Prints where a device is.
void print_place(const pci::Function& function) {
  console::print("pci ", function.address, ": network device ", console::Hex{function.vendor, 4},
                 ":", console::Hex{function.device_id, 4});
}

void print_place(const MmioWindow& window) {
  console::print("virtio-mmio 0x", console::Hex{window.base.value}, ": network device");
}

// The number of packets that the next NIC may lend to its device. All share the pool, of which some
// must stay free beyond the reserve. One that is plugged in late gets half of what the others left.
std::size_t receive_share() {
  const std::size_t shared = Packet::pool_size() - 2 * Packet::reserve();
  const auto found =
      std::ranges::count_if(pci::functions(), PciDrivers::knows<pci::Function>) +
      std::ranges::count_if(virtio_mmio::windows(), WindowDrivers::knows<MmioWindow>);
  const auto nics = std::clamp<std::size_t>(static_cast<std::size_t>(found), 1, places.size());
  constexpr std::size_t kLeast = 8;
  std::size_t left = Packet::pool_size() - Packet::reserve();
  for (const Seat& seat : seats) {
    left -= std::min(left, seat.packets);
  }
  return std::max(kLeast, std::min({limits::kReceiveBuffers, shared / nics, left / 2}));
}

bool is_static(const InterfaceFields& fields) { return fields.address && !fields.address->dhcp; }

netstack::InterfaceSettings settings_for(const InterfaceFields& fields, const Settings& settings) {
  netstack::InterfaceSettings result;
  result.host_name = settings.host_name();
  result.mtu = fields.mtu.value_or(0);
  result.offload = fields.offload.value_or(true);
  result.routes = fields.routes.value_or(netstack::Routes{});
  if (is_static(fields)) {
    const Ipv4Prefix& fixed = fields.address->fixed;
    result.address =
        netstack::StaticAddress{{fixed.address}, fixed.length, {fields.gateway.value_or(0)}};
  }
  return result;
}

// Takes back the rings of a NIC that failed to come up, so that it can be tried any number of
// times.
void give_up(const pci::Function& function, std::size_t memory) {
  function.disable_bus_master();
  dma::rewind(memory);
}
void give_up(const MmioWindow&, std::size_t) {}  // tried once; can't be kept off memory

std::size_t free_place() {
  return static_cast<std::size_t>(std::ranges::find(seats, std::size_t{0}, &Seat::packets) -
                                  seats.begin());
}

// Brings up a device in the memory that the place's last one had, if that suffices, else in new
// memory. So a place takes more only for rings larger than any before.
template <NetDevice Device>
bool bring_up(Device& device, const typename Device::Location& location, Seat& seat) {
  const std::size_t packets = receive_share();
  if (!seat.rings.empty()) {
    dma::use_again(seat.rings);
    const bool is_up = device.bring_up(location, packets);
    dma::use_again({});
    if (is_up) {
      seat.packets = packets;
      return true;
    }
  }
  const std::size_t memory = dma::mark();
  if (!device.bring_up(location, packets)) {
    if (complaints.is_new(location, device.error())) {
      print_place(location);
      console::line(" does not work: ", device.error());
    }
    give_up(location, memory);
    return false;
  }
  seat.rings = dma::since(memory);
  seat.packets = packets;
  return true;
}

// The index for a NIC: of one with its address that has gone, else an unused one, else a free one.
std::uint32_t index_for(const MacAddress& mac) {
  std::uint32_t fresh = limits::kInterfaces;
  std::uint32_t used = limits::kInterfaces;
  for (std::uint32_t i = limits::kInterfaces; i-- > 0;) {
    const auto report = netstack::report_on(i);
    if (report && report->is_gone && report->mac == mac) {
      return i;
    }
    fresh = report ? fresh : i;
    used = report && report->is_gone ? i : used;
  }
  return fresh != limits::kInterfaces ? fresh : used;
}

template <NetDevice Device>
void attach(const typename Device::Location& location, const Settings& settings) {
  const std::size_t place = free_place();
  if (place == places.size()) {
    if (complaints.is_new(location, "full")) {
      print_place(location);
      console::line(" left alone: ", limits::kInterfaces, " NICs are driven already");
    }
    return;
  }
  auto& nic = places[place].emplace<Nic<Device>>();
  if (!bring_up(nic.device, location, seats[place])) {
    places[place].emplace<std::monostate>();
    return;
  }
  if (interrupts::message() && !nic.device.can_wake()) {
    print_place(location);
    console::line(" can't interrupt here, so a doze lasts 1 ms at most");
  }
  const std::uint32_t index = index_for(nic.device.mac());
  const InterfaceFields fields = settings.interface(index, nic.device.mac());
  if (!nic.interface.attach(nic.device, index, settings_for(fields, settings))) {
    return;
  }
  if constexpr (std::is_same_v<typename Device::Location, pci::Function>) {
    seats[place].function = location;
  }
  place_count = std::max(place_count, place + 1);
  if (fields.gateway.value_or(0) != 0 && !is_static(fields)) {
    console::line("net", index, ": the gateway of the settings is for a static address: not used");
  }
}

// False when no driver knows the device.
template <typename List>
bool attach_known(const auto& location, const Settings& settings) {
  return List::choose(location, [&]<NetDevice Device>() { attach<Device>(location, settings); });
}

void attach_known_of(std::span<const pci::Function> functions) {
  constexpr std::string_view kUnsupported = " is not supported, use virtio-net, e1000 or vmxnet3";
  for (const pci::Function& function : functions) {
    if (!attach_known<PciDrivers>(function, *settings_in_force) &&
        function.class_code == pci::Function::kClassNetwork &&
        complaints.is_new(function, kUnsupported)) {
      print_place(function);
      console::line(kUnsupported);
    }
  }
}

bool is_any_attached() { return std::ranges::any_of(seats, &Seat::packets); }

// Lets go the NIC in a place: it is reset and can't access memory any more.
void detach(std::size_t place) {
  std::visit(
      [&]<typename Kind>(Kind& nic) {
        if constexpr (!std::is_same_v<Kind, std::monostate>) {
          const unsigned index = nic.interface.attachment().index();
          nic.interface.detach();
          console::line("net", index, ": unplugged");
        }
      },
      places[place]);
  seats[place].function->disable_bus_master();
  places[place].emplace<std::monostate>();
  seats[place] = {.function = {}, .packets = 0, .rings = seats[place].rings};
}

// Lets go all NICs of a device that leaves.
bool detach_all_at(pci::Address device) {
  bool any = false;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    const auto& function = seats[i].function;
    if (function && function->address.bus == device.bus &&
        function->address.device == device.device) {
      detach(i);
      any = true;
    }
  }
  return any;
}

// NICs that come and go while others run. One that went without a word reads as all ones.
bool look_at_slots(void (*let_go)(pci::Address device)) {
  bool any = false;
  pci::hotplug::poll();
  while (const auto event = pci::hotplug::take()) {
    if (event->leaves) {
      any |= detach_all_at(event->device);
      let_go(event->device);
      pci::hotplug::release(event->device);
    } else {
      const auto added = pci::add(event->device);
      attach_known_of(added);
      any |= !added.empty();
    }
  }
  for (const Seat& seat : seats) {
    if (seat.function && seat.function->read16(pci::kVendor) == pci::kNoVendor) {
      const pci::Address address = seat.function->address;
      any |= detach_all_at(address);
      pci::remove(address);
    }
  }
  return any;
}

// Looks for NICs plugged in meanwhile, and tries failed ones again. Only while there is none: each
// look costs at least an exit for every device number on a bus.
void look_for_nics(Nanoseconds now) {
  constexpr Nanoseconds kLookInterval = milliseconds(1000);
  static constinit Nanoseconds next_look{};
  if (now >= next_look) {
    next_look = now + kLookInterval;
    pci::rescan();
    attach_known_of(pci::functions());
  }
}

}  // namespace

void bring_up(const Settings& settings) {
  settings_in_force = &settings;
  attach_known_of(pci::functions());
  for (const MmioWindow& window : virtio_mmio::windows()) {
    attach_known<WindowDrivers>(window, settings);
  }
  if (!is_any_attached()) {
    console::line("no network: none of ", pci::functions().size(),
                  " PCI functions is a NIC that works, still looking");
  }
}

std::optional<unsigned> find(const InterfaceChoice& choice) {
  std::optional<unsigned> found;
  for_each([&](auto& nic) {
    if (choice.mac ? *choice.mac == nic.device.mac()
                   : choice.index == nic.interface.attachment().index()) {
      found = nic.interface.attachment().index();
    }
  });
  return found;
}

bool turn() {
  bool busy = false;
  for_each([&](auto& nic) { busy |= nic.interface.turn(); });
  return busy;
}

void reclaim() {
  for_each([](auto& nic) { nic.interface.reclaim(); });
}

void watch(Watch& watch) {
  for_each([&](auto& nic) { nic.interface.watch(watch); });
}

bool has_sent() {
  return all_of([](auto& nic) { return nic.interface.has_sent(); });
}

bool can_wake() {
  return all_of([](auto& nic) { return nic.interface.can_wake(); });
}

void arm() {
  for_each([](auto& nic) { nic.interface.arm(); });
}

void disarm() {
  for_each([](auto& nic) { nic.interface.disarm(); });
}

bool look_around(Nanoseconds now, void (*let_go)(pci::Address device)) {
  constexpr Nanoseconds kSlotInterval = milliseconds(250);
  static constinit Nanoseconds next_look{};
  bool is_changed = false;
  if (!is_any_attached()) {
    look_for_nics(now);
    is_changed = is_any_attached();
  }
  if (next_look.value == 0) {
    next_look = now + kSlotInterval;  // not at boot: finding the slots takes a while
  } else if (now >= next_look) {
    next_look = now + kSlotInterval;
    is_changed |= look_at_slots(let_go);
  }
  for_each([&](auto& nic) { nic.interface.tend(now); });
  return is_changed;
}

bool any_usable() {
  return !all_of([](auto& nic) { return !nic.interface.attachment().usable(); });
}

}  // namespace mote::nics
