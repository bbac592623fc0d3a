// Memory, tables, and the end of boot services (UEFI 2.10, 7.2, 7.4.6 and 4.6).
#include "boot/uefi/firmware.hpp"

namespace mote::uefi {
namespace {

constexpr std::uint64_t pages_for(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes;
}

}  // namespace

std::uint64_t Firmware::table(const Guid& guid) const {
  for (const ConfigurationTable& one : std::span(system_.table, system_.tables)) {
    if (one.guid == guid) {
      return one.address;
    }
  }
  return 0;
}

void Firmware::keep_free(AddressRange kernel) {
  kernel_ = kernel;
  const FirmwareMap map = memory_map();
  for (std::size_t i = 0; i < map.size(); ++i) {
    const MemoryDescriptor descriptor = map[i];
    AddressRange part = range_of(descriptor);
    part.begin = part.begin > kernel.begin ? part.begin : kernel.begin;
    part.end = part.end < kernel.end ? part.end : kernel.end;
    if (descriptor.type == memory_type::kConventional && part.begin < part.end) {
      // If it fails, the map was old, and what has come there is free when boot services are over.
      services().allocate_pages(AllocateType::kAddress, memory_type::kLoaderData,
                                pages_for(part.end - part.begin), &part.begin);
    }
  }
}

std::span<std::byte> Firmware::allocate(std::uint64_t bytes, std::uint32_t type) const {
  std::uint64_t at = kMapped - 1;
  if (bytes == 0 || bytes >= kMapped ||
      failed(services().allocate_pages(AllocateType::kMaxAddress, type, pages_for(bytes), &at)) ||
      kernel_.touches(at, bytes)) {
    return {};
  }
  return {reinterpret_cast<std::byte*>(at), bytes};
}

void Firmware::free(std::span<std::byte> pages) const {
  services().free_pages(address_of(pages.data()), pages_for(pages.size()));
}

std::span<const std::byte> Firmware::settle(std::span<const std::byte> bytes,
                                            std::uint64_t alignment) const {
  const std::uint64_t at = address_of(bytes.data());
  const bool is_mapped = at % alignment == 0 && at < kMapped && bytes.size() <= kMapped - at;
  if (is_mapped && !kernel_.touches(at, bytes.size())) {
    return bytes;
  }
  const std::span<std::byte> copy = allocate(bytes.size());
  if (!copy.empty()) {
    __builtin_memcpy(copy.data(), bytes.data(), bytes.size());
  }
  return copy;
}

bool Firmware::read_map() {
  std::uint32_t version = 0;
  map_bytes_ = map_room_;
  return !failed(services().get_memory_map(&map_bytes_, map_, &map_key_, &map_stride_, &version));
}

FirmwareMap Firmware::memory_map() {
  // Room for the descriptors that allocations add, and those of events at the end.
  constexpr std::uint64_t kMore = 64;
  constexpr unsigned kTries = 4;
  for (unsigned i = 0; i < kTries && !read_map(); ++i) {
    map_room_ = map_bytes_ + kMore * (map_stride_ + sizeof(MemoryDescriptor));
    void* room = nullptr;
    if (failed(services().allocate_pool(memory_type::kLoaderData, map_room_, &room))) {
      map_room_ = 0;
      return {{}, 0};
    }
    map_ = static_cast<std::byte*>(room);
  }
  return last_map();
}

bool Firmware::exit() {
  // An event at the end may change the map once (7.4.6).
  constexpr unsigned kTries = 2;
  for (unsigned i = 0; i < kTries; ++i) {
    if (read_map() && !failed(services().exit_boot_services(image_, map_key_))) {
      return true;
    }
  }
  return false;
}

void Firmware::make_executable(std::span<std::byte> pages) const {
  if (auto* const attributes = protocol<MemoryAttributes>()) {
    const std::uint64_t bytes = pages_for(pages.size()) * kPageBytes;
    attributes->set(attributes, address_of(pages.data()), bytes, MemoryAttributes::kReadOnly);
    attributes->clear(attributes, address_of(pages.data()), bytes, MemoryAttributes::kNoExecute);
  }
}

void Firmware::stop_watchdog() const { services().set_watchdog_timer(0, 0, 0, nullptr); }

}  // namespace mote::uefi
