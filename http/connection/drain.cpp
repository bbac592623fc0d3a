// Drains the server's connections.
#include "http/connection/drain.hpp"

#include "http/connection/server_state.hpp"
#include "http/limits.hpp"
#include "http/operations/options.hpp"

namespace mote::http {

namespace {

constexpr std::uint32_t kIdleTicks = limits::kDrainIdleMs / ServerState::kTickMs;

}  // namespace

// Known requests would be answered without `Connection: close`, so none may be known any more.
Undrained drain() {
  if (!server.drains) {
    server.drains = true;
    server.learns = false;
    server.replies.forget_all();
    netstack::stop_listening(options().port);
  }
  ConnectionQueue& idle = server.queue(Phase::kIdle);
  while (idle.front() != nullptr && server.ticks - idle.front()->since() >= kIdleTicks) {
    idle.front()->finish();
  }
  const std::size_t responses =
      server.queue(Phase::kReading).size() + server.queue(Phase::kSending).size();
  return {.responses = responses, .connections = responses + idle.size()};
}

void cut_off() {
  for (const Phase phase : {Phase::kSending, Phase::kReading}) {
    while (Connection* const connection = server.queue(phase).front()) {
      connection->abort();
    }
  }
  while (Connection* const idle = server.queue(Phase::kIdle).front()) {
    idle->finish();
  }
}

}  // namespace mote::http
