// Tests of the search for virtio-mmio devices: ACPI's windows and the command line's, kept in one
// list for the whole program.
#include "kernel/platform/virtio_mmio.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "kernel/limits.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/fake_acpi.hpp"

namespace mote::virtio_mmio {
namespace {

constexpr std::array kRam = {MemoryRange{0, 0x1000'0000, MemoryRange::kUsableRam, 0}};
constexpr MemoryMap kMap{std::span(kRam)};

// The console's output for these windows and this command line.
std::string find_in(const char* command_line) {
  console::written().clear();
  BootInfo info{};
  info.command_line = reinterpret_cast<std::uintptr_t>(command_line);
  find(info, kMap);
  return console::written();
}

TEST_CASE("without windows from ACPI or the command line there are none") {
  acpi::told() = {};
  CHECK(find_in(nullptr).empty());
  CHECK(find_in("").empty());
  CHECK(windows().empty());
}

TEST_CASE("ACPI's windows come first, each base once, those in RAM not at all") {
  acpi::told().windows = {{{0xFEB0'0000}, 512, 5}, {{0x20'0000}, 512, 6}};
  CHECK(find_in("quiet  virtio_mmio.device=512@0xfeb00200:12 x") ==
        "virtio-mmio at 0x200000: memory is there, ignored\n");
  CHECK(find_in("virtio_mmio.device=512@0xfeb00200:12") ==
        "virtio-mmio at 0x200000: memory is there, ignored\n");
  REQUIRE(windows().size() == 2);
  CHECK(windows()[0] == MmioWindow{{0xFEB0'0000}, 512, 5});
  CHECK(windows()[1] == MmioWindow{{0xFEB0'0200}, 512, 12});
}

TEST_CASE("unusable words are named, and the others still count") {
  acpi::told() = {};
  CHECK(find_in("virtio_mmio.device=512@:12 virtio_mmio.device=512@0xfeb00400:1") ==
        "command line: cannot use virtio_mmio.device=512@:12, ignored\n");
  CHECK(windows().size() == 3);
}

TEST_CASE("more windows than there is room for are left alone, and the console says so") {
  for (std::uint64_t i = 0; i < 2 * limits::kMmioWindows; ++i) {
    acpi::told().windows.push_back({{0xFEC0'0000 + 512 * i}, 512, 1});
  }
  static_cast<void>(find_in("virtio_mmio.device=512@0xfef00000:1"));
  CHECK(windows().size() == limits::kMmioWindows);
  CHECK(console::written().find("left alone: ") != std::string::npos);
}

}  // namespace
}  // namespace mote::virtio_mmio
