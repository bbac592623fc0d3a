// Fuzzes the reader of YAML.
#include "tests/fuzz/documents.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote;
  fuzz::read_well(formats::read_yaml, {reinterpret_cast<const char*>(data), size});
  return 0;
}
