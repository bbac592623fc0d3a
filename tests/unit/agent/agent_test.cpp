// Tests of the guest agent: each command's answer, by its schema, and each error.
#include "agent/agent.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tests/unit/agent/world.hpp"

namespace mote::agent {
namespace {

std::string execute(std::string_view name, std::string_view rest = "") {
  return R"({"execute":")" + std::string(name) + "\"" + std::string(rest) + "}";
}

std::string error(std::string_view words, std::string_view kind = "GenericError") {
  return R"({"error":{"class":")" + std::string(kind) + R"(","desc":")" + std::string(words) +
         "\"}}\n";
}

Interface interface_of(std::uint64_t number) {
  const Traffic most{number, number, number, number};
  return {.index = static_cast<std::uint32_t>(number),
          .mac = {0x52, 0x54, 0, 0x12, 0x34, 0xFF},
          .address = 0xC000'02FE,
          .prefix_bits = 24,
          .received = most,
          .sent = most};
}

TEST_CASE("simple commands") {
  World world;
  CHECK(world.ask(execute("guest-ping")) == "{\"return\":{}}\n");
  CHECK(world.ask(execute("guest-sync", R"(,"arguments":{"id":123})")) == "{\"return\":123}\n");
  CHECK(world.ask(execute("guest-sync", R"(,"arguments":{"id":-9223372036854775808})")) ==
        "{\"return\":-9223372036854775808}\n");
  CHECK(world.ask("\xFF" + execute("guest-sync-delimited", R"(,"arguments":{"id":7})")) ==
        "\xFF{\"return\":7}\n");
  CHECK(world.ask(execute("guest-get-host-name")) == R"({"return":{"host-name":"web"}})"
                                                     "\n");
  CHECK(world.ask(execute("guest-get-time")) == "{\"return\":1700000000123456789}\n");
  CHECK(world.ask(execute("guest-get-timezone")) == R"({"return":{"zone":"UTC","offset":0}})"
                                                    "\n");
  CHECK(world.ask(execute("guest-get-vcpus")) ==
        R"({"return":[{"logical-id":0,"online":true,"can-offline":false}]})"
        "\n");
  CHECK(world.ask(execute("guest-get-users")) == "{\"return\":[]}\n");
  CHECK(world.ask(execute("guest-get-fsinfo")) == "{\"return\":[]}\n");
}

TEST_CASE("a machine without file systems is never frozen") {
  World world;
  CHECK(world.ask(execute("guest-fsfreeze-status")) == "{\"return\":\"thawed\"}\n");
  CHECK(world.ask(execute("guest-fsfreeze-freeze")) == "{\"return\":0}\n");
  CHECK(world.ask(execute("guest-fsfreeze-freeze-list", R"(,"arguments":{"mountpoints":["/"]})")) ==
        "{\"return\":0}\n");
  CHECK(world.ask(execute("guest-fsfreeze-freeze-list")) == "{\"return\":0}\n");
  CHECK(world.ask(execute("guest-fsfreeze-status")) == "{\"return\":\"thawed\"}\n");
  CHECK(world.ask(execute("guest-fsfreeze-thaw")) == "{\"return\":0}\n");
}

TEST_CASE("osinfo and info have the members of the schema") {
  World world;
  const Line os(world.ask(execute("guest-get-osinfo")));
  const auto* const info = os.root->find("return");
  REQUIRE(info != nullptr);
  CHECK(info->find("id")->text == "mote");
  CHECK(info->find("name")->text == "Mote");
  CHECK(info->find("pretty-name")->text == "Mote 1.2");
  CHECK(info->find("version")->text == "1.2");
  CHECK(info->find("version-id")->text == "1.2");
  CHECK(info->find("kernel-release")->text == "1.2");
  CHECK(info->find("machine")->text == "x86_64");

  const Line told(world.ask(execute("guest-info")));
  const auto* const agent = told.root->find("return");
  REQUIRE(agent != nullptr);
  CHECK(agent->find("version")->text == "1.2");
  const auto* const commands = agent->find("supported_commands");
  REQUIRE(commands->is_list());
  std::size_t count = 0;
  for (const auto& command : *commands) {
    CHECK(command.find("enabled")->text == "true");
    const std::string name(command.find("name")->text);
    CHECK(command.find("success-response")->text == (name == "guest-shutdown" ? "false" : "true"));
    if (name != "guest-shutdown") {  // each of them is known
      CHECK(world.ask(execute(name)).find("CommandNotFound") == std::string::npos);
    }
    ++count;
  }
  CHECK(count == kCommands.size());
}

TEST_CASE("interfaces, with their addresses and statistics") {
  World world;
  CHECK(world.ask(execute("guest-network-get-interfaces")) == "{\"return\":[]}\n");
  machine.interfaces = {interface_of(1)};
  machine.interfaces[0].sent = {2, 3, 4, 5};
  CHECK(world.ask(execute("guest-network-get-interfaces")) ==
        R"({"return":[{"name":"net1","hardware-address":"52:54:00:12:34:ff","ip-addresses":[)"
        R"({"ip-address-type":"ipv4","ip-address":"192.0.2.254","prefix":24}],"statistics":{)"
        R"("rx-bytes":1,"rx-packets":1,"rx-errs":1,"rx-dropped":1,"tx-bytes":2,"tx-packets":3,)"
        R"("tx-errs":4,"tx-dropped":5}}]})"
        "\n");
  machine.interfaces[0].address = 0;
  const Line line(world.ask(execute("guest-network-get-interfaces")));
  const auto* const first = line.root->find("return")->first;
  CHECK(first->find("ip-addresses")->is_list());
  CHECK(first->find("ip-addresses")->first == nullptr);
}

TEST_CASE("the longest answers fit, however little room there is") {
  for (const std::size_t room : {1U, 7U, 4096U}) {
    World world;
    machine.interfaces.assign(12, interface_of(~std::uint64_t{0}));
    for (auto& interface : machine.interfaces) {
      interface.address = 0xFFFF'FFFF;
      interface.prefix_bits = 32;
    }
    machine.host_name = std::string(64, '\x01');
    const std::string id = R"(,"id":")" + std::string(limits::kAgentIdBytes - 2, 'i') + "\"";
    for (const auto& command : kCommands) {
      const bool syncs = command.argument == Argument::kInteger;
      const std::string request =
          execute(command.name, (syncs ? R"(,"arguments":{"id":-9223372036854775808})" : "") + id);
      const std::string given = world.ask(request, 1, room);
      if (command.command == Command::kShutdown) {
        CHECK(given.empty());
        continue;
      }
      REQUIRE(given.ends_with(id + "}\n"));
      const Line line(given.substr(given[0] == kSentinel ? 1 : 0));
      CHECK(line.root->find("return") != nullptr);
    }
  }
}

TEST_CASE("shutdown answers nothing") {
  World world;
  CHECK(world.ask(execute("guest-shutdown")).empty());
  CHECK(world.ask(execute("guest-shutdown", R"(,"arguments":{"mode":"powerdown"})")).empty());
  CHECK(world.ask(execute("guest-shutdown", R"(,"arguments":{"mode":"reboot"})")).empty());
  CHECK(world.ask(execute("guest-shutdown", R"(,"arguments":{"mode":"halt"})")).empty());
  using enum Shutdown;
  CHECK(machine.shutdowns == std::vector{kPowerDown, kPowerDown, kReboot, kHalt});
  CHECK(world.ask(execute("guest-shutdown", R"(,"arguments":{"mode":"off"})")) ==
        error("mode is invalid (valid values are: halt|powerdown|reboot)"));
  CHECK(world.ask(execute("guest-shutdown", R"(,"arguments":{"mode":1})")) ==
        error("Invalid parameter type for 'mode', expected: string"));
  CHECK(machine.shutdowns.size() == 4);
}

TEST_CASE("errors") {
  World world;
  CHECK(world.ask(execute("guest-exec")) ==
        error("The command guest-exec has not been found", "CommandNotFound"));
  CHECK(world.ask(execute("a\\\"\\n\\u00e4" + std::string(100, 'b'))).size() < 200);
  CHECK(world.ask("{}") == error("QMP input lacks member 'execute'"));
  CHECK(world.ask(R"({"execute":1})") == error("QMP input member 'execute' must be a string"));
  CHECK(world.ask(execute("guest-ping", R"(,"control":1)")) ==
        error("QMP input member 'control' is unexpected"));
  CHECK(world.ask(execute("guest-ping", R"(,"arguments":[])")) ==
        error("QMP input member 'arguments' must be an object"));
  CHECK(world.ask(execute("guest-ping", R"(,"arguments":{})")) == "{\"return\":{}}\n");
  CHECK(world.ask(execute("guest-ping", R"(,"arguments":{"id":1})")) ==
        error("Parameter 'id' is unexpected"));
  CHECK(world.ask(execute("guest-ping", R"(,"arguments":{"":1})")) ==
        error("Parameter '' is unexpected"));
  CHECK(world.ask(execute("guest-sync")) == error("Parameter 'id' is missing"));
  CHECK(world.ask(execute("guest-sync", R"(,"arguments":{"id":1,"x":2})")) ==
        error("Parameter 'x' is unexpected"));
  for (const std::string_view id :
       {"\"1\"", "1.5", "1e3", "true", "null", "[1]", "{}", "9223372036854775808"}) {
    CHECK(world.ask(execute("guest-sync", R"(,"arguments":{"id":)" + std::string(id) + "}")) ==
          error("Invalid parameter type for 'id', expected: integer"));
  }
  machine.time.reset();
  CHECK(world.ask(execute("guest-get-time")) == error("the machine has no clock"));
  CHECK(world.ask("{\"execute\" 1}").find("JSON parse error, ") != std::string::npos);
  CHECK(world.ask("{\"x\":[1}}").find("JSON parse error, ") != std::string::npos);
}

TEST_CASE("an identifier comes back") {
  World world;
  CHECK(world.ask(execute("guest-ping", R"(,"id":5)")) == "{\"return\":{},\"id\":5}\n");
  CHECK(world.ask(execute("guest-ping", R"(,"id":null)")) == "{\"return\":{},\"id\":null}\n");
  CHECK(world.ask(execute("guest-ping", R"(,"id":"a\"\\\n\u0001")")) ==
        R"({"return":{},"id":"a\u0022\u005c\u000a\u0001"})"
        "\n");
  CHECK(world.ask(execute("guest-exec", R"(,"id":"x")")) ==
        R"({"error":{"class":"CommandNotFound","desc":"The command guest-exec has not been found")"
        R"(},"id":"x"})"
        "\n");
  CHECK(world.ask(execute("guest-ping", R"(,"id":[1])")) == "{\"return\":{}}\n");
  CHECK(world.ask(execute("guest-ping", R"(,"id":")" + std::string(80, 'i') + "\"")) ==
        "{\"return\":{}}\n");
  CHECK(world.ask(execute("guest-ping")) == "{\"return\":{}}\n");  // the last one's is forgotten
}

TEST_CASE("takes nothing while an answer waits") {
  World world;
  const std::string two = execute("guest-ping") + execute("guest-ping");
  CHECK(world.agent.take(two) == two.size() / 2);
  CHECK(world.agent.take(std::string_view(two).substr(two.size() / 2)) == 0);
  std::array<char, 5> room{};
  CHECK(world.agent.give(room) == 5);
  CHECK(world.agent.take(two) == 0);
  CHECK(world.agent.has_answer());
  world.agent.reset();  // the client has gone
  CHECK_FALSE(world.agent.has_answer());
  CHECK(world.agent.give(room) == 0);
  CHECK(world.ask(two) == "{\"return\":{}}\n{\"return\":{}}\n");
}

}  // namespace
}  // namespace mote::agent
