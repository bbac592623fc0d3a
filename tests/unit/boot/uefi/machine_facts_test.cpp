// Tests of what the kernel is told of a machine.
#include "boot/uefi/machine_facts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/unit/boot/uefi/fake_firmware.hpp"

namespace mote::uefi {
namespace {

struct Random : RandomNumbers {
  bool works = true;
  Random() {
    get = [](RandomNumbers* self, const Guid* algorithm, std::uint64_t bytes, std::byte* to)
              __attribute__((ms_abi)) {
                CHECK(algorithm == nullptr);
                std::fill_n(to, bytes, std::byte{9});
                return static_cast<Random*>(self)->works ? Status::kSuccess : Status::kLoadError;
              };
  }
};

BootInfo facts_of(FakeFirmware& fake, const LoadedImage& image, std::string* line = nullptr) {
  auto record = std::make_unique<Handover>();
  const Firmware firmware(nullptr, fake.system);
  tell_facts(firmware, image, *record);
  if (line != nullptr) {
    *line = record->info.command_line == 0
                ? std::string("none")
                : std::string(reinterpret_cast<const char*>(record->info.command_line));
  }
  return record->info;
}

TEST_CASE("a machine without anything") {
  FakeFirmware fake;
  std::string line;
  const BootInfo info = facts_of(fake, {}, &line);
  CHECK(info.way == BootWay::kUefi);
  CHECK(info.rsdp == 0);
  CHECK(info.smbios == 0);
  CHECK(info.framebuffer.address == 0);
  CHECK(info.seed_bytes == 0);
  CHECK(line == "none");
}

TEST_CASE("the newer tables are preferred, where the kernel can read them") {
  FakeFirmware fake;
  fake.add_table(ConfigurationTable::kSmbios, 0xF'0000);
  fake.add_table(ConfigurationTable::kAcpi10, 0xE'0000);
  CHECK(facts_of(fake, {}).rsdp == 0xE'0000);
  CHECK(facts_of(fake, {}).smbios == 0xF'0000);
  fake.add_table(ConfigurationTable::kSmbios3, 0x1'0000'0000);
  fake.add_table(ConfigurationTable::kAcpi20, 0x7F00'0000);
  CHECK(facts_of(fake, {}).rsdp == 0x7F00'0000);
  CHECK(facts_of(fake, {}).smbios == 0xF'0000);
  fake.tables[2].address = 0x7E00'0000;
  CHECK(facts_of(fake, {}).smbios == 0x7E00'0000);
}

TEST_CASE("a screen is told if its pixels have a byte for each colour") {
  using enum GraphicsOutput::PixelFormat;
  FakeFirmware fake;
  GraphicsOutput::Information screen{0, 1280, 800, kBlueGreenRed, {}, 1284};
  GraphicsOutput::Mode mode{1, 0, &screen, sizeof(screen), 0x8000'0000, 1284 * 800 * 4};
  GraphicsOutput output{nullptr, nullptr, nullptr, &mode};
  fake.install<GraphicsOutput>(&output, output);
  const auto told = [&] { return facts_of(fake, {}).framebuffer; };
  CHECK(told().address == 0x8000'0000);
  CHECK(told().width == 1280);
  CHECK(told().height == 800);
  CHECK(told().pixels_a_line == 1284);
  screen.format = kRedGreenBlue;
  CHECK(told().address != 0);
  for (const auto format : {kBitMask, kBltOnly}) {
    screen.format = format;
    CHECK(told().address == 0);
  }
  screen.format = kRedGreenBlue;
  mode.information = nullptr;
  CHECK(told().address == 0);
  output.mode = nullptr;
  CHECK(told().address == 0);
}

TEST_CASE("random bytes count only if they were drawn") {
  FakeFirmware fake;
  Random random;
  fake.install<RandomNumbers>(&random, random);
  BootInfo info = facts_of(fake, {});
  CHECK(info.seed_bytes == 64);
  CHECK(std::ranges::count(info.seed, std::byte{9}) == 64);
  random.works = false;
  CHECK(facts_of(fake, {}).seed_bytes == 0);
}

TEST_CASE("load options become the command line") {
  FakeFirmware fake;
  const std::u16string options = u"mote.efi mote.http.port=8080";
  LoadedImage image{};
  image.load_options = options.data();
  image.load_options_bytes = static_cast<std::uint32_t>(2 * options.size());
  std::string line;
  facts_of(fake, image, &line);
  CHECK(line == "mote.efi mote.http.port=8080");
  image.load_options_bytes = 0;
  facts_of(fake, image, &line);
  CHECK(line == "none");
  image.load_options = nullptr;
  image.load_options_bytes = 100;
  facts_of(fake, image, &line);
  CHECK(line == "none");
}

}  // namespace
}  // namespace mote::uefi
