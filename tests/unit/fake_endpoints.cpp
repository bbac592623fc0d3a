// Stands in for http/endpoints: one endpoint for one interface, and one with a long text.
#include <string>

#include "http/endpoints.hpp"
#include "http/preface.hpp"
#include "http/reply_tail.hpp"

namespace mote::http {

std::optional<Reply> endpoint_reply(const Request& request, const Origin& origin,
                                    std::string_view path) {
  if (path == "/text") {
    ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort);
    Reply reply = begin_reply(tail != nullptr ? 200 : 503, request.persistence);
    if (tail == nullptr) {
      constexpr std::string_view kNothing = "Content-Length: 0\r\n\r\n";
      reply.pieces[1] = {.data = kNothing.data(), .bytes = kNothing.size()};
      reply.shortage = Shortage::kTail;
      return reply;
    }
    reply.tail = tail;
    reply.tail->text().add("Content-Length: 300\r\n\r\n");
    reply.tail->text().add(std::string(300, 'x'));
    return reply;
  }
  constexpr std::string_view kRest = "Content-Length: 2\r\n\r\nok";
  if (path != "/healthz" || origin.interface != 1) {
    return std::nullopt;
  }
  const std::string_view start = preface(200, request.persistence);
  Reply reply{.status = 200, .body_bytes = 2};
  reply.pieces[0] = {.data = start.data(), .bytes = start.size()};
  reply.pieces[1] = {.data = kRest.data(), .bytes = kRest.size()};
  return reply;
}

}  // namespace mote::http
