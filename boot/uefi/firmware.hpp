// The firmware's services, as the loader needs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "boot/uefi/memory_map.hpp"
#include "boot/uefi/system_table.hpp"
#include "boot/uefi/types.hpp"
#include "kernel/cpu/addresses.hpp"

namespace mote::uefi {

// The kernel maps memory up to here (boot/long_mode.asm).
inline constexpr std::uint64_t kMapped = std::uint64_t{4} << 30;

[[nodiscard]] inline std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

class Firmware {
 public:
  Firmware(Handle image, const SystemTable& system) : image_(image), system_(system) {}

  // A handle's protocol, or anyone's; null if there is none.
  template <typename Protocol>
  [[nodiscard]] Protocol* protocol_of(Handle handle) const {
    void* found = nullptr;
    const bool is_there =
        handle != nullptr && !failed(services().handle_protocol(handle, &Protocol::kGuid, &found));
    return is_there ? static_cast<Protocol*>(found) : nullptr;
  }
  template <typename Protocol>
  [[nodiscard]] Protocol* protocol() const {
    void* found = nullptr;
    return failed(services().locate_protocol(&Protocol::kGuid, nullptr, &found))
               ? nullptr
               : static_cast<Protocol*>(found);
  }

  // All handles with a protocol.
  template <typename Protocol>
  [[nodiscard]] std::span<const Handle> handles() const {
    std::uint64_t count = 0;
    Handle* found = nullptr;
    return failed(services().locate_handle_buffer(SearchType::kByProtocol, &Protocol::kGuid,
                                                  nullptr, &count, &found))
               ? std::span<const Handle>()
               : std::span<const Handle>(found, count);
  }

  // A configuration table's address; 0: there is none.
  [[nodiscard]] std::uint64_t table(const Guid& guid) const;

  // Keeps all allocations out of the memory where the kernel will be copied.
  void keep_free(AddressRange kernel);

  // Whole pages below 4 GiB, outside of the kernel's memory. Empty: there is no room.
  [[nodiscard]] std::span<std::byte> allocate(std::uint64_t bytes,
                                              std::uint32_t type = memory_type::kLoaderData) const;
  void free(std::span<std::byte> pages) const;

  // Where bytes may stay until the kernel runs, at a multiple of `alignment`: where they are, or in
  // a copy. Empty: there is no room for one.
  [[nodiscard]] std::span<const std::byte> settle(std::span<const std::byte> bytes,
                                                  std::uint64_t alignment) const;

  // Reads the memory map, which holds until the next allocation. Empty if that fails.
  [[nodiscard]] FirmwareMap memory_map();

  // Ends boot services. False: the firmware refuses.
  [[nodiscard]] bool exit();

  // The map as read last: after `exit`, the final one.
  [[nodiscard]] FirmwareMap last_map() const { return {{map_, map_bytes_}, map_stride_}; }

  // Lets code run in the memory of some pages.
  void make_executable(std::span<std::byte> pages) const;

  // Never lets the firmware reset the machine because loading takes long.
  void stop_watchdog() const;

  [[nodiscard]] Handle image() const { return image_; }
  [[nodiscard]] TextOutput* console() const { return system_.console_out; }

 private:
  [[nodiscard]] const BootServices& services() const { return *system_.boot_services; }
  [[nodiscard]] bool read_map();

  Handle image_;
  const SystemTable& system_;
  AddressRange kernel_{};
  std::byte* map_ = nullptr;
  std::uint64_t map_room_ = 0;
  std::uint64_t map_bytes_ = 0;
  std::uint64_t map_key_ = 0;
  std::uint64_t map_stride_ = 0;
};

}  // namespace mote::uefi
