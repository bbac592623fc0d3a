// The commands to logical units, and the search for disks.
#include "drivers/virtio/scsi_bus.hpp"

#include <algorithm>

#include "kernel/console/console.hpp"
#include "kernel/time/allowance.hpp"

namespace mote::virtio {
namespace {

void clear(std::span<std::byte> bytes) { __builtin_memset(bytes.data(), 0, bytes.size()); }

}  // namespace

void ScsiBus::start(RequestQueue& queue, std::uint64_t data_most) {
  *this = {};
  queue_ = &queue;
  data_most_ = data_most;
}

bool ScsiBus::next(ScsiUnit& unit, scsi::Capacity& capacity) {
  while (queue_->is_usable() && bad_ < kMostBad) {
    if (entry_ == entries_) {
      if (target_ == kTargets) {
        return false;
      }
      list_units(target_++);
      if (!queue_->is_usable()) {
        console::line(error(), ", passed over");
      }
      continue;
    }
    unit = {.target = static_cast<std::uint8_t>(target_ - 1),
            .number = scsi::UnitList::unit(memory().list, entry_++)};
    if (unit.number == scsi::UnitList::kNoUnit) {
      continue;
    }
    const Outcome outcome = examine(unit, capacity);
    if (outcome == Outcome::kDone) {
      return true;
    }
    if (outcome == Outcome::kFailed) {
      ++bad_;
      console::line(error(), bad_ < kMostBad ? ", passed over" : ", as others before: given up");
    }
  }
  return false;
}

// A target that can't list its units is taken to have number 0, as the empty list happens to say.
void ScsiBus::list_units(std::uint8_t target) {
  static constexpr scsi::Command kReport = scsi::report_units(sizeof(Memory::list));
  const std::span<std::byte> list = memory().list;
  const Outcome outcome = ask({.target = target}, kReport, list);
  entry_ = 0;
  entries_ = 0;
  if (outcome == Outcome::kDone) {
    entries_ = scsi::UnitList::count(list);
  } else if (outcome != Outcome::kAbsent) {
    clear(list);
    entries_ = 1;
  }
}

// Whether a unit is a disk or disc, and how large.
ScsiBus::Outcome ScsiBus::examine(ScsiUnit unit, scsi::Capacity& capacity) {
  static constexpr scsi::Command kInquiry = scsi::inquiry();
  static constexpr scsi::Command kTest = scsi::test_unit_ready();
  const auto answer = std::span(memory().answer).first<scsi::Inquiry::kAnswerBytes>();
  Outcome outcome = ask(unit, kInquiry, answer);
  if (outcome == Outcome::kDone &&
      !scsi::Inquiry::is_readable(answer.first(answer.size() - missing_))) {
    outcome = Outcome::kAbsent;
  }
  if (outcome == Outcome::kDone) {
    outcome = command(unit, kTest, {});
  }
  return outcome == Outcome::kDone ? measure(unit, capacity) : outcome;
}

ScsiBus::Outcome ScsiBus::measure(ScsiUnit unit, scsi::Capacity& capacity) {
  static constexpr scsi::Command kMeasure10 = scsi::read_capacity_10();
  static constexpr scsi::Command kMeasure16 = scsi::read_capacity_16();
  const std::span<std::byte> answer = memory().answer;
  Outcome outcome = ask(unit, kMeasure10, answer.first(scsi::Capacity::kAnswerBytes10));
  capacity = scsi::Capacity::of_10(answer);
  if (outcome == Outcome::kDone && capacity.exceeds_10()) {
    outcome = ask(unit, kMeasure16, answer.first(scsi::Capacity::kAnswerBytes16));
    capacity = scsi::Capacity::of_16(answer);
  }
  if (outcome == Outcome::kDone && !capacity.is_usable()) {
    return fail(unit, "has an unusable size, in blocks of # bytes", capacity.block_bytes);
  }
  return outcome;
}

// A command with an answer, which is zeros as far as the device gives none.
ScsiBus::Outcome ScsiBus::ask(ScsiUnit unit, const scsi::Command& command,
                              std::span<std::byte> answer) {
  clear(answer);
  return this->command(unit, command, answer);
}

bool ScsiBus::read(ScsiUnit unit, std::uint64_t first, std::uint32_t block_bytes,
                   std::span<std::byte> to) {
  const std::uint64_t most =
      std::max<std::uint64_t>(std::min<std::uint64_t>(data_most_, kMostReadBytes) / block_bytes, 1);
  while (!to.empty()) {
    const auto blocks =
        static_cast<std::uint16_t>(std::min<std::uint64_t>(to.size() / block_bytes, most));
    const auto piece = to.first(std::size_t{blocks} * block_bytes);
    const Outcome outcome = command(unit, scsi::read(first, blocks), piece);
    if (outcome == Outcome::kDone && missing_ == 0) {
      to = to.subspan(piece.size());
      first += blocks;
      continue;
    }
    if (outcome != Outcome::kFailed) {
      static_cast<void>(fail(unit, "did not give block #", first));
    }
    return false;
  }
  return true;
}

// Repeats a command until it succeeds or can't succeed. The first after a reset always fails, to
// report the reset (SAM-5, 5.14).
ScsiBus::Outcome ScsiBus::command(ScsiUnit unit, const scsi::Command& command,
                                  std::span<std::byte> data) {
  constexpr unsigned kTries = 20;
  constexpr unsigned kAtOnce = 4;
  constexpr Nanoseconds kPause = milliseconds(50);
  for (unsigned i = 0; i < kTries; ++i) {
    const Outcome outcome = try_command(unit, command, data);
    if (outcome != Outcome::kAgain) {
      return outcome;
    }
    if (i >= kAtOnce) {
      clock::wait(allowance::at_most(kPause));
    }
  }
  return fail(unit, "is still not ready for command #", command[0]);
}

ScsiBus::Outcome ScsiBus::try_command(ScsiUnit unit, const scsi::Command& command,
                                      std::span<std::byte> data) {
  constexpr std::uint8_t kSingleLevel = 1;  // 5.6.6.1: the first byte of every unit's address
  constexpr std::uint8_t kFlat = 0x40;      // SAM-5, 4.7.5.3
  auto& [response, request, list, answer] = memory();
  response = {};
  response.response = Response::kNone;
  request = {};
  request.unit = {kSingleLevel, unit.target, static_cast<std::uint8_t>(kFlat | unit.number >> 8),
                  static_cast<std::uint8_t>(unit.number)};
  __builtin_memcpy(request.command.data(), command.data(), command.size());
  const Piece reads{reinterpret_cast<const std::byte*>(&request), sizeof(request)};
  const std::array<Piece, 2> writes = {
      Piece{reinterpret_cast<const std::byte*>(&response), sizeof(response)},
      Piece{data.data(), data.size()}};
  if (!queue_->request({&reads, 1}, std::span(writes).first(data.empty() ? 1 : 2))) {
    return Outcome::kFailed;
  }
  missing_ = std::min<std::size_t>(response.residual, data.size());
  return judge(unit);
}

// Judges the response to a command.
ScsiBus::Outcome ScsiBus::judge(ScsiUnit unit) {
  const Response response = memory().response;  // a copy, which can't change meanwhile
  switch (response.response) {
    case Response::kDone:
      break;
    case Response::kBadTarget:
      return Outcome::kAbsent;
    case Response::kReset:
    case Response::kBusy:
      return Outcome::kAgain;
    default:
      return fail(unit, "fails with response #", response.response);
  }
  switch (response.status) {
    case Response::kStatusGood:
      return Outcome::kDone;
    case Response::kStatusBusy:
    case Response::kStatusTaskSetFull:
      return Outcome::kAgain;
    case Response::kStatusCheckCondition:
      break;
    default:
      return fail(unit, "fails with status #", response.status);
  }
  const std::size_t bytes = std::min<std::size_t>(response.sense_bytes, response.sense.size());
  const auto sense = scsi::Sense::of(std::span(response.sense).first(bytes));
  if (sense.lacks_medium()) {
    return Outcome::kEmpty;
  }
  if (sense.is_passing()) {
    return Outcome::kAgain;
  }
  return fail(unit, "fails with sense #/#/#", sense.key, sense.code, sense.qualifier);
}

ScsiBus::Outcome ScsiBus::fail(ScsiUnit unit, std::string_view words, std::uint64_t first,
                               std::uint64_t second, std::uint64_t third) {
  queue_->fail("disk #:# ", unit.target, unit.number);
  queue_->failure().text.add(words, first, second, third);
  return Outcome::kFailed;
}

}  // namespace mote::virtio
