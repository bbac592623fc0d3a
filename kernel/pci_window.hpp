// The part of the address space from which BARs without a place get one.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/pci_config.hpp"

namespace mote::pci {

class Window {
 public:
  constexpr Window() = default;
  constexpr Window(std::uint64_t begin, std::uint64_t end) : begin_(begin), end_(end) {}

  // Places that someone else has are given up, with all above them.
  constexpr void avoid(const Bar& bar) {
    if (!bar.is_io && bar && bar.address < end_ && bar.address + bar.bytes > begin_) {
      end_ = bar.address > begin_ ? bar.address : begin_;
    }
  }

  // `bytes`, a power of two, aligned to their size, from the top down.
  constexpr std::optional<std::uint64_t> take(std::uint64_t bytes) {
    if (bytes == 0 || bytes > end_ - begin_) {
      return std::nullopt;
    }
    const std::uint64_t address = (end_ - bytes) & ~(bytes - 1);
    if (address < begin_) {
      return std::nullopt;
    }
    end_ = address;
    return address;
  }

 private:
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace mote::pci
