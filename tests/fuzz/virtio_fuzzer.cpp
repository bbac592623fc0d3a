// Fuzzes the virtio network driver against a device that writes what it likes into the used rings,
// the frames' headers and its configuration (README.md lists what must hold).
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "tests/fakes/ring_memory.hpp"
#include "tests/fuzz/spoilt_device.hpp"
#include "tests/unit/drivers/virtio/world.hpp"

namespace mote::fuzz {
namespace {

class VirtioDevice {
 public:
  using Nic = virtio::FakeNic;
  static constexpr std::uint8_t kCommands = 9;

  explicit VirtioDevice(Script& script) {
    constexpr std::array<Features, 7> kBits = {
        virtio::feature::kAnyLayout,
        virtio::feature::kNetMergeable,
        virtio::feature::kNetChecksum,
        virtio::feature::kNetGuestChecksum,
        virtio::feature::kEventIndex,
        virtio::feature::kNetStatus,
        virtio::feature::kNetGuestTso4 | virtio::feature::kNetHostTso4};
    constexpr std::array<std::uint16_t, 8> kEntries = {16, 64, 256, 8, 2, 1, 24, 1024};
    const std::uint8_t bits = script.byte();
    device_ = virtio::device_with(0, (bits & 0x80) != 0);
    for (std::size_t i = 0; i < kBits.size(); ++i) {
      device_.offered |= (bits >> i & 1) != 0 ? kBits[i] : 0;
    }
    const std::uint8_t sizes = script.byte();
    device_.entries = {kEntries[sizes % kEntries.size()], kEntries[sizes / 16 % kEntries.size()]};
  }

  bool bring_up(Nic& nic) { return nic.bring_up(&device_); }

  void act(std::uint8_t command, Script& script) {
    const std::uint8_t which = script.byte();
    if (std::exchange(resets_, device_.resets) != device_.resets) {
      seen_ = {};
    }
    virtio::DeviceQueue& queue = device_.queues[which % 2];
    if (!std::ranges::all_of(device_.queues, &virtio::DeviceQueue::attached)) {
      set_habits(which);
      return;
    }
    switch (command) {
      case 0:
        fill_next(which % 2, script);
        queue.show();
        break;
      case 1:
        fill_next(which % 2, script);
        break;
      case 2:
        queue.put(script.byte(), script.word());
        break;
      case 3:
        queue.put(dword(script), dword(script));
        break;
      case 4:
        queue.show();
        break;
      case 5:
        queue.set_used_index(script.word());
        break;
      case 6:
        queue.set_avail_event(script.word());
        queue.set_no_notify((which & 2) != 0);
        break;
      case 7:
        while (const auto head = next_head(1)) {
          device_.queues[1].complete(*head, which);
        }
        break;
      default:
        set_habits(which);
        device_.config[which % device_.config.size()] = script.byte();
        break;
    }
  }

 private:
  using Features = virtio::Features;

  static std::uint32_t dword(Script& script) {
    const std::uint32_t low = script.word();
    return low | std::uint32_t{script.word()} << 16;
  }

  static std::byte* memory_at(PhysicalAddress address) {
    return reinterpret_cast<std::byte*>(address.value);
  }

  // The first descriptor of the next chain that the driver lent. Chains aren't followed: after a
  // lie they may lead in a circle.
  std::optional<std::uint16_t> next_head(std::size_t queue) {
    const virtio::DeviceQueue& lent = device_.queues[queue];
    if (seen_[queue] == lent.available_index()) {
      return std::nullopt;
    }
    std::uint16_t head = 0;
    const std::size_t at =
        sizeof(virtio::RingHead) + sizeof(head) * (seen_[queue]++ % device_.entries[queue]);
    std::memcpy(&head, memory_at(lent.addresses().available) + at, sizeof(head));
    return head;
  }

  // Returns the next chain with a header in it, and with a length that may be a lie.
  void fill_next(std::size_t queue, Script& script) {
    const auto head = next_head(queue);
    if (!head) {
      return;
    }
    if (queue == 0) {
      virtio::NetHeader header{.flags = script.byte(), .segmentation = script.byte()};
      header.buffers = script.byte();
      virtio::Descriptor descriptor;
      std::memcpy(
          &descriptor,
          memory_at(device_.queues[queue].addresses().descriptors) + sizeof(descriptor) * *head,
          sizeof(descriptor));
      std::memcpy(reinterpret_cast<void*>(descriptor.address), &header,
                  std::min<std::size_t>(descriptor.bytes, sizeof(header)));
    }
    device_.queues[queue].put(*head, script.word() % 2048);
  }

  void set_habits(std::uint8_t bits) {
    device_.ends_reset = (bits & 1) == 0;
    device_.refuses_queue = (bits & 2) != 0;
    device_.refuses_features = (bits & 4) != 0;
    device_.generation_steps = bits & 8;
    device_.status |= (bits & 16) != 0 ? virtio::status::kNeedsReset : std::uint8_t{0};
  }

  virtio::FakeDevice device_;
  std::array<std::uint16_t, 2> seen_{};  // chains that the driver lent, since
  int resets_ = 0;                       // so many
};

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote::fuzz;
  SpoiltDevice<VirtioDevice>(Script(data, size)).run();
  mote::fakes::free_ring_memory();
  return 0;
}
