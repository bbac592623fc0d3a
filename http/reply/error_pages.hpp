// Built-in pages for errors without a page of the site's own: field lines and body, as constants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "http/reply/status.hpp"
#include "http/reply/text_writer.hpp"

namespace mote::http {

// An error's text behind the status line and Mote's own fields.
struct Page {
  const char* data;
  std::uint64_t head_bytes;  // field lines and the empty line
  std::uint64_t body_bytes;  // directly behind them
};

namespace detail {

struct BuiltInPage {
  std::array<char, 192> text{};
  std::uint8_t head_bytes = 0;
  std::uint8_t body_bytes = 0;

  consteval explicit BuiltInPage(std::uint16_t status) {
    std::array<char, 128> body_text{};
    TextWriter body(body_text);
    body.add("<!doctype html><title>");
    body.add(status_text(status));
    body.add("</title><h1>");
    body.add(status_text(status));
    body.add("</h1>\n");
    TextWriter page(text);
    page.add("Content-Type: text/html; charset=utf-8\r\nContent-Length: ");
    page.add(body.text().size());
    page.add("\r\n\r\n");
    head_bytes = static_cast<std::uint8_t>(page.text().size());
    body_bytes = static_cast<std::uint8_t>(body.text().size());
    page.add(body.text());
    // A text that doesn't fit is a compile-time error.
    static_assert(sizeof text < 256);
    if (body.overflowed() || page.overflowed()) {
      __builtin_unreachable();
    }
  }
};

inline constexpr std::size_t kFirstError = index_of_status(400);

template <std::size_t... kIndices>
consteval auto make_pages(std::index_sequence<kIndices...> /*unused*/) {
  return std::array{BuiltInPage(kStatuses[kFirstError + kIndices])...};
}

inline constexpr auto kPages =
    make_pages(std::make_index_sequence<kStatuses.size() - kFirstError>());

}  // namespace detail

// The page for a status of 400 or more; for a status that Mote doesn't send, 500's.
constexpr Page built_in_page(std::uint16_t status) {
  const detail::BuiltInPage& page = detail::kPages[index_of_status(status) - detail::kFirstError];
  return {.data = page.text.data(), .head_bytes = page.head_bytes, .body_bytes = page.body_bytes};
}

}  // namespace mote::http
