// The machine's name by DHCP, where no setting gives it one.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "netstack/stack.hpp"
#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;
using namespace std::string_view_literals;

namespace {

// Has the client, which no setting names, meet a server that leases a name; returns its messages.
std::vector<Message> meet(std::string_view name) {
  client("");
  advance(milliseconds(60'000));  // each reason may be printed again after this
  restart();
  return run(5, [&](const Message& message) {
    return lease(message, {{kHostName, Bytes(name.begin(), name.end())}});
  });
}

// The name in the last lease; empty: none.
std::string leased() {
  return client().interface.attachment().dhcp_client().lease().host_name.text();
}

}  // namespace

TEST_CASE("without a name of its own the machine sends none, and asks for one") {
  const auto messages = meet("");
  REQUIRE(address() == kLeased);
  for (const Message& message : messages) {
    CHECK(!option(message.options, kHostName));
    const auto requested = option(message.options, kParameters);
    REQUIRE(requested.has_value());
    CHECK(std::ranges::count(*requested, kHostName) == 1);
  }
  CHECK(netstack::leased_host_name().empty());
  CHECK(!contains(printed(), "host"));
}

TEST_CASE("a name that can't be is named once and not used; the address is") {
  const std::string label64(64, 'a');
  for (const std::string_view name : {"my_vm"sv, "-a"sv, "a-"sv, "a..b"sv, "a."sv, "."sv, " "sv,
                                      "a\0b"sv, "\x1b[2J"sv, "a\n"sv, std::string_view(label64)}) {
    CAPTURE(name);
    meet(name);
    CHECK(address() == kLeased);
    CHECK(leased().empty());
    CHECK(netstack::leased_host_name().empty());
    CHECK(printed() ==
          "net0: the host name from DHCP server 192.168.0.1 can't be: not used\n"
          "net0: 192.168.0.23/24 via 192.168.0.1 (dhcp, lease 120 s)\n");
  }
}

TEST_CASE("zeros at a name's end are cut off (RFC 2132, 2), nothing but zeros is no name") {
  for (const std::string_view name : {"\0"sv, "\0\0\0"sv}) {
    meet(name);
    CHECK(printed() == "net0: 192.168.0.23/24 via 192.168.0.1 (dhcp, lease 120 s)\n");
  }
  CHECK(netstack::leased_host_name().empty());
}

TEST_CASE("the first good name is told before the address, and counts from there on") {
  meet("web-1.example\0"sv);
  CHECK(netstack::leased_host_name() == "web-1.example");
  CHECK(printed() ==
        "host: web-1.example\n"
        "net0: 192.168.0.23/24 via 192.168.0.1 (dhcp, lease 120 s)\n");
  const auto messages = meet("web-2");
  CHECK(netstack::leased_host_name() == "web-1.example");
  CHECK(!contains(printed(), "host"));
  for (const Message& message : messages) {
    CHECK(!option(message.options, kHostName));  // the server knows it
  }
}

TEST_CASE("a name may have 63 characters; of a longer one the first label is used") {
  const std::string longest = std::string(61, 'a') + ".b";
  meet(longest);
  CHECK(leased() == longest);
  meet(longest + 'b');
  CHECK(leased() == std::string(61, 'a'));
  const std::string label(63, 'x');
  meet(label + ".us-central1-a.c.project.internal");
  CHECK(leased() == label);
  meet(label + "x.internal");
  CHECK(leased().empty());
  CHECK(contains(printed(), "can't be: not used\n"));
}
