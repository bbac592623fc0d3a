// Replaces http/operations/endpoints.cpp: one endpoint for one interface, one with a long text, and
// one whose text lies in the only page.
#include <array>
#include <string>

#include "http/operations/endpoints.hpp"
#include "http/reply/reply_tail.hpp"

namespace mote::http {
namespace {

TextWriter page;
ReplyTail* page_tail = nullptr;  // the tail that used it last

Reply page_reply(const Request& request) {
  static std::array<char, 20'000> memory;
  const bool has_page = page_tail == nullptr || !page_tail->holds(page);
  ReplyTail* const tail = has_page ? ReplyTail::take(ReplyTail::Hold::kLong) : nullptr;
  Reply reply = begin_reply(tail != nullptr ? 200 : 503, request.persistence);
  if (tail == nullptr) {
    constexpr std::string_view kNothing = "Content-Length: 0\r\n\r\n";
    reply.add(kNothing);
    reply.shortage = has_page ? Shortage::kTail : Shortage::kMetricsPage;
    return reply;
  }
  page = TextWriter(memory);
  page.add("Content-Length: 15000\r\n\r\n");
  page.add(std::string(15'000, 'x'));
  tail->set_page(page);
  page_tail = reply.tail = tail;
  return reply;
}

}  // namespace

std::optional<Reply> endpoint_reply(const Request& request, const Origin& origin,
                                    std::string_view path) {
  if (path == "/page") {
    return page_reply(request);
  }
  if (path == "/text") {
    ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort);
    Reply reply = begin_reply(tail != nullptr ? 200 : 503, request.persistence);
    if (tail == nullptr) {
      constexpr std::string_view kNothing = "Content-Length: 0\r\n\r\n";
      reply.add(kNothing);
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
  Reply reply = begin_reply(200, request.persistence);
  reply.body_bytes = 2;
  reply.add(kRest);
  return reply;
}

}  // namespace mote::http
