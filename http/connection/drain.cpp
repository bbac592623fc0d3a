// Drains the server's connections.
#include "http/connection/drain.hpp"

#include "http/connection/server_state.hpp"
#include "http/operations/options.hpp"

namespace mote::http {

// Known requests would be answered without `Connection: close`, so none may be known any more.
std::size_t drain() {
  if (!server.drains) {
    server.drains = true;
    server.learns = false;
    server.replies.forget_all();
    netstack::stop_listening(options().port);
  }
  while (Connection* const idle = server.queue(Phase::kIdle).front()) {
    idle->finish();
  }
  return server.queue(Phase::kReading).size() + server.queue(Phase::kSending).size();
}

void cut_off() {
  for (const Phase phase : {Phase::kSending, Phase::kReading, Phase::kIdle, Phase::kDraining}) {
    while (Connection* const connection = server.queue(phase).front()) {
      connection->abort();
    }
  }
}

}  // namespace mote::http
