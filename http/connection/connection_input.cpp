// What a connection does with the bytes that come: requests, their content, and its responses.
#include "http/connection/connection.hpp"
#include "http/connection/server_state.hpp"
#include "http/limits.hpp"
#include "http/operations/access_log.hpp"
#include "http/request/syntax.hpp"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

// What can come while a response is being sent fits into a buffer: the rest of one segment, and a
// receive window that isn't opened before the response is written.
static_assert(TCP_WND + TCP_MSS <= limits::kLargeRequestBytes);

std::string_view bytes_of(const pbuf& data, std::size_t from) {
  return {static_cast<const char*>(data.payload) + from, data.len - from};
}

// Empty lines before a request are passed over (RFC 9112, 2.2).
std::size_t leading_empty_lines(std::string_view input) {
  std::size_t at = 0;
  while (input.size() - at >= 2 && input[at] == '\r' && input[at + 1] == '\n') {
    at += 2;
  }
  return at;
}

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

void Connection::receive(const pbuf& data) {
  held_ += data.tot_len;
  const bool may_be_known = is_at_rest() && data.next == nullptr;
  if (!may_be_known || !answer_again(bytes_of(data, 0))) {  // nearly all requests are
    take_in(data);
  }
}

// The way of all that isn't known as a whole.
[[gnu::noinline]] void Connection::take_in(const pbuf& data) {
  const pbuf* piece = &data;
  std::size_t from = 0;
  while (is_reading_content()) {
    from = read_content(bytes_of(*piece, 0));
    if (from == piece->len) {
      from = 0;
      piece = piece->next;
      if (piece == nullptr) {
        return;
      }
    }
  }
  if (is_discarding()) {
    return;
  }
  if (is_sending() || !buffer_.empty() || piece->next != nullptr) {
    keep(*piece, from);
    serve_buffer();
  } else {  // answered where they lie
    from += serve(bytes_of(*piece, from));
    if (from < piece->len && !is_discarding()) {
      keep(*piece, from);
    }
  }
}

// Answers a request that came before, if `input` is one and nothing else.
bool Connection::answer_again(std::string_view input) {
  const KnownReply* const known = server.replies.find(input);
  if (known == nullptr) {
    return false;
  }
  progress_ |= phase_ != Phase::kSending;
  send(known->reply);
  return true;
}

// Answers the requests at the beginning of `input`, until one isn't complete, its response doesn't
// go out at once, or there is no room for one. Returns how many bytes they were.
std::size_t Connection::serve(std::string_view input) {
  const std::size_t size = input.size();
  waits_for_room_ = false;
  while (!writer_.is_writing() && !is_discarding()) {
    if (scanner_.bytes() == 0) {
      input.remove_prefix(leading_empty_lines(input));
    }
    mid_request_ = !input.empty() && input != "\r"sv;  // half an empty line begins none
    if (!mid_request_) {
      break;
    }
    waits_for_room_ = !writer_.has_room(*pcb_);
    if (waits_for_room_) {
      break;
    }
    const SectionScanner::Verdict verdict = scanner_.scan(input);
    if (verdict == SectionScanner::Verdict::kIncomplete) {
      break;
    }
    const std::string_view received = input;
    const std::string_view section{input.data(), scanner_.bytes()};
    input.remove_prefix(section.size());
    scanner_ = {};
    mid_request_ = false;
    // A request that was waiting is no sign that the peer takes its responses.
    progress_ |= phase_ != Phase::kSending;
    if (verdict == SectionScanner::Verdict::kComplete) {
      input.remove_prefix(answer_request(section, input));
    } else {
      answer_error(status_of(verdict), received);
    }
  }
  return size - input.size();
}

// Answers a request at once: nothing depends on its content, which is read for its end only.
// Returns how much of what came behind the header section is content.
std::size_t Connection::answer_request(std::string_view section, std::string_view rest) {
  auto request = parse_request(section);
  if (!request) {
    answer_error(request.error(), section);
    return 0;
  }
  std::size_t bytes = 0;
  if (request->framing != Framing::kNone) {
    content_.begin(*request);
    bytes = read_content(rest);
    if (content_.state() == ContentReader::State::kBroken) {
      answer_error(Status::kBadRequest, section);
      return bytes;
    }
    // Who waits for 100 gets the final status instead, and may send the content or not (RFC 9110,
    // 10.1.1). What comes next can't be told to be content or a request: it is neither any more.
    closes_ |= request->expects_continue && is_reading_content();
    if (closes_) {
      request->persistence = Persistence::kClose;
    }
  }
  const Reply reply = reply_to(*request);
  if (request->framing == Framing::kNone && !server.logs) {
    server.replies.learn(section, reply);
  }
  answer(reply, request->line, request->fields);
  return bytes;
}

// When what a reply needs is all in use, its longest holder gives way, and the next one if that
// wasn't enough: several ranges leave some tails to others.
Reply Connection::reply_to(const Request& request) {
  const auto make = [&] {
    return make_reply(request, {.interface = interface_}, server.pack, server.scratch);
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

// Returns how many bytes of what came are content. They are done with, so the window is opened for
// them at once: a client may send all its content before it takes any of the response.
std::size_t Connection::read_content(std::string_view input) {
  const std::size_t bytes = content_.read(input);
  server.counters.content_bytes += bytes;
  const std::size_t opened = bytes < held_ ? bytes : held_;
  if (opened > 0) {
    held_ -= static_cast<std::uint32_t>(opened);
    tcp_recved(pcb_, static_cast<std::uint16_t>(opened));
  }
  const bool is_broken = content_.state() == ContentReader::State::kBroken;
  const bool is_too_large = content_.state() == ContentReader::State::kTooLarge;
  server.counters.content_broken += is_broken ? 1 : 0;
  server.counters.content_too_large += is_too_large ? 1 : 0;
  closes_ |= is_broken || is_too_large;
  return bytes;
}

void Connection::serve_buffer() {
  if (!buffer_.empty()) {
    buffer_.consume(serve(buffer_.view()));
  }
}

// Copies what came, from byte `from` of its first piece on, so that lwIP's buffers are free again.
void Connection::keep(const pbuf& data, std::size_t from) {
  for (const pbuf* piece = &data; piece != nullptr; piece = piece->next, from = 0) {
    if (!store(bytes_of(*piece, from))) {
      refuse();
      return;
    }
  }
}

// When no buffer is free, the connection that has held one longest makes room. It can't be this
// one, which holds none or too small a one.
bool Connection::store(std::string_view bytes) {
  if (buffer_.append(bytes, *this)) {
    return true;
  }
  Connection* const holder = RequestBuffer::longest_holder(buffer_.view().size() + bytes.size());
  if (holder == nullptr) {
    return false;
  }
  holder->give_up_buffer();
  return buffer_.append(bytes, *this);
}

void Connection::give_up_buffer() {
  refuse();
  conclude();
  tcp_output(pcb_);
  settle();
}

void Connection::refuse() {
  refused_ = true;
  mid_request_ = waits_for_room_ = false;
  buffer_.clear();
  ++server.counters.no_buffer;
}

// `line` may be followed by more, which is no part of it.
void Connection::answer(const Reply& reply, std::string_view line, std::string_view fields) {
  if (server.logs) {
    log(reply, line, fields);
  }
  send(reply);
}

void Connection::send(const Reply& reply) {
  closes_ |= reply.closes();
  ++server.counters.responses[index_of_status(reply.status)];
  poll_if(!writer_.begin(*pcb_, reply));
}

void Connection::answer_error(Status status, std::string_view request) {
  answer(make_error(status, request, server.pack), request);
}

void Connection::log(const Reply& reply, std::string_view line, std::string_view fields) const {
  const std::size_t end = syntax::index_of(line, '\r');
  const std::string_view whole{line.data(), syntax::index_of({line.data(), end}, '\n')};
  const std::uint32_t peer = __builtin_bswap32(ip4_addr_get_u32(ip_2_ip4(&pcb_->remote_ip)));
  log_access(peer, whole, fields, reply.status, reply.body_bytes);
}

}  // namespace mote::http
