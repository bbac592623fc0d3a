// Tests of an AHCI adapter on PCI: its ports, handoff, and what is left of it afterwards.
#include "drivers/ahci/controller.hpp"

#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "kernel/memory/arena.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/time/allowance.hpp"
#include "tests/unit/drivers/ahci/fake_port.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::ahci {
namespace {

using pci::kHere;

constexpr std::uint32_t kWindow = 0xFEB0'0000;
constexpr std::size_t kMemoryBytes = 16 * 1024;

struct Pc : pci::PciMachine {
  pci::Device& ahci = space.add(kHere, 0x0106'0100);
  std::map<std::uint64_t, std::uint32_t> host;
  std::map<unsigned, FakePort> drives;
  bool firmware_stays = false;
  Controller controller;
  std::vector<std::byte> bytes = std::vector<std::byte>(kMemoryBytes + 4096);

  Pc() {
    const std::uint64_t start = physical(bytes.data()).value;
    Arena arena(AddressRange{start, start + bytes.size()});
    REQUIRE(dma::set_up(arena, kMemoryBytes));
    dma::rewind(0);
    ticks_a_look = 1'000'000;
    allowance::begin();
    put_bar(ahci, 5, kWindow, 0x2000);
    windows = {{kWindow, kWindow + 0x2000}};
    host[host::kPortsImplemented] = 0x3F;
    on_read = [this](std::uint64_t at, unsigned) { return read(at - kWindow); };
    on_write = [this](std::uint64_t at, unsigned, std::uint64_t value) {
      write(at - kWindow, static_cast<std::uint32_t>(value));
    };
  }
  std::uint32_t read(std::uint64_t at) {
    if (at < port::kFirst) {
      return host[at];
    }
    const auto found = drives.find(static_cast<unsigned>((at - port::kFirst) / port::kBytes));
    return found == drives.end() ? 0 : found->second.read(at % port::kBytes);
  }
  void write(std::uint64_t at, std::uint32_t value) {
    if (at == host::kControl) {
      host[at] = value & ~host::kReset;
    } else if (at == host::kHandoff) {
      host[at] = firmware_stays ? value : value & ~host::kFirmwareOwns;
    } else if (at >= port::kFirst) {
      drives[static_cast<unsigned>((at - port::kFirst) / port::kBytes)].write(at % port::kBytes,
                                                                              value);
    }
  }
  std::vector<std::string_view> models() {
    std::vector<std::string_view> found;
    REQUIRE(controller.bring_up(this->found()));
    controller.each_disk([&](auto& disk) {
      found.push_back(disk.model());
      return false;
    });
    return found;
  }
};

TEST_CASE("adapters are known by their class") {
  Pc pc;
  CHECK(Controller::drives(pc.found()));
  pc.ahci.put<std::uint32_t>(pci::kClass, 0x0101'8000);
  CHECK_FALSE(Controller::drives(pc.found()));
}

TEST_CASE("one drive after the other, and then no access to memory") {
  Pc pc;
  pc.drives[0].drive = ata::FakeDrive::disk();
  pc.drives[2].drive = ata::FakeDrive::disc();
  pc.drives[3].drive = ata::FakeDrive::disc();
  pc.drives[3].drive.senses = {ata::kNoMedium};
  pc.drives[7].drive = ata::FakeDrive::disk();  // not implemented
  CHECK(pc.models() == std::vector<std::string_view>{"ahci-disk", "ahci-cd"});
  CHECK(dma::mark() == 0);
  CHECK(pc.controller.shut_down());
  CHECK((pc.ahci.get<std::uint16_t>(pci::kCommand) & pci::kCommandBusMaster) == 0);
}

TEST_CASE("no ports, and all 32") {
  Pc pc;
  for (unsigned number = 0; number < port::kMost; ++number) {
    pc.drives[number].drive = ata::FakeDrive::disk();
  }
  pc.host[host::kPortsImplemented] = 0;
  CHECK(pc.models().empty());
  pc.host[host::kPortsImplemented] = ~0U;
  CHECK(pc.models().size() == 32);
  pc.put_bar(pc.ahci, 5, kWindow, 0x400);  // room for six
  CHECK(pc.models().size() == 6);
}

TEST_CASE("a drive that hangs makes only itself unusable") {
  Pc pc;
  pc.drives[0].hangs = true;
  pc.drives[1].drive = ata::FakeDrive::disk();
  CHECK(pc.models().size() == 1);
  CHECK(pc.controller.shut_down());
}

TEST_CASE("drives that hang have ten seconds, all of them together") {
  Pc pc;
  pc.host[host::kPortsImplemented] = ~0U;
  for (unsigned number = 0; number < port::kMost; ++number) {
    pc.drives[number].hangs = true;
  }
  CHECK(pc.models().empty());
  CHECK(pc.ticks < allowance::kInAll.value + milliseconds(2'000).value);
  CHECK(pc.controller.shut_down());
}

TEST_CASE("a port that doesn't stop ends the adapter's use, and has it reset") {
  Pc pc;
  pc.drives[0].never_stops = true;
  pc.drives[1].drive = ata::FakeDrive::disk();
  CHECK(pc.models().empty());
  CHECK(dma::mark() != 0);
  CHECK(pc.controller.shut_down());
  CHECK(pc.writes.back() == Pc::write32(kWindow + host::kControl, 0x8000'0001));
}

TEST_CASE("firmware is asked to let go, and isn't waited for for ever") {
  Pc pc;
  pc.host[host::kCapabilities2] = host::kHasHandoff;
  pc.host[host::kHandoff] = host::kFirmwareOwns;
  REQUIRE(pc.controller.bring_up(pc.found()));
  CHECK(pc.host[host::kHandoff] == host::kWeOwn);
  pc.firmware_stays = true;
  pc.host[host::kHandoff] = host::kFirmwareOwns | host::kFirmwareBusy;
  pc.ticks = 0;
  CHECK(pc.controller.bring_up(pc.found()));
  CHECK(pc.ticks < 2 * kBusyHandoffTime.value);
}

TEST_CASE("registers out of reach, or gone, and no memory for a port") {
  Pc pc;
  pc.host[host::kControl] = ~0U;
  CHECK_FALSE(pc.controller.bring_up(pc.found()));
  CHECK(pc.controller.error() == "the adapter is gone");
  pc.host[host::kControl] = 0;
  paging::fake().can_map = false;
  CHECK_FALSE(pc.controller.bring_up(pc.found()));
  CHECK(pc.controller.shut_down());
  paging::fake().can_map = true;
  pc.put_bar(pc.ahci, 5, kWindow, 0x100);
  CHECK_FALSE(pc.controller.bring_up(pc.found()));
  pc.put_bar(pc.ahci, 5, kWindow, 0x2000);
  pc.drives[0].drive = ata::FakeDrive::disk();
  REQUIRE_FALSE(dma::allocate(kMemoryBytes - 1024, 1).empty());
  CHECK(pc.models().empty());
}

}  // namespace
}  // namespace mote::ahci
