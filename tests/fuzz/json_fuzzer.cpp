// Fuzzes the reader of JSON. What the reader of YAML takes as well must mean the same to it.
#include "tests/fuzz/documents.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const fuzz::ReadDocument json = fuzz::read_well(formats::read_json, text);
  const fuzz::ReadDocument yaml(formats::read_yaml, text, formats::kMostNodes);
  fuzz::demand(!json.is_read() || !yaml.is_read() || json.meaning(false) == yaml.meaning(false),
               "JSON means another thing in YAML");
  return 0;
}
