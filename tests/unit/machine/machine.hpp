// A simulated machine for running the kernel's sources on the host: ports, registers in memory,
// MSRs, CPUID, time.
//
// Unit tests are compiled with this folder in front of the root (build.ninja.in), so they see its
// kernel/cpu/{instructions,mmio,port_io}.hpp: each access goes to the FakeMachine that the test has
// made. Without one there are no ports, and time is the host's. Registers only keep what is written
// to them; a test that wants more sets the handlers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <ostream>
#include <utility>
#include <vector>

#include "kernel/cpu/addresses.hpp"

namespace mote {

class FakeMachine {
 public:
  enum class To : std::uint8_t { kPort, kMemory, kMsr };

  // A write that a device can see.
  struct Write {
    To to;
    std::uint64_t where;
    unsigned bytes;
    std::uint64_t value;
    friend bool operator==(const Write&, const Write&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Write& write) {
      constexpr std::array kNames = {"port", "memory", "MSR"};
      return out << std::hex << kNames[static_cast<std::size_t>(write.to)] << " 0x" << write.where
                 << " = 0x" << write.value << std::dec << " (" << write.bytes << " bytes)";
    }
  };

  // Thrown where a real machine would halt or reset.
  struct Halted {};
  struct TripleFault {};

  using Registers = std::array<std::uint32_t, 4>;  // EAX, EBX, ECX, EDX

  FakeMachine() { current() = this; }
  ~FakeMachine() { current() = nullptr; }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  [[nodiscard]] static FakeMachine*& current() {
    static FakeMachine* machine = nullptr;
    return machine;
  }

  std::vector<Write> writes;

  // The writes that tests expect.
  static Write out8(std::uint64_t port, std::uint64_t value) { return {To::kPort, port, 1, value}; }
  static Write out16(std::uint64_t port, std::uint64_t value) {
    return {To::kPort, port, 2, value};
  }
  static Write out32(std::uint64_t port, std::uint64_t value) {
    return {To::kPort, port, 4, value};
  }
  static Write write8(std::uint64_t at, std::uint64_t value) { return {To::kMemory, at, 1, value}; }
  static Write write16(std::uint64_t at, std::uint64_t value) {
    return {To::kMemory, at, 2, value};
  }
  static Write write32(std::uint64_t at, std::uint64_t value) {
    return {To::kMemory, at, 4, value};
  }
  static Write wrmsr(std::uint64_t msr, std::uint64_t value) { return {To::kMsr, msr, 8, value}; }

  // Registers that keep what is written to them. Absent ones read as all ones.
  std::map<std::uint16_t, std::uint32_t> ports;
  std::map<std::uint64_t, std::uint64_t> memory;
  std::map<std::uint32_t, std::uint64_t> msrs;
  std::vector<AddressRange> windows;  // devices'; all other memory is the test's own

  // Handlers: they take precedence over the registers.
  std::function<std::uint32_t(std::uint16_t port, unsigned bytes)> on_in;
  std::function<void(std::uint16_t port, unsigned bytes, std::uint32_t value)> on_out;
  std::function<std::uint64_t(std::uint64_t address, unsigned bytes)> on_read;
  std::function<void(std::uint64_t address, unsigned bytes, std::uint64_t value)> on_write;
  std::function<void(std::uint32_t number, std::uint64_t value)> on_msr;
  std::function<void()> on_halt;
  std::function<void()> on_look;  // each time the counter is read
  std::function<bool(std::uint64_t& value)> on_rdrand;
  std::function<bool(std::uint64_t& value)> on_rdseed;

  std::map<std::pair<std::uint32_t, std::uint32_t>, Registers> leaves;  // by leaf and subleaf

  // The time stamp counter, which advances by `ticks_a_look` with each read, and by `ticks_a_pause`
  // with each pause.
  std::uint64_t ticks = 0;
  std::uint64_t ticks_a_look = 100;
  std::uint64_t ticks_a_pause = 1000;

  std::uint64_t fault_address = 0;
  std::uint64_t page_table_root = 0;
  bool write_protect = true;
  bool interrupts_on = false;
  std::uint64_t task_priority = 0;

  std::uint32_t in(std::uint16_t port, unsigned bytes) {
    return on_in ? on_in(port, bytes) : value_of(ports, port, ~std::uint32_t{0});
  }
  void out(std::uint16_t port, unsigned bytes, std::uint32_t value) {
    writes.push_back({To::kPort, port, bytes, value});
    if (on_out) {
      on_out(port, bytes, value);
    } else {
      ports[port] = value;
    }
  }

  [[nodiscard]] bool has(std::uint64_t address, unsigned bytes) const {
    for (const AddressRange& window : windows) {
      if (window.contains(address, bytes)) {
        return true;
      }
    }
    return false;
  }
  std::uint64_t read(std::uint64_t address, unsigned bytes) {
    return on_read ? on_read(address, bytes) : value_of(memory, address, ~std::uint64_t{0});
  }
  void write(std::uint64_t address, unsigned bytes, std::uint64_t value) {
    writes.push_back({To::kMemory, address, bytes, value});
    if (on_write) {
      on_write(address, bytes, value);
    } else {
      memory[address] = value;
    }
  }

  std::uint64_t read_msr(std::uint32_t number) {
    return msrs.at(number);
  }  // at() throws where the CPU would fault
  void write_msr(std::uint32_t number, std::uint64_t value) {
    writes.push_back({To::kMsr, number, 8, value});
    if (on_msr) {
      on_msr(number, value);
    } else {
      msrs[number] = value;
    }
  }

  [[nodiscard]] Registers cpuid(std::uint32_t leaf, std::uint32_t subleaf) const {
    return value_of(leaves, std::pair(leaf, subleaf), Registers{});
  }

 private:
  template <typename Map>
  static typename Map::mapped_type value_of(const Map& map, typename Map::key_type key,
                                            typename Map::mapped_type otherwise) {
    const auto found = map.find(key);
    return found == map.end() ? otherwise : found->second;
  }
};

}  // namespace mote
