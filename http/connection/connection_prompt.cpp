// Requests that are answered before lwIP hears of them (netstack/tcp/prompt_answer.hpp).
#include <span>

#include "http/connection/connection.hpp"
#include "http/connection/server_state.hpp"
#include "netstack/tcp/prompt_answer.hpp"

namespace mote::http {

netstack::PromptServer Connection::prompt_server() {
  return {.receive = on_receive, .find = find_prompt, .sent = note_prompt};
}

// Only what came before, on a connection that waits for nothing but the next request.
netstack::PromptReply Connection::find_prompt(const void* self, std::string_view bytes) {
  const auto& connection = *static_cast<const Connection*>(self);
  const bool is_ready = connection.is_quiet() && !connection.peer_closed_ && !connection.polls_;
  const KnownReply* const known = is_ready ? server.replies.find(bytes) : nullptr;
  if (known == nullptr || known->reply.closes() || known->gathered.bytes > TCP_MSS) {
    return {};
  }
  const GatheredPieces& all = known->gathered;
  return {.pieces = std::span(all.pieces).first(all.count),
          .bytes = static_cast<std::uint16_t>(all.bytes),
          .origin = &known->reply};
}

// A request, and that the response before it has arrived, are each a reason for the time limit to
// begin anew.
void Connection::note_prompt(void* self, const netstack::PromptReply& found) {
  auto& connection = *static_cast<Connection*>(self);
  const Reply& reply = *static_cast<const Reply*>(found.origin);
  ++server.counters.responses[index_of_status(reply.status)];
  server.counters.bytes += found.bytes;
  if (connection.since_ != server.ticks) {
    connection.enter(connection.phase_);
  } else {
    connection.begin_time();
  }
  connection.writer_.replace(found.bytes);
}

}  // namespace mote::http
