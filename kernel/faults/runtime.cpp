// The functions that the C++ library calls when it is misused. Without exceptions, each is a panic.
#include <bits/functexcept.h>

#include "kernel/faults/panic.hpp"

namespace std {

void __throw_out_of_range_fmt(const char* format, ...) { mote::panic(format); }
void __throw_out_of_range(const char* words) { mote::panic(words); }
void __throw_length_error(const char* words) { mote::panic(words); }
void __throw_logic_error(const char* words) { mote::panic(words); }
void __throw_invalid_argument(const char* words) { mote::panic(words); }

}  // namespace std

extern "C" [[noreturn]] void abort() { mote::panic("abort"); }
