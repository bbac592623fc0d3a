// Memory for requests that can't be answered at once: incomplete ones, and pipelined ones that must
// wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "http/limits.hpp"
#include "http/plan.hpp"
#include "kernel/memory/arena.hpp"

namespace mote::http {

class Connection;

// Holds received bytes in a buffer from the pools (limits::kSmallRequests and the others). It takes
// a buffer when bytes are added, a larger one when they don't fit, and gives it back when its last
// byte is consumed. Its owner is static and never destroyed, so it has no destructor: call `clear`.
class RequestBuffer {
 public:
  // Takes the pools' memory, once, before all else. False: the arena has no room for it.
  [[nodiscard]] static bool set_up(Arena& arena, const Plan& plan);

  RequestBuffer() = default;
  RequestBuffer(const RequestBuffer&) = delete;
  RequestBuffer& operator=(const RequestBuffer&) = delete;

  // Appends bytes, on behalf of the connection this is a part of. False: no large enough buffer is
  // free, and nothing has changed.
  [[nodiscard]] bool append(std::string_view bytes, Connection& owner);

  // Removes bytes from the front.
  void consume(std::size_t bytes);
  void clear();

  [[nodiscard]] bool empty() const { return bytes_ == 0; }
  [[nodiscard]] std::string_view view() const { return {data(), bytes_}; }

  // The connection that must give up its buffer so that one for this many bytes is free: the
  // longest holder of the smallest size that fits. Null: no buffer is that large, or one is free.
  [[nodiscard]] static Connection* longest_holder(std::size_t bytes);

  // Buffers in use now, of all sizes.
  [[nodiscard]] static std::size_t in_use();

 private:
  [[nodiscard]] char* data() const;
  [[nodiscard]] std::size_t capacity() const;

  std::uint16_t number_ = 0;  // its buffer's; 0: none
  std::uint16_t bytes_ = 0;
};

}  // namespace mote::http
