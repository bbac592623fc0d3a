// The UEFI loader: an application that carries the kernel, finds the site pack, and enters the
// kernel as the other ways to boot do (UEFI 2.10, 4.1).
//
// Every failure is told in words on the firmware's console. Without a pack the kernel runs all the
// same: it says so, and answers pings.
#include "boot/uefi/embedded_kernel.hpp"
#include "boot/uefi/firmware.hpp"
#include "boot/uefi/handover.hpp"
#include "boot/uefi/machine_facts.hpp"
#include "boot/uefi/messages.hpp"
#include "boot/uefi/pack_sources.hpp"
#include "boot/uefi/system_table.hpp"

namespace mote::uefi {
namespace {

// Whether the kernel's memory will be free; if not, says what is in the way.
bool is_free(Firmware& firmware, const EmbeddedKernel& kernel, const Messages& messages) {
  const Obstacle obstacle = first_obstacle(firmware.memory_map(), kernel.range());
  if (obstacle.address == 0) {
    return true;
  }
  constexpr unsigned kKibShift = 10;
  if (obstacle.type == Obstacle::kNoMemory) {
    messages.line(u"needs memory up to ", mib(kernel.image_end), u" MiB, there is none at ",
                  obstacle.address >> kKibShift, u" KiB");
  } else {
    messages.line(u"the kernel's memory at ", obstacle.address >> kKibShift,
                  u" KiB is taken by the firmware, as memory of type ",
                  std::uint64_t{obstacle.type});
  }
  return false;
}

// Returns only if something is wrong.
Status load(Firmware& firmware, const Messages& messages) {
  const EmbeddedKernel& kernel = embedded_kernel;
  const auto* const image = firmware.protocol_of<LoadedImage>(firmware.image());
  if (image == nullptr) {
    messages.line(u"the firmware does not say how it loaded this");
    return Status::kLoadError;
  }
  if (!kernel.is_sound()) {
    messages.line(u"the kernel is damaged");
    return Status::kLoadError;
  }
  firmware.stop_watchdog();
  firmware.keep_free(kernel.range());
  if (!is_free(firmware, kernel, messages)) {
    return Status::kLoadError;
  }
  const HandoverPages pages = prepare_handover(firmware);
  const std::span<const std::byte> memory = firmware.settle(kernel.memory(), sizeof(std::uint64_t));
  if (pages.record == nullptr || memory.empty()) {
    messages.line(u"no memory is free below 4 GiB");
    return Status::kLoadError;
  }
  tell_facts(firmware, *image, *pages.record);
  pages.record->info.pack = address_of(load_pack(firmware, *image, messages).data());
  hand_over(firmware, pages, kernel, memory);
  messages.line(u"the firmware does not let go of the machine (ExitBootServices)");
  return Status::kLoadError;
}

}  // namespace

extern "C" Status efi_main(Handle image, const SystemTable* system) {
  Firmware firmware(image, *system);
  return load(firmware, Messages(firmware.console()));
}

}  // namespace mote::uefi
