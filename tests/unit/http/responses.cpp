// Helpers that write requests and parse responses.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/http/world.hpp"

namespace mote::http_world {

std::string Client::receive_all() {
  constexpr int kMostRounds = 100'000;
  int rounds = 0;
  do {
    REQUIRE(++rounds < kMostRounds);
    acknowledge_all();
    retry();
  } while (unacknowledged() > 0 || is_retried());
  return received;
}

Response take_response(std::string& stream, bool to_head) {
  const std::size_t end = stream.find("\r\n\r\n");
  REQUIRE_MESSAGE(end != std::string::npos, stream);
  Response response{.status = 0, .head = stream.substr(0, end + 4), .body = {}};
  REQUIRE(response.head.starts_with("HTTP/1.1 "));
  response.status = std::stoi(response.head.substr(9, 3));
  std::size_t length = 0;
  if (const std::size_t at = response.head.find("\r\nContent-Length: "); at != std::string::npos) {
    length = std::stoul(response.head.substr(at + 18));
  }
  if (to_head || response.status == 304 || response.status == 204) {
    length = 0;
  }
  REQUIRE(stream.size() >= end + 4 + length);
  response.body = stream.substr(end + 4, length);
  stream.erase(0, end + 4 + length);
  return response;
}

std::string get(std::string_view target, std::string_view fields) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

std::vector<int> statuses(std::string stream) {
  std::vector<int> found;
  while (!stream.empty()) {
    found.push_back(take_response(stream).status);
  }
  return found;
}

std::string answer(std::string_view request) {
  Client client;
  client.send(request);
  const std::string stream = client.receive_all();
  client.close();
  return stream;
}

}  // namespace mote::http_world
