// Fuzzes the guest agent: any bytes, in any pieces, with any room for its answers.
//
// An input is a series of steps: a byte that says how many bytes follow for the agent (low 6 bits;
// with bit 6 the step also sends FFh and a command to synchronize) and how much room there is for
// its answer (bit 7: none).
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent.hpp"
#include "formats/document.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/script.hpp"

namespace mote::fuzz {
namespace {

unsigned interfaces = 0;
unsigned shutdowns = 0;

constexpr std::uint64_t kMost = ~std::uint64_t{0};
constexpr agent::Traffic kTraffic{kMost, kMost, kMost, kMost};

const agent::Host kHost{.host_name = +[]() -> std::string_view { return "\x01\"web\\"; },
                        .version = "1.2.3",
                        .time = +[]() -> std::optional<std::uint64_t> {
                          return interfaces % 2 == 0 ? std::optional(kMost) : std::nullopt;
                        },
                        .interface = +[](unsigned number) -> std::optional<agent::Interface> {
                          if (number >= interfaces) {
                            return std::nullopt;
                          }
                          return agent::Interface{.index = number,
                                                  .mac = {0xFF, 0, 1, 2, 3, 4},
                                                  .address = number * 0x0101'0101,
                                                  .prefix_bits = 32,
                                                  .received = kTraffic,
                                                  .sent = kTraffic};
                        },
                        .shut_down = +[](agent::Shutdown) { ++shutdowns; }};

// An agent and the lines that it gives, each of which must be an answer.
class Client {
 public:
  Client() { agent_.start(kHost); }

  // Gives it what it takes; returns the rest.
  std::string_view send(std::string_view bytes) {
    const bool is_busy = agent_.has_answer();
    const std::size_t taken = agent_.take(bytes);
    demand(taken <= bytes.size(), "takes more than there is");
    demand(!is_busy || taken == 0, "takes bytes while an answer waits");
    demand(taken == bytes.size() || agent_.has_answer(), "leaves bytes for no reason");
    return bytes.substr(taken);
  }

  // Reads up to `room` bytes. Returns whether there were any.
  bool read(std::size_t room) {
    std::string bytes(room, '\xEE');
    const bool had = agent_.has_answer();
    const std::size_t given = agent_.give(bytes);
    demand(given <= room && (given != 0) == (had && room != 0), "an answer that doesn't come");
    demand(given == room || !agent_.has_answer(), "an answer cut for no reason");
    for (const char byte : std::string_view(bytes).substr(0, given)) {
      if (byte == '\n') {
        check_line();
        line_.clear();
      } else {
        line_ += byte;
      }
      demand(line_.size() <= kLongestAnswer, "an answer without an end");
    }
    return given != 0;
  }

  // Sends all of it, reading as need be.
  void exchange(std::string_view bytes) {
    while (!(bytes = send(bytes)).empty()) {
      read(kRoom);
    }
    while (read(kRoom)) {
    }
  }

  // Checks the answer to FFh and a number.
  void synchronize() {
    ++number_;
    exchange("\xFF{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":" +
             std::to_string(number_) + "}}");
    demand(last_ == "\xFF{\"return\":" + std::to_string(number_) + "}", "not synchronized");
  }

  void close() {
    agent_.reset();
    line_.clear();
    demand(!agent_.has_answer(), "an answer for a client that has gone");
  }

 private:
  static constexpr std::size_t kLongestAnswer = 16 * 1024;
  static constexpr std::size_t kRoom = 100;

  void check_line() {
    last_ = line_;
    const bool is_delimited = line_.starts_with('\xFF');
    std::string text = line_.substr(is_delimited ? 1 : 0);
    static std::vector<formats::Node> nodes(256);
    const auto document = formats::read_json(text, nodes);
    demand(document.has_value(), "an answer that isn't JSON");
    const auto* const value = (*document)->find("return");
    const auto* const error = (*document)->find("error");
    demand((value == nullptr) != (error == nullptr), "neither value nor error");
    demand(error == nullptr ||
               (!is_delimited && error->find("class") != nullptr && error->find("desc") != nullptr),
           "an error of another form");
  }

  agent::Agent agent_{};
  std::string line_;
  std::string last_;
  unsigned number_ = 0;
};

void live(Script& script) {
  interfaces = script.byte() % 9;
  Client client;
  while (!script.empty()) {
    const std::uint8_t step = script.byte();
    if (step == 0xFF) {
      client.close();
      continue;
    }
    std::string_view bytes = script.text(step & 0x3F);
    const std::size_t room = (step & 0x80) != 0 ? 0 : script.byte();
    bytes = client.send(bytes);
    client.read(room);
    if (room != 0 || (step & 0x40) != 0) {
      client.exchange(bytes);  // else what the agent didn't take is lost
    }
    if ((step & 0x40) != 0) {
      client.synchronize();
    }
  }
  client.exchange("");
  client.synchronize();
}

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mote::fuzz::Script script(data, size);
  mote::fuzz::live(script);
  return 0;
}
