// Asks the firmware for what the kernel would have to search for, or could not find at all.
#include "boot/uefi/machine_facts.hpp"

#include "boot/uefi/load_options.hpp"

namespace mote::uefi {
namespace {

std::uint64_t first_table(const Firmware& firmware, const Guid& better, const Guid& other) {
  const std::uint64_t found = firmware.table(better);
  return found != 0 && found < kMapped ? found : firmware.table(other);
}

// The screen as the firmware has set it up: a change of mode might go wrong.
Framebuffer framebuffer_of(const Firmware& firmware) {
  using enum GraphicsOutput::PixelFormat;
  const auto* const output = firmware.protocol<GraphicsOutput>();
  if (output == nullptr || output->mode == nullptr || output->mode->information == nullptr) {
    return {};
  }
  const GraphicsOutput::Mode& mode = *output->mode;
  const GraphicsOutput::Information& screen = *mode.information;
  if (screen.format != kRedGreenBlue && screen.format != kBlueGreenRed) {
    return {};
  }
  return {.address = mode.frame_buffer,
          .width = screen.width,
          .height = screen.height,
          .pixels_a_line = screen.pixels_a_line,
          .reserved = 0};
}

}  // namespace

void tell_facts(const Firmware& firmware, const LoadedImage& image, Handover& record) {
  BootInfo& info = record.info;
  info.way = BootWay::kUefi;
  info.rsdp = first_table(firmware, ConfigurationTable::kAcpi20, ConfigurationTable::kAcpi10);
  info.smbios = first_table(firmware, ConfigurationTable::kSmbios3, ConfigurationTable::kSmbios);
  info.framebuffer = framebuffer_of(firmware);
  if (auto* const random = firmware.protocol<RandomNumbers>()) {
    const bool is_drawn = !failed(random->get(random, nullptr, info.seed.size(), info.seed.data()));
    info.seed_bytes = is_drawn ? info.seed.size() : 0;
  }
  const std::span options(static_cast<const std::byte*>(image.load_options),
                          image.load_options == nullptr ? 0 : image.load_options_bytes);
  if (command_line_of(options, record.command_line) != 0) {
    info.command_line = address_of(record.command_line.data());
  }
}

}  // namespace mote::uefi
