// Fuzzes what the wire can bring: any bytes as frames, into the fast path, lwIP with its patches,
// the network stack and the HTTP server, in virtual time (README.md lists what must hold).
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/life_checks.hpp"
#include "tests/fuzz/script.hpp"
#include "tests/fuzz/served_machine.hpp"
#include "tests/unit/netstack/world.hpp"

namespace mote::fuzz {
namespace {

using netstack::EthernetHeader;
using netstack::Ipv4Header;
using netstack::TcpHeader;
using world::advance;
using world::Bytes;
using world::Machine;

constexpr std::size_t kIpOffset = sizeof(EthernetHeader);
constexpr MacAddress kEverybody{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};
constexpr std::size_t kConnections = 16;

class Wire {
 public:
  explicit Wire(Script script) : script_(script) {}

  void run();

 private:
  // A command's byte: bits 0 to 2, what it is; bit 3, whether checksums and lengths are made right;
  // bits 4 to 7, a number.
  void step(std::uint8_t command);
  Bytes bytes(std::size_t header);
  void send(const Bytes& frame);
  void send_ip(std::uint8_t protocol, bool is_right, Bytes payload, std::uint16_t fragment = 0);
  void send_segment(std::uint8_t number, bool is_right);
  void note_answers();
  bool answers_ping();

  // What the machine said last on a client's port.
  struct Client {
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
  };

  Script script_;
  Machine& machine_ = world::machine();
  std::array<Client, 16> clients_{};
};

void Wire::run() {
  static const Usage at_rest;
  while (!script_.empty()) step(script_.byte());
  world::settle(machine_);
  demand(answers_ping(), "a ping isn't answered");
  let_it_rest();
  check_rest(at_rest);
}

void Wire::step(std::uint8_t command) {
  const bool is_right = (command & 8) != 0;
  const auto number = static_cast<std::uint8_t>(command >> 4);
  switch (command & 7) {
    case 0:
      return send(bytes(0));
    case 1: {  // any type, to the machine or to all
      Bytes frame = bytes(kIpOffset);
      auto& ethernet = *reinterpret_cast<EthernetHeader*>(frame.data());
      ethernet = {.destination = is_right ? world::kMachineMac : kEverybody,
                  .source = world::kPeerMac,
                  .type = (number & 1) != 0 ? EthernetHeader::kArp : script_.word()};
      return send(frame);
    }
    case 2:
      return send_ip(number, is_right, bytes(0));
    case 3:
      return send_ip(number % 3 == 0   ? Ipv4Header::kIcmp
                     : number % 3 == 1 ? Ipv4Header::kUdp
                                       : Ipv4Header::kTcp,
                     is_right, bytes(0), script_.word());
    case 4:
      return send_ip(Ipv4Header::kIcmp, is_right, bytes(0));
    case 5:
      advance(milliseconds(std::uint64_t{number} * number * 100));
      machine_.interface.tend(clock::now());
      return world::settle(machine_);
    default:
      return send_segment(number, is_right);
  }
}

// As many as the script says, behind room for a header.
Bytes Wire::bytes(std::size_t header) {
  const std::size_t length = script_.word() % 1600;
  const std::string_view text = script_.text(length);
  Bytes made(header);
  made.insert(made.end(), text.begin(), text.end());
  return made;
}

void Wire::send(const Bytes& frame) {
  machine_.device.receive(frame);
  world::run_timers();
  machine_.interface.turn();
  check_connections();
  note_answers();
}

void Wire::send_ip(std::uint8_t protocol, bool is_right, Bytes payload, std::uint16_t fragment) {
  if (is_right && protocol == Ipv4Header::kIcmp && payload.size() >= 4) {
    payload[2] = payload[3] = 0;
    const std::uint16_t sum = world::plain_checksum(payload);
    payload[2] = static_cast<std::uint8_t>(sum >> 8);
    payload[3] = static_cast<std::uint8_t>(sum);
  }
  Bytes frame = world::ipv4_frame(protocol, payload, fragment);
  if (!is_right && frame.size() > kIpOffset + sizeof(Ipv4Header)) {
    for (unsigned i = 0; i < 3; ++i) frame[kIpOffset + script_.byte() % 20] ^= script_.byte();
  }
  send(frame);
}

// A segment of one of sixteen clients, near what its connection expects, with any flags.
void Wire::send_segment(std::uint8_t number, bool is_right) {
  Client& client = clients_[number];
  const std::uint8_t flags = script_.byte();
  const auto near = [&](std::uint32_t base) {
    const auto offset = static_cast<std::int8_t>(script_.byte());
    return base + static_cast<std::uint32_t>(offset % 4 == 0 ? 0 : offset * offset * offset);
  };
  const std::size_t option_bytes = script_.byte() % 11 * 4;
  const std::string_view options = script_.text(option_bytes);
  Bytes segment(sizeof(TcpHeader));
  auto& tcp = *reinterpret_cast<TcpHeader*>(segment.data());
  tcp.source_port = static_cast<std::uint16_t>(3000 + number);
  tcp.destination_port = script_.byte() == 0xFF ? script_.word() : 80;
  tcp.sequence = near(client.sequence);
  tcp.acknowledgement = near(client.acknowledgement);
  tcp.window = script_.word();
  const std::size_t words = (sizeof(TcpHeader) + options.size()) / 4;
  tcp.offset_and_flags = static_cast<std::uint16_t>(words << 12 | flags);
  segment.insert(segment.end(), options.begin(),
                 options.begin() + static_cast<long>(options.size() / 4 * 4));
  const Bytes data = bytes(0);
  segment.insert(segment.end(), data.begin(), data.end());
  const std::uint32_t start = world::pseudo_sum(world::kPeerAddress, world::kMachineAddress,
                                                Ipv4Header::kTcp, segment.size());
  reinterpret_cast<TcpHeader*>(segment.data())->checksum = world::plain_checksum(segment, start);
  if ((flags & 2) != 0) client.sequence += 1;
  client.sequence += static_cast<std::uint32_t>(data.size());
  send_ip(Ipv4Header::kTcp, is_right || segment.size() > 1480, segment);
}

void Wire::note_answers() {
  auto& wire = machine_.device.wire;
  for (; !wire.empty(); wire.pop_front()) {
    const Bytes& frame = wire.front();
    demand(frame.size() >= kIpOffset && frame.size() <= kIpOffset + limits::kMtu,
           "a frame's length");
    const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame.data() + kIpOffset);
    const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(frame.data());
    if (ethernet.type != EthernetHeader::kIpv4) {
      const auto& arp = *reinterpret_cast<const netstack::ArpPacket*>(frame.data() + kIpOffset);
      if (arp.operation == 1 && arp.target_address != world::kMachineAddress)
        machine_.device.receive(world::arp_reply(arp.target_address, world::kPeerMac));
    } else if (ip.protocol == Ipv4Header::kTcp) {
      const auto& tcp = *reinterpret_cast<const TcpHeader*>(frame.data() + kIpOffset + sizeof(ip));
      const std::uint16_t port = tcp.destination_port;
      if (port < 3000 || port >= 3000 + clients_.size()) continue;
      const std::uint32_t length = ip.total_bytes - sizeof(ip) - tcp.header_bytes();
      const bool takes_one = (tcp.offset_and_flags & 3) != 0;
      clients_[port - 3000] = {.sequence = tcp.acknowledgement,
                               .acknowledgement = tcp.sequence + length + (takes_one ? 1 : 0)};
    }
  }
}

bool Wire::answers_ping() {
  machine_.device.wire.clear();
  machine_.device.receive(world::ipv4_frame(Ipv4Header::kIcmp, world::echo_message(56)));
  world::settle(machine_);
  for (const Bytes& frame : machine_.device.wire) {
    if (frame[kIpOffset + 9] == Ipv4Header::kIcmp && frame[kIpOffset + 20] == 0) return true;
  }
  return false;
}

}  // namespace
}  // namespace mote::fuzz

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  mote::world::machine_segmentation = mote::Segmentation::kWholeLength;
  mote::fuzz::make_served_machine(mote::fuzz::kConnections);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mote::fuzz::Wire(mote::fuzz::Script(data, size)).run();
  return 0;
}
