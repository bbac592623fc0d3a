// Fuzzes the vmxnet3 driver against a device that writes what it likes into the completion rings
// and the shared area (README.md lists what must hold).
#include <array>

#include "tests/fakes/ring_memory.hpp"
#include "tests/fuzz/spoilt_device.hpp"
#include "tests/unit/drivers/vmxnet3/world.hpp"

namespace mote::fuzz {
namespace {

class Vmxnet3Device {
 public:
  using Nic = vmxnet3::FakeNic;
  static constexpr std::uint8_t kCommands = 7;

  explicit Vmxnet3Device(Script& script) { device_.can_interrupt = (script.byte() & 1) != 0; }

  bool bring_up(Nic& nic) { return nic.bring_up(&device_, limits::kReceiveBuffers); }

  void act(std::uint8_t command, Script& script) {
    using vmxnet3::poke;
    device_.accesses.clear();
    if (!device_.active) {
      set_habits(script.byte());
      return;
    }
    switch (command) {
      case 0:
        static_cast<void>(device_.deliver(vmxnet3::frame_of(1 + script.word() % 1514),
                                          dword(script), dword(script)));
        break;
      case 1:
        deliver_piece(script);
        break;
      case 2:
        device_.complete({dword(script), dword(script), dword(script), dword(script)});
        break;
      case 3:
        device_.complete_sent(script.word());
        break;
      case 4: {  // anywhere, of whatever generation
        const vmxnet3::DeviceRing& ring =
            (script.byte() & 1) != 0 ? device_.received : device_.sent;
        poke(ring.address + 16 * std::uint64_t{script.word() % ring.entries},
             vmxnet3::Words{dword(script), dword(script), dword(script), dword(script)});
        break;
      }
      case 5:
        while (const auto sent = device_.collect()) {
          device_.complete_sent(sent->last);
        }
        break;
      default:
        set_habits(script.byte());
        break;
    }
  }

 private:
  static std::uint32_t dword(Script& script) {
    const std::uint32_t low = script.word();
    return low | std::uint32_t{script.word()} << 16;
  }

  void deliver_piece(Script& script) {
    const std::uint8_t bits = script.byte();
    vmxnet3::DeviceRing& ring = (bits & 1) != 0 ? device_.bodies : device_.receiving;
    static_cast<void>(device_.deliver_piece(
        ring, nullptr, {.word0 = std::uint32_t{bits} << 8, .bytes = script.word()}));
  }

  void set_habits(std::uint8_t bits) {
    device_.reset_result = bits & 1;
    device_.activation_result = bits >> 1 & 1;
    device_.link = bits & 4;
    if (device_.active) {
      device_.want_doorbell((bits & 8) != 0);
      device_.set_events(bits >> 4);
    }
  }

  vmxnet3::FakeDevice device_;
};

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote::fuzz;
  SpoiltDevice<Vmxnet3Device>(Script(data, size)).run();
  mote::fakes::free_ring_memory();
  return 0;
}
