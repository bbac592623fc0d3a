// Responses that no site pack holds: the errors, complete with their bodies, as constants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.hpp"
#include "http/request.hpp"

namespace mote::http {
namespace detail {

// Text that is put together at compile time.
template <std::size_t kCapacity>
struct Text {
  std::array<char, kCapacity> characters{};
  std::size_t size = 0;

  constexpr void add(std::string_view text) {
    for (const char character : text) {
      characters[size++] = character;
    }
  }

  constexpr void add(std::size_t number) {
    if (number >= 10) {
      add(number / 10);
    }
    characters[size++] = static_cast<char>('0' + number % 10);
  }
};

struct ErrorPage {
  Text<224> text;
  std::uint16_t status;
  std::uint16_t status_line_bytes;
  std::uint32_t head_bytes;

  // `reason` is the status with its phrase; `fields` are more field lines, each with its CRLF.
  consteval ErrorPage(std::uint16_t code, std::string_view reason, std::string_view fields = {})
      : status(code) {
    Text<112> body;
    for (const std::string_view part :
         {"<!doctype html><title>", "", "</title><h1>", "", "</h1>\n"}) {
      body.add(part.empty() ? reason : part);
    }
    text.add("HTTP/1.1 ");
    text.add(reason);
    text.add("\r\n");
    status_line_bytes = static_cast<std::uint16_t>(text.size);
    text.add(fields);
    text.add("Content-Type: text/html; charset=utf-8\r\nContent-Length: ");
    text.add(body.size);
    text.add("\r\n\r\n");
    head_bytes = static_cast<std::uint32_t>(text.size);
    text.add({body.characters.data(), body.size});
  }
};

inline constexpr ErrorPage kBadRequest{400, "400 Bad Request"};
inline constexpr ErrorPage kNotFound{404, "404 Not Found"};
inline constexpr ErrorPage kMethodNotAllowed{405, "405 Method Not Allowed", "Allow: GET, HEAD\r\n"};
inline constexpr ErrorPage kRequestTimeout{408, "408 Request Timeout"};
inline constexpr ErrorPage kPreconditionFailed{412, "412 Precondition Failed"};
inline constexpr ErrorPage kUriTooLong{414, "414 URI Too Long"};
inline constexpr ErrorPage kFieldsTooLarge{431, "431 Request Header Fields Too Large"};
inline constexpr ErrorPage kNotImplemented{501, "501 Not Implemented"};
inline constexpr ErrorPage kServiceUnavailable{503, "503 Service Unavailable",
                                               "Retry-After: 1\r\n"};
inline constexpr ErrorPage kVersionNotSupported{505, "505 HTTP Version Not Supported"};

constexpr Message message(const ErrorPage& page) {
  return {.data = page.text.characters.data(),
          .status = page.status,
          .status_line_bytes = page.status_line_bytes,
          .head_bytes = page.head_bytes,
          .body_bytes = page.text.size - page.head_bytes};
}

}  // namespace detail

// The response to an unknown path, for sites without a page of their own.
constexpr Message not_found_page() { return detail::message(detail::kNotFound); }

constexpr Message error_page(Status status) {
  switch (status) {
    case Status::kMethodNotAllowed:
      return detail::message(detail::kMethodNotAllowed);
    case Status::kRequestTimeout:
      return detail::message(detail::kRequestTimeout);
    case Status::kPreconditionFailed:
      return detail::message(detail::kPreconditionFailed);
    case Status::kUriTooLong:
      return detail::message(detail::kUriTooLong);
    case Status::kHeaderFieldsTooLarge:
      return detail::message(detail::kFieldsTooLarge);
    case Status::kNotImplemented:
      return detail::message(detail::kNotImplemented);
    case Status::kServiceUnavailable:
      return detail::message(detail::kServiceUnavailable);
    case Status::kVersionNotSupported:
      return detail::message(detail::kVersionNotSupported);
    case Status::kBadRequest:
      break;
  }
  return detail::message(detail::kBadRequest);
}

}  // namespace mote::http
