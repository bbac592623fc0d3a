// An ATA disk or an ATAPI disc drive, as a block device, whatever host adapter it is behind.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/ata_commands.hpp"
#include "drivers/block_device.hpp"
#include "drivers/scsi_commands.hpp"
#include "kernel/time/allowance.hpp"
#include "kernel/time/patience.hpp"

namespace mote::ata {

// The longest waits: for a command, which a host with busy storage may keep for seconds, and for a
// disc that has just been put in.
inline constexpr Nanoseconds kCommandTime = milliseconds(5000);
inline constexpr Nanoseconds kReadyTime = milliseconds(3000);

// An ATAPI packet's bytes.
inline constexpr std::size_t kPacketBytes = 12;

// The way to one drive.
template <typename T>
concept Link =
    requires(T link, const T& constant, const Command& command, const scsi::Command& packet,
             std::size_t block_bytes, std::span<std::byte> to) {
      // Sends a command and receives its data, in blocks of `block_bytes`, into `to`: an even
      // number of bytes, at most kMostReadBytes. Returns how many bytes came; more than fit didn't
      // change any memory. Nothing if it failed: then `error` says why.
      { link.command(command, block_bytes, to) } -> std::same_as<std::optional<std::size_t>>;
      { link.packet(packet, to) } -> std::same_as<std::optional<std::size_t>>;
      { constant.error() } -> std::same_as<std::string_view>;

      // The console's words for a disk and for a disc drive, and a disk's read commands.
      { T::kDiskModel } -> std::convertible_to<std::string_view>;
      { T::kDiscModel } -> std::convertible_to<std::string_view>;
      { T::kReadCodes } -> std::convertible_to<ReadCodes>;
    };

template <Link Way>
class Drive {
 public:
  using Scratch = std::span<std::byte, Identity::kBytes>;

  // Asks the drive at the other end what it is. `way` and `scratch`, which is zeroed and fit for
  // BlockDevice::read, must outlive this. False: `error` says why.
  [[nodiscard]] bool bring_up(Way& way, Scratch scratch);

  // Whether it has said what it is.
  [[nodiscard]] bool is_known() const { return is_known_; }

  [[nodiscard]] std::string_view model() const {
    return is_disc_ ? Way::kDiscModel : Way::kDiskModel;
  }
  [[nodiscard]] std::uint32_t block_bytes() const { return layout_.block_bytes; }
  [[nodiscard]] std::uint64_t blocks() const { return layout_.blocks; }
  [[nodiscard]] bool read(std::uint64_t first, std::span<std::byte> to);
  [[nodiscard]] std::string_view error() const { return error_.empty() ? way_->error() : error_; }

 private:
  [[nodiscard]] bool fail(std::string_view error) {
    error_ = error;
    return false;
  }
  [[nodiscard]] bool identify(std::uint8_t code) {
    is_known_ = way_->command({.code = code}, scratch().size(), scratch()).has_value();
    return is_known_;
  }
  [[nodiscard]] bool take_disk();
  [[nodiscard]] bool take_disc();
  [[nodiscard]] bool ask(const scsi::Command& packet, std::span<std::byte> answer) {
    std::ranges::fill(answer, std::byte{});  // it may come shorter
    return way_->packet(packet, answer).has_value();
  }
  [[nodiscard]] std::optional<scsi::Sense> sense_of_unit();
  [[nodiscard]] Scratch scratch() const { return Scratch(scratch_, Identity::kBytes); }

  Way* way_ = nullptr;
  std::byte* scratch_ = nullptr;
  Layout layout_{.block_bytes = kLeastBlockBytes};
  bool is_known_ = false;
  bool is_disc_ = false;
  std::string_view error_;
};

// A disc drive refuses IDENTIFY DEVICE, and a disk IDENTIFY PACKET DEVICE.
template <Link Way>
bool Drive<Way>::bring_up(Way& way, Scratch scratch) {
  *this = {};
  way_ = &way;
  scratch_ = scratch.data();
  if (identify(kIdentifyDevice)) {
    return take_disk();
  }
  return identify(kIdentifyPacketDevice) && take_disc();
}

template <Link Way>
bool Drive<Way>::take_disk() {
  const Layout layout = Identity(scratch()).layout();
  if (!layout.is_usable()) {
    return fail("the disk reports an impossible size");
  }
  layout_ = layout;
  return true;
}

template <Link Way>
bool Drive<Way>::take_disc() {
  is_disc_ = true;
  if (!Identity(scratch()).is_disc_drive()) {
    return fail("neither a disk nor a disc drive");
  }
  Patience patience(allowance::at_most(kReadyTime));
  while (!way_->packet(scsi::test_unit_ready(), {})) {
    const std::optional<scsi::Sense> sense = sense_of_unit();
    if (sense && sense->lacks_medium()) {
      return true;
    }
    if (!sense || !sense->is_passing() || patience.is_over()) {
      return false;
    }
  }
  const auto answer = scratch().template first<scsi::Capacity::kAnswerBytes10>();
  if (!ask(scsi::read_capacity_10(), answer)) {
    return false;
  }
  const auto capacity = scsi::Capacity::of_10(answer);
  if (!capacity.is_usable()) {
    return fail("the disc reports an impossible size");
  }
  layout_ = {.blocks = capacity.blocks(), .block_bytes = capacity.block_bytes};
  return true;
}

// Why the last packet failed; nothing if the drive doesn't even tell that.
template <Link Way>
std::optional<scsi::Sense> Drive<Way>::sense_of_unit() {
  const auto answer = scratch().template first<scsi::Sense::kAnswerBytes>();
  if (!ask(scsi::request_sense(), answer)) {
    return std::nullopt;
  }
  return scsi::Sense::of(answer);
}

template <Link Way>
bool Drive<Way>::read(std::uint64_t first, std::span<std::byte> to) {
  error_ = {};
  const auto count = static_cast<std::uint16_t>(to.size() / layout_.block_bytes);
  const std::optional<std::size_t> received =
      is_disc_
          ? way_->packet(scsi::read_10(static_cast<std::uint32_t>(first), count), to)
          : way_->command(layout_.read(Way::kReadCodes, first, count), layout_.block_bytes, to);
  if (received && *received != to.size()) {
    return fail("the drive sends data that wasn't asked for");
  }
  return received.has_value();
}

}  // namespace mote::ata
