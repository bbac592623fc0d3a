// A server whose responses can be sent promptly.
#include "tests/unit/netstack/prompt_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <string_view>

#include "lwip/priv/tcp_priv.h"
#include "netstack/tcp/prompt_answer.hpp"

namespace mote::world {
namespace {

constexpr std::size_t kHeadBytes = 20;

const std::string& content() {
  static const std::string made = [] {
    std::string text(70'000, '\0');
    std::mt19937 random(11);
    for (char& c : text) c = static_cast<char>(random());
    return text;
  }();
  return made;
}

// The response to a request's number: a copied header section, and one or two pieces of content.
struct Response {
  std::string head;
  std::array<tcp_piece, 3> pieces{};
  std::size_t count = 0;

  explicit Response(std::uint32_t number) : head("response " + std::to_string(number)) {
    head.resize(number % 50 == 49 ? kHeadBytes + 3 : kHeadBytes, '.');
    const std::size_t bytes = number % 17 == 16 ? 3000 : 1 + number * 37 % 1400;
    pieces[0] = {head.data(), static_cast<u16_t>(head.size())};
    pieces[1] = {content().data() + number % 1000, static_cast<u16_t>(bytes)};
    pieces[2] = {content().data() + 40'000 + number % 100, 10};
    count = number % 23 == 22 ? 3 : 2;
  }
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  [[nodiscard]] std::span<const tcp_piece> all() const { return std::span(pieces).first(count); }
  [[nodiscard]] std::string text() const {
    std::string whole;
    for (const tcp_piece& piece : all()) {
      whole.append(static_cast<const char*>(piece.data), piece.len);
    }
    return whole;
  }
};

std::uint32_t number_of(std::string_view request) {
  std::uint32_t number = 0;
  std::copy_n(request.data(), kPromptRequestBytes, reinterpret_cast<char*>(&number));
  return number;
}

// A server's connection; requests are of four bytes each.
struct Session {
  std::string input;
  std::string unwritten;  // the part still to be copied
  bool closes = false;
};
std::array<Session, 16> sessions;
std::size_t sessions_open = 0;
std::size_t answers = 0;

void write_rest(Session& session, struct tcp_pcb* pcb) {
  const std::size_t bytes = std::min<std::size_t>(session.unwritten.size(), tcp_sndbuf(pcb));
  if (bytes > 0 && tcp_write(pcb, session.unwritten.data(), static_cast<u16_t>(bytes),
                             TCP_WRITE_FLAG_COPY) == ERR_OK) {
    session.unwritten.erase(0, bytes);
  }
  if (session.closes && session.unwritten.empty()) tcp_shutdown(pcb, 0, 1);
}

void answer_all(Session& session, struct tcp_pcb* pcb) {
  for (; session.input.size() >= kPromptRequestBytes; session.input.erase(0, kPromptRequestBytes)) {
    const Response response(number_of(session.input));
    if (!session.unwritten.empty() ||
        tcp_write_pieces(pcb, response.pieces.data(), static_cast<u8_t>(response.count),
                         TCP_WRITE_FLAG_COPY) != ERR_OK) {
      session.unwritten += response.text();
    }
  }
  write_rest(session, pcb);
}

err_t on_data(void* argument, struct tcp_pcb* pcb, struct pbuf* data, err_t) {
  Session& session = *static_cast<Session*>(argument);
  if (data == nullptr) {
    session.closes = true;
    write_rest(session, pcb);
    return ERR_OK;
  }
  for (const struct pbuf* piece = data; piece != nullptr; piece = piece->next) {
    session.input.append(static_cast<const char*>(piece->payload), piece->len);
  }
  tcp_recved(pcb, data->tot_len);
  pbuf_free(data);
  answer_all(session, pcb);
  return ERR_OK;
}

err_t on_sent(void* argument, struct tcp_pcb* pcb, std::uint16_t) {
  Session& session = *static_cast<Session*>(argument);
  write_rest(session, pcb);
  return ERR_OK;
}

netstack::PromptReply find(const void* connection, std::string_view bytes) {
  const Session& session = *static_cast<const Session*>(connection);
  static std::string head;
  static std::array<tcp_piece, 3> pieces;
  if (bytes.size() != kPromptRequestBytes || !session.input.empty() || !session.unwritten.empty() ||
      session.closes) {
    return {};
  }
  const Response response(number_of(bytes));
  head = response.head;
  pieces = response.pieces;
  pieces[0].data = head.data();
  return {.pieces = std::span(pieces).first(response.count),
          .bytes = static_cast<std::uint16_t>(response.text().size())};
}

void sent(void*, const netstack::PromptReply&) { ++answers; }

}  // namespace

Machine& serve(bool promptly) {
  static bool listening = false;
  Machine& m = machine();
  if (!listening) {
    listening = true;
    struct tcp_pcb* pcb = tcp_new();
    REQUIRE(tcp_bind(pcb, IP_ADDR_ANY, kPromptService) == ERR_OK);
    tcp_accept(tcp_listen(pcb), [](void*, struct tcp_pcb* accepted, err_t) -> err_t {
      Session& session = sessions[sessions_open++ % sessions.size()];
      session = {};
      tcp_arg(accepted, &session);
      tcp_recv(accepted, on_data);
      tcp_sent(accepted, on_sent);
      tcp_nagle_disable(accepted);
      return ERR_OK;
    });
  }
  netstack::set_prompt_server(promptly ? netstack::PromptServer{on_data, find, sent}
                                       : netstack::PromptServer{});
  return m;
}

std::size_t prompt_answers() { return answers; }

std::string prompt_response(std::uint32_t number) { return Response(number).text(); }

Bytes prompt_request(std::uint32_t number) {
  Bytes bytes(kPromptRequestBytes);
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&number), kPromptRequestBytes, bytes.begin());
  return bytes;
}

}  // namespace mote::world
