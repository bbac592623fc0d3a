// A machine that asks for its address, and DHCP servers made by tests.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/netstack/world.hpp"

namespace mote::world::dhcp {

inline constexpr MacAddress kServerMac{{2, 0, 0, 0, 0, 9}};
inline constexpr std::uint32_t kServer = 0xC0A80001;  // 192.168.0.1
inline constexpr std::uint32_t kLeased = 0xC0A80017;  // 192.168.0.23

// Message types (RFC 2132, 9.6).
enum : std::uint8_t { kDiscover = 1, kOffer = 2, kRequest = 3, kAck = 5, kNak = 6 };

// Options (RFC 2132; 121: RFC 3442).
enum : std::uint8_t {
  kMask = 1,
  kRouter = 3,
  kMtu = 26,
  kLeaseTime = 51,
  kOverload = 52,
  kType = 53,
  kServerIdentifier = 54,
  kT1 = 58,
  kT2 = 59,
  kRoutes = 121,
  kMicrosoftRoutes = 249,
};

// What the client says.
struct Message {
  std::uint8_t type = 0;
  std::uint32_t transaction = 0;
  std::uint32_t client_address = 0;
  std::uint32_t destination = 0;
  std::uint64_t at_ms = 0;
  Bytes options;  // from the first on, without the magic cookie
};

using Option = std::pair<std::uint8_t, Bytes>;

// What a server says. Broadcast, as to a client without an address.
struct Answer {
  std::uint8_t type = 0;
  std::uint32_t address = kLeased;
  std::vector<Option> options;
  std::vector<Option> in_file;   // with an overload among `options`
  std::vector<Option> in_sname;  // the same
};

// The usual answer: an address in 192.168.0.0/24 with a gateway, for two minutes. What is in
// `other` takes the place of that option; an empty value leaves it out.
Answer lease(const Message& message, std::initializer_list<Option> other = {},
             std::uint32_t address = kLeased);

// A refusal by a server.
Answer refusal(std::uint32_t server = kServer);

using Policy = std::function<std::optional<Answer>(const Message&)>;

std::optional<Answer> silence(const Message& message);

// The stations on the link, which answer ARP, by their addresses.
extern std::vector<std::uint32_t> stations;

// The machine, made once for the whole program.
Machine& client(const char* host_name = "tester");

// The client begins anew, without an address, and nothing is printed yet.
void restart();

// Runs the world for a while; gives back the client's messages.
std::vector<Message> run(std::uint32_t seconds, const Policy& policy);

// The client's address.
std::uint32_t address();

// Whom the client asked for by ARP since the last call.
std::vector<std::uint32_t> asked_for();

std::uint32_t word(const Bytes& bytes, std::size_t at);
Bytes word(std::uint32_t value);
std::optional<Bytes> option(const Bytes& options, std::uint8_t wanted);
std::size_t count(std::string_view text, std::string_view words);
bool contains(const std::string& text, std::string_view words);

}  // namespace mote::world::dhcp
