// Choices of a life's clients: their requests, their windows, and the MTUs of their paths.
#pragma once

#include <cstdint>
#include <string>

#include "tests/fuzz/choices.hpp"
#include "tests/unit/netstack/world.hpp"

namespace mote::fuzz {

inline constexpr const char* kLifePaths[] = {"/",           "/nothing",   "/size/160000.bin",
                                             "/sub/",       "/sub",       "/a%20b.txt",
                                             "/size/0.bin", "/blob",      "/old",
                                             "/blog/x",     "/news/1",    "/healthz",
                                             "/metrics",    "/data.json", "/size/12000.bin"};

inline std::string a_plain_request(Choices& choices) {
  return std::string("GET ") + choices.of(kLifePaths) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

inline std::string content(Choices& choices) {
  if (choices.one_in(2)) {
    const std::uint32_t bytes = choices.below(choices.one_in(3) ? 20'000 : 50);
    return "Content-Length: " + std::to_string(bytes) + "\r\n\r\n" +
           std::string(choices.one_in(6) ? bytes / 2 : bytes, 'c');
  }
  std::string chunks = "Transfer-Encoding: chunked\r\n\r\n";
  for (unsigned i = choices.below(4); i > 0; --i) chunks += "5\r\nhello\r\n";
  return chunks + "0\r\n\r\n";
}

inline std::string a_request(Choices& choices) {
  static constexpr const char* kMethods[] = {"GET", "GET",  "GET",     "GET",
                                             "GET", "HEAD", "OPTIONS", "BREW"};
  static constexpr const char* kRanges[] = {
      "0-0",
      "0-99",
      "5-5000",
      "0-0,200-300,1000-1100",
      "-1",
      "1000-2000",
      "0-10,5000-6000,20000-90000,100000-150000,155000-155010"};
  const bool posts = choices.one_in(10);
  std::string request = std::string(posts ? "POST" : choices.of(kMethods)) + ' ' +
                        choices.of(kLifePaths) +
                        (choices.one_in(6) ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n") + "Host: a\r\n";
  if (choices.one_in(6)) request += "Connection: close\r\n";
  if (choices.one_in(8)) request += "Connection: keep-alive\r\n";
  if (choices.one_in(4)) request += "Accept-Encoding: gzip, br\r\n";
  if (choices.one_in(5)) {
    request += std::string("Range: bytes=") + choices.of(kRanges) + "\r\n";
  }
  if (choices.one_in(20)) request += "X: " + std::string(choices.below(3000), 'x') + "\r\n";
  if (choices.one_in(40)) request += "Bad line\r\n";
  return posts ? request + content(choices) : request + "\r\n";
}

// Windows near the sizes where responses are cut: header sections, first frames, the whole.
inline std::uint16_t a_window(Choices& choices) {
  static constexpr std::uint16_t kWindows[] = {
      0,    0,    1,    2,      3,      7,      10,     53,     54,     60,    100,
      107,  108,  109,  200,    500,    536,    1000,   1459,   1460,   1461,  2920,
      3000, 4096, 8000, 16'384, 30'000, 65'535, 65'535, 65'535, 65'535, 65'535};
  return choices.of(kWindows);
}

inline std::uint16_t an_mtu(Choices& choices) {
  static constexpr std::uint16_t kMtus[] = {1500, 1500, 1492, 1400, 1006, 576, 575, 296, 68, 0};
  if (choices.one_in(2)) return choices.of(kMtus);
  return static_cast<std::uint16_t>(560 + choices.below(941));
}

inline world::Bytes options_of_a_syn(Choices& choices) {
  static constexpr std::uint16_t kSizes[] = {1460, 1460, 1460, 1460, 536, 216, 87, 1, 0, 65'535};
  world::Bytes options;
  if (!choices.one_in(5)) {
    const std::uint16_t size = choices.of(kSizes);
    options = {2, 4, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  }
  if (choices.one_in(2)) {
    options.insert(options.end(), {3, 3, static_cast<std::uint8_t>(choices.below(16)), 1});
  }
  if (choices.one_in(4)) options.insert(options.end(), {1, 1, 4, 2});
  if (choices.one_in(20)) {
    options.insert(options.end(), {254, static_cast<std::uint8_t>(choices.below(256)), 1, 1});
  }
  return options;
}

}  // namespace mote::fuzz
