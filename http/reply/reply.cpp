// Chooses a response, and assembles it from pieces.
#include "http/reply/reply.hpp"

#include <algorithm>

#include "http/reply/conditions.hpp"
#include "http/reply/error_pages.hpp"
#include "http/reply/negotiation.hpp"
#include "http/reply/preface.hpp"
#include "http/reply/redirect.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/request/syntax.hpp"
#include "http/request/target.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kAllowed = "Allow: GET, HEAD, OPTIONS\r\n\r\n"sv;
constexpr std::string_view kAllow{kAllowed.data(), kAllowed.size() - 2};
constexpr std::string_view kEmptyLine{kAllow.data() + kAllow.size(), 2};

// Ends a preflight's answer when there is no room to name the requested header fields.
constexpr std::string_view kAnyHeaders = "Access-Control-Allow-Headers: *\r\n\r\n"sv;

constexpr std::uint16_t number_of(Status status) { return static_cast<std::uint16_t>(status); }

// The field line that Mote itself adds to an error. 405: RFC 9110, 15.5.6. 503: 15.6.4.
constexpr std::string_view own_field(std::uint16_t status) {
  switch (status) {
    case number_of(Status::kMethodNotAllowed):
      return kAllow;
    case number_of(Status::kServiceUnavailable):
      return "Retry-After: 1\r\n"sv;
    default:
      return {};
  }
}

std::string_view fields_of(const SitePack& pack, unsigned group, unsigned page_group = 0) {
  const FieldSet* const set = pack.field_set(group, page_group);
  return set == nullptr ? std::string_view{} : pack.lines(*set);
}

// The site's page for an error, or the built-in one, and the site's field lines in front of it.
struct ErrorText {
  Page page;
  std::string_view fields;
};

ErrorText find_page(const SitePack& pack, unsigned site, unsigned group, std::uint16_t status) {
  const ErrorPage* const own = pack.error_page(site, status);
  if (own == nullptr) {
    return {.page = built_in_page(status), .fields = fields_of(pack, group)};
  }
  const Representation& what = pack.representation(*own);
  return {.page = {.data = pack.message(what).data(),
                   .head_bytes = what.head_bytes,
                   .body_bytes = what.body_bytes},
          .fields = fields_of(pack, group, own->group)};
}

// Responses to HEAD have no content, not even errors (RFC 9110, 9.3.2).
Reply error_reply(std::uint16_t status, Persistence persistence, Method method,
                  const SitePack& pack, unsigned site, unsigned group) {
  const auto [page, fields] = find_page(pack, site, group, status);
  Reply reply = begin_reply(status, persistence);
  reply.body_bytes = method == Method::kHead ? 0 : page.body_bytes;
  reply.add(own_field(status));
  reply.add(fields);
  reply.add({page.data, page.head_bytes + reply.body_bytes});
  return reply;
}

// The header fields that a script wants to send (Fetch, 3.3.2). Empty if the value has characters
// that no browser sends there.
std::string_view asked_headers(std::string_view fields) {
  while (!fields.empty()) {
    const Field field = next_field(fields);
    if (syntax::is_word(field.name, "access-control-request-headers")) {
      const auto may_be_there = [](char character) {
        return character == ',' || syntax::is_blank(character) ||
               syntax::is(syntax::kTokenCharacter, character);
      };
      return std::ranges::all_of(field.value, may_be_there) ? field.value : std::string_view{};
    }
  }
  return {};
}

Reply short_of_tails(Reply reply) {
  reply.shortage = Shortage::kTail;
  return reply;
}

// Makes the reply to one request.
class Answer {
 public:
  Answer(const Request& request, const SitePack& pack)
      : request_(request), pack_(pack), site_(pack.site_of(request.host)) {}

  [[nodiscard]] Reply make(const Origin& origin, EndpointReply endpoints, std::span<char> scratch) {
    const auto path = resolve_path(request_.path, scratch);
    path_ = path.value_or(std::string_view{});
    resource_ = pack_.find(site_, path_);
    if (request_.method == Method::kOther) {
      return error(number_of(Status::kMethodNotAllowed));
    }
    if (request_.method == Method::kOptions) {
      return allowed();
    }
    if (!path) {
      return error(number_of(path.error()), Persistence::kClose);
    }
    if (resource_ != nullptr) {
      return of_resource(*resource_);
    }
    if (auto reply = endpoints(request_, origin, path_)) {
      reply->add_first(fields_of(pack_, group()));
      return *reply;
    }
    const Rule* const rule = pack_.find_rule(site_, path_);
    return rule == nullptr ? error(404) : redirect(*rule);
  }

 private:
  [[nodiscard]] Reply error(std::uint16_t status) const {
    return error(status, request_.persistence);
  }
  [[nodiscard]] Reply error(std::uint16_t status, Persistence persistence) const {
    return error_reply(status, persistence, request_.method, pack_, site_, group());
  }

  // The path's group, by which rules add field lines to composed responses. Without a path, the
  // empty path's.
  [[nodiscard]] unsigned group() const {
    return resource_ != nullptr ? resource_->group : pack_.group_of(path_);
  }

  [[nodiscard]] Reply of_resource(const Resource& resource) const {
    const auto available = pack_.representations(resource);
    const Representation& chosen = request_.has_accept_encoding && available.size() > 1
                                       ? choose_representation(available, request_)
                                       : available.front();
    const bool has_validators = resource.status == 200 && chosen.tag_bytes != 0;
    // Range is for GET alone (RFC 9110, 14.2).
    const bool may_be_range =
        request_.has_range && has_validators && request_.method == Method::kGet;
    const Representation& what =
        may_be_range && &chosen != &available.front() && counts_in_identity(chosen)
            ? available.front()
            : chosen;
    if (request_.is_conditional && has_validators) {
      switch (
          evaluate_conditions(request_.selectors, pack_.entity_tag(what), resource.last_modified)) {
        case Condition::kNotModified:
          return not_modified(what);
        case Condition::kFailed:
          return error(number_of(Status::kPreconditionFailed));
        case Condition::kHolds:
          break;
      }
    }
    if (may_be_range) {
      // Variants share the file's date, so it is no strong validator if this client would get a
      // variant without Range: it may hold part of that one.
      const bool has_strong_date =
          (resource.flags & Resource::kStrongDate) != 0 && &chosen == &available.front();
      return ranges(what, has_strong_date ? resource.last_modified : 0);
    }
    Reply reply = whole(what, resource.status);
    reply.repeats = true;
    return reply;
  }

  // Whether a range counts the file's own bytes rather than the variant's. Clients that decode
  // content count this way, though they accept codings; a client that resumes a variant names its
  // tag.
  [[nodiscard]] bool counts_in_identity(const Representation& variant) const {
    return !resumes(request_.selectors, pack_.entity_tag(variant)) && accepts_identity(request_);
  }

  [[nodiscard]] Reply whole(const Representation& what, std::uint16_t status) const {
    Reply reply = begin_reply(status, request_.persistence);
    reply.body_bytes = request_.method == Method::kHead ? 0 : what.body_bytes;
    reply.add({pack_.message(what).data(), what.head_bytes + reply.body_bytes});
    return reply;
  }

  // RFC 9110, 15.4.5: a 304 must have the common lines.
  [[nodiscard]] Reply not_modified(const Representation& what) const {
    Reply reply = begin_reply(304, request_.persistence);
    reply.add(pack_.common_lines(what));
    reply.add(kEmptyLine);
    reply.repeats = true;
    return reply;
  }

  // Not inlined: two hundred ranges take much stack.
  [[nodiscard, gnu::noinline]] Reply ranges(const Representation& what,
                                            std::uint64_t strong_date) const;
  [[nodiscard]] Reply some(const Representation& what, std::span<const ByteRange> ranges) const;
  [[nodiscard]] Reply unsatisfiable(const Representation& what) const;
  [[nodiscard]] Reply redirect(const Rule& rule) const;
  [[nodiscard]] Reply allowed() const;

  const Request& request_;
  const SitePack& pack_;
  unsigned site_;
  std::string_view path_;               // resolved; empty if there is none or it is invalid
  const Resource* resource_ = nullptr;  // at this path
};

Reply Answer::ranges(const Representation& what, std::uint64_t strong_date) const {
  const std::uint64_t size = what.body_bytes;
  const auto last = static_cast<std::uint32_t>(size == 0 ? 0 : size - 1);
  const RangeSet set =
      RangeSet::read(request_.selectors, {pack_.entity_tag(what), strong_date}, size,
                     ReplyTail::part_head_bytes({last, last}, size, pack_.type_lines(what)));
  switch (set.kind()) {
    case RangeSet::Kind::kSome:
      return some(what, set.ranges());
    case RangeSet::Kind::kUnsatisfiable:
      return unsatisfiable(what);
    case RangeSet::Kind::kWhole:
      break;
  }
  return whole(what, 200);
}

// RFC 9110, 15.3.7. Sends the whole if the parts can't be made (14.2: a server may ignore Range).
Reply Answer::some(const Representation& what, std::span<const ByteRange> ranges) const {
  const std::string_view body = pack_.body(what);
  const std::string_view type = pack_.type_lines(what);
  const bool is_multipart = ranges.size() > 1;
  const bool has_long_type = is_multipart && type.size() > ReplyTail::kTypeBytes;
  ReplyTail* const tail = has_long_type ? nullptr
                                        : ReplyTail::take(is_multipart ? ReplyTail::Hold::kLong
                                                                       : ReplyTail::Hold::kShort);
  if (tail == nullptr) {
    return has_long_type ? whole(what, 200) : short_of_tails(whole(what, 200));
  }
  Reply reply = begin_reply(206, request_.persistence);
  reply.tail = tail;
  reply.add(pack_.common_lines(what));
  TextWriter& text = tail->text();
  if (is_multipart) {  // coding and type are each part's (15.3.7.2)
    reply.body_bytes = tail->append_parts(body, type, ranges);
    text.add("Content-Type: multipart/byteranges; boundary="sv);
    text.add(tail->boundary());
  } else {
    const ByteRange& range = ranges.front();
    reply.body_bytes = range.bytes();
    tail->append(body.substr(range.first, range.bytes()));
    reply.add(type);
    text.add("Content-Range: bytes "sv);
    text.add(range.first);
    text.add('-');
    text.add(range.last);
    text.add('/');
    text.add(what.body_bytes);
  }
  text.add("\r\nContent-Length: "sv);
  text.add(reply.body_bytes);
  text.add("\r\n\r\n"sv);
  return reply;
}

// RFC 9110, 15.5.17: a 416 should give the size, but needn't.
Reply Answer::unsatisfiable(const Representation& what) const {
  constexpr std::uint16_t kStatus = number_of(Status::kRangeNotSatisfiable);
  ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort);
  if (tail == nullptr) {
    return short_of_tails(error(kStatus));
  }
  const auto [page, fields] = find_page(pack_, site_, group(), kStatus);
  Reply reply = begin_reply(kStatus, request_.persistence);
  reply.body_bytes = page.body_bytes;
  reply.tail = tail;
  reply.add(fields);
  tail->text().add("Content-Range: bytes */"sv);
  tail->text().add(what.body_bytes);
  tail->text().add("\r\n"sv);
  tail->append({page.data, page.head_bytes + page.body_bytes});
  return reply;
}

Reply Answer::redirect(const Rule& rule) const {
  constexpr std::string_view kNothing = "\r\nContent-Length: 0\r\n\r\n"sv;
  Reply reply = begin_reply(rule.status, request_.persistence);
  reply.add(fields_of(pack_, group()));
  reply.add(pack_.location(rule));
  if (rule.keeps_rest == 0) {
    reply.add(kNothing);
    return reply;
  }
  reply.tail = ReplyTail::take(ReplyTail::Hold::kShort);
  if (reply.tail == nullptr) {
    return short_of_tails(error(number_of(Status::kServiceUnavailable)));
  }
  TextWriter& text = reply.tail->text();
  write_rest(text, pack_.target(rule), path_.substr(pack_.prefix(rule).size()), request_.query);
  text.add(kNothing);
  if (text.overflowed()) {
    reply.tail->release();
    return error(number_of(Status::kUriTooLong));
  }
  return reply;
}

// Answers OPTIONS. Every path allows the same methods, whether a resource exists or not, as with
// Apache; `*` asks about the server (RFC 9110, 9.3.7). Where a rule admits other origins, this is
// also the answer to a preflight, in which a browser asks what a script may send (Fetch, 3.3.3). It
// allows any header field, since none affects who may get a file.
Reply Answer::allowed() const {
  Reply reply = begin_reply(204, request_.persistence);
  const FieldSet* const set = pack_.field_set(group());
  if (set == nullptr) {
    reply.add(kAllowed);
    return reply;
  }
  reply.add(kAllow);
  reply.add(pack_.preflight_lines(*set));
  const std::string_view asked =
      set->echoes != 0 ? asked_headers(request_.fields) : std::string_view{};
  if (asked.empty()) {
    reply.add(kEmptyLine);
    return reply;
  }
  if (ReplyTail* const tail = ReplyTail::take(ReplyTail::Hold::kShort)) {
    TextWriter& text = tail->text();
    text.add("Access-Control-Allow-Headers: "sv);
    text.add(asked);
    text.add("\r\n\r\n"sv);
    if (!text.overflowed()) {
      reply.tail = tail;
      return reply;
    }
    tail->release();
  }
  reply.add(kAnyHeaders);
  return reply;
}

}  // namespace

Reply make_reply(const Request& request, const Origin& origin, const SitePack& pack,
                 EndpointReply endpoints, std::span<char> scratch) {
  return Answer(request, pack).make(origin, endpoints, scratch);
}

Reply make_refusal() {
  Reply reply = begin_reply(number_of(Status::kServiceUnavailable), Persistence::kClose);
  reply.add(own_field(reply.status));
  reply.add("Content-Length: 0\r\n\r\n"sv);
  return reply;
}

Reply make_error(Status status, std::string_view request, const SitePack& pack) {
  constexpr unsigned kDefaultSite = 0;  // the intended site isn't known
  const Method method = request.starts_with("HEAD "sv) ? Method::kHead : Method::kOther;
  return error_reply(number_of(status), Persistence::kClose, method, pack, kDefaultSite,
                     pack.group_of({}));
}

}  // namespace mote::http
