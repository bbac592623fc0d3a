// The C library's memory and string functions that the compiler, the C++ headers and lwIP call.
// `no_builtin` keeps the compiler from turning a body into a call to itself.
#include "kernel/memory/memory.hpp"

#include <cstddef>
#include <cstdint>

namespace memory = mote::memory;

extern "C" {

[[clang::no_builtin]] void* memcpy(void* __restrict to, const void* __restrict from,
                                   std::size_t bytes) {
  memory::copy(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
  return to;
}

[[clang::no_builtin]] void* memmove(void* to, const void* from, std::size_t bytes) {
  memory::move(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
  return to;
}

[[clang::no_builtin]] void* memset(void* to, int value, std::size_t bytes) {
  memory::fill(static_cast<std::byte*>(to), static_cast<std::uint8_t>(value), bytes);
  return to;
}

[[clang::no_builtin]] int memcmp(const void* a, const void* b, std::size_t bytes) {
  return memory::compare(static_cast<const std::byte*>(a), static_cast<const std::byte*>(b), bytes);
}

[[clang::no_builtin]] void* memchr(const void* in, int value, std::size_t bytes) {
  return const_cast<std::byte*>(
      memory::find(static_cast<const std::byte*>(in), static_cast<std::uint8_t>(value), bytes));
}

[[clang::no_builtin]] std::size_t strlen(const char* text) { return memory::length(text); }

[[clang::no_builtin]] int strcmp(const char* a, const char* b) {
  return memory::compare_text(a, b, SIZE_MAX);
}

[[clang::no_builtin]] int strncmp(const char* a, const char* b, std::size_t limit) {
  return memory::compare_text(a, b, limit);
}

}  // extern "C"
