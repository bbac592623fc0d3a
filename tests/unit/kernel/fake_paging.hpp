// Page tables for unit tests: keeps what was asked of them, and refuses what the test says.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/paging.hpp"

namespace mote::paging {

struct Fake {
  std::vector<AddressRange> mapped;  // as devices
  std::vector<AddressRange> read_only;
  std::vector<std::uint64_t> left_out;  // pages
  std::span<Table> tables;

  bool can_map = true;
  bool can_protect = true;
  std::size_t can_leave_out = ~std::size_t{0};  // pages
};

// The tables, new at the test's beginning.
Fake& fake();

}  // namespace mote::paging
