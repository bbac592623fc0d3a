// The protocols that the loader uses, each as far as it does (UEFI 2.10; sections at each).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "boot/uefi/types.hpp"

namespace mote::uefi {

// 10.2, EFI_DEVICE_PATH_PROTOCOL: a node's head. The length counts the head.
struct DevicePath {
  std::uint8_t type;
  std::uint8_t subtype;
  std::array<std::uint8_t, 2> length;

  static constexpr Guid kGuid{
      0x09576E91, 0x6D3F, 0x11D2, {0x8E, 0x39, 0, 0xA0, 0xC9, 0x69, 0x72, 0x3B}};
};
static_assert(sizeof(DevicePath) == 4);

// 9.1, EFI_LOADED_IMAGE_PROTOCOL.
struct LoadedImage {
  std::uint32_t revision;
  Handle parent;
  void* system_table;
  Handle device;  // that the image came from
  DevicePath* file;
  void* reserved;
  std::uint32_t load_options_bytes;
  const void* load_options;
  const std::byte* base;
  std::uint64_t bytes;

  static constexpr Guid kGuid{
      0x5B1B31A1, 0x9562, 0x11D2, {0x8E, 0x3F, 0, 0xA0, 0xC9, 0x69, 0x72, 0x3B}};
};
static_assert(offsetof(LoadedImage, device) == 24 && offsetof(LoadedImage, load_options) == 56);
static_assert(offsetof(LoadedImage, base) == 64 && offsetof(LoadedImage, bytes) == 72);

// 12.4, EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL.
struct TextOutput {
  void* reset;
  Function<Status, TextOutput*, const char16_t*> output_string;
};

// 12.9.2, EFI_GRAPHICS_OUTPUT_PROTOCOL.
struct GraphicsOutput {
  enum class PixelFormat : std::uint32_t { kRedGreenBlue, kBlueGreenRed, kBitMask, kBltOnly };

  struct Information {
    std::uint32_t version;
    std::uint32_t width;
    std::uint32_t height;
    PixelFormat format;
    std::array<std::uint32_t, 4> masks;
    std::uint32_t pixels_a_line;
  };
  struct Mode {
    std::uint32_t most_modes;
    std::uint32_t mode;
    const Information* information;
    std::uint64_t information_bytes;
    std::uint64_t frame_buffer;
    std::uint64_t frame_buffer_bytes;
  };

  void* query_mode;
  void* set_mode;
  void* blt;
  const Mode* mode;

  static constexpr Guid kGuid{
      0x9042A9DE, 0x23DC, 0x4A38, {0x96, 0xFB, 0x7A, 0xDE, 0xD0, 0x80, 0x51, 0x6A}};
};
static_assert(sizeof(GraphicsOutput::Information) == 36);
static_assert(offsetof(GraphicsOutput::Mode, frame_buffer) == 24);

// 13.5, EFI_FILE_PROTOCOL.
struct File {
  std::uint64_t revision;
  Function<Status, File*, File**, const char16_t*, std::uint64_t, std::uint64_t> open;
  Function<Status, File*> close;
  void* remove;
  Function<Status, File*, std::uint64_t*, void*> read;
  void* write;
  Function<Status, File*, std::uint64_t*> get_position;
  Function<Status, File*, std::uint64_t> set_position;

  static constexpr std::uint64_t kModeRead = 1;
  static constexpr std::uint64_t kEnd = ~std::uint64_t{0};  // as a position
};
static_assert(offsetof(File, read) == 32 && offsetof(File, set_position) == 56);

// 13.4, EFI_SIMPLE_FILE_SYSTEM_PROTOCOL.
struct FileSystem {
  std::uint64_t revision;
  Function<Status, FileSystem*, File**> open_volume;

  static constexpr Guid kGuid{
      0x964E5B22, 0x6459, 0x11D2, {0x8E, 0x39, 0, 0xA0, 0xC9, 0x69, 0x72, 0x3B}};
};

// 13.9, EFI_BLOCK_IO_PROTOCOL.
struct BlockIo {
  struct Media {
    std::uint32_t id;
    bool is_removable;
    bool is_present;
    bool is_partition;  // a logical one of a disk
    bool is_read_only;
    bool is_write_caching;
    std::uint32_t block_bytes;
    std::uint32_t alignment;  // of buffers; 0 or 1: any
    std::uint64_t last_block;
  };

  std::uint64_t revision;
  const Media* media;
  void* reset;
  Function<Status, BlockIo*, std::uint32_t, std::uint64_t, std::uint64_t, void*> read_blocks;

  static constexpr Guid kGuid{
      0x964E5B21, 0x6459, 0x11D2, {0x8E, 0x39, 0, 0xA0, 0xC9, 0x69, 0x72, 0x3B}};
};
static_assert(offsetof(BlockIo::Media, block_bytes) == 12);
static_assert(offsetof(BlockIo::Media, last_block) == 24 && offsetof(BlockIo, read_blocks) == 24);

// 37.5, EFI_RNG_PROTOCOL.
struct RandomNumbers {
  void* get_info;
  Function<Status, RandomNumbers*, const Guid*, std::uint64_t, std::byte*> get;

  static constexpr Guid kGuid{
      0x3152BCA5, 0xEADE, 0x433D, {0x86, 0x2E, 0xC0, 0x1C, 0xDC, 0x29, 0x1F, 0x44}};
};

// 37.7, EFI_MEMORY_ATTRIBUTE_PROTOCOL, by which firmware that lets no data run may be told that
// some memory is code.
struct MemoryAttributes {
  void* get;
  Function<Status, MemoryAttributes*, std::uint64_t, std::uint64_t, std::uint64_t> set;
  Function<Status, MemoryAttributes*, std::uint64_t, std::uint64_t, std::uint64_t> clear;

  static constexpr std::uint64_t kNoExecute = 0x4000;  // EFI_MEMORY_XP (7.2.3)
  static constexpr std::uint64_t kReadOnly = 0x20000;  // EFI_MEMORY_RO
  static constexpr Guid kGuid{
      0xF4560CF6, 0x40EC, 0x4B4A, {0xA1, 0x92, 0xBF, 0x1D, 0x57, 0xD0, 0xB1, 0x89}};
};

}  // namespace mote::uefi
