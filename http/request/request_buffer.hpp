// Memory for what can't be answered at once: requests in pieces, and requests that came too early.
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

// Bytes received, in a buffer of the pools (limits::kSmallRequests and the others). It takes
// a buffer when bytes are put in, a larger one when they don't fit, and gives it back with the last
// byte. Its owner is static and never destroyed, so `clear` takes a destructor's place.
class RequestBuffer {
 public:
  // Takes the pools' memory, once, before all else. False: the arena has no room for it.
  [[nodiscard]] static bool set_up(Arena& arena, const Plan& plan);

  RequestBuffer() = default;
  RequestBuffer(const RequestBuffer&) = delete;
  RequestBuffer& operator=(const RequestBuffer&) = delete;

  // Adds bytes at the end, for the connection that this is a part of. False, and nothing is
  // changed: no buffer that is large enough is free.
  [[nodiscard]] bool append(std::string_view bytes, Connection& owner);

  // Takes bytes away at the beginning.
  void consume(std::size_t bytes);
  void clear();

  [[nodiscard]] bool empty() const { return bytes_ == 0; }
  [[nodiscard]] std::string_view view() const { return {data(), bytes_}; }

  // Whose buffer to take away so that one for so many bytes is free: of those just large enough the
  // one held longest. Null: no buffer is so large, or one is free.
  [[nodiscard]] static Connection* longest_holder(std::size_t bytes);

  // Buffers in use now, of all sizes.
  [[nodiscard]] static std::size_t in_use();

 private:
  [[nodiscard]] char* data() const;
  [[nodiscard]] std::size_t capacity() const;

  std::uint16_t number_ = 0;  // 0: none; then the small, the medium, the large ones
  std::uint16_t bytes_ = 0;
};

}  // namespace mote::http
