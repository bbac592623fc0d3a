// A machine for the guest agent, and a client that reads what it answers.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent.hpp"
#include "formats/document.hpp"

namespace mote::agent {

// The machine's facts. Tests change them; each `World` starts anew.
struct Machine {
  std::string host_name = "web";
  std::optional<std::uint64_t> time = 1'700'000'000'123'456'789;
  std::vector<Interface> interfaces{};
  std::vector<Shutdown> shutdowns{};
};

inline Machine machine;

inline const Host kHost{.host_name = +[] { return std::string_view(machine.host_name); },
                        .version = "1.2",
                        .time = +[] { return machine.time; },
                        .interface = +[](unsigned number) -> std::optional<Interface> {
                          return number < machine.interfaces.size()
                                     ? std::optional(machine.interfaces[number])
                                     : std::nullopt;
                        },
                        .shut_down = +[](Shutdown how) { machine.shutdowns.push_back(how); }};

// A line that the agent gave, read.
struct Line {
  explicit Line(std::string_view given) : text(given) {
    const auto document = formats::read_json(text, nodes);
    REQUIRE_MESSAGE(document.has_value(), given);
    root = *document;
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  std::string text;
  std::vector<formats::Node> nodes{1024};
  const formats::Node* root = nullptr;
};

struct World {
  World() {
    machine = {};
    agent.start(kHost);
  }

  // Sends all of it, reading every answer.
  std::string ask(std::string_view bytes, std::size_t piece = 1 << 20, std::size_t room = 64) {
    std::string answers;
    std::string given(room, '\0');
    while (!bytes.empty() || agent.has_answer()) {
      const std::size_t taken = agent.take(std::span(bytes.substr(0, piece)));
      bytes.remove_prefix(taken);
      const std::size_t count = agent.give(given);
      answers += given.substr(0, count);
      const bool moved = taken + count != 0;
      REQUIRE(moved);
    }
    return answers;
  }

  Agent agent{};
};

}  // namespace mote::agent
