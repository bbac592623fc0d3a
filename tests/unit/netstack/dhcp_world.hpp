// A machine that is a DHCP client, and DHCP servers with policies made by tests.
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
enum : std::uint8_t { kDiscover = 1, kOffer = 2, kRequest = 3, kDecline = 4, kAck = 5, kNak = 6 };

// Options (RFC 2132; 121: RFC 3442).
enum : std::uint8_t {
  kMask = 1,
  kRouter = 3,
  kHostName = 12,
  kMtu = 26,
  kLeaseTime = 51,
  kOverload = 52,
  kType = 53,
  kServerIdentifier = 54,
  kParameters = 55,
  kT1 = 58,
  kT2 = 59,
  kRoutes = 121,
  kMicrosoftRoutes = 249,
};

// A message from the client.
struct Message {
  std::uint8_t type = 0;
  std::uint32_t transaction = 0;
  std::uint32_t client_address = 0;
  std::uint32_t destination = 0;
  std::uint64_t at_ms = 0;
  Bytes options;  // all of them, without the magic cookie
};

using Option = std::pair<std::uint8_t, Bytes>;

// A server's reply, broadcast as to a client without an address.
struct Answer {
  std::uint8_t type = 0;
  std::uint32_t address = kLeased;
  std::vector<Option> options;
  std::vector<Option> in_file;        // needs an overload among `options`
  std::vector<Option> in_sname;       // the same
  std::uint32_t transaction_off = 0;  // by which it misses the message's
  MacAddress client = kMachineMac;    // whom it is for
};

// The usual reply: an address in 192.168.0.0/24 with a gateway, for two minutes. Each option in
// `other` replaces the usual one; an empty value removes it.
Answer lease(const Message& message, std::initializer_list<Option> other = {},
             std::uint32_t address = kLeased);

// A refusal by a server.
Answer refusal(std::uint32_t server = kServer);

using Policy = std::function<std::optional<Answer>(const Message&)>;

std::optional<Answer> silence(const Message& message);

// Addresses of the stations on the link, which answer ARP.
extern std::vector<std::uint32_t> stations;

// The machine, created once per program.
Machine& client(const char* host_name = "tester", const netstack::Routes& routes = {});

// Restarts the client without an address, and clears the console's output.
void restart();

// Runs the world for a while; returns the client's messages.
std::vector<Message> run(std::uint32_t seconds, const Policy& policy);

// The client's address.
std::uint32_t address();

// The addresses that the client has sent ARP requests for since the last call.
std::vector<std::uint32_t> asked_for();

// An ARP packet of the client's.
struct ArpSent {
  std::uint64_t at_ms = 0;
  std::uint16_t operation = 0;
  std::uint32_t sender = 0;
  std::uint32_t target = 0;
  bool to_all = false;
};

// Those sent since the last call.
std::vector<ArpSent> arp_sent();

std::uint32_t word(const Bytes& bytes, std::size_t at);
Bytes word(std::uint32_t value);
std::optional<Bytes> option(const Bytes& options, std::uint8_t wanted);
std::size_t count(std::string_view text, std::string_view words);
bool contains(const std::string& text, std::string_view words);

}  // namespace mote::world::dhcp
