// Finding SMBIOS's structures, and walking them.
#include "kernel/platform/smbios.hpp"

#include <algorithm>

#include "kernel/acpi/tables.hpp"
#include "kernel/memory/firmware_memory.hpp"

namespace mote::smbios {
namespace {

using acpi::field;

// 5.2: a BIOS leaves an entry point at a multiple of 16 bytes in here.
constexpr PhysicalAddress kBiosArea{0xF0000};
constexpr std::size_t kBiosAreaBytes = 0x10000;
constexpr std::size_t kAlignment = 16;

// A larger table is read up to here only.
constexpr std::uint32_t kMostTableBytes = 128 * 1024;

// 5.2.1, the 32-bit entry point, which has a checksum for its second part, too. Its length may be
// given as 1Eh, by an error in version 2.1.
namespace entry32 {
constexpr acpi::Signature kAnchor("_SM_");
constexpr std::size_t kLength = 0x05;
constexpr std::size_t kSecond = 0x10;  // "_DMI_" and what follows
constexpr std::size_t kTableBytes = 0x16;
constexpr std::size_t kTable = 0x18;
constexpr std::size_t kStructures = 0x1C;
constexpr std::size_t kBytes = 0x1F;
constexpr acpi::Signature kSecondAnchor("_DMI");
}  // namespace entry32

// 5.2.2, the 64-bit one.
namespace entry64 {
constexpr acpi::Signature kAnchor("_SM3");
constexpr std::size_t kLength = 0x06;
constexpr std::size_t kMostTable = 0x0C;
constexpr std::size_t kTable = 0x10;
constexpr std::size_t kBytes = 0x18;
}  // namespace entry64

// 6.1.2: a structure's header, which gives the length of its formatted part. Its strings follow,
// each ended by a zero, and one more zero ends them; without strings there are two zeros.
constexpr std::size_t kType = 0;
constexpr std::size_t kFormattedBytes = 1;
constexpr std::uint8_t kHeaderBytes = 4;
constexpr std::uint8_t kOemStrings = 11;
constexpr std::uint8_t kEnd = 127;

// Whether an entry point at least `least` bytes long, as it says itself, begins `area` and sums to
// zero.
bool is_sound(Bytes area, std::size_t length_at, std::size_t least) {
  const std::size_t bytes = field<std::uint8_t>(area, length_at);
  return bytes >= least && bytes <= area.size() && acpi::sums_to_zero(area.first(bytes));
}

std::optional<Table> read_entry64(Bytes area) {
  if (field<std::uint32_t>(area, 0) != entry64::kAnchor.value ||
      field<std::uint8_t>(area, 4) != '_' || !is_sound(area, entry64::kLength, entry64::kBytes)) {
    return std::nullopt;
  }
  const auto most = field<std::uint32_t>(area, entry64::kMostTable);
  return Table{.address = field<std::uint64_t>(area, entry64::kTable),
               .bytes = std::min(most, kMostTableBytes),
               .structures = most / kHeaderBytes};  // it doesn't tell
}

std::optional<Table> read_entry32(Bytes area) {
  if (field<std::uint32_t>(area, 0) != entry32::kAnchor.value || area.size() < entry32::kBytes ||
      !is_sound(area, entry32::kLength, entry32::kBytes - 1) ||
      field<std::uint32_t>(area, entry32::kSecond) != entry32::kSecondAnchor.value ||
      !acpi::sums_to_zero(area.subspan(entry32::kSecond, entry32::kBytes - entry32::kSecond))) {
    return std::nullopt;
  }
  return Table{.address = field<std::uint32_t>(area, entry32::kTable),
               .bytes = field<std::uint16_t>(area, entry32::kTableBytes),
               .structures = field<std::uint16_t>(area, entry32::kStructures)};
}

// Takes the text before the next zero byte. Nothing: there is no zero.
std::optional<std::string_view> take_string(Bytes& rest) {
  const auto end = std::ranges::find(rest, std::byte{0});
  if (end == rest.end()) {
    return std::nullopt;
  }
  const auto bytes = static_cast<std::size_t>(end - rest.begin());
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), bytes);
  rest = rest.subspan(bytes + 1);
  return text;
}

}  // namespace

std::optional<Table> find_table(Bytes area) {
  std::optional<Table> found;
  for (; area.size() >= kAlignment; area = area.subspan(kAlignment)) {
    if (const auto table = read_entry64(area)) {
      return table;
    }
    if (!found) {
      found = read_entry32(area);
    }
  }
  return found;
}

// Takes the formatted part of the next structure. False: there is none. Of a structure without
// strings, the first of the two zeros is taken, too: what is left looks like the end of strings.
bool OemStrings::enter() {
  const auto type = field<std::uint8_t>(rest_, kType);
  const auto formatted = field<std::uint8_t>(rest_, kFormattedBytes);
  if (structures_ == 0 || type == kEnd || formatted < kHeaderBytes || formatted >= rest_.size()) {
    return false;
  }
  --structures_;
  rest_ = rest_.subspan(formatted + (rest_[formatted] == std::byte{0} ? 1U : 0U));
  is_inside_ = true;
  is_oem_ = type == kOemStrings;
  return true;
}

// Each turn takes at least a byte.
std::optional<std::string_view> OemStrings::next() {
  while (is_inside_ || enter()) {
    const auto text = take_string(rest_);
    if (!text) {
      *this = {};
      break;
    }
    is_inside_ = !text->empty();
    if (is_inside_ && is_oem_) {
      return text;
    }
  }
  return std::nullopt;
}

OemStrings oem_strings(PhysicalAddress told) {
  constexpr std::size_t kEntryBytes = 2 * kAlignment;  // room for either kind
  auto table = find_table(firmware_memory(told, kEntryBytes));
  if (!table) {
    table = find_table(firmware_memory(kBiosArea, kBiosAreaBytes));
  }
  return table ? OemStrings(firmware_memory({table->address}, table->bytes), table->structures)
               : OemStrings();
}

}  // namespace mote::smbios
