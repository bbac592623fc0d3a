// Page tables for unit tests: records calls, and fails those that the test says.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/paging.hpp"

namespace mote::paging {

struct Fake {
  std::vector<AddressRange> mapped;  // device windows
  std::vector<AddressRange> read_only;
  std::vector<std::uint64_t> left_out;  // pages
  std::span<Table> tables;

  bool can_map = true;
  bool can_protect = true;
  bool can_take_boot_text = true;
  bool boot_text_taken = false;
  std::size_t can_leave_out = ~std::size_t{0};  // pages
};

// The tables. A test resets them by assigning {}.
Fake& fake();

}  // namespace mote::paging
