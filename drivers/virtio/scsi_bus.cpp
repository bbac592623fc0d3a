// The commands to logical units, and the search for disks.
#include "drivers/virtio/scsi_bus.hpp"

#include <algorithm>

#include "kernel/console/console.hpp"

namespace mote::virtio {

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
  const std::span<std::byte> list = memory().list;
  std::ranges::fill(list, std::byte{});
  const auto outcome = command({.target = target},
                               scsi::report_units(static_cast<std::uint32_t>(list.size())), list);
  entry_ = 0;
  switch (outcome) {
    case Outcome::kDone:
      entries_ = scsi::UnitList::count(list);
      break;
    case Outcome::kAbsent:
      entries_ = 0;
      break;
    default:
      std::ranges::fill(list, std::byte{});
      entries_ = 1;
  }
}

// Whether a unit is a disk or disc, and how large.
ScsiBus::Outcome ScsiBus::examine(ScsiUnit unit, scsi::Capacity& capacity) {
  const auto answer = std::span(memory().answer).first<scsi::Inquiry::kAnswerBytes>();
  std::ranges::fill(answer, std::byte{});
  Outcome outcome = command(unit, scsi::inquiry(), answer);
  if (outcome != Outcome::kDone) {
    return outcome;
  }
  const std::size_t bytes = answer.size() - missing_;
  if (!scsi::Inquiry::is_readable(std::span<const std::byte>(answer).first(bytes))) {
    return Outcome::kAbsent;
  }
  outcome = command(unit, scsi::test_unit_ready(), {});
  return outcome == Outcome::kDone ? measure(unit, capacity) : outcome;
}

ScsiBus::Outcome ScsiBus::measure(ScsiUnit unit, scsi::Capacity& capacity) {
  const std::span<std::byte> answer = memory().answer;
  std::ranges::fill(answer, std::byte{});
  Outcome outcome =
      command(unit, scsi::read_capacity_10(), answer.first(scsi::Capacity::kAnswerBytes10));
  capacity = scsi::Capacity::of_10(answer);
  if (outcome == Outcome::kDone && capacity.exceeds_10()) {
    outcome = command(unit, scsi::read_capacity_16(), answer.first(scsi::Capacity::kAnswerBytes16));
    capacity = scsi::Capacity::of_16(answer);
  }
  if (outcome == Outcome::kDone && !capacity.is_usable()) {
    return fail(unit, "has an unusable size, in blocks of ", capacity.block_bytes, " bytes");
  }
  return outcome;
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
      static_cast<void>(fail(unit, "did not give block ", first));
    }
    return false;
  }
  return true;
}

// Sends a command until it is done, or for good can't be. The first after a reset always fails, to
// tell of the reset (SAM-5, 5.14).
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
      queue_->rest(kPause);
    }
  }
  return fail(unit, "is still not ready for command ", command[0]);
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
  std::ranges::copy(command, request.command.begin());
  const Piece reads{reinterpret_cast<const std::byte*>(&request), sizeof(request)};
  const std::array<Piece, 2> writes = {
      Piece{reinterpret_cast<const std::byte*>(&response), sizeof(response)},
      Piece{data.data(), data.size()}};
  if (!queue_->request({&reads, 1}, std::span(writes).first(data.empty() ? 1 : 2))) {
    return Outcome::kFailed;
  }
  missing_ = std::min<std::size_t>(response.residual, data.size());
  return judge(unit, command);
}

// What the response to a command means.
ScsiBus::Outcome ScsiBus::judge(ScsiUnit unit, const scsi::Command& command) {
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
      return fail(unit, "fails with response ", response.response);
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
      return fail(unit, "fails with status ", response.status);
  }
  const std::size_t bytes = std::min<std::size_t>(response.sense_bytes, response.sense.size());
  const auto sense = scsi::Sense::of(std::span(response.sense).first(bytes));
  if (sense.lacks_medium()) {
    return Outcome::kEmpty;
  }
  if (sense.is_passing()) {
    return Outcome::kAgain;
  }
  queue_->fail()("disk ", unit.target, ":", unit.number, " refuses command ", command[0],
                 " with sense ", sense.key, "/", sense.code, "/", sense.qualifier);
  return Outcome::kFailed;
}

ScsiBus::Outcome ScsiBus::fail(ScsiUnit unit, std::string_view what, std::uint64_t number,
                               std::string_view more) {
  queue_->fail()("disk ", unit.target, ":", unit.number, " ", what, number, more);
  return Outcome::kFailed;
}

}  // namespace mote::virtio
