// The services of the fake, as functions with the firmware's calling convention.
#include "tests/unit/boot/uefi/fake_firmware.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace mote::uefi {
namespace {

FakeFirmware* current = nullptr;

constexpr Status kNotFound{std::uint64_t{1} << 63 | 14};
constexpr Status kOutOfResources{std::uint64_t{1} << 63 | 9};

__attribute__((ms_abi)) Status output_string(TextOutput* /*output*/, const char16_t* text) {
  for (; *text != 0; ++text) {
    current->said += static_cast<char>(*text);
  }
  return Status::kSuccess;
}

__attribute__((ms_abi)) Status allocate_pages(AllocateType type, std::uint32_t /*memory*/,
                                              std::uint64_t pages, std::uint64_t* address) {
  const std::uint64_t bytes = pages * kPageBytes;
  if (type == AllocateType::kAddress) {
    current->reserved.emplace_back(*address, pages);
    return Status::kSuccess;
  }
  CHECK(type == AllocateType::kMaxAddress);
  if (bytes >= current->least_refused) {
    return kOutOfResources;
  }
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  *address = reinterpret_cast<std::uintptr_t>(memory);
  current->allocated[*address] = bytes;
  return Status::kSuccess;
}

__attribute__((ms_abi)) Status free_pages(std::uint64_t address, std::uint64_t pages) {
  REQUIRE(current->allocated.at(address) == pages * kPageBytes);
  munmap(reinterpret_cast<void*>(address), pages * kPageBytes);
  current->allocated.erase(address);
  return Status::kSuccess;
}

// Descriptors are longer than the specification's, as EDK2's are.
constexpr std::uint64_t kStride = sizeof(MemoryDescriptor) + 8;

__attribute__((ms_abi)) Status get_memory_map(std::uint64_t* bytes, void* map, std::uint64_t* key,
                                              std::uint64_t* stride, std::uint32_t* version) {
  const std::uint64_t needed = current->map.size() * kStride;
  const bool fits = *bytes >= needed;
  *bytes = needed;
  *stride = kStride;
  *version = 1;
  if (!fits) {
    return Status::kBufferTooSmall;
  }
  *key = current->key;
  for (std::size_t i = 0; i < current->map.size(); ++i) {
    std::memcpy(static_cast<std::byte*>(map) + i * kStride, &current->map[i],
                sizeof(MemoryDescriptor));
  }
  return Status::kSuccess;
}

__attribute__((ms_abi)) Status allocate_pool(std::uint32_t /*memory*/, std::uint64_t bytes,
                                             void** out) {
  static std::vector<std::vector<std::byte>> pools;
  pools.emplace_back(bytes);
  *out = pools.back().data();
  // As the real one does, it changes the map.
  current->map.push_back({memory_type::kLoaderData, 0, 0x7000'0000, 0, 1, 0});
  ++current->key;
  return Status::kSuccess;
}

__attribute__((ms_abi)) Status handle_protocol(Handle handle, const Guid* guid, void** out) {
  for (const auto& [owner, protocol] : current->protocols) {
    if (owner == handle && protocol.first == *guid) {
      *out = protocol.second;
      return Status::kSuccess;
    }
  }
  return kNotFound;
}

__attribute__((ms_abi)) Status locate_handle_buffer(SearchType type, const Guid* guid,
                                                    void* /*key*/, std::uint64_t* count,
                                                    Handle** out) {
  CHECK(type == SearchType::kByProtocol);
  static std::vector<Handle> found;
  found.clear();
  for (const auto& [owner, protocol] : current->protocols) {
    if (protocol.first == *guid) {
      found.push_back(owner);
    }
  }
  *count = found.size();
  *out = found.data();
  return found.empty() ? kNotFound : Status::kSuccess;
}

__attribute__((ms_abi)) Status locate_protocol(const Guid* guid, void* /*registration*/,
                                               void** out) {
  for (const auto& [owner, protocol] : current->protocols) {
    if (protocol.first == *guid) {
      *out = protocol.second;
      return Status::kSuccess;
    }
  }
  return kNotFound;
}

__attribute__((ms_abi)) Status exit_boot_services(Handle /*image*/, std::uint64_t key) {
  ++current->exits;
  if (current->refused_exits > 0) {
    --current->refused_exits;
    ++current->key;
  }
  return key == current->key ? Status::kSuccess : Status::kInvalidParameter;
}

__attribute__((ms_abi)) Status set_watchdog_timer(std::uint64_t seconds, std::uint64_t /*code*/,
                                                  std::uint64_t /*bytes*/,
                                                  const char16_t* /*why*/) {
  current->has_watchdog = seconds != 0;
  return Status::kSuccess;
}

}  // namespace

FakeFirmware::FakeFirmware() {
  current = this;
  output_.output_string = output_string;
  services.allocate_pages = allocate_pages;
  services.free_pages = free_pages;
  services.get_memory_map = get_memory_map;
  services.allocate_pool = allocate_pool;
  services.handle_protocol = handle_protocol;
  services.locate_handle_buffer = locate_handle_buffer;
  services.locate_protocol = locate_protocol;
  services.exit_boot_services = exit_boot_services;
  services.set_watchdog_timer = set_watchdog_timer;
  system.boot_services = &services;
  system.console_out = &output_;
}

FakeFirmware::~FakeFirmware() {
  for (const auto& [address, bytes] : allocated) {
    munmap(reinterpret_cast<void*>(address), bytes);
  }
  current = nullptr;
}

}  // namespace mote::uefi
