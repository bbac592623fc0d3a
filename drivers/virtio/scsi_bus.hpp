// The logical units behind a virtio SCSI host (virtio 1.2, 5.6): commands, and the search for
// disks. No registers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/block_device.hpp"
#include "drivers/scsi_commands.hpp"
#include "drivers/virtio/request_queue.hpp"

namespace mote::virtio {

// Where a unit is.
struct ScsiUnit {
  std::uint8_t target = 0;
  std::uint16_t number = 0;
};

class ScsiBus {
 public:
  static constexpr std::string_view kModel = "virtio-scsi";

  // How far the search goes: targets by number, as many as Proxmox VE gives a host, and units of a
  // target, where libvirt puts all disks of a host.
  static constexpr std::uint8_t kTargets = 32;
  static constexpr std::size_t kUnits = 32;

  // How many disks that can't be used it names, before it takes the whole host for broken.
  static constexpr unsigned kMostBad = 8;

  // 5.6.6.1: what the device reads ...
  struct Request {
    std::array<std::uint8_t, 8> unit;
    std::array<std::uint8_t, 8> identifier;
    std::uint8_t attribute;  // task_attr
    std::uint8_t priority;
    std::uint8_t reference;  // crn
    std::array<std::uint8_t, 32> command;
  };
  static_assert(sizeof(Request) == 51 && offsetof(Request, command) == 19);

  // ... and what it writes, in front of data.
  struct Response {
    std::uint32_t sense_bytes;
    std::uint32_t residual;
    std::uint16_t status_qualifier;
    std::uint8_t status;
    std::uint8_t response;
    std::array<std::byte, 96> sense;

    static constexpr std::uint8_t kDone = 0;       // VIRTIO_SCSI_S_OK
    static constexpr std::uint8_t kBadTarget = 3;  // VIRTIO_SCSI_S_BAD_TARGET
    static constexpr std::uint8_t kReset = 4;      // VIRTIO_SCSI_S_RESET
    static constexpr std::uint8_t kBusy = 5;       // VIRTIO_SCSI_S_BUSY
    static constexpr std::uint8_t kNone = 0xFF;    // ours: not written yet

    // SAM-5, 5.3.1.
    static constexpr std::uint8_t kStatusGood = 0x00;
    static constexpr std::uint8_t kStatusCheckCondition = 0x02;
    static constexpr std::uint8_t kStatusBusy = 0x08;
    static constexpr std::uint8_t kStatusTaskSetFull = 0x28;
  };
  static_assert(sizeof(Response) == 108 && offsetof(Response, response) == 11 &&
                offsetof(Response, sense) == 12);

  // The memory of a request, but for what is read from a disk.
  struct Memory {
    Response response;
    Request request;
    std::array<std::byte, scsi::UnitList::kHeaderBytes + kUnits * scsi::UnitList::kEntryBytes> list;
    std::array<std::byte, 36> answer;
  };
  static_assert(scsi::Inquiry::kAnswerBytes <= sizeof(Memory::answer) &&
                scsi::Capacity::kAnswerBytes16 <= sizeof(Memory::answer));

  // `data_most`: bytes that a command may transfer.
  void start(RequestQueue& queue, std::uint64_t data_most);

  // Looks for the next disk with a medium. Those that can't be used are named on the console.
  // False: there are no more.
  [[nodiscard]] bool next(ScsiUnit& unit, scsi::Capacity& capacity);

  // Fills `to` with blocks of `block_bytes`, from number `first` on.
  [[nodiscard]] bool read(ScsiUnit unit, std::uint64_t first, std::uint32_t block_bytes,
                          std::span<std::byte> to);

  [[nodiscard]] std::string_view error() const { return queue_->error(); }

 private:
  enum class Outcome : std::uint8_t {
    kDone,
    kAgain,   // may be sent again
    kAbsent,  // no such unit, or none to read from
    kEmpty,   // no medium
    kFailed,  // `error` says why
  };

  void list_units(std::uint8_t target);
  [[nodiscard]] Outcome examine(ScsiUnit unit, scsi::Capacity& capacity);
  [[nodiscard]] Outcome measure(ScsiUnit unit, scsi::Capacity& capacity);
  [[nodiscard]] Outcome ask(ScsiUnit unit, const scsi::Command& command,
                            std::span<std::byte> answer);
  [[nodiscard]] Outcome command(ScsiUnit unit, const scsi::Command& command,
                                std::span<std::byte> data);
  [[nodiscard]] Outcome try_command(ScsiUnit unit, const scsi::Command& command,
                                    std::span<std::byte> data);
  [[nodiscard]] Outcome judge(ScsiUnit unit);
  [[nodiscard]] Outcome fail(ScsiUnit unit, std::string_view words, std::uint64_t first,
                             std::uint64_t second = 0, std::uint64_t third = 0);
  [[nodiscard]] Memory& memory() const {
    return *reinterpret_cast<Memory*>(queue_->memory().data());
  }

  RequestQueue* queue_ = nullptr;
  std::uint64_t data_most_ = 0;
  std::size_t entry_ = 0;    // the next in the list of the target before `target_`
  std::size_t entries_ = 0;  // in that list
  std::size_t missing_ = 0;  // bytes that the last command left out
  unsigned bad_ = 0;
  std::uint8_t target_ = 0;  // the next to ask for its units
};

}  // namespace mote::virtio
