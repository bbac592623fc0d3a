// The virtio SCSI host (virtio 1.2, 5.6), to read its disks and discs at boot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/block_device.hpp"
#include "drivers/virtio/request_device.hpp"
#include "drivers/virtio/scsi_bus.hpp"

namespace mote::virtio {

// 5.6: its device identifier, and 5.6.2: the first queue for requests. The ones before, for task
// management and events, stay unused.
inline constexpr std::uint16_t kScsiHost = 8;
inline constexpr std::uint16_t kScsiRequestQueue = 2;

// 5.6.4: the device's configuration. `max_sectors` is what a command may transfer, in 512 bytes; 0:
// no limit.
namespace scsi_config {
inline constexpr std::uint16_t kMostSectors = 8;  // 32 bits
inline constexpr std::uint32_t kSectorBytes = 512;
}  // namespace scsi_config

// One of a host's disks.
class ScsiDisk {
 public:
  explicit ScsiDisk(ScsiBus& bus) : bus_(&bus) {}

  // Becomes the bus's next disk. False: there are no more.
  [[nodiscard]] bool advance() { return bus_->next(unit_, capacity_); }

  // The contract of drivers/block_device.hpp.
  [[nodiscard]] std::string_view model() const { return ScsiBus::kModel; }
  [[nodiscard]] std::uint32_t block_bytes() const { return capacity_.block_bytes; }
  [[nodiscard]] std::uint64_t blocks() const { return capacity_.blocks(); }
  [[nodiscard]] bool read(std::uint64_t first, std::span<std::byte> to) {
    return bus_->read(unit_, first, block_bytes(), to);
  }
  [[nodiscard]] std::string_view error() const { return bus_->error(); }

 private:
  ScsiBus* bus_;
  ScsiUnit unit_;
  scsi::Capacity capacity_;
};
static_assert(BlockDevice<ScsiDisk>);

// A controller with any number of disks.
template <Transport T>
class ScsiHost {
 public:
  using Location = typename T::Location;

  [[nodiscard]] static bool drives(const Location& location) {
    return T::is_device(location, kScsiHost);
  }
  [[nodiscard]] bool bring_up(const Location& location) {
    return device_.bring_up(location, {.model = ScsiBus::kModel,
                                       .queue = kScsiRequestQueue,
                                       .memory_bytes = sizeof(ScsiBus::Memory)});
  }
  [[nodiscard]] std::string_view error() const { return device_.queue().error(); }

  // Finds disks as it goes.
  template <typename Visit>
  void each_disk(Visit&& visit) {
    const std::uint64_t sectors = device_.config32(scsi_config::kMostSectors);
    ScsiBus bus;
    bus.start(device_.queue(), sectors == 0 ? kMostReadBytes : sectors * scsi_config::kSectorBytes);
    ScsiDisk disk(bus);
    while (disk.advance() && !visit(disk)) {
    }
  }
  [[nodiscard]] bool shut_down() { return device_.shut_down(); }

 private:
  RequestDevice<T> device_;
};

using AnyScsiHost = ScsiHost<AnyTransport>;
static_assert(BlockController<AnyScsiHost>);

}  // namespace mote::virtio
