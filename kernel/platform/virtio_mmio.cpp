// Finding virtio-mmio windows in ACPI and on the kernel command line.
#include "kernel/platform/virtio_mmio.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "kernel/acpi/acpi.hpp"
#include "kernel/console/console.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory/mmio_window_list.hpp"

namespace mote::virtio_mmio {
namespace {

constexpr std::string_view kHardwareId = "LNRO0005";
constexpr std::string_view kParameter = "virtio_mmio.device=";

constinit MmioWindowList list{};

void add(const MmioWindow& window, MemoryMap memory) {
  const MmioWindowList::Added added = list.add(window, memory);
  if (added == MmioWindowList::Added::kInRam) {
    console::line("virtio-mmio at 0x", console::Hex{window.base.value},
                  ": memory is there, ignored");
  } else if (added == MmioWindowList::Added::kFull) {
    console::line("virtio-mmio at 0x", console::Hex{window.base.value},
                  " left alone: ", limits::kMmioWindows, " places are known already");
  }
}

void ask_acpi(MemoryMap memory) {
  std::array<MmioWindow, limits::kMmioWindows> named;
  const std::size_t count = acpi::device_windows(kHardwareId, named);
  for (const MmioWindow& window : std::span(named).first(std::min(count, named.size()))) {
    add(window, memory);
  }
}

void ask_command_line(std::string_view text, MemoryMap memory) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!word.starts_with(kParameter)) {
      continue;
    }
    word.remove_prefix(kParameter.size());
    if (const auto window = parse_mmio_window(word)) {
      add(*window, memory);
    } else {
      console::line("command line: cannot use ", kParameter, word, ", ignored");
    }
  }
}

}  // namespace

void find(const BootInfo& info, MemoryMap memory) {
  ask_acpi(memory);
  if (info.command_line != 0) {
    ask_command_line(reinterpret_cast<const char*>(info.command_line), memory);
  }
}

std::span<const MmioWindow> windows() { return list.windows(); }

}  // namespace mote::virtio_mmio
