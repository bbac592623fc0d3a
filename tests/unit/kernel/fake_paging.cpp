// Page tables for unit tests: records calls.
#include "tests/unit/kernel/fake_paging.hpp"

namespace mote::paging {

Fake& fake() {
  static Fake tables;
  return tables;
}

bool map_device(PhysicalAddress start, std::uint64_t bytes) {
  if (fake().can_map) {
    fake().mapped.push_back({start.value, start.value + bytes});
  }
  return fake().can_map;
}

bool protect_read_only(PhysicalAddress start, std::uint64_t bytes) {
  if (fake().can_protect) {
    fake().read_only.push_back({start.value, start.value + bytes});
  }
  return fake().can_protect;
}

bool take_boot_text() {
  fake().boot_text_taken = true;
  return fake().can_take_boot_text;
}

void give_tables(std::span<Table> tables) { fake().tables = tables; }

bool leave_out(PhysicalAddress page) {
  const bool can = fake().left_out.size() < fake().can_leave_out;
  if (can) {
    fake().left_out.push_back(page.value);
  }
  return can;
}

}  // namespace mote::paging
