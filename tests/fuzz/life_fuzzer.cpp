// Fuzzes everything between device and pack: lwIP with its patches, the network stack and the HTTP
// server live many random lives, with clients that break the rules, over a device that gets stuck,
// keeps frames and has little room (README.md lists what must hold).
//
// A process has one machine, set up before the first life: --segmentation=none, --connections=N.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "netstack/tcp/syn_cookies.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/life_checks.hpp"
#include "tests/fuzz/life_client.hpp"
#include "tests/fuzz/life_requests.hpp"
#include "tests/fuzz/served_machine.hpp"
#include "tests/unit/netstack/world.hpp"

namespace mote::fuzz {
namespace {

using world::advance;
using world::Bytes;
using world::Machine;
using Client = LifeClient;
using Segment = Client::Segment;

class Life {
 public:
  explicit Life(Choices choices) : choices_(choices) {}

  void live();

 private:
  void step();
  void give(const Bytes& frame);
  void turn();
  void heed_cookies();
  void collect();
  void pass(unsigned milliseconds);
  void settle_all();

  void connect(Client& client);
  void send_request(Client& client);
  void ask_again(Client& client);
  void squeeze(Client& client);
  void misbehave(Client& client);
  void disturb();
  void narrow();
  bool is_served();

  Segment segment(const Client& client, unsigned flags, std::string_view data = {});
  std::uint32_t an_acknowledgement(const Client& client);

  Choices choices_;
  Machine& machine_ = world::machine();
  std::vector<Client> clients_;
  bool is_lossy_ = false;
  std::uint64_t cookies_accepted_ = netstack::cookie_counters().accepted;
};

void Life::live() {
  static const Usage at_rest;
  is_lossy_ = choices_.one_in(2);
  const unsigned count = choices_.one_in(3) ? 1 : choices_.one_in(2) ? 3 : 90;
  for (unsigned i = 0; i < count; ++i) clients_.emplace_back(static_cast<std::uint16_t>(2000 + i));
  for (unsigned left = count == 90 ? 4000 : 600; left > 0; --left) step();
  demand(is_served(), "a clean client isn't served");
  clients_.clear();
  let_it_rest();
  check_rest(at_rest);
}

void Life::step() {
  Client& client = clients_[choices_.below(static_cast<std::uint32_t>(clients_.size()))];
  if (client.reset || (!client.answered && choices_.one_in(2))) return connect(client);
  if (!client.answered) return;
  if (client.pending.empty() && choices_.one_in(2)) {
    const unsigned more = choices_.one_in(3) ? choices_.below(30) : 0;
    for (unsigned i = 0; i <= more; ++i) client.pending += a_request(choices_);
  }
  if (choices_.one_in(12)) return ask_again(client);
  if (choices_.one_in(25)) return squeeze(client);
  const unsigned what = choices_.below(40);
  if (what < 14) {
    send_request(client);
  } else if (what < 24) {
    if (choices_.one_in(2)) client.window = a_window(choices_);
    client.expected = an_acknowledgement(client);
    give(client.frame_of(segment(client, Client::kAck)));
  } else if (what < 26) {
    for (unsigned i = 3 + choices_.below(4); i > 0; --i) {
      give(client.frame_of(segment(client, Client::kAck)));
    }
  } else if (what < 33) {
    misbehave(client);
  } else if (what < 35) {
    pass(choices_.one_in(10) ? choices_.below(20'000) : choices_.below(700));
  } else {
    disturb();
  }
  if (choices_.one_in(6)) pass(choices_.below(30));
}

void Life::give(const Bytes& frame) {
  if (machine_.device.receive(frame) && !choices_.one_in(3)) turn();
}

void Life::turn() {
  world::run_timers();
  check_connections();
  machine_.interface.turn();
  check_connections();
  heed_cookies();
  collect();
}

// A client that repeats its first segment, though the machine acknowledged it, may open another
// connection by it: SYN cookies know no past. Segments of both may then be on their way, the first
// one's for as long as ARP looks for the client.
void Life::heed_cookies() {
  const std::uint64_t accepted = netstack::cookie_counters().accepted;
  if (std::exchange(cookies_accepted_, accepted) != accepted) {
    for (Client& client : clients_) client.doubt_stream();
  }
}

void Life::collect() {
  auto& wire = machine_.device.wire;
  for (; !wire.empty(); wire.pop_front()) {
    const Bytes& frame = wire.front();
    const auto& ethernet = *reinterpret_cast<const netstack::EthernetHeader*>(frame.data());
    if (ethernet.type == netstack::EthernetHeader::kArp) {
      const auto& arp = *reinterpret_cast<const netstack::ArpPacket*>(frame.data() + 14);
      const bool is_for_peer = arp.target_address != world::kMachineAddress;
      if (arp.operation == 1 && is_for_peer && !choices_.one_in(4)) {
        machine_.device.receive(world::arp_reply(arp.target_address, world::kPeerMac));
      }
    } else if (reinterpret_cast<const netstack::Ipv4Header*>(frame.data() + 14)->protocol == 6) {
      const bool is_lost = is_lossy_ && choices_.one_in(5);
      for (Client& client : clients_) {
        if (client.receive(frame, is_lost)) break;
      }
    }
  }
}

void Life::pass(unsigned milliseconds) {
  if (milliseconds > 1000 && choices_.one_in(2)) {
    advance(mote::milliseconds(milliseconds));
    return turn();
  }
  for (unsigned passed = 0; passed < milliseconds; passed += 50) {
    advance(mote::milliseconds(50));
    turn();
  }
}

void Life::settle_all() {
  world::settle(machine_);
  collect();
}

Segment Life::segment(const Client& client, unsigned flags, std::string_view data) {
  return {flags, client.next, client.expected, client.window, data, {}};
}

std::uint32_t Life::an_acknowledgement(const Client& client) {
  if (choices_.one_in(12)) return client.beyond;
  if (!choices_.one_in(3)) return client.expected;
  return client.expected + choices_.below(client.beyond - client.expected + 1);
}

// Sends a SYN, with or without the options that clients send, from this port and address or others.
void Life::connect(Client& client) {
  const bool other_port = choices_.one_in(2);
  const std::uint32_t host = choices_.one_in(6) ? 1 + choices_.below(60) : 0;
  const std::uint32_t sequence =
      choices_.one_in(4) ? client.next + choices_.below(60'000) : choices_.any();
  client =
      Client(other_port ? static_cast<std::uint16_t>(1024 + choices_.below(60'000)) : client.port(),
             world::kPeerAddress + host);
  client.window = a_window(choices_);
  client.next = sequence + 1;
  const std::string_view data = choices_.one_in(20) ? "data" : "";
  give(client.frame_of(
      {Client::kSyn, sequence, 0, client.window, data, options_of_a_syn(choices_)}));
}

void Life::send_request(Client& client) {
  const std::size_t most = choices_.one_in(3) ? 1 + choices_.below(200) : 1460;
  const std::string data = client.pending.substr(0, most);
  client.pending.erase(0, data.size());
  unsigned flags = Client::kAck;
  if (!choices_.one_in(3)) flags |= Client::kPush;
  if (choices_.one_in(40)) flags |= Client::kFin;
  if (choices_.one_in(60)) flags |= Client::kUrgent;
  if (choices_.one_in(3)) client.window = a_window(choices_);
  client.expected = an_acknowledgement(client);
  give(client.frame_of(segment(client, flags, data)));
  client.next += static_cast<std::uint32_t>(data.size()) + ((flags & Client::kFin) != 0 ? 1 : 0);
}

// Asks as ordinary clients do: whole requests that acknowledge everything get prompt answers.
void Life::ask_again(Client& client) {
  client.pending.clear();
  const std::string request = a_plain_request(choices_);
  for (unsigned i = 1 + choices_.below(6); i > 0 && !client.reset; --i) {
    if (choices_.one_in(8)) client.window = a_window(choices_);
    client.expected = client.beyond;
    give(client.frame_of(segment(client, Client::kAck | Client::kPush, request)));
    client.next += static_cast<std::uint32_t>(request.size());
    turn();
  }
}

// Shuts the window, asks for much, then opens the window a little at a time.
void Life::squeeze(Client& client) {
  const auto offer = [&](std::uint16_t window, std::string_view data) {
    client.window = window;
    client.expected = client.beyond;
    give(client.frame_of(segment(client, Client::kAck, data)));
    client.next += static_cast<std::uint32_t>(data.size());
    turn();
  };
  client.pending.clear();
  std::string requests;
  for (unsigned i = 1 + choices_.below(9); i > 0; --i) requests += a_plain_request(choices_);
  offer(0, {});
  offer(0, requests);
  for (unsigned i = choices_.below(4); i > 0; --i) {
    offer(static_cast<std::uint16_t>(1 + choices_.below(choices_.one_in(2) ? 120 : 3000)), {});
    for (unsigned ticks = choices_.below(12); ticks > 0; --ticks) {
      advance(milliseconds(100));
      turn();
    }
  }
  offer(65'535, {});
}

// Sends segments that no well-meaning client sends.
void Life::misbehave(Client& client) {
  const std::string junk(choices_.below(1460), 'z');
  const auto forged = [&](unsigned flags, std::uint32_t sequence, std::uint32_t acknowledgement,
                          std::string_view data) {
    give(client.frame_of({flags, sequence, acknowledgement, a_window(choices_), data, {}}));
  };
  switch (choices_.below(7)) {
    case 0:
      return forged(Client::kAck, client.next - choices_.below(2000),
                    client.expected - choices_.below(60'000), choices_.one_in(2) ? "x" : "");
    case 1:
      return forged(Client::kAck | Client::kPush, client.next + choices_.below(9000),
                    client.beyond + choices_.below(3), junk);
    case 2:
      return forged(Client::kAck | (choices_.one_in(4) ? Client::kFin : 0),
                    client.next - choices_.below(1460), an_acknowledgement(client), junk);
    case 3:
      forged(Client::kAck | Client::kFin, client.next, an_acknowledgement(client), {});
      ++client.next;
      return;
    case 4:
      forged(Client::kRst | Client::kAck, client.next + (choices_.one_in(2) ? 0 : junk.size() * 6),
             client.expected, {});
      client.reset = choices_.one_in(2);
      return;
    case 5:
      return forged(Client::kSyn | (choices_.one_in(2) ? Client::kAck : 0),
                    choices_.one_in(2) ? choices_.any() : client.next + choices_.below(5),
                    an_acknowledgement(client), {});
    default:
      return forged(choices_.below(64), client.next + choices_.below(100) - 50,
                    client.expected + choices_.below(100) - 50, junk.substr(0, 30));
  }
}

// Makes the device misbehave.
void Life::disturb() {
  world::Device& device = machine_.device;
  switch (choices_.below(9)) {
    case 0:
      device.stuck = !device.stuck;
      break;
    case 1:
      device.keeps = !device.keeps;
      break;
    case 2:
    case 3:
      device.ring = choices_.one_in(3) ? 1 + choices_.below(8) : 256;
      break;
    case 4:
      device.receive(world::arp_reply(world::kPeerAddress, world::kPeerMac));
      break;
    case 5:
      if (!choices_.one_in(4)) break;
      for (const bool up : {false, true}) {
        device.link = up;
        machine_.interface.tend(clock::now());
      }
      device.receive(world::arp_reply(world::kPeerAddress, world::kPeerMac));
      break;
    case 6:
      return narrow();
    default:
      machine_.interface.tend(clock::now());
  }
}

// Narrows the interface's MTU, or has a router, genuine or not, report a narrower path.
void Life::narrow() {
  if (choices_.one_in(3)) return machine_.interface.attachment().offer_mtu(an_mtu(choices_));
  const Client& client = clients_[choices_.below(static_cast<std::uint32_t>(clients_.size()))];
  for (unsigned i = choices_.below(4); i > 0; --i)
    give(client.too_long(an_acknowledgement(client), an_mtu(choices_)));
}

// Whether a new client gets a whole file within three tries, once the device works again.
bool Life::is_served() {
  machine_.device.stuck = machine_.device.keeps = false;
  machine_.device.ring = 256;
  machine_.interface.attachment().offer_mtu(limits::kMtu);
  is_lossy_ = false;
  settle_all();
  const std::string request =
      "GET /size/12000.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  for (int tries = 0; tries < 3; ++tries) {
    clients_.assign(1, Client(static_cast<std::uint16_t>(61'001 + choices_.below(4000))));
    Client& client = clients_.front();
    client.next = choices_.any();
    machine_.device.receive(
        client.frame_of({Client::kSyn, client.next++, 0, 65'535, {}, {2, 4, 5, 180}}));
    settle_all();
    if (client.answered) {
      machine_.device.receive(client.frame_of(segment(client, Client::kAck, request)));
      client.next += static_cast<std::uint32_t>(request.size());
    }
    for (int i = 0; i < 30 && !client.finished; ++i) {
      settle_all();
      machine_.device.receive(client.frame_of(segment(client, Client::kAck)));
      settle_all();
      advance(milliseconds(100));
    }
    machine_.device.receive(client.frame_of(segment(client, Client::kAck | Client::kFin)));
    settle_all();
    const bool is_whole = client.stream().size() > 12'000;
    if (client.finished && client.stream().starts_with("HTTP/1.1 200 ") && is_whole) return true;
  }
  return false;
}

void make_machine(int count, char** arguments) {
  std::size_t connections = 64;
  world::machine_segmentation = Segmentation::kWholeLength;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    constexpr std::string_view kConnections = "--connections=";
    if (argument == "--segmentation=none") world::machine_segmentation = Segmentation::kNone;
    if (argument.starts_with(kConnections)) {
      connections = std::strtoul(arguments[i] + kConnections.size(), nullptr, 10);
    }
  }
  make_served_machine(connections);
}

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  mote::fuzz::make_machine(*count, *arguments);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mote::fuzz::Life(mote::fuzz::Choices(data, size)).live();
  return 0;
}
