// Tests of the walk over stack frames, sound and damaged.
#include "kernel/faults/backtrace.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mote {
namespace {

// A stack of words; words[i] lies at address(i).
class FakeStack {
 public:
  std::array<std::uint64_t, 16> words{};

  [[nodiscard]] std::uint64_t address(std::size_t i) const {
    return reinterpret_cast<std::uintptr_t>(words.data()) + 8 * i;
  }
  void frame(std::size_t at, std::uint64_t caller, std::uint64_t return_address) {
    words[at] = caller;
    words[at + 1] = return_address;
  }
  [[nodiscard]] std::vector<std::uint64_t> walk(std::uint64_t from, std::size_t most = 8) const {
    std::vector<std::uint64_t> callers(most);
    const AddressRange text{0x10'0000, 0x11'0000};
    callers.resize(walk_frames(from, {address(0), address(words.size())}, text, callers));
    return callers;
  }
};

TEST_CASE("a backtrace follows sound frames and stops at the first that is not") {
  using Callers = std::vector<std::uint64_t>;
  FakeStack stack;
  stack.frame(2, stack.address(6), 0x10'0010);
  stack.frame(6, stack.address(14), 0x10'0020);
  stack.frame(14, 0, 0x10'FFFF);
  CHECK(stack.walk(stack.address(2)) == Callers{0x10'0010, 0x10'0020, 0x10'FFFF});
  CHECK(stack.walk(stack.address(2), 2) == Callers{0x10'0010, 0x10'0020});
  stack.frame(14, stack.address(2), 0x11'0000);  // not in text
  CHECK(stack.walk(stack.address(2)) == Callers{0x10'0010, 0x10'0020});
  stack.frame(6, stack.address(2), 0x10'0020);  // turns back
  CHECK(stack.walk(stack.address(2)) == Callers{0x10'0010, 0x10'0020});
  for (const std::uint64_t nowhere :
       {std::uint64_t{0}, ~std::uint64_t{0}, stack.address(2) + 1, stack.address(15),
        stack.address(16), stack.address(0) - 16}) {
    CHECK(stack.walk(nowhere).empty());
  }
}

}  // namespace
}  // namespace mote
