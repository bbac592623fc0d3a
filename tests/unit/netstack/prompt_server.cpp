// A server whose responses can be sent promptly.
#include "tests/unit/netstack/prompt_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <string_view>
#include <utility>

#include "netstack/stream.hpp"

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
  std::array<Piece, 3> pieces{};
  std::size_t count = 0;

  explicit Response(std::uint32_t number) : head("response " + std::to_string(number)) {
    head.resize(number % 50 == 49 ? kHeadBytes + 3 : kHeadBytes, '.');
    const std::size_t bytes = number % 17 == 16 ? 3000 : 1 + number * 37 % 1400;
    const std::string_view whole = content();
    pieces[0] = piece_of(head);
    pieces[1] = piece_of(whole.substr(number % 1000, bytes));
    pieces[2] = piece_of(whole.substr(40'000 + number % 100, 10));
    count = number % 23 == 22 ? 3 : 2;
  }
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  [[nodiscard]] std::span<const Piece> all() const { return std::span(pieces).first(count); }
  [[nodiscard]] std::string text() const {
    std::string whole;
    for (const Piece& piece : all()) whole += piece.text();
    return whole;
  }
};

std::uint32_t number_of(std::string_view request) {
  std::uint32_t number = 0;
  std::copy_n(request.data(), kPromptRequestBytes, reinterpret_cast<char*>(&number));
  return number;
}

bool is_last(std::string_view request) { return (number_of(request) & kLastRequest) != 0; }

std::size_t answers = 0;

// A server's connection; requests are of four bytes each.
class Session {
 public:
  void begin(netstack::TcpStream stream) {
    stream_ = stream;
    stream_.begin(*this);
    input_.clear();
    unwritten_.clear();
    closes_ = has_closed_ = false;
  }

  void on_arrived(netstack::Arrived data) {
    input_ += data.piece();
    for (netstack::Arrived rest = data; !rest.is_one_piece();) {
      rest = rest.behind_first();
      input_ += rest.piece();
    }
    stream_.open_window(data.bytes());
    answer_all();
  }
  void on_peer_closed() {
    closes_ = true;
    write_rest();
  }
  void on_acknowledged(std::uint32_t) { write_rest(); }
  void on_retry() {}
  void on_lost() {}

  [[nodiscard]] netstack::PromptReply find_prompt(std::string_view bytes) const {
    static std::string head;
    static std::array<Piece, 3> pieces;
    if (bytes.size() != kPromptRequestBytes || !input_.empty() || !unwritten_.empty() || closes_) {
      return {};
    }
    const Response response(number_of(bytes));
    head = response.head;
    pieces = response.pieces;
    pieces[0] = piece_of(head);
    return {.pieces = std::span(pieces).first(response.count),
            .bytes = response.text().size(),
            .is_last = is_last(bytes)};
  }
  void note_prompt(const netstack::PromptReply& reply) {
    ++answers;
    closes_ = has_closed_ = reply.is_last;
  }

 private:
  void answer_all() {
    for (; input_.size() >= kPromptRequestBytes && !closes_; input_.erase(0, kPromptRequestBytes)) {
      const Response response(number_of(input_));
      if (!unwritten_.empty() || !stream_.write_message(response.all(), response.text().size())) {
        unwritten_ += response.text();
      }
      closes_ = closes_ || is_last(input_);
    }
    write_rest();
  }

  // Writes, as copies, as much of the rest as there is room for.
  void write_rest() {
    const std::string_view part = std::string_view(unwritten_).substr(0, stream_.room());
    if (!part.empty() && stream_.write(piece_of(part), netstack::TcpStream::Write::kCopied)) {
      unwritten_.erase(0, part.size());
    }
    if (closes_ && unwritten_.empty() && !std::exchange(has_closed_, true)) stream_.close();
  }

  netstack::TcpStream stream_;
  std::string input_;
  std::string unwritten_;
  bool closes_ = false;
  bool has_closed_ = false;
};
std::array<Session, 16> sessions;
std::size_t sessions_open = 0;

bool accept(netstack::TcpStream stream) {
  sessions[sessions_open++ % sessions.size()].begin(stream);
  return true;
}

}  // namespace

Machine& serve(bool promptly) {
  static bool listening = false;
  Machine& m = machine();
  if (!listening) {
    listening = true;
    REQUIRE(netstack::listen<accept>(kPromptService));
  }
  prompt_server = promptly ? netstack::kPromptServer<Session> : netstack::kNoPromptServer;
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
