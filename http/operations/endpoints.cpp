// Health and metrics, formatted for each request and sent by copy: TCP may refer to data for a
// resend even after our connection is gone, and these pages would be rewritten meanwhile.
#include "http/operations/endpoints.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "http/limits.hpp"
#include "http/operations/metrics.hpp"
#include "http/operations/options.hpp"
#include "http/reply/preface.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/reply/text_writer.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/stream.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

// The field lines up to Content-Length's value, the same in every answer. The value and the end of
// the head follow.
constexpr std::string_view kHealthFields =
    "Content-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: "sv;
constexpr std::string_view kMetricsFields =
    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nCache-Control: no-store\r\n"
    "Content-Length: "sv;
constexpr std::string_view kEndOfHead = "\r\n\r\n"sv;
constexpr std::size_t kHeadBytes = 160;
static_assert(kMetricsFields.size() + 20 + kEndOfHead.size() <= kHeadBytes);

// The answers when memory is short: health without its numbers, and 503 for metrics.
constexpr std::string_view kBareHealth =
    "Content-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: 15\r\n\r\n"
    "{\"status\":\"ok\"}"sv;
constexpr std::string_view kBareBody = "{\"status\":\"ok\"}"sv;
static_assert(kBareHealth.ends_with(kBareBody) && kBareBody.size() == 15);
constexpr std::string_view kBusy =
    "Retry-After: 1\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n"sv;

bool has_content(const Request& request) { return request.method != Method::kHead; }

void write_health(TextWriter& body) {
  const EndpointOptions& build = options().endpoints;
  body.add("{\"status\":\"ok\",\"uptime_s\":"sv);
  body.add(clock::now().value / 1'000'000'000);
  body.add(",\"version\":\""sv);
  body.add(build.version);
  body.add("\",\"commit\":\""sv);
  body.add(build.commit);
  body.add("\"}"sv);
}

// A machine short of tails or of memory for text is healthy all the same, and this reply, which
// needs neither, can still say so.
Reply bare_health(const Request& request) {
  Reply reply = begin_reply(200, request.persistence);
  reply.body_bytes = has_content(request) ? kBareBody.size() : 0;
  reply.add(kBareHealth.substr(0, kBareHealth.size() - kBareBody.size() + reply.body_bytes));
  return reply;
}

Reply health_reply(const Request& request) {
  std::array<char, 192> storage{};
  TextWriter body(storage);
  write_health(body);
  ReplyTail* const tail =
      netstack::has_text_room() ? ReplyTail::take(ReplyTail::Hold::kShort) : nullptr;
  if (tail == nullptr) {
    return bare_health(request);
  }
  Reply reply = begin_reply(200, request.persistence);
  reply.tail = tail;
  TextWriter& text = tail->text();
  text.add(kHealthFields);
  text.add(body.text().size());
  text.add(kEndOfHead);
  if (has_content(request)) {
    text.add(body.text());
    reply.body_bytes = body.text().size();
  }
  if (body.overflowed() || text.overflowed()) {
    tail->release();
    return bare_health(request);
  }
  return reply;
}

// Memory for a page of metrics, with its head right in front of it.
struct MetricsPage {
  std::array<char, kHeadBytes + limits::kMetricsBytes> memory{};
  TextWriter sent;            // the head, with the body if the request wants it
  ReplyTail* tail = nullptr;  // the tail that used it last
  bool is_free() const { return tail == nullptr || !tail->holds(sent); }
};

constinit std::array<MetricsPage, limits::kMetricsPages> pages{};

// Writes the page. Returns the bytes of its body, or 0 if it didn't fit.
std::size_t write_page(MetricsPage& page, bool with_content) {
  TextWriter body(std::span(page.memory).subspan(kHeadBytes));
  write_metrics(body);
  if (body.overflowed()) {
    return 0;
  }
  std::array<char, kHeadBytes> storage{};
  TextWriter head(storage);
  head.add(kMetricsFields);
  head.add(body.text().size());
  head.add(kEndOfHead);
  const std::size_t start = kHeadBytes - head.text().size();
  std::ranges::copy(head.text(), page.memory.begin() + start);
  page.sent = TextWriter::filled(
      std::span(page.memory)
          .subspan(start, head.text().size() + (with_content ? body.text().size() : 0)));
  return body.text().size();
}

Reply metrics_reply(const Request& request) {
  const auto page = std::ranges::find_if(pages, &MetricsPage::is_free);
  const bool has_page = page != pages.end();
  ReplyTail* const tail = has_page ? ReplyTail::take(ReplyTail::Hold::kLong) : nullptr;
  const std::size_t bytes = tail == nullptr ? 0 : write_page(*page, has_content(request));
  if (bytes == 0) {
    Reply reply = begin_reply(503, request.persistence);
    if (tail != nullptr) {
      tail->release();
    } else {
      reply.shortage = has_page ? Shortage::kTail : Shortage::kMetricsPage;
    }
    reply.add(kBusy);
    return reply;
  }
  tail->set_page(page->sent);
  page->tail = tail;
  Reply reply = begin_reply(200, request.persistence);
  reply.tail = tail;
  reply.body_bytes = has_content(request) ? bytes : 0;
  return reply;
}

}  // namespace

std::optional<Reply> endpoint_reply(const Request& request, const Origin& origin,
                                    std::string_view path) {
  const EndpointOptions& endpoints = options().endpoints;
  if (path == endpoints.health && !path.empty()) {
    return health_reply(request);
  }
  const bool is_let_in = endpoints.metrics_for.includes(origin.interface);
  if (path == endpoints.metrics && !path.empty() && is_let_in) {
    return metrics_reply(request);
  }
  return std::nullopt;
}

}  // namespace mote::http
