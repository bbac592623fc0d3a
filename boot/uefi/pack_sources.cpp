// The three places of a site pack.
#include "boot/uefi/pack_sources.hpp"

#include "boot/uefi/block_reader.hpp"
#include "boot/uefi/device_path.hpp"
#include "boot/uefi/pack_header.hpp"
#include "boot/uefi/pe_sections.hpp"

namespace mote::uefi {
namespace {

using Bytes = std::span<const std::byte>;

// From here on loading is announced.
constexpr std::uint64_t kWorthWords = 64 << 20;

// The pack on its way from a place into memory.
class Loading {
 public:
  Loading(const Firmware& firmware, const Messages& messages)
      : firmware_(firmware), messages_(messages) {}

  [[nodiscard]] Bytes from_section(const LoadedImage& image) const {
    const Bytes section =
        find_section({image.base, image.bytes}, {'.', 'p', 'a', 'c', 'k', 0, 0, 0});
    if (section.empty()) {
      return {};
    }
    const std::uint64_t bytes = pack_bytes_by(section);
    if (!is_whole(bytes, section.size())) {
      return {};
    }
    const Bytes settled = firmware_.settle(section.first(bytes), kPageBytes);
    tell_if_no_room(settled, bytes);
    return settled;
  }

  [[nodiscard]] Bytes from_partition(Handle device) const {
    const DevicePath* const own = firmware_.protocol_of<DevicePath>(device);
    const std::span<std::byte> start = firmware_.allocate(BlockReader::kMostBlock);
    Bytes pack;
    for (const Handle handle : firmware_.handles<BlockIo>()) {
      auto* const blocks = firmware_.protocol_of<BlockIo>(handle);
      if (blocks != nullptr && blocks->media->is_partition &&
          same_disk(firmware_.protocol_of<DevicePath>(handle), own)) {
        pack = from_blocks(BlockReader(*blocks), start);
      }
      if (!pack.empty()) {
        break;
      }
    }
    firmware_.free(start);
    return pack;
  }

  [[nodiscard]] Bytes from_file(Handle device) const {
    auto* const volume = firmware_.protocol_of<FileSystem>(device);
    File* root = nullptr;
    File* file = nullptr;
    Bytes pack;
    if (volume == nullptr || failed(volume->open_volume(volume, &root))) {
      return {};
    }
    if (!failed(root->open(root, &file, u"\\mote\\site.pack", File::kModeRead, 0))) {
      pack = from_open(*file);
      file->close(file);
    }
    root->close(root);
    return pack;
  }

 private:
  // Reads a partition, if it begins with a pack. `start` is a buffer for its first block.
  [[nodiscard]] Bytes from_blocks(BlockReader reader, std::span<std::byte> start) const {
    if (!reader.is_there() || start.empty() || !reader.read(start.first(reader.block_bytes()))) {
      return {};
    }
    const std::uint64_t bytes = pack_bytes_by(start);
    if (bytes == 0 || !is_whole(bytes, reader.bytes())) {
      return {};
    }
    announce(bytes);
    const std::uint64_t blocks = (bytes + reader.block_bytes() - 1) & ~(reader.block_bytes() - 1);
    const std::span<std::byte> memory = firmware_.allocate(blocks);
    tell_if_no_room(memory, bytes);
    if (!memory.empty() && !reader.read(memory)) {
      messages_.line(u"the site pack's partition cannot be read");
      firmware_.free(memory);
      return {};
    }
    return memory.empty() ? memory : memory.first(bytes);
  }

  [[nodiscard]] Bytes from_open(File& file) const {
    std::uint64_t size = 0;
    if (failed(file.set_position(&file, File::kEnd)) || failed(file.get_position(&file, &size)) ||
        failed(file.set_position(&file, 0))) {
      return {};
    }
    const std::span<std::byte> memory = firmware_.allocate(size);
    announce(size);
    tell_if_no_room(memory, size);
    if (memory.empty()) {
      return {};
    }
    if (!read(file, memory)) {
      messages_.line(u"the file \\mote\\site.pack cannot be read");
    } else if (const std::uint64_t bytes = pack_bytes_by(memory); is_whole(bytes, size)) {
      return memory.first(bytes);
    }
    firmware_.free(memory);
    return {};
  }

  static bool read(File& file, std::span<std::byte> memory) {
    while (!memory.empty()) {
      std::uint64_t bytes = memory.size();
      if (failed(file.read(&file, &bytes, memory.data())) || bytes == 0 || bytes > memory.size()) {
        return false;
      }
      memory = memory.subspan(bytes);
    }
    return true;
  }

  // Whether a pack of this length, by its header, is all in a place of `room` bytes.
  [[nodiscard]] bool is_whole(std::uint64_t bytes, std::uint64_t room) const {
    if (is_credible(bytes, room)) {
      return true;
    }
    messages_.line(u"the site pack is damaged: by its header it has ", bytes,
                   u" bytes, in a place of ", room);
    return false;
  }

  void announce(std::uint64_t bytes) const {
    if (bytes >= kWorthWords) {
      messages_.line(u"loading ", mib(bytes), u" MiB");
    }
  }

  void tell_if_no_room(Bytes memory, std::uint64_t bytes) const {
    if (memory.empty()) {
      messages_.line(u"the site pack needs ", mib(bytes),
                     u" MiB of memory in one piece below 4 GiB, which are not free");
    }
  }

  const Firmware& firmware_;
  const Messages& messages_;
};

}  // namespace

Bytes load_pack(const Firmware& firmware, const LoadedImage& image, const Messages& messages) {
  const Loading loading(firmware, messages);
  Bytes pack = loading.from_section(image);
  if (pack.empty()) {
    pack = loading.from_partition(image.device);
  }
  return pack.empty() ? loading.from_file(image.device) : pack;
}

}  // namespace mote::uefi
