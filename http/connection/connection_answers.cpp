// From the bytes that arrive to responses.
#include <span>

#include "http/connection/connection.hpp"
#include "http/connection/server_state.hpp"
#include "http/limits.hpp"
#include "http/operations/access_log.hpp"
#include "http/operations/endpoints.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

// Everything that can arrive while a response is being sent fits into a buffer: the rest of one
// segment, and one receive window, which isn't reopened before the response is written.
static_assert(Stream::kWindowBytes + Stream::kSegmentBytes <= limits::kLargeRequestBytes);

Status status_of(SectionScanner::Verdict verdict) {
  switch (verdict) {
    case SectionScanner::Verdict::kLineTooLong:
      return Status::kUriTooLong;
    case SectionScanner::Verdict::kTooLarge:
      return Status::kHeaderFieldsTooLarge;
    default:
      return Status::kBadRequest;
  }
}

}  // namespace

void Connection::on_arrived(netstack::Arrived data) {
  held_ += data.bytes();
  const bool may_be_known = is_at_rest() && data.is_one_piece();
  if (!may_be_known || !answer_again(data.piece())) {  // nearly all requests are known
    take_in(data);
    server.replies.end_frame();
  }
  conclude();
  settle();
}

// Slow path: not matched whole by the reply cache.
[[gnu::noinline]] void Connection::take_in(netstack::Arrived data) {
  std::size_t from = 0;
  while (reader_.is_reading_content()) {
    from = read_content(data.piece());
    if (from == data.piece().size()) {
      if (data.is_one_piece()) {
        return;
      }
      data = data.behind_first();
      from = 0;
    }
  }
  if (is_discarding()) {
    return;
  }
  if (is_sending() || reader_.keeps_any() || !data.is_one_piece()) {
    keep(data, from);
    serve_buffer();
  } else {  // answer requests in place
    from += serve(data.piece().substr(from));
    if (from < data.piece().size() && !is_discarding()) {
      keep(data, from);
    }
  }
}

// Answers from the reply cache if `input` is exactly one known request.
bool Connection::answer_again(std::string_view input) {
  const Reply* const known = server.replies.find_once(input);
  if (known == nullptr) {
    return false;
  }
  progress_ |= phase_ != Phase::kSending;
  send(*known);
  return true;
}

// Answers known requests only, and only when the connection is waiting for nothing but its next
// request.
netstack::PromptReply Connection::find_prompt(std::string_view bytes) const {
  const bool is_ready = is_quiet() && !peer_closed_ && !retries_;
  const Reply* const known = is_ready ? server.replies.find(bytes) : nullptr;
  if (known == nullptr) {
    return {};
  }
  return {.pieces = std::span(known->pieces).first(known->count),
          .bytes = known->bytes,
          .is_last = known->closes(),
          .origin = known};
}

// Restarts the time limit: a request came, and it acknowledged the response before it.
void Connection::note_prompt(const netstack::PromptReply& found) {
  const Reply& reply = *static_cast<const Reply*>(found.origin);
  ++server.counters.responses[index_of_status(reply.status)];
  server.counters.bytes += found.bytes;
  writer_.acknowledge_all();
  if (found.is_last) {
    closes_ = fin_sent_ = progress_ = true;
    settle();
    return;
  }
  if (since_ != server.ticks) {
    enter(phase_);
  } else {
    begin_time();
  }
}

// Answers the requests at the front of `input` until one is incomplete, a response doesn't go out
// at once, or there is no room for one. Returns the bytes consumed.
std::size_t Connection::serve(std::string_view input) {
  const std::size_t size = input.size();
  waits_for_room_ = false;
  while (!writer_.is_writing() && !is_discarding() && reader_.begin_request(input)) {
    waits_for_room_ = !ReplyWriter::has_room(stream_);
    if (waits_for_room_) {
      break;
    }
    const SectionScanner::Verdict verdict = reader_.scan(input);
    if (verdict == SectionScanner::Verdict::kIncomplete) {
      break;
    }
    const std::string_view received = input;
    const std::string_view section = reader_.take_section(input);
    // While sending, a request that was waiting doesn't show that the peer takes its responses.
    progress_ |= phase_ != Phase::kSending;
    if (verdict == SectionScanner::Verdict::kComplete) {
      input.remove_prefix(answer_request(section, input));
    } else {
      answer_error(status_of(verdict), received);
    }
  }
  return size - input.size();
}

// Answers a request at once: its content matters only for where it ends. Returns how many bytes of
// `rest` are content.
std::size_t Connection::answer_request(std::string_view section, std::string_view rest) {
  auto request = parse_request(section);
  if (!request) {
    answer_error(request.error(), section);
    return 0;
  }
  std::size_t bytes = 0;
  if (request->framing != Framing::kNone) {
    reader_.begin_content(*request);
    bytes = read_content(rest);
    if (reader_.content_state() == ContentReader::State::kBroken) {
      answer_error(Status::kBadRequest, section);
      return bytes;
    }
    // A client waiting for 100 gets the final status instead, and may then send the content or not
    // (RFC 9110, 10.1.1). Its next bytes could be content or a request, so we read neither and
    // close.
    closes_ |= request->expects_continue && reader_.is_reading_content();
    if (closes_) {
      request->persistence = Persistence::kClose;
    }
  }
  if (server.drains) [[unlikely]] {
    request->persistence = Persistence::kClose;
  }
  const Reply reply = reply_to(*request);
  if (request->framing == Framing::kNone && server.learns) {
    server.replies.learn(section, reply);
  }
  answer(reply, request->line, request->fields);
  return bytes;
}

// When a resource that the reply needs is used up, its longest holder gives way, and then the next
// if that wasn't enough: replies with several ranges must leave some tails to others.
Reply Connection::reply_to(const Request& request) {
  const auto make = [&] {
    return make_reply(request, {.interface = stream_.interface()}, server.pack, endpoint_reply,
                      server.scratch);
  };
  Reply reply = make();
  while (reply.shortage != Shortage::kNone) [[unlikely]] {
    const auto which = reply.shortage == Shortage::kMetricsPage ? HoldingQueue::Which::kWithPage
                                                                : HoldingQueue::Which::kAny;
    Connection* const holder = tail_holders.longest_holder(server.ticks, this, which);
    if (holder == nullptr) {
      break;
    }
    holder->give_way();
    reply = make();
  }
  return reply;
}

// Returns how many bytes of `input` are content. They need no further work, so the window is
// reopened for them at once: a client may send all its content before it takes any of the response.
std::size_t Connection::read_content(std::string_view input) {
  const std::size_t bytes = reader_.read_content(input);
  server.counters.content_bytes += bytes;
  const std::size_t opened = bytes < held_ ? bytes : held_;
  if (opened > 0) {
    held_ -= static_cast<std::uint32_t>(opened);
    stream_.open_window(static_cast<std::uint32_t>(opened));
  }
  const bool is_broken = reader_.content_state() == ContentReader::State::kBroken;
  const bool is_too_large = reader_.content_state() == ContentReader::State::kTooLarge;
  server.counters.content_broken += is_broken ? 1 : 0;
  server.counters.content_too_large += is_too_large ? 1 : 0;
  closes_ |= is_broken || is_too_large;
  return bytes;
}

void Connection::serve_buffer() {
  if (reader_.keeps_any()) {
    reader_.consume(serve(reader_.kept()));
  }
}

// Copies the input, starting at byte `from` of its first piece, so that its buffers can be freed.
void Connection::keep(netstack::Arrived data, std::size_t from) {
  while (store(data.piece().substr(from))) {
    if (data.is_one_piece()) {
      return;
    }
    data = data.behind_first();
    from = 0;
  }
  refuse();
}

// When no buffer is free, the connection that has held one longest gives it up. That is never this
// one, which has no buffer or too small a one.
bool Connection::store(std::string_view bytes) {
  if (reader_.keep(bytes, *this)) {
    return true;
  }
  Connection* const holder = RequestBuffer::longest_holder(reader_.kept().size() + bytes.size());
  if (holder == nullptr) {
    return false;
  }
  holder->give_up_buffer();
  return reader_.keep(bytes, *this);
}

void Connection::give_up_buffer() {
  refuse();
  conclude();
  stream_.flush();
  settle();
}

void Connection::refuse() {
  refused_ = true;
  waits_for_room_ = false;
  reader_.discard();
  ++server.counters.no_buffer;
}

// `line` may run on past the request line.
void Connection::answer(const Reply& reply, std::string_view line, std::string_view fields) {
  if (server.logs) {
    log(reply, line, fields);
  }
  send(reply);
}

void Connection::send(const Reply& reply) {
  closes_ |= reply.closes();
  ++server.counters.responses[index_of_status(reply.status)];
  retry_if(!writer_.begin(stream_, reply));
}

void Connection::answer_error(Status status, std::string_view request) {
  answer(make_error(status, request, server.pack), request);
}

void Connection::log(const Reply& reply, std::string_view line, std::string_view fields) const {
  const std::size_t end = syntax::index_of(line, '\r');
  const std::string_view whole{line.data(), syntax::index_of({line.data(), end}, '\n')};
  log_access(stream_.peer(), whole, fields, reply.status, reply.body_bytes);
}

}  // namespace mote::http
