// Fills the record of the handover, ends boot services, and jumps.
#include "boot/uefi/handover.hpp"

extern "C" {

extern const std::byte handover_code[];
extern const std::byte handover_end[];

}  // extern "C"

namespace mote::uefi {
namespace {

// Segment descriptors (AMD64 APM volume 2, 4.7).
constexpr std::uint64_t kCode32 = 0x00CF'9B00'0000'FFFF;  // 4 GiB, ring 0, accessed
constexpr std::uint64_t kData = 0x00CF'9300'0000'FFFF;
constexpr std::uint16_t kCode32Selector = 8;

std::uint32_t low(const void* pointer) { return static_cast<std::uint32_t>(address_of(pointer)); }

}  // namespace

HandoverPages prepare_handover(const Firmware& firmware) {
  const auto bytes = static_cast<std::size_t>(handover_end - handover_code);
  const std::span<std::byte> code = firmware.allocate(bytes, memory_type::kLoaderCode);
  const std::span<std::byte> record = firmware.allocate(sizeof(Handover));
  if (code.empty() || record.empty()) {
    return {};
  }
  __builtin_memcpy(code.data(), handover_code, bytes);
  firmware.make_executable(code);
  __builtin_memset(record.data(), 0, record.size());
  return {reinterpret_cast<Handover*>(record.data()), code};
}

void hand_over(Firmware& firmware, const HandoverPages& pages, const EmbeddedKernel& kernel,
               std::span<const std::byte> memory) {
  Handover& record = *pages.record;
  record.gdt = {0, kCode32, kData};
  record.gdt_limit = sizeof(record.gdt) - 1;
  record.gdt_base = address_of(record.gdt.data());
  record.selector = kCode32Selector;
  record.kernel = low(memory.data());
  record.kernel_words = static_cast<std::uint32_t>(memory.size() / sizeof(std::uint32_t));
  record.start = kernel.start;
  record.entry = kernel.entry;
  record.boot_info = low(&record.info);
  if (!firmware.exit()) {
    return;
  }
  const FreeRanges ranges(firmware.last_map(), record.ranges);
  record.info.memory_map = address_of(record.ranges.data());
  record.info.memory_ranges = ranges.all().size();
  reinterpret_cast<Function<void, Handover*>>(pages.code.data())(&record);
}

}  // namespace mote::uefi
