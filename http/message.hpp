// A whole response in memory: status line, header fields, and directly behind them the body.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::http {

struct Message {
  const char* data;  // the status line; memory lives as long as the machine
  std::uint16_t status;
  std::uint16_t status_line_bytes;  // with its line end; fields may be put in behind it
  std::uint32_t head_bytes;         // the whole header block with its empty line
  std::uint64_t body_bytes;
};

}  // namespace mote::http
