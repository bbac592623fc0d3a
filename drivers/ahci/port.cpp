// Starts and stops a port, and sends its drive commands.
#include "drivers/ahci/port.hpp"

#include <algorithm>

#include "kernel/cpu/barriers.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/time/allowance.hpp"
#include "kernel/time/patience.hpp"

namespace mote::ahci {
namespace {

constexpr std::uint32_t kTransferring = ata::status::kBusy | ata::status::kDataRequest;
constexpr std::uint32_t kFailed = ata::status::kError | ata::status::kFault;

}  // namespace

std::uint32_t Port::read(std::uint32_t at) const { return mmio::read32(registers_ + at); }
void Port::write(std::uint32_t at, std::uint32_t value) const {
  mmio::write32(registers_ + at, value);
}

void Port::write64(std::uint32_t at, PhysicalAddress value) const {
  write(at, static_cast<std::uint32_t>(value.value));
  write(at + 4, static_cast<std::uint32_t>(value.value >> 32));
}

void Port::change(std::uint32_t at, std::uint32_t clear, std::uint32_t set) const {
  write(at, (read(at) & ~clear) | set);
}

bool Port::becomes(std::uint32_t at, std::uint32_t mask, std::uint32_t value,
                   Nanoseconds within) const {
  Patience patience(within);
  while ((read(at) & mask) != value) {
    if (patience.is_over()) {
      return false;
    }
  }
  return true;
}

bool Port::fail(std::string_view error) {
  error_ = error;
  is_running_ = false;
  return false;
}

bool Port::is_in_use() const {
  const std::uint32_t detected = read(port::kSataStatus) & port::kDetection;
  return detected == port::kPresent || detected == port::kReady;
}

// COMRESET (10.4.2), while the port takes no commands.
void Port::reset_link() const {
  change(port::kSataControl, port::kDetection, port::kReset);
  clock::wait(kResetPause);
  change(port::kSataControl, port::kDetection, 0);
}

// Firmware brings links up; this is for one that it left alone.
bool Port::bring_link_up() const {
  if ((read(port::kSataStatus) & port::kDetection) == port::kReady) {
    return true;
  }
  reset_link();
  return becomes(port::kSataStatus, port::kDetection, port::kReady, allowance::at_most(kLinkTime));
}

// 10.3.1 and 10.3.2. The drive's first frame, which comes after a reset, is only taken once there
// is memory for it; until then the task file says that the drive is busy.
bool Port::start(PortMemory& memory) {
  error_ = {};
  memory_ = &memory;
  if (!stop()) {
    return fail("the port doesn't stop");
  }
  write(port::kInterruptEnable, 0);
  write64(port::kCommandList, physical(memory.list.data()));
  write64(port::kReceivedFis, physical(memory.received_fis.data()));
  write(port::kSataError, ~std::uint32_t{0});  // writing ones clears it, and PxIS
  change(port::kCommand, 0, port::kFisReceive);
  if (!bring_link_up()) {
    return fail("the link to the drive doesn't come up");
  }
  if (!becomes(port::kTaskFile, kTransferring, 0, allowance::at_most(kIdleTime))) {
    return fail("the drive is busy");
  }
  write(port::kSataError, ~std::uint32_t{0});
  change(port::kCommand, 0, port::kStart);
  is_running_ = true;
  return true;
}

bool Port::stop_commands() const {
  change(port::kCommand, port::kStart, 0);
  return becomes(port::kCommand, port::kCommandRunning, 0, kStopTime);
}

// 10.1.2: frames are received until commands have stopped. A command under way is the drive's to
// end: in QEMU it goes on, and writes to memory, until the drive is reset.
bool Port::stop() {
  is_running_ = false;
  const bool is_at_work = read(port::kCommandIssue) != 0;
  if (!stop_commands()) {
    return false;
  }
  if (is_at_work) {
    reset_link();
  }
  change(port::kCommand, port::kFisReceive, 0);
  return becomes(port::kCommand, port::kFisRunning, 0, kStopTime);
}

std::optional<std::size_t> Port::command(const ata::Command& command, std::size_t,
                                         std::span<std::byte> to) {
  memory_->table.fis = CommandFis::of(command);
  return issue(0, to);
}

// Data comes by DMA, as those of a disk do.
std::optional<std::size_t> Port::packet(const scsi::Command& packet, std::span<std::byte> to) {
  constexpr std::uint8_t kByDma = 1 << 0;
  memory_->table.fis =
      CommandFis::of({.code = ata::kPacket, .features = to.empty() ? std::uint8_t{0} : kByDma});
  std::ranges::copy(std::span(packet).first(ata::kPacketBytes), memory_->table.packet.begin());
  return issue(CommandHeader::kAtapi, to);
}

// 5.5.1: sends the command in the table.
std::optional<std::size_t> Port::issue(std::uint16_t flags, std::span<std::byte> to) {
  if (!is_running_) {
    return std::nullopt;
  }
  memory_->table.piece = {.address = physical(to.data()).value,
                          .last_byte = static_cast<std::uint32_t>(to.size() - 1)};
  CommandHeader& header = memory_->list.front();
  header = {.flags = static_cast<std::uint16_t>(CommandHeader::kFisDoublewords | flags),
            .pieces = static_cast<std::uint16_t>(to.empty() ? 0 : 1),
            .table = physical(&memory_->table).value};
  write(port::kInterruptStatus, ~std::uint32_t{0});
  write_barrier();  // the adapter reads the command as soon as it is told of it
  write(port::kCommandIssue, 1);
  if (!finish()) {
    return std::nullopt;
  }
  read_barrier();  // what it wrote, after it said so
  return header.transferred;
}

// Waits until the command has ended. False: it failed.
bool Port::finish() {
  Patience patience(allowance::at_most(ata::kCommandTime));
  for (;;) {
    const std::uint32_t causes = read(port::kInterruptStatus) & port::kErrors;
    const bool is_done = (read(port::kCommandIssue) & 1) == 0;
    if (causes != 0 || (is_done && (read(port::kTaskFile) & kFailed) != 0)) {
      recover(causes);
      return false;
    }
    if (is_done) {
      return true;
    }
    if (patience.is_over()) {
      return fail("the drive doesn't answer in time");
    }
  }
}

// 6.2.2.1: after an error that the drive reports the port goes on when it has been stopped. Other
// errors are the adapter's or the link's, and we don't insist.
void Port::recover(std::uint32_t causes) {
  error_ = "the drive reports an error";
  if ((causes & ~port::kTaskFileError) != 0 || !stop_commands() ||
      (read(port::kTaskFile) & kTransferring) != 0) {
    static_cast<void>(fail("the port reports an error"));
    return;
  }
  write(port::kSataError, ~std::uint32_t{0});
  write(port::kInterruptStatus, ~std::uint32_t{0});
  change(port::kCommand, 0, port::kStart);
}

}  // namespace mote::ahci
