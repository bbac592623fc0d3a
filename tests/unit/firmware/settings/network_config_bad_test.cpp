// NoCloud's network-config: files that can't be used, wholly or in part. None keeps a NIC from
// DHCP.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "firmware/limits.hpp"
#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote::world;
using namespace std::string_literals;

namespace {

// A NIC of version 2 with these lines.
std::string v2(const std::string& lines) {
  return "version: 2\nethernets:\n  eth0:\n    " + lines + "\n";
}

// One of version 1 with this subnet.
std::string v1(const std::string& subnet) {
  return "version: 1\nconfig:\n  - type: physical\n    name: eth0\n    subnets: [{" + subnet +
         "}]\n";
}

struct Bad {
  std::string yaml;
  std::string words;  // of the complaint, with its line
};

const Bad kBad[] = {
    // Impossible addresses.
    {v2("addresses: [192.0.2.300/24]"), ":4): 192.0.2.300/24 can't be a host's address"},
    {v2("addresses: [192.0.2.10/33]"), ":4): 192.0.2.10/33 can't be a host's address"},
    {v2("addresses: [192.0.2.10/0]"), ":4): 192.0.2.10/0 can't be a host's address"},
    {v2("addresses: [192.0.2.0/24]"), ":4): 192.0.2.0/24 can't be a host's address"},
    {v2("addresses: [192.0.2.255/24]"), ":4): 192.0.2.255/24 can't be a host's address"},
    {v2("addresses: [127.0.0.1/8]"), ":4): 127.0.0.1/8 can't be a host's address"},
    {v2("addresses: [224.0.0.1/24]"), ":4): 224.0.0.1/24 can't be a host's address"},
    {v2("addresses: [0.0.0.0/0]"), ":4): 0.0.0.0/0 can't be a host's address"},
    {v2("addresses: [255.255.255.255/32]"), ":4): 255.255.255.255/32 can't be a host's address"},
    {v2("addresses: [192.0.2.10/255.0.255.0]"), "can't be a host's address"},
    {v2("addresses: [192.0.2.10.1/24]"), "can't be a host's address"},
    {v2("addresses: [192.0.2.10/24/24]"), "can't be a host's address"},
    {v2("addresses: [' 192.0.2.10/24']"), "can't be a host's address"},
    {v2("addresses: ['']"), "has no prefix like /24"},
    {v2("addresses: [192.0.2.10]"), ":4): 192.0.2.10 has no prefix like /24"},
    {v2("addresses: ['fd00::1/64']"), ":4): IPv6 can't be used yet"},
    {v1("type: static, address: 192.0.2.10, netmask: 255.0.255.0"), ":5): 192.0.2.10 can't be"},
    {v1("type: static, address: 192.0.2.10, netmask: 99"),
     ":5): 192.0.2.10 can't be a host's address"},
    {v1("type: static"), ":5):  can't be a host's address"},
    {v1("type: static, address: nonsense"), ":5): nonsense can't be a host's address"},
    {v1("type: static6, address: 'fd00::1/64'"), ":5): IPv6 can't be used yet"},
    {v1("type: dhcp6"), ":5): IPv6 can't be used yet"},
    {v1("type: wifi"), ":5): a subnet of type \"wifi\" can't be used"},
    {v1("address: 192.0.2.10/24"), ":5): a subnet of type \"\" can't be used"},
    // Wrong kinds.
    {v2("addresses: 192.0.2.10/24"), ":4): addresses must be a list"},
    {v2("addresses: {a: b}"), ":4): addresses must be a list"},
    {v2("addresses: [[192.0.2.10/24]]"), ":4):  has no prefix"},
    {v2("addresses: [{}]"), ":4):  has no prefix"},
    {v2("mtu: 100"), ":4): an MTU of 100 can't be used"},
    {v2("mtu: -1500"), ":4): an MTU of -1500 can't be used"},
    {v2("mtu: [1500]"), ":4): mtu must be a single value"},
    {v2("dhcp4: [true]"), ":4): dhcp4 must be a single value"},
    {v2("routes: 10.0.0.0/8"), ":4): routes must be a list"},
    {v2("routes: [10.0.0.0/8]"), ":4): a route to  can't be used"},
    {v2("routes: [{to: 10.0.0.0/8, via: x}]"), ":4): a route to 10.0.0.0/8 can't be used"},
    {v2("routes: [{to: 10.0.0.0/8, via: 0.0.0.0}]"), ":4): a route to 10.0.0.0/8 can't"},
    {v2("routes: [{to: 127.0.0.0/8, via: 192.0.2.1}]"), ":4): a route to 127.0.0.0/8 can't"},
    {v2("routes: [{to: 10.0.0.0/8, via: 255.255.255.255}]"), "a route to 10.0.0.0/8 can't"},
    {v2("macaddress: '02:00:00:00:00:01'"), ":4): macaddress can't be used, ignored"},
    {v2("match: {macaddress: 'bc:24:11:00:00'}\n    dhcp4: true"), "is not a MAC address"},
    {v2("match:\n      macaddress: zz\n    dhcp4: true"), ":5): zz is not a MAC address"},
    {v2("match: {macaddress: 'zz:24:11:00:00:01'}\n    dhcp4: true"), "is not a MAC address"},
    {"version: 2\nethernets: [eth0]\n", ":2): ethernets must be a map"},
    {"version: 2\nethernets: eth0\n", ":2): ethernets must be a map"},
    {"version: 2\nethernets:\n  eth0: true\n", ":3): eth0 must be a map"},
    {"version: 2\nethernets:\n  eth9: {dhcp4: true}\n", ":3): eth9: there is no room for so"},
    {"version: 2\nbridges: {br0: {dhcp4: true}}\n", ":2): bridges can't be used"},
    {"version: 1\nconfig: [physical]\n", ":2): an entry of type \"\" can't be used"},
    {"version: 1\nconfig: [{type: [physical]}]\n", "an entry of type \"\" can't be used"},
    {"version: 1\nconfig: {type: physical}\n", "neither network config 1"},
    {"version: 1\nconfig: disabled\n", "neither network config 1"},
    {"network: {config: disabled}\n", "neither network config 1"},
    {"version: 3\nethernets: {eth0: {dhcp4: true}}\n", ":1): neither network config 1"},
    {"- version: 2\n", ":1): neither network config 1"},
    {"nonsense\n", ":1): neither network config 1"},
    // Text that isn't in our subset of YAML.
    {"version: 2\nethernets:\n\teth0: {dhcp4: true}\n", ":3): "},
    {"version: 2\nethernets: &all\n  eth0: {dhcp4: true}\n", ":2): "},
    {"version: 2\nethernets: *all\n", ":2): "},
    {"version: 2\nethernets: !!map {eth0: {}}\n", ":2): "},
    {"version: 2\nethernets:\n  eth0: {dhcp4: true\n", "settings (network-config:"},
    {"version: 2\nethernets:\n  eth0:\n    addresses: ['192.0.2.10/24\n", "settings (network-"},
    {"version: 2\nversion: 2\nethernets: {eth0: {dhcp4: true}}\n", ":2): "},
    {"\x7f"
     "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0"s,
     ":1): "},
    {"\x1f\x8b\x08\0\0\0\0\0\0\x03+K-*\xce\xcc\xcf\xb3"s, ":1): "},
    {std::string(4096, '['), ":1): "},
    {std::string(4096, '\0'), ":1): "},
};

}  // namespace

TEST_CASE("what can't be used is named with its line, and the NIC keeps DHCP") {
  for (const Bad& bad : kBad) {
    CAPTURE(bad.yaml);
    const Outcome outcome = read_network_config(bad.yaml);
    CAPTURE(outcome.said);
    CHECK(outcome.summary == "-");
    CHECK(outcome.said.starts_with("settings (network-config:"));
    CHECK(outcome.said.find(bad.words) != std::string::npos);
    CHECK(std::ranges::count(outcome.said, '\n') <= 2);
  }
}

TEST_CASE("a NIC beside a bad one gets its settings") {
  const Outcome outcome = read_network_config(
      "version: 2\nethernets:\n  eth0: {addresses: [192.0.2.300/24]}\n"
      "  eth1: {addresses: [192.0.2.11/24], gateway4: 192.0.2.300}\n");
  CHECK(outcome.summary == "-; 192.0.2.11/24");
  CHECK(outcome.said ==
        "settings (network-config:3): 192.0.2.300/24 can't be a host's address, not used\n"
        "settings (network-config:4): 192.0.2.300 can't be a gateway's address, not used\n");
}

TEST_CASE("a good address beside a bad one is used") {
  const Outcome outcome = read_network_config(
      v2("addresses: [192.0.2.300/24, 192.0.2.10/24]\n    gateway4: 127.0.0.1"));
  CHECK(outcome.summary == "192.0.2.10/24");
}

TEST_CASE("a bad address leaves DHCP where it is wanted, too") {
  CHECK(read_network_config(v2("addresses: [192.0.2.300/24]\n    dhcp4: true")).summary == "dhcp");
}

TEST_CASE("a file full of mistakes is told of in a few lines") {
  std::string yaml = "version: 2\nethernets:\n";
  for (int i = 0; i < 60; ++i) {
    yaml += "  e" + std::to_string(i) + ": {addresses: [1.2.3], mtu: 1, colour: red}\n";
  }
  const Outcome outcome = read_network_config(yaml);
  CHECK(outcome.summary == "-");
  CAPTURE(outcome.said);
  CHECK(std::ranges::count(outcome.said, '\n') == mote::limits::kSettingComplaints + 1);
  CHECK(outcome.said.ends_with("settings (network-config): more can't be used\n"));
}

TEST_CASE("more routes than there is room for are left out") {
  std::string routes;
  for (int i = 0; i < 20; ++i) {
    routes += "{to: 10.0." + std::to_string(i) + ".0/24, via: 192.0.2.9},";
  }
  const Outcome outcome =
      read_network_config(v2("addresses: [192.0.2.10/24]\n    routes: [" + routes + "]"));
  CHECK(std::ranges::count(outcome.summary, ',') == 16);
  CHECK(outcome.said.starts_with(
      "settings (network-config:5): too many routes: that to 10.0.16.0/24 is not used\n"));
}

TEST_CASE("a file cut anywhere is read without harm") {
  const std::string whole =
      "version: 1\nconfig:\n    - type: physical\n      name: eth0\n"
      "      mac_address: 'bc:24:11:00:00:01'\n      subnets:\n      - type: static\n"
      "        address: '192.0.2.10'\n        netmask: '255.255.255.0'\n"
      "        gateway: '192.0.2.1'\n    - {type: nameserver, address: ['192.0.2.53']}\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Outcome outcome = read_network_config(whole.substr(0, size));
    const bool is_known = outcome.summary == "-" || outcome.summary == "192.0.2.10/24" ||
                          outcome.summary == "192.0.2.10/24 via 192.0.2.1";
    CAPTURE(size);
    CHECK(is_known);
  }
}
