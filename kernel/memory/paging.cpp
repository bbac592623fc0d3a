// Changing the page tables that the CPU uses.
#include "kernel/memory/paging.hpp"

#include <array>

#include "kernel/cpu/cpu.hpp"
#include "kernel/memory/image.hpp"
#include "kernel/memory/page_table.hpp"

namespace mote::paging {
namespace {

// Two for the ends of the site pack, two for each of eight NICs whose windows lie where boot's
// tables have no page directory, and two for a framebuffer there, or to spare.
constexpr std::size_t kSpareTables = 20;

[[gnu::section(".bss.sealed")]] constinit std::array<Table, kSpareTables> spare{};

// Unused tables: of those above, and of those given for guard pages.
constinit std::span<Table> spare_left = spare;
constinit std::span<Table> given{};
constinit std::span<Table> given_left{};

// Runs `change(tables)` on the active tables, which are otherwise read-only, and flushes the CPU's
// translations. Tables to be added come from `left`.
template <typename Change>
bool change_tables(std::span<Table>& left, Change change) {
  const std::uint64_t root = cpu::page_table_root();
  PageTables tables(*reinterpret_cast<Table*>(root & kAddressMask), left);
  cpu::set_write_protect(false);
  const bool done = change(tables);
  cpu::set_write_protect(true);
  left = left.subspan(tables.used());
  cpu::set_page_table_root(root);
  return done;
}

}  // namespace

bool protect_read_only(PhysicalAddress start, std::uint64_t bytes) {
  return change_tables(spare_left, [=](PageTables& tables) {
    return tables.set_rights(start.value, bytes, kReadOnly);
  });
}

bool take_boot_text() {
  const AddressRange range = boot_text_range();
  return change_tables(spare_left, [=](PageTables& tables) {
    return tables.set_rights(range.begin, range.end - range.begin, kReadWrite);
  });
}

void give_tables(std::span<Table> tables) { given = given_left = tables; }

bool leave_out(PhysicalAddress page) {
  return change_tables(given_left, [=](PageTables& tables) {
    return tables.set_rights(page.value, kPageBytes, kAbsent);
  });
}

bool seal() {
  const std::uint64_t start = physical(__sealed_start).value;
  const std::uint64_t bytes = physical(__sealed_end).value - start;
  const std::uint64_t tables_start = physical(given.data()).value;
  return change_tables(given_left, [=](PageTables& tables) {
    return tables.set_rights(start, bytes, kReadOnly) &&
           (given.empty() || tables.set_rights(tables_start, given.size_bytes(), kReadOnly));
  });
}

bool map_device(PhysicalAddress start, std::uint64_t bytes) {
  // An address beyond the CPU's width would fault at its first use.
  const std::uint64_t end = cpu::physical_address_end();
  const bool addressable = start.value < end && bytes <= end - start.value;
  if (!addressable || !may_be_device(image_range(), start.value, bytes)) {
    return false;
  }
  return change_tables(spare_left,
                       [=](PageTables& tables) { return tables.map(start.value, bytes, kDevice); });
}

}  // namespace mote::paging
