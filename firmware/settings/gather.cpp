// The sources of settings, in their order.
#include "firmware/settings/gather.hpp"

#include <cstddef>
#include <new>
#include <span>
#include <string_view>

#include "firmware/disks.hpp"
#include "firmware/limits.hpp"
#include "firmware/settings/parse.hpp"
#include "firmware/settings/settings_disk.hpp"
#include "formats/document.hpp"
#include "kernel/console/console.hpp"
#include "kernel/faults/panic.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/platform/fw_cfg.hpp"
#include "kernel/platform/smbios.hpp"
#include "volumes/volume.hpp"

namespace mote {
namespace {

// A string for us may hold several lines, as one that QEMU reads from a file does. Each may have
// the prefix.
void apply_oem_strings(const BootInfo& info, Settings& settings) {
  constexpr std::string_view kPrefix = "mote:";
  smbios::OemStrings strings = smbios::oem_strings({info.smbios});
  while (const auto text = strings.next()) {
    std::string_view lines = text->starts_with(kPrefix) ? *text : std::string_view();
    while (!lines.empty()) {
      std::string_view line = take_until(lines, '\n');
      line.remove_prefix(line.starts_with(kPrefix) ? kPrefix.size() : 0);
      settings.apply_lines({"smbios"}, line);
    }
  }
}

void apply_fw_cfg(Settings& settings) {
  const auto found = fw_cfg::find("opt/mote/config");
  if (!found) {
    return;
  }
  const std::size_t memory = dma::mark();
  const auto text = fw_cfg::read(*found, dma::allocate(limits::kSettingsFileBytes, 1));
  settings.apply_lines({"fw_cfg"}, {reinterpret_cast<const char*>(text.data()), text.size()},
                       found->bytes > text.size());
  dma::rewind(memory);
}

// Applies the volume if it is a settings disk. The first one counts.
bool apply_volume(volumes::Volume& volume, void* settings) {
  if (!is_settings_disk(volume.label())) {
    return false;
  }
  const auto text = dma::allocate(limits::kSettingsFileBytes, 1);
  const auto nodes =
      dma::allocate(formats::kMostNodes * sizeof(formats::Node), alignof(formats::Node));
  if (text.empty() || nodes.empty()) {
    console::line("settings: no memory to read the disk with them");
    return true;
  }
  const std::span tree(reinterpret_cast<formats::Node*>(nodes.data()), formats::kMostNodes);
  for (formats::Node& node : tree) {
    new (&node) formats::Node;
  }
  apply_settings_disk(*static_cast<Settings*>(settings), volume,
                      {.text = {reinterpret_cast<char*>(text.data()), text.size()}, .nodes = tree});
  return true;
}

void apply_command_line(const BootInfo& info, Settings& settings) {
  if (info.command_line != 0) {
    const std::string_view text = reinterpret_cast<const char*>(info.command_line);
    settings.apply_command_line(text, text.size() >= BootInfo::kMaxCommandLine);
  }
}

}  // namespace

bool gather_settings(const BootInfo& info, const http::SitePack* site, Settings& settings) {
  if (site != nullptr) {
    settings.apply_lines({"site pack"}, site->settings());
  }
  apply_oem_strings(info, settings);
  apply_fw_cfg(settings);
  console::set_quiet(settings.is_console_quiet());
  const bool all_stopped = disks::each_volume(apply_volume, &settings);
  apply_command_line(info, settings);
  console::set_quiet(settings.is_console_quiet());
  set_panic_policy(settings.halt_on_panic() ? PanicPolicy::kHalt : PanicPolicy::kReset);
  return all_stopped;
}

}  // namespace mote
