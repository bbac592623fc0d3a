// Accepting connections, and their time limits.
#include "http/connection/server.hpp"

#include <new>

#include "http/connection/server_state.hpp"
#include "http/limits.hpp"
#include "http/reply/preface.hpp"
#include "http/reply/reply_tail.hpp"
#include "kernel/platform/entropy.hpp"

namespace mote::http {

constinit ServerState server{};

namespace {

constinit Options chosen;

constexpr std::uint32_t ticks_of(std::uint32_t milliseconds) {
  return (milliseconds + ServerState::kTickMs - 1) / ServerState::kTickMs;
}

// Each queue is ordered by when its connections' time limits pass, so a tick looks only at those
// that expire.
void tick(void* /*unused*/) {
  netstack::call_later(ServerState::kTickMs, tick);
  ++server.ticks;
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    const std::uint32_t limit = server.time_limits[phase];
    if (limit == 0) {
      continue;
    }
    Connection* oldest = server.queues[phase].front();
    while (oldest != nullptr && server.ticks - oldest->since() >= limit) {
      oldest->expire();
      oldest = server.queues[phase].front();
    }
  }
}

Connection* unused_connection() {
  if (Connection* recycled = server.queue(Phase::kFree).front()) {
    server.queue(Phase::kFree).remove(*recycled);
    return recycled;
  }
  return server.connections_touched < server.connections.size()
             ? new (&server.connections[server.connections_touched++]) Connection
             : nullptr;
}

// Whether an address has so many connections that one of its running responses may be cut off for
// a connection from an address that has `newcomers`.
bool is_greedy(const Connection& connection, std::uint32_t newcomers) {
  const std::uint32_t open = connection.open_from_source();
  return open >= server.connections.size() / limits::kGreedyShare && open / 2 > newcomers;
}

// Closes the least useful connection, if there is one, for a new one from an address that has
// `newcomers`. The front of the senders is the slowest: it has waited longest for its peer to take
// limits::kLeastSendBytes. If even that one is making progress, and no address has taken too many,
// none is closed: no running response is cut off for a connection that hasn't begun.
void make_room(std::uint32_t newcomers) {
  for (const Phase phase : {Phase::kDraining, Phase::kIdle, Phase::kReading}) {
    if (Connection* const connection = server.queue(phase).greediest()) {
      connection->evict();
      return;
    }
  }
  Connection* const slowest = server.queue(Phase::kSending).front();
  if (slowest == nullptr) {
    return;
  }
  if (server.ticks - slowest->since() >= ticks_of(limits::kSlowTimeMs)) {
    slowest->evict();
    return;
  }
  Connection* const greediest = server.queue(Phase::kSending).greediest();
  if (is_greedy(*greediest, newcomers)) {
    greediest->evict();
  }
}

// A connection for an address that has entered once more; null: it may have none. If all are taken,
// another makes room for it.
Connection* connection_for(const Source& source) {
  const std::uint32_t most = chosen.connections_per_address;
  if (most != 0 && source.open > most) {
    ++server.counters.refused_by_address;
    return nullptr;
  }
  if (server.counters.open >= server.connections.size()) {
    make_room(source.open - 1);
  }
  Connection* const connection = unused_connection();
  server.counters.refused += connection == nullptr ? 1 : 0;
  return connection;
}

bool accept(Stream stream) {
  Source& source = server.sources.enter(stream.peer());
  Connection* const connection = connection_for(source);
  if (connection == nullptr) {
    server.sources.leave(source);
    return false;
  }
  connection->begin(stream, source);
  return true;
}

}  // namespace

bool set_up(Arena& arena, const Plan& plan) {
  server.connections = arena.take<Connection>(plan.connections);
  return server.sources.set_up(arena, plan.connections) &&
         server.connections.size() == plan.connections && RequestBuffer::set_up(arena, plan) &&
         ReplyTail::set_up(arena, plan);
}

bool start(const SitePack& pack, const Options& options) {
  server.pack = pack;
  set_earliest_date(pack.newest());
  server.replies.forget_all();
  chosen = options;
  server.logs = options.log.combined;
  server.learns = !server.logs;
  server.drains = false;
  server.sources.shuffle(entropy::random64());
  server.time_limits[static_cast<std::size_t>(Phase::kIdle)] = ticks_of(options.idle_time_ms);
  server.time_limits[static_cast<std::size_t>(Phase::kReading)] = ticks_of(options.header_time_ms);
  server.time_limits[static_cast<std::size_t>(Phase::kSending)] = ticks_of(limits::kStallTimeMs);
  server.time_limits[static_cast<std::size_t>(Phase::kDraining)] = ticks_of(limits::kDrainTimeMs);

  if (!netstack::listen<accept>(options.port)) {
    return false;
  }
  netstack::call_later(ServerState::kTickMs, tick);
  return true;
}

void bind_metrics(Audience audience) { chosen.endpoints.metrics_for = audience; }

const Counters& counters() { return server.counters; }

std::size_t most_connections() { return server.connections.size(); }

const Options& options() { return chosen; }

}  // namespace mote::http
