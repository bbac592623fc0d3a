// The oracle for responses: framing, and content compared with the pack.
#include "tests/fuzz/response_oracle.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "http/pack/format.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/guarded_pack.hpp"

namespace mote::fuzz {
namespace {

using namespace std::string_view_literals;
using http::Representation;
using http::Resource;

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::size_t number(std::string_view text) {
  demand(is_number(text), "a number is none");
  return std::stoul(std::string(text));
}

void read_field(std::string_view line, Response& response) {
  const std::size_t colon = line.find(": ");
  demand(colon != line.npos && colon > 0, "a field line is none");
  const std::string name = lower(line.substr(0, colon));
  demand(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == name.npos, "a name is none");
  const bool is_new = response.fields.emplace(name, line.substr(colon + 2)).second;
  demand(is_new, "a field is there twice");
}

void read_head(std::string_view head, Response& response) {
  demand(
      std::ranges::all_of(head, [](char c) { return c < 0 || c >= ' ' || c == '\r' || c == '\n'; }),
      "a control character in a head");
  const std::size_t end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  demand(line.size() > 13 && line.starts_with("HTTP/1.1 ") && line[12] == ' ', "a status line");
  response.status = static_cast<int>(number(line.substr(9, 3)));
  demand(response.status >= 200 && response.status <= 599, "a status that isn't final");
  head.remove_prefix(end + 2);
  while (!head.empty()) {
    const std::size_t bytes = head.find("\r\n");
    demand(bytes < head.find('\n'), "a bare line feed");
    read_field(head.substr(0, bytes), response);
    head.remove_prefix(bytes + 2);
  }
  demand(response["date"].size() == 29, "no date");
  demand(!response.fields.contains("transfer-encoding"), "a transfer coding");
  const std::string_view connection = response["connection"];
  demand(connection.empty() || connection == "close" || connection == "keep-alive", "Connection");
  response.closes = connection == "close";
}

// Checks one part of a multipart, or a single range's whole content.
void check_range(std::string_view content_range, std::string_view body, std::string_view whole) {
  demand(content_range.starts_with("bytes "), "Content-Range");
  content_range.remove_prefix(6);
  const std::size_t dash = content_range.find('-');
  const std::size_t slash = content_range.find('/');
  demand(dash < slash && slash != content_range.npos, "Content-Range");
  const std::size_t first = number(content_range.substr(0, dash));
  const std::size_t last = number(content_range.substr(dash + 1, slash - dash - 1));
  demand(number(content_range.substr(slash + 1)) == whole.size(), "a range of another size");
  demand(first <= last && last < whole.size(), "a range that isn't there");
  demand(body == whole.substr(first, last - first + 1), "a range's bytes are others");
}

// multipart/byteranges (RFC 9110, 14.6; RFC 2046, 5.1.1). It may exceed the whole file only by one
// part's head, of at most 512 bytes, and the last delimiter.
void check_parts(std::string_view type, std::string_view body, std::string_view whole) {
  demand(body.size() <= whole.size() + 512 + 32, "parts that cost more than the whole");
  const std::string delimiter = "\r\n--" + std::string(type.substr(type.find('=') + 1));
  unsigned parts = 0;
  for (;; ++parts) {
    demand(body.starts_with(delimiter), "a delimiter is missing");
    body.remove_prefix(delimiter.size());
    if (body == "--\r\n") {
      break;
    }
    const std::size_t end = body.find("\r\n\r\n");
    const std::size_t at = body.find("\r\nContent-Range: ");
    demand(end != body.npos && at < end, "a part without its range");
    const std::string_view range = body.substr(at + 17, body.find("\r\n", at + 2) - at - 17);
    body.remove_prefix(end + 4);
    const std::size_t bytes = std::min(body.find(delimiter), body.size());
    check_range(range, body.substr(0, bytes), whole);
    body.remove_prefix(bytes);
  }
  demand(parts > 1, "several parts are one");
}

// The resource's representation with this entity tag.
const Representation& tagged(const Resource& resource, std::string_view tag) {
  const auto available = guarded_pack().representations(resource);
  const auto found = std::ranges::find_if(
      available, [&](const auto& what) { return guarded_pack().entity_tag(what) == tag; });
  demand(found != available.end(), "an entity tag of something else");
  return *found;
}

// Only a client that named a variant's tag, or accepts nothing else, may get a part of it.
bool may_have_part(const Told& request, std::string_view tag) {
  return std::ranges::any_of(request.fields, [&](const auto& field) {
    return ((field.first == "if-range" || field.first == "if-match") &&
            field.second.contains(tag)) ||
           (field.first == "accept-encoding" && field.second.contains('0'));
  });
}

void check_resource(const Response& response, const Resource& resource, const Told& request) {
  const bool is_to_head = request.method == "HEAD";
  if (resource.status != 200) {
    demand(response.status == resource.status && !response["location"].empty(), "a redirect");
    return;
  }
  if (response.status == 412 || response.status == 416) {
    return check_error(response);
  }
  const Representation& what = tagged(resource, response["etag"]);
  const std::string_view whole = guarded_pack().body(what);
  const std::string_view type = response["content-type"];
  switch (response.status) {
    case 200:
      demand(number(response["content-length"]) == whole.size(), "a file of another size");
      demand(is_to_head || response.body == whole, "a file's bytes are others");
      break;
    case 206:
      demand(!is_to_head, "a range to HEAD");
      demand(what.coding == http::Coding::kIdentity || may_have_part(request, response["etag"]),
             "a part of a variant that nobody named");
      if (type.starts_with("multipart/byteranges; boundary=")) {
        check_parts(type, response.body, whole);
      } else {
        check_range(response["content-range"], response.body, whole);
      }
      break;
    default:
      demand(response.status == 304, "a status that no file has");
      break;
  }
}

}  // namespace

std::string_view Response::operator[](const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : found->second;
}

Response take_response(std::string_view& stream, bool is_to_head) {
  Response response;
  const std::size_t end = stream.find("\r\n\r\n");
  if (end == stream.npos) {
    stream = {};
    return response;
  }
  read_head(stream.substr(0, end + 2), response);
  stream.remove_prefix(end + 4);
  const bool has_length = response.status != 204 && response.status != 304;
  demand(has_length == response.fields.contains("content-length"), "Content-Length");
  const std::size_t bytes =
      has_length ? number(response["content-length"]) * (is_to_head ? 0U : 1U) : 0U;
  response.is_whole = stream.size() >= bytes;
  response.body = stream.substr(0, bytes);
  stream.remove_prefix(response.body.size());
  return response;
}

void check_error(const Response& response) {
  constexpr int kErrors[] = {400, 404, 405, 408, 412, 414, 416, 417, 431, 501, 503, 505};
  demand(std::ranges::find(kErrors, response.status) != std::end(kErrors), "no error");
  demand(!response.fields.contains("etag"), "an error with a validator");
}

void check_answer(const Response& response, const Told& request) {
  const bool is_to_head = request.method == "HEAD";
  if (request.method == "OPTIONS") {
    demand(response.status == 204 && response["allow"] == "GET, HEAD, OPTIONS", "OPTIONS");
    return;
  }
  if (request.method != "GET" && !is_to_head) {
    demand(response.status == 405 && !response["allow"].empty(), "a method that isn't allowed");
    return;
  }
  const auto path = resolved(request.path);
  if (!path) {
    demand(response.status == 400 && response.closes, "a path that is broken");
    return;
  }
  demand(response["access-control-allow-origin"] == (path->starts_with("/sub/") ? "*" : ""),
         "the field of a rule");
  const unsigned site = guarded_pack().site_of(request.host);
  if (const Resource* const resource = guarded_pack().find(site, *path)) {
    return check_resource(response, *resource, request);
  }
  const bool is_endpoint = *path == "/healthz" || *path == "/metrics";
  if (is_endpoint && (response.status == 200 || response.status == 503)) {
    demand(response["cache-control"] == "no-store", "an endpoint that may be cached");
    return;
  }
  if (const http::Rule* const rule = guarded_pack().find_rule(site, *path)) {
    demand(response.status == rule->status
               ? response["location"].starts_with(guarded_pack().target(*rule))
               : response.status == 414 || response.status == 503,
           "a redirect by prefix");
    return;
  }
  demand(response.status == 404, "a file that isn't there");
}

}  // namespace mote::fuzz
