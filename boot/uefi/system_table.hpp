// The tables by which the firmware is called (UEFI 2.10, 4.2 to 4.6). What the loader doesn't use
// is only counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "boot/uefi/protocols.hpp"
#include "boot/uefi/types.hpp"

namespace mote::uefi {

// 4.2, EFI_TABLE_HEADER.
struct TableHeader {
  std::uint64_t signature;
  std::uint32_t revision;
  std::uint32_t bytes;
  std::uint32_t crc32;
  std::uint32_t reserved;
};
static_assert(sizeof(TableHeader) == 24);

enum class AllocateType : std::uint32_t { kAnyPages, kMaxAddress, kAddress };
enum class SearchType : std::uint32_t { kAllHandles, kByRegisterNotify, kByProtocol };

// 4.4, EFI_BOOT_SERVICES.
struct BootServices {
  TableHeader header;
  std::array<void*, 2> task_priority;
  Function<Status, AllocateType, std::uint32_t, std::uint64_t, std::uint64_t*> allocate_pages;
  Function<Status, std::uint64_t, std::uint64_t> free_pages;
  Function<Status, std::uint64_t*, void*, std::uint64_t*, std::uint64_t*, std::uint32_t*>
      get_memory_map;
  Function<Status, std::uint32_t, std::uint64_t, void**> allocate_pool;
  Function<Status, void*> free_pool;
  std::array<void*, 6> events;
  std::array<void*, 3> install_protocols;
  Function<Status, Handle, const Guid*, void**> handle_protocol;
  std::array<void*, 5> find_protocols;
  std::array<void*, 4> images;
  Function<Status, Handle, std::uint64_t> exit_boot_services;
  std::array<void*, 2> time;
  Function<Status, std::uint64_t, std::uint64_t, std::uint64_t, const char16_t*> set_watchdog_timer;
  std::array<void*, 2> controllers;
  std::array<void*, 4> open_protocols;
  Function<Status, SearchType, const Guid*, void*, std::uint64_t*, Handle**> locate_handle_buffer;
  Function<Status, const Guid*, void*, void**> locate_protocol;
};
static_assert(offsetof(BootServices, allocate_pages) == 40);
static_assert(offsetof(BootServices, handle_protocol) == 152);
static_assert(offsetof(BootServices, exit_boot_services) == 232);
static_assert(offsetof(BootServices, set_watchdog_timer) == 256);
static_assert(offsetof(BootServices, locate_protocol) == 320);

// 4.6, EFI_CONFIGURATION_TABLE.
struct ConfigurationTable {
  Guid guid;
  std::uint64_t address;

  static constexpr Guid kAcpi20{
      0x8868E871, 0xE4F1, 0x11D3, {0xBC, 0x22, 0, 0x80, 0xC7, 0x3C, 0x88, 0x81}};
  static constexpr Guid kAcpi10{
      0xEB9D2D30, 0x2D88, 0x11D3, {0x9A, 0x16, 0, 0x90, 0x27, 0x3F, 0xC1, 0x4D}};
  static constexpr Guid kSmbios3{
      0xF2FD1544, 0x9794, 0x4A2C, {0x99, 0x2E, 0xE5, 0xBB, 0xCF, 0x20, 0xE3, 0x94}};
  static constexpr Guid kSmbios{
      0xEB9D2D31, 0x2D88, 0x11D3, {0x9A, 0x16, 0, 0x90, 0x27, 0x3F, 0xC1, 0x4D}};
};
static_assert(sizeof(ConfigurationTable) == 24);

// 4.3, EFI_SYSTEM_TABLE.
struct SystemTable {
  TableHeader header;
  const char16_t* vendor;
  std::uint32_t firmware_revision;
  Handle console_in_handle;
  void* console_in;
  Handle console_out_handle;
  TextOutput* console_out;
  Handle error_handle;
  TextOutput* error;
  void* runtime_services;
  BootServices* boot_services;
  std::uint64_t tables;
  const ConfigurationTable* table;
};
static_assert(offsetof(SystemTable, console_out) == 64);
static_assert(offsetof(SystemTable, boot_services) == 96 && sizeof(SystemTable) == 120);

}  // namespace mote::uefi
