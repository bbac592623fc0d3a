// Changing the tables that the CPU walks.
#include "kernel/paging.hpp"

#include <array>

#include "kernel/cpu.hpp"
#include "kernel/image.hpp"
#include "kernel/page_table.hpp"

namespace mote::paging {
namespace {

// Two for the ends of the site pack, and two for each of eight NICs whose windows lie in parts of
// the address space of their own, where no large page of boot's can serve.
constexpr std::size_t kSpareTables = 20;

constinit std::array<Table, kSpareTables> spare{};
constinit std::size_t spare_used = 0;

// Runs `change(tables)` on the active tables and makes the CPU forget the old translations.
template <typename Change>
bool change_tables(Change change) {
  const std::uint64_t root = cpu::page_table_root();
  PageTables tables(*reinterpret_cast<Table*>(root & kAddressMask),
                    std::span(spare).subspan(spare_used));
  const bool done = change(tables);
  spare_used += tables.used();
  cpu::set_page_table_root(root);
  return done;
}

}  // namespace

bool protect_read_only(PhysicalAddress start, std::uint64_t bytes) {
  return change_tables(
      [=](PageTables& tables) { return tables.set_rights(start.value, bytes, kReadOnly); });
}

bool map_device(PhysicalAddress start, std::uint64_t bytes) {
  // An address of more bits than the CPU has would fault at its first use.
  const std::uint64_t end = cpu::physical_address_end();
  const bool addressable = start.value < end && bytes <= end - start.value;
  if (!addressable || !may_be_device(image_range(), start.value, bytes)) {
    return false;
  }
  return change_tables([=](PageTables& tables) { return tables.map(start.value, bytes, kDevice); });
}

}  // namespace mote::paging
