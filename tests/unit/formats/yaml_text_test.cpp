// Tests of scalars in YAML.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/formats/reading.hpp"

namespace mote::formats {
namespace {

std::string read(std::string_view text) { return Reading(read_yaml, text).text(); }

TEST_CASE("maps and lists") {
  CHECK(read("a: 1\nb:\n- x\n- y: 1\n  z: 2\nc: {d: [e, f], g: }\n") ==
        "{a: 1, b: [x, {y: 1, z: 2}], c: {d: [e, f], g: ~}}");
}

}  // namespace
}  // namespace mote::formats
