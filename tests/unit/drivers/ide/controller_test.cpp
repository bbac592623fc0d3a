// Tests of finding an IDE controller's channels and drives on PCI.
#include "drivers/ide/controller.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "kernel/time/allowance.hpp"
#include "tests/unit/drivers/ide/fake_channel.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::ide {
namespace {

using pci::kHere;

struct Pc : pci::PciMachine {
  pci::Device& ide = space.add(kHere, 0x0101'8000);
  FakeChannel channel;
  std::uint16_t base = kPorts.command.value;
  std::uint16_t control = kPorts.control.value;

  Pc() {
    ticks_a_look = 1'000'000;
    allowance::begin();
    on_in = [this, before = on_in](std::uint16_t port, unsigned bytes) {
      return is_channel(port) ? channel.in(moved(port)) : before(port, bytes);
    };
    on_out = [this, before = on_out](std::uint16_t port, unsigned bytes, std::uint32_t value) {
      is_channel(port) ? channel.out(moved(port), value) : before(port, bytes, value);
    };
  }
  [[nodiscard]] bool is_channel(std::uint16_t port) const {
    return (port >= base && port < base + 8) || port == control;
  }
  [[nodiscard]] std::uint16_t moved(std::uint16_t port) const {
    return port == control ? kPorts.control.value
                           : static_cast<std::uint16_t>(kPorts.command.value + port - base);
  }
  std::vector<std::string_view> models() {
    Controller controller;
    std::vector<std::string_view> found;
    REQUIRE(controller.bring_up(this->found()));
    controller.each_disk([&](auto& disk) {
      found.push_back(disk.model());
      return false;
    });
    CHECK(controller.shut_down());
    return found;
  }
};

TEST_CASE("IDE controllers are known by their class") {
  Pc pc;
  CHECK(Controller::drives(pc.found()));
  pc.ide.put<std::uint32_t>(pci::kClass, 0x0106'0100);
  CHECK_FALSE(Controller::drives(pc.found()));
}

TEST_CASE("drives with a medium are visited, until the visitor has seen enough") {
  Pc pc;
  CHECK(pc.models().empty());
  pc.channel.add(ata::FakeDrive::disk(), 0);
  pc.channel.add(ata::FakeDrive::disc(), 1);
  CHECK(pc.models() == std::vector<std::string_view>{"ide-disk", "ide-cd"});
  pc.channel.slots[1].drive.senses = {ata::kNoMedium};
  CHECK(pc.models() == std::vector<std::string_view>{"ide-disk"});
  Controller controller;
  REQUIRE(controller.bring_up(pc.found()));
  unsigned visits = 0;
  pc.channel.slots[1].drive.senses.clear();
  controller.each_disk([&](auto&) { return ++visits != 0; });
  CHECK(visits == 1);
}

TEST_CASE("a drive that hangs makes only itself unusable") {
  Pc pc;
  pc.channel.add(ata::FakeDrive::disk(), 0).status = 0xD0;
  pc.channel.add(ata::FakeDrive::disc(), 1);
  CHECK(pc.models() == std::vector<std::string_view>{"ide-cd"});
}

TEST_CASE("a drive isn't waited for when no time is left") {
  Pc pc;
  pc.channel.add(ata::FakeDrive::disk(), 0).status = 0xD0;
  pc.ticks += allowance::kInAll.value;
  CHECK(pc.models().empty());
  CHECK(pc.ticks < allowance::kInAll.value + milliseconds(500).value);
}

TEST_CASE("a channel in native mode is where its base addresses say, or nowhere") {
  Pc pc;
  pc.channel.add(ata::FakeDrive::disk());
  pc.ide.put<std::uint32_t>(pci::kClass, 0x0101'8500);
  CHECK(pc.models().empty());
  pc.put_bar(pc.ide, 0, 0xC100, 8, true);
  pc.put_bar(pc.ide, 1, 0xC200, 4, true);
  pc.base = 0xC100;
  pc.control = 0xC202;
  CHECK(pc.models() == std::vector<std::string_view>{"ide-disk"});
  CHECK((pc.ide.get<std::uint16_t>(pci::kCommand) & 5) == 1);
}

}  // namespace
}  // namespace mote::ide
