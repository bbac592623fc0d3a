// Fuzzes the driver of the e1000 family against a device that writes what it likes into the
// descriptors and registers (README.md lists what must hold).
#include <algorithm>
#include <array>
#include <cstring>

#include "tests/fakes/ring_memory.hpp"
#include "tests/fuzz/spoilt_device.hpp"
#include "tests/unit/drivers/e1000/world.hpp"

namespace mote::fuzz {
namespace {

class E1000Device {
 public:
  using Nic = e1000::FakeNic;
  static constexpr std::uint8_t kCommands = 5;

  explicit E1000Device(Script& script) {
    constexpr std::array<std::uint16_t, 4> kModels = {0x100E, 0x10D3, 0x100F, 0x1004};
    const std::uint8_t bits = script.byte();
    device_.id = kModels[bits % kModels.size()];
    set_habits(bits >> 4);
  }

  bool bring_up(Nic& nic) {
    const bool is_up = nic.bring_up(&device_, limits::kReceiveBuffers);
    set_habits(0);  // as shut_down says, who brings it up sees to a device that doesn't obey
    return is_up;
  }

  void act(std::uint8_t command, Script& script) {
    switch (command) {
      case 0:  // the next frame, its length and state as they come
        receive(device_.registers[0x2810], script);
        device_.registers[0x2810] = (device_.registers[0x2810] + 1) % device_.entries(0x2800);
        break;
      case 1:
        receive(script.word(), script);
        break;
      case 2:
        sent(script.word())[12] = std::byte{script.byte()};
        break;
      case 3:  // all that was sent, in order
        for (std::uint32_t& head = device_.registers[0x3810]; device_.owned(0x3800) != 0;
             head = (head + 1) % device_.entries(0x3800)) {
          sent(head)[12] = std::byte{1};
        }
        break;
      default: {
        constexpr std::array<std::uint32_t, 6> kRegisters = {0x0, 0x8, 0xC0, 0x14, 0x5400, 0x5404};
        const std::uint8_t which = script.byte();
        device_.registers[kRegisters[which % kRegisters.size()]] = script.word();
        break;
      }
    }
  }

 private:
  // A descriptor's second half, which the device writes (8254x manual, 3.2.3).
  void receive(std::uint32_t index, Script& script) {
    std::byte* const descriptor = device_.ring(0x2800) + 16 * (index % device_.entries(0x2800));
    const std::string_view written = script.text(8);
    std::memcpy(descriptor + 8, written.data(), written.size());
  }

  std::byte* sent(std::uint32_t index) {
    return device_.ring(0x3800) + 16 * (index % device_.entries(0x3800));
  }

  void set_habits(unsigned bits) {
    device_.ends_reset = (bits & 1) == 0;
    device_.lends_mdio = (bits & 2) == 0;
    device_.loads_address = (bits & 4) == 0;
    device_.answers_eerd = (bits & 8) == 0;
  }

  e1000::FakeDevice device_;
};

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote::fuzz;
  SpoiltDevice<E1000Device>(Script(data, size)).run();
  mote::fakes::free_ring_memory();
  return 0;
}
