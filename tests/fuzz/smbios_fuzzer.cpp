// Fuzzes the walk over SMBIOS's structures: it ends, and every string lies in the table and has an
// end there. The input is a count of structures (1 byte), then the table, which is also searched
// for an entry point.
#include <algorithm>
#include <vector>

#include "kernel/platform/smbios.hpp"
#include "tests/fakes/demand.hpp"

// The kernel, which isn't here.
asm(R"(
  .globl __image_start
  .globl __image_end
  .set __image_start, 0x100000
  .set __image_end, 0x200000
)");

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote;
  using fakes::demand;
  if (size == 0) {
    return 0;
  }
  // A copy of exactly this length, so that the sanitizer catches reads past its end.
  const std::vector<std::uint8_t> copy(data + 1, data + size);
  const auto bytes = std::as_bytes(std::span(copy));
  smbios::OemStrings strings(bytes, data[0]);
  const auto* end = reinterpret_cast<const char*>(bytes.data());
  while (const auto text = strings.next()) {
    demand(text->data() > end, "strings don't follow each other");
    end = text->data() + text->size();
    demand(end < reinterpret_cast<const char*>(bytes.data() + bytes.size()) && *end == '\0',
           "a string without an end");
    demand(!text->empty() && text->find('\0') == std::string_view::npos, "a wrong string");
  }
  demand(!strings.next(), "a string after the last");
  if (const auto table = smbios::find_table(bytes)) {
    demand(table->bytes <= 128 * 1024, "a table beyond the limit");
  }
  return 0;
}
