// The surroundings of the HTTP server's tests: fake streams (tests/fakes/fake_stream.hpp) and a
// site packed by tools/site/pack.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/fake_stream.hpp"
#include "tests/unit/http/site.hpp"

namespace mote::http_world {

using fakes::fail_writes;
using fakes::interface;
using fakes::kSegmentBytes;
using fakes::kWindowBytes;
using fakes::pass_time;
using fakes::prompt_answers;
using fakes::text_blocks;

inline constexpr std::size_t kTextBlocks = 1000;

// Starts the server on fake streams: once per program, and again whenever an option changes.
void start_server(bool logs = false, std::uint32_t connections_per_address = 0);

// The lines written to the access log since the last call.
std::vector<std::string> take_log();

// Whether requests are answered promptly if possible.
inline bool answers_promptly = true;

// A peer that is connected from the start.
class Client : public fakes::Peer {
 public:
  Client() { open(); }

  // Sends a segment that also acknowledges everything received, as most requests do.
  void ask(std::string_view request);

  // Acknowledges and retries until nothing more comes; returns everything received so far.
  std::string receive_all();

  [[nodiscard]] bool accepted() const { return !refused(); }
  [[nodiscard]] bool is_released() const { return !is_connected(); }  // the server let go of it
};

// One response taken off the front of a stream.
struct Response {
  int status = 0;
  std::string head;
  std::string body;
};

// Takes a response off the front; `to_head`: it answers HEAD. Fails the test if it is incomplete.
Response take_response(std::string& stream, bool to_head = false);

// A whole GET request for a target, with further field lines after Host.
std::string get(std::string_view target, std::string_view fields = {});
inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// The statuses of all responses in a stream, none of them to HEAD.
std::vector<int> statuses(std::string stream);

// Everything a new connection gets for these bytes before the peer closes.
std::string answer(std::string_view request);

// Begins a test, and checks at its end that nothing leaked.
struct Scene {
  Scene() { start_server(); }
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
};

}  // namespace mote::http_world
