// The sources of the metrics, as a test wants them to be.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "drivers/net_device.hpp"
#include "http/operations/counters.hpp"
#include "http/operations/options.hpp"
#include "kernel/faults/run_record.hpp"
#include "kernel/loop_counters.hpp"
#include "netstack/stats.hpp"

namespace mote {

inline constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

struct World {
  std::uint64_t now_ns = 90'061'042'000'000;
  std::optional<std::uint64_t> wall_seconds = 1'709'210'096;
  http::Options options;
  http::Counters counters;
  LoopCounters loop{1000, 10, 7, 1};
  std::array<std::uint32_t, kRunEnds> ends{0, 0, 0, 0, 2, 3};
  unsigned interfaces = 1;
  DeviceCounters device;
  netstack::InterfaceCounters stack;
  netstack::TcpCounters tcp;
  netstack::IcmpErrors icmp;
  netstack::DhcpCounters dhcp;
  bool text_room = true;
  std::uint64_t pool_number = 7;
};
inline World world;

}  // namespace mote
