// Fuzzes the reader of TOML.
#include "tests/fuzz/documents.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mote;
  fuzz::read_well(formats::read_toml, {reinterpret_cast<const char*>(data), size});
  return 0;
}
