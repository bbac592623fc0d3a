// UEFI firmware for unit tests: its services, over memory of the test's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "boot/uefi/system_table.hpp"

namespace mote::uefi {

// Only one at a time.
class FakeFirmware {
 public:
  FakeFirmware();
  ~FakeFirmware();
  FakeFirmware(const FakeFirmware&) = delete;
  FakeFirmware& operator=(const FakeFirmware&) = delete;

  // Gives a handle, which any pointer may be, a protocol.
  template <typename Protocol>
  void install(Handle handle, Protocol& protocol) {
    protocols.push_back({handle, {Protocol::kGuid, &protocol}});
  }

  // A configuration table.
  void add_table(const Guid& guid, std::uint64_t address) {
    tables.push_back({guid, address});
    system.tables = tables.size();
    system.table = tables.data();
  }

  SystemTable system{};
  BootServices services{};
  std::vector<std::pair<Handle, std::pair<Guid, void*>>> protocols;
  std::vector<ConfigurationTable> tables;
  std::vector<MemoryDescriptor> map;
  std::map<std::uint64_t, std::uint64_t> allocated;  // pages below 4 GiB, and their bytes
  std::vector<std::pair<std::uint64_t, std::uint64_t>> reserved;  // addresses asked for, and pages
  std::uint64_t least_refused = ~std::uint64_t{0};  // allocations from this size on fail
  std::uint64_t key = 1;                            // of the map
  unsigned refused_exits = 0;                       // how often an exit will be refused
  unsigned exits = 0;
  bool has_watchdog = true;
  std::string said;

 private:
  TextOutput output_{};
};

}  // namespace mote::uefi
