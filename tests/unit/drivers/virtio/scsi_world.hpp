// A simulated virtio SCSI host with disks, and a driver over it, for tests.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "drivers/virtio/scsi.hpp"
#include "tests/unit/drivers/virtio/request_world.hpp"
#include "tests/unit/fake_console.hpp"

namespace mote::virtio {

using FakeHost = ScsiHost<RequestTransport>;
static_assert(BlockController<FakeHost>);
using Bytes = std::vector<std::byte>;

inline Bytes big_endian(std::uint64_t value, std::size_t bytes) {
  Bytes result(bytes);
  for (std::size_t i = bytes; i != 0; --i, value >>= 8) {
    result[i - 1] = static_cast<std::byte>(value);
  }
  return result;
}

inline void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

// A unit's contents and faults.
struct Unit {
  std::uint8_t type = 0;
  std::uint32_t block_bytes = 512;
  std::uint64_t blocks = 64;
  bool has_medium = true;
  unsigned attentions = 1;  // commands that a UNIT ATTENTION answers, from now on
  unsigned not_ready = 0;   // then, commands that "becoming ready" answers
  unsigned busy = 0;
  std::uint8_t refused = 0xFF;  // a command that ends with ILLEGAL REQUEST
};

// The answer to one command.
struct Answer {
  std::uint8_t response = 0;
  std::uint8_t status = 0;
  Bytes sense;
  Bytes data;
};

inline Answer check(unsigned key, unsigned code, unsigned qualifier) {
  Answer answer{.status = 2, .sense = Bytes(18), .data = {}};
  answer.sense[0] = std::byte{0x70};
  answer.sense[2] = static_cast<std::byte>(key);
  answer.sense[12] = static_cast<std::byte>(code);
  answer.sense[13] = static_cast<std::byte>(qualifier);
  return answer;
}

struct ScsiWorld : RequestWorld {
  using Place = std::pair<unsigned, unsigned>;  // target, unit
  FakeHost host;
  std::map<Place, Unit> units;
  std::vector<std::uint8_t> commands;
  std::size_t most_blocks = 0;  // of a read
  std::uint32_t lost = 0;       // residual added

  ScsiWorld() {
    RequestTransport::identifier = 8;
    console::written().clear();
    device.serve = [this](DeviceQueue& queue, const DeviceQueue::Chain& chain) {
      serve(queue, chain);
    };
  }

  void serve(DeviceQueue& queue, const DeviceQueue::Chain& chain) {
    REQUIRE(&queue == &device.queues[2]);
    REQUIRE(chain.buffers.size() >= 2);
    REQUIRE(chain.buffers.size() <= 3);
    REQUIRE(chain.buffers[0].bytes == 51);
    REQUIRE_FALSE(chain.buffers[0].writable);
    REQUIRE(chain.buffers[1].bytes == 108);
    const std::byte* const request = chain.buffers[0].data;
    const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(request[i]); };
    REQUIRE(at(0) == 1);
    REQUIRE((at(2) & 0xC0) == 0x40);
    std::uint8_t command[32];
    std::memcpy(command, request + 19, 32);
    commands.push_back(command[0]);
    const std::size_t room = chain.buffers.size() == 3 ? chain.buffers[2].bytes : 0;
    const Answer answer = answer_to({at(1), (at(2) & 0x3F) << 8 | at(3)}, command, room);
    REQUIRE(answer.data.size() <= room);
    std::byte* const response = chain.buffers[1].data;
    const auto put = [&](std::size_t i, auto value) {
      std::memcpy(response + i, &value, sizeof(value));
    };
    put(0, static_cast<std::uint32_t>(answer.sense.size()));
    put(4, static_cast<std::uint32_t>(room - answer.data.size()) + lost);
    put(10, answer.status);
    put(11, answer.response);
    std::ranges::copy(answer.sense, response + 12);
    if (!answer.data.empty()) {
      std::ranges::copy(answer.data, chain.buffers[2].data);
    }
    queue.complete(chain.head, static_cast<std::uint32_t>(108 + answer.data.size()));
  }

  Answer answer_to(Place place, const std::uint8_t* command, std::size_t room) {
    const bool is_target = std::ranges::any_of(
        units, [&](const auto& unit) { return unit.first.first == place.first; });
    if (!is_target) {
      return {.response = 3, .sense = {}, .data = {}};
    }
    if (command[0] == 0xA0) {
      return list(place.first, room);
    }
    const auto found = units.find(place);
    if (found == units.end()) {
      return command[0] == 0x12 ? Answer{.sense = {}, .data = Bytes(36, std::byte{0x7F})}
                                : check(5, 0x25, 0);
    }
    return answer_of(found->second, command, room);
  }

  // QEMU always names unit 0.
  Answer list(unsigned target, std::size_t room) {
    if (const auto found = units.find({target, 0});
        found != units.end() && found->second.refused == 0xA0) {
      return check(5, 0x20, 0);
    }
    Bytes entries(8);
    for (const auto& [place, unit] : units) {
      if (place.first == target && place.second != 0) {
        const std::uint64_t top = place.second < 256 ? place.second : 0x4000U | place.second;
        append(entries, big_endian(top << 48, 8));
      }
    }
    Bytes all = big_endian(std::uint64_t{entries.size()} << 32, 8);
    append(all, entries);
    all.resize(std::min(all.size(), room));
    return {.sense = {}, .data = all};
  }

  Answer answer_of(Unit& unit, const std::uint8_t* command, std::size_t room) {
    if (command[0] == unit.refused) {
      return check(5, 0x20, 0);
    }
    if (command[0] == 0x12) {
      Bytes data(36);
      data[0] = static_cast<std::byte>(unit.type);
      return {.sense = {}, .data = data};
    }
    if (unit.attentions != 0 && unit.attentions-- != 0) {
      return check(6, 0x29, 0);
    }
    if (unit.busy != 0 && unit.busy-- != 0) {
      return {.status = 8, .sense = {}, .data = {}};
    }
    if (unit.not_ready != 0 && unit.not_ready-- != 0) {
      return check(2, 4, 1);
    }
    if (!unit.has_medium) {
      return check(2, 0x3A, 0);
    }
    return answer_of_medium(unit, command, room);
  }

  Answer answer_of_medium(const Unit& unit, const std::uint8_t* command, std::size_t room) {
    const std::uint64_t last = unit.blocks - 1;
    std::span bytes(reinterpret_cast<const std::byte*>(command), 16);
    if (command[0] == 0x00) {
      return {.sense = {}, .data = {}};
    }
    if (command[0] == 0x25) {
      Bytes data = big_endian(std::min<std::uint64_t>(last, 0xFFFF'FFFF), 4);
      append(data, big_endian(unit.block_bytes, 4));
      return {.sense = {}, .data = data};
    }
    if (command[0] == 0x9E) {
      Bytes data = big_endian(last, 8);
      append(data, big_endian(unit.block_bytes, 4));
      data.resize(32);
      return {.sense = {}, .data = data};
    }
    const bool long_form = command[0] == 0x88;
    REQUIRE((long_form || command[0] == 0x28));
    const std::uint64_t first = long_form ? scsi::number_at<std::uint64_t>(bytes, 2)
                                          : scsi::number_at<std::uint32_t>(bytes, 2);
    const std::uint64_t count = long_form ? scsi::number_at<std::uint32_t>(bytes, 10)
                                          : scsi::number_at<std::uint16_t>(bytes, 7);
    REQUIRE(first + count <= unit.blocks);
    REQUIRE(room == count * unit.block_bytes);
    most_blocks = std::max<std::size_t>(most_blocks, count);
    Bytes data(room);
    for (std::size_t i = 0; i < room; ++i) {
      data[i] = content(first * unit.block_bytes + i);
    }
    return {.sense = {}, .data = data};
  }

  static std::byte content(std::uint64_t offset) {
    return static_cast<std::byte>(offset * 7 + offset / 512);
  }

  // The disks found, each with its number of blocks.
  std::vector<std::uint64_t> search() {
    std::vector<std::uint64_t> found;
    REQUIRE(host.bring_up(place()));
    host.each_disk([&](auto& disk) {
      found.push_back(disk.blocks());
      return false;
    });
    return found;
  }
  void with_disk(auto&& use) {
    REQUIRE(host.bring_up(place()));
    unsigned disks = 0;
    host.each_disk([&](auto& disk) {
      ++disks;
      use(disk);
      return true;
    });
    CHECK(disks == 1);
  }
};

inline bool reads(ScsiDisk& disk, std::uint64_t first, std::size_t bytes) {
  Bytes to(bytes);
  if (!disk.read(first, to)) {
    return false;
  }
  for (std::size_t i = 0; i < bytes; ++i) {
    if (to[i] != ScsiWorld::content(first * disk.block_bytes() + i)) {
      return false;
    }
  }
  return true;
}

}  // namespace mote::virtio
