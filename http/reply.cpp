// Choosing a response, and cutting it into the pieces that are written.
#include "http/reply.hpp"

#include "http/conditions.hpp"
#include "http/responses.hpp"
#include "http/target.hpp"

namespace mote::http {
namespace {

constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kKeepAlive = "Connection: keep-alive\r\n";

// A silent reply is one piece. Otherwise the Connection field goes in behind the status line.
Reply compose(const Message& message, Method method, Persistence persistence) {
  Reply reply{.status = message.status, .closes = persistence == Persistence::kClose};
  const std::uint64_t bytes =
      message.head_bytes + (method == Method::kHead ? 0 : message.body_bytes);
  if (persistence == Persistence::kSilent) {
    reply.pieces[0] = {.data = message.data, .bytes = bytes};
    return reply;
  }
  const std::string_view field = reply.closes ? kClose : kKeepAlive;
  const std::uint64_t line = message.status_line_bytes;
  reply.pieces = {{{.data = message.data, .bytes = line},
                   {.data = field.data(), .bytes = field.size()},
                   {.data = message.data + line, .bytes = bytes - line}}};
  return reply;
}

Message find_message(const Request& request, std::string_view path, const SitePack& pack) {
  const Resource* resource = pack.find(path);
  if (resource == nullptr) {
    resource = pack.not_found();
    return resource == nullptr ? not_found_page() : pack.message(*resource);
  }
  if (request.is_conditional && resource->tag_bytes != 0) {
    switch (
        evaluate_conditions(request.fields, pack.entity_tag(*resource), resource->last_modified)) {
      case Condition::kNotModified:
        return pack.not_modified(*resource);
      case Condition::kFailed:
        return error_page(Status::kPreconditionFailed);
      case Condition::kHolds:
        break;
    }
  }
  return pack.message(*resource);
}

}  // namespace

Reply make_reply(std::string_view section, const SitePack& pack, std::span<char> scratch) {
  const auto request = parse_request(section);
  if (!request) {
    return make_error(request.error(), section);
  }
  // Content is not read: where it ends is the client's word, so nothing may be read behind it.
  const Persistence persistence = request->has_body ? Persistence::kClose : request->persistence;
  if (request->method == Method::kOther) {
    return compose(error_page(Status::kMethodNotAllowed), request->method, persistence);
  }
  const auto path = resolve_path(request->path, scratch);
  if (!path) {
    return make_error(path.error(), section);
  }
  return compose(find_message(*request, *path, pack), request->method, persistence);
}

Reply make_error(Status status, std::string_view request) {
  const Method method = request.starts_with("HEAD ") ? Method::kHead : Method::kOther;
  return compose(error_page(status), method, Persistence::kClose);
}

}  // namespace mote::http
