// Tests of the machine's NICs: the driver for each device, messages about those that no driver
// takes or that don't work, the search for one that is plugged in later, and interfaces by name.
//
// NICs stay attached, so the cases are one machine's story. Registers only keep what is written to
// them: enough to bring up its virtio devices, but not the others.
#include "firmware/nics.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "drivers/limits.hpp"
#include "http/connection/connection.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/faults/panic.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/platform/virtio_mmio.hpp"
#include "netstack/stack.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote {

void panic(std::string_view) { std::abort(); }

// No connection is ever made here.
void http::Connection::on_arrived(netstack::Arrived) {}
void http::Connection::on_peer_closed() {}
netstack::PromptReply http::Connection::find_prompt(std::string_view) const { return {}; }
void http::Connection::note_prompt(const netstack::PromptReply&) {}

namespace nics {
namespace {

using pci::Address;

constexpr MacAddress mac(std::uint8_t last) { return {{0x52, 0x54, 0, 0, 0, last}}; }
constexpr std::uint64_t kWindow = 0xFEB0'0000;  // a virtio-mmio device's
constexpr std::uint16_t kSlots = 0xAE00;        // QEMU's registers for plugging devices

std::string let_go;

// The machine with its pools, made once.
struct Pc : pci::PciMachine {
  Settings settings;
  BootInfo info{};
  MemoryMap memory_map{std::span<const MemoryRange>()};

  Pc() {
    interrupts::fake() = {};
    acpi::told().hotplug_port = IoPort{kSlots};
    acpi::told().hotplug_buses = {{.selector = 0}};
    ports[kSlots] = ports[kSlots + 4] = 0;
    on_write = [this](std::uint64_t at, unsigned, std::uint64_t value) {
      if (at != kWindow + 0x44) {  // each queue has a QueueReady of its own
        memory[at] = value;
      }
    };
    REQUIRE(dma::set_up(ample_arena(), limits::kDmaArenaBytes));
    REQUIRE(netstack::set_up(ample_arena(), kAmplePlan.netstack));
    netstack::initialize();
  }

  // A device without a driver behind it, with 128 KiB of registers that mean nothing.
  pci::Device& plug(Address address, std::uint32_t identity, std::uint32_t classes = 0x0200'0000) {
    pci::Device& device = space.add(address, classes);
    device.put<std::uint32_t>(pci::kVendor, identity);
    const std::uint32_t base = 0xE000'0000 + 0x10'0000 * address.device;
    for (const unsigned bar : {0U, 1U}) {
      put_bar(device, bar, base + 0x4'0000 * bar, 0x2'0000);
      windows.push_back({base + 0x4'0000 * bar, base + 0x4'0000 * bar + 0x2'0000});
    }
    return device;
  }

  // A modern virtio network device (virtio 1.2, 4.1.4): 256 entries a queue, checksums, a MAC.
  void plug_virtio(Address address) {
    pci::Device& device = plug(address, 0x1041'1AF4);
    const std::uint32_t base = 0xE000'0000 + 0x10'0000 * address.device;
    std::uint8_t at = 0x50;
    for (const std::uint8_t type : {1, 2, 4}) {
      put_capability(device, at, 0x09);
      device.put<std::uint8_t>(at + 3, type);
      device.put<std::uint8_t>(at + 4, 0);
      device.put<std::uint32_t>(at + 8, 0x1000U * type);
      device.put<std::uint32_t>(at + 12, 0x1000);
      at += 0x20;
    }
    memory[base + 0x1000 + 4] = 1 << 0 | 1 << 5;  // and VERSION_1 in the upper half
    memory[base + 0x1000 + 24] = 256;
    memory[base + 0x1000 + 30] = 0;
    put_mac(base + 0x4000, mac(address.device));
  }
  void put_mac(std::uint64_t at, const MacAddress& mac) {
    for (const std::uint8_t octet : mac.octets) {
      memory[at++] = octet;
    }
  }

  // The same over MMIO (4.2.2).
  void put_window() {
    windows.push_back({kWindow, kWindow + 0x200});
    memory[kWindow + 0x000] = 0x7472'6976;
    memory[kWindow + 0x004] = 2;
    memory[kWindow + 0x008] = 1;
    memory[kWindow + 0x010] = 1 << 0 | 1 << 5;
    memory[kWindow + 0x034] = 256;
    memory[kWindow + 0x044] = 0;
    memory[kWindow + 0x0FC] = 0;
    put_mac(kWindow + 0x100, mac(0x77));
    acpi::told().windows = {{{kWindow}, 0x200, {}}};
  }

  // Brings up the machine's NICs as after boot, and returns the console's output.
  std::string boot() {
    console::written().clear();
    pci::scan(memory_map);
    virtio_mmio::find(info, memory_map);
    nics::bring_up(settings);
    return std::exchange(console::written(), {});
  }
  std::string look(std::uint64_t at_ms) {
    console::written().clear();
    is_changed = look_around(milliseconds(at_ms),
                             [](Address device) { let_go += std::to_string(device.device) + " "; });
    return std::exchange(console::written(), {});
  }
  bool is_changed = false;
};

Pc& pc() {
  static Pc machine;
  return machine;
}

std::optional<unsigned> find_index(std::uint32_t index) {
  return find({.mac = {}, .index = index});
}
std::optional<unsigned> find_mac(std::uint8_t last) { return find({.mac = mac(last), .index = 0}); }

TEST_CASE("devices that don't work or that no driver knows are named; no others are") {
  pc().plug({0, 2, 0}, 0x8139'10EC);
  pc().plug({0, 3, 0}, 0x100E'8086);
  pc().plug({0, 4, 0}, 0x1001'1AF4, 0x0100'0000);  // a virtio disk
  const std::size_t memory = dma::mark();
  const std::string said = pc().boot();
  CHECK(
      said.find("pci 00:02.0: network device 10ec:8139 is not supported, use virtio-net, e1000 or "
                "vmxnet3\n") == 0);
  CHECK(said.find("pci 00:03.0: network device 8086:100e does not work: e1000: ") !=
        std::string::npos);
  CHECK(said.find("00:04.0") == std::string::npos);
  CHECK(said.ends_with("no network: none of 4 PCI functions is a NIC that works, still looking\n"));
  // The one that failed has neither rings nor access to memory left.
  CHECK(dma::mark() == memory);
  CHECK((pc().space.at({0, 3, 0}).get<std::uint16_t>(pci::kCommand) & pci::kCommandBusMaster) == 0);
  CHECK(Packet::free_count() == Packet::pool_size());
  CHECK_FALSE(find_index(0).has_value());
  CHECK_FALSE(any_usable());
  CHECK_FALSE(turn());
}

TEST_CASE("without a NIC the machine looks for one every second, and reports no device twice") {
  CHECK(pc().look(5'000).empty());
  const std::size_t reads = pc().space.reads;
  CHECK(pc().look(5'999).empty());
  CHECK(pc().space.reads == reads);
  pc().plug({0, 6, 0}, 0x8029'10EC);
  CHECK(pc().look(6'000) ==
        "pci 00:06.0: network device 10ec:8029 is not supported, use virtio-net, "
        "e1000 or vmxnet3\n");
}

TEST_CASE("a NIC that is plugged in is found at the next look, and the search ends") {
  pc().plug_virtio({0, 5, 0});
  CHECK(pc().look(6'500).empty());
  const std::string said = pc().look(7'000);
  CHECK(said.starts_with("net0: virtio-net 52:54:00:00:00:05, link up, offloads csum"));
  CHECK(find_index(0) == 0);
  CHECK(find_mac(5) == 0);
  CHECK_FALSE(find_mac(6).has_value());
  // It gets half of the pool beyond two reserves, because the e1000 may yet work.
  const std::size_t shared = Packet::pool_size() - 2 * Packet::reserve();
  CHECK(Packet::pool_size() - Packet::free_count() == shared / 2);
  const std::size_t reads = pc().space.reads;
  static_cast<void>(pc().look(9'000));
  CHECK(pc().space.reads == reads + 1);  // whether it is still there
}

TEST_CASE("a second NIC comes and goes, and takes with it all that it was lent") {
  const std::size_t free = Packet::free_count();
  pc().plug_virtio({0, 7, 0});
  pc().ports[kSlots] = 1 << 7;
  CHECK(pc().look(9'300).starts_with("net1: virtio-net 52:54:00:00:00:07, link up"));
  CHECK(pc().is_changed);
  CHECK(find_mac(7) == 1);
  CHECK(Packet::free_count() < free);
  pc().ports[kSlots] = 0;
  pc().ports[kSlots + 4] = 1 << 7 | 1 << 4;  // and a disk
  CHECK(pc().look(9'600) == "net1: unplugged\n");
  CHECK(pc().is_changed);
  CHECK(let_go == "4 7 ");
  CHECK_FALSE(find_mac(7).has_value());
  CHECK(Packet::free_count() == free);
  CHECK(netstack::report_on(1)->is_gone);
  pc().space.remove({0, 7, 0});
  pc().ports[kSlots + 4] = 0;
}

TEST_CASE("a slot in which nothing is found changes nothing") {
  pc().ports[kSlots] = 1 << 7;
  CHECK(pc().look(9'900).empty());
  CHECK_FALSE(pc().is_changed);
  pc().ports[kSlots] = 0;
}

TEST_CASE("watching, arming and reclaiming cover every NIC") {
  Watch words;
  watch(words);
  CHECK(words.words().size() >= 1);
  CHECK_FALSE(words.has_changed());
  CHECK_FALSE(can_wake());  // this machine polls
  arm();
  disarm();
  reclaim();
}

TEST_CASE("settings apply by a NIC's address or index; a gateway takes a static address") {
  for (const std::uint8_t device : {2, 3, 5, 6}) {
    pc().space.remove({0, device, 0});
  }
  pc().settings.apply_lines({"test"},
                            "network.52:54:00:00:00:77.address=10.0.0.1/24\n"
                            "network.1.mtu=1400\nnetwork.1.gateway=10.0.0.9\n");
  pc().plug_virtio({0, 7, 0});
  pc().put_window();
  const std::string said = pc().boot();
  CHECK(said.find("net1: virtio-net 52:54:00:00:00:07") != std::string::npos);
  CHECK(said.find("net1: the gateway of the settings is for a static address: not used\n") !=
        std::string::npos);
  CHECK(said.find("net2: virtio-net 52:54:00:00:00:77") != std::string::npos);
  CHECK(find_mac(0x77) == 2);
  CHECK(any_usable());  // it has its address
}

TEST_CASE("a ninth NIC is left alone; where interrupts are wanted, one without any is named") {
  interrupts::fake().message = interrupts::kMessage;
  pc().space.remove({0, 7, 0});
  acpi::told().windows.clear();
  pc().memory[kWindow + 8] = 2;  // a disk now
  for (std::uint8_t device = 8; device < 14; ++device) {
    pc().plug_virtio({0, device, 0});
  }
  const std::string said = pc().boot();
  CHECK(
      said.find("pci 00:08.0: network device 1af4:1041 can't interrupt here, so a doze lasts 1 ms "
                "at most\n") != std::string::npos);
  CHECK(find_index(7) == 7);
  CHECK(find_mac(12) == 7);
  CHECK(
      said.ends_with("pci 00:0d.0: network device 1af4:1041 left alone: 8 NICs are driven "
                     "already\n"));
  CHECK_FALSE(find_mac(13).has_value());
}

}  // namespace
}  // namespace nics
}  // namespace mote
