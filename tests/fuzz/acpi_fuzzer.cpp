// Fuzzes the reading of ACPI tables: it ends, reads nothing outside them, and every fact makes
// sense (README.md lists what must hold).
//
// The input is where its memory lies, in units of 16 bytes (4 bytes); whether checksums are
// repaired (1); then the memory, which begins with the root pointer.
#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "kernel/acpi/aml.hpp"
#include "kernel/acpi/aml_power.hpp"
#include "kernel/acpi/hotplug.hpp"
#include "kernel/acpi/power_tables.hpp"
#include "kernel/acpi/tables.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/script.hpp"

namespace mote::fuzz {
namespace {

using namespace mote::acpi;

void repair(std::span<std::byte> sum_of, std::size_t at) {
  unsigned sum = 0;
  for (const std::byte byte : sum_of) {
    sum += std::to_integer<unsigned>(byte);
  }
  sum_of[at] = static_cast<std::byte>(std::to_integer<unsigned>(sum_of[at]) - sum);
}

class Memory {
 public:
  explicit Memory(Script& script) {
    const std::uint32_t low = script.word();
    base_ = (low | std::uint64_t{script.word()} << 16) * 16;
    const bool is_repaired = (script.byte() & 1) != 0;
    const auto rest = std::as_bytes(std::span(script.rest()));
    bytes_.assign(rest.begin(), rest.end());
    if (is_repaired) {
      repair_all();
    }
  }

  // A view of a copy of exactly this length, so that the sanitizer catches reads past its end.
  Bytes operator()(PhysicalAddress address, std::size_t bytes) {
    demand(++reads_ < 100'000, "too many reads");
    if (address.value < base_ || address.value - base_ > bytes_.size() ||
        bytes > bytes_.size() - (address.value - base_)) {
      return {};
    }
    const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(address.value - base_);
    return copies_.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(bytes));
  }

  [[nodiscard]] PhysicalAddress base() const { return {base_}; }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }

 private:
  void repair_all() {
    constexpr std::array kSignatures = {Signature("FACP"), Signature("DSDT"), Signature("SSDT"),
                                        Signature("APIC"), Signature("MCFG"), Signature("RSDT"),
                                        Signature("XSDT")};
    const std::span all(bytes_);
    for (std::size_t at = 0; at + kHeaderBytes <= all.size(); ++at) {
      const auto table = all.subspan(at);
      const auto bytes = field<std::uint32_t>(table, kHeaderLength);
      const bool is_table = std::ranges::find(kSignatures, field<std::uint32_t>(table, 0),
                                              &Signature::value) != kSignatures.end();
      if (is_table && bytes >= kHeaderBytes && bytes <= table.size()) {
        repair(table.first(bytes), 9);
      }
    }
    if (all.size() >= kRsdpBytes) {
      repair(all.first(kRsdpFirstBytes), 8);
      repair(all.first(kRsdpBytes), 32);
    }
  }

  std::uint64_t base_ = 0;
  std::size_t reads_ = 0;
  std::vector<std::byte> bytes_;
  std::deque<std::vector<std::byte>> copies_;
};

void check_fadt(Bytes fadt) {
  if (const auto reset = reset_register_of(fadt)) {
    demand(reset->where.address != 0, "a reset register nowhere");
    demand(!reset->where.is_io || reset->where.address <= 0xFFFF, "no port");
  }
  const FixedHardware fixed = fixed_hardware_of(fadt);
  for (std::size_t i = 0; i < kPm1Blocks; ++i) {
    demand(!exists(fixed.enables[i]) || fixed.enables[i].value > fixed.statuses[i].value,
           "an enable register before its status");
  }
  const auto sleep = sleep_control_of(fadt);
  demand(!sleep || !exists(fixed.controls[0]), "two ways to sleep");
  static_cast<void>(pm_timer_of(fadt));
  static_cast<void>(cmos_clock_of(fadt));
}

void check_aml(Bytes table) {
  each_device_window(table, "LNRO0005", [](const MmioWindow& window) {
    demand(window.base.value != 0 && window.bytes != 0, "an empty window");
    demand(window.base.value + window.bytes > window.base.value,
           "a window beyond the last address");
  });
  if (const auto types = power_off_types_of(table)) {
    demand(types->a <= 7 && types->b <= 7, "more bits than SLP_TYP has");
  }
  if (const auto event = power_event_of(table)) {
    demand(event->mask != 0 && (event->bytes == 1 || event->bytes == 4), "a wrong event");
    demand(event->where.address % event->bytes == 0, "an event that isn't aligned");
  }
  if (const auto port = hotplug_port_of(table)) {
    demand(port->value != 0, "no port");
  }
  HotplugWalk(table).run(
      [](const HotplugBus& bus) { demand(bus.depth <= kMostBridges, "a bus too deep"); });
  if (const auto ecam = ecam_by_cba(table)) {
    demand(ecam->base != 0 && ecam->base % (1 << 20) == 0, "a wrong window of PCI Express");
  }
}

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote::fuzz;
  Script script(data, size);
  Memory memory(script);
  const auto reader = [&](mote::PhysicalAddress at, std::size_t bytes) {
    return memory(at, bytes);
  };
  const auto found = search_rsdp(reader, memory.base(), memory.bytes() & ~std::size_t{15});
  const mote::PhysicalAddress rsdp = found.value_or(memory.base());
  const Bytes fadt = find_table(reader, rsdp, kFadt);
  check_fadt(fadt);
  check_aml(read_table(reader, dsdt_of(fadt)));
  check_aml(find_table(reader, rsdp, kSsdt));
  check_aml(find_table(reader, rsdp, kSsdt, 1));
  if (const auto ecam = ecam_of(find_table(reader, rsdp, kMcfg))) {
    demand(ecam->base != 0 && ecam->first_bus <= ecam->last_bus, "a wrong window of PCI Express");
  }
  if (const auto place = io_apic_of(find_table(reader, rsdp, kMadt), 9)) {
    demand(place->first_interrupt <= 9, "an I/O APIC without the interrupt");
  }
  return 0;
}
