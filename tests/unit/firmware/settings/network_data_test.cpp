// ConfigDrive's network_data.json, as OpenStack writes it, and DigitalOcean's own metadata.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote::world;

namespace {

constexpr const char* kNetworkData = "settings (network_data.json:";

}  // namespace

TEST_CASE("OpenStack: DHCP on each link") {
  const Outcome outcome = read_network_data(R"({
    "services": [{"type": "dns", "address": "199.204.44.24"}],
    "links": [
      {"vif_id": "a", "ethernet_mac_address": "bc:24:11:00:00:01", "type": "ovs", "mtu": null,
       "id": "tap2ecc7709-b3"},
      {"vif_id": "b", "ethernet_mac_address": "bc:24:11:00:00:02", "type": "ovs", "mtu": 1450,
       "id": "tap2f88d109-5b", "name": "nic0"}],
    "networks": [
      {"link": "tap2ecc7709-b3", "type": "ipv4_dhcp", "network_id": "x", "id": "network0"},
      {"link": "tap2f88d109-5b", "type": "ipv4_dhcp", "network_id": "y", "id": "network1"}]})");
  CHECK(outcome.summary == "dhcp; dhcp, mtu 1450");
  CHECK(outcome.said.empty());
}

TEST_CASE("OpenStack: static addresses, gateway and routes, links of no known type, IPv6") {
  const Outcome outcome = read_network_data(R"({
    "services": [{"type": "dns", "address": "172.16.36.11"}],
    "networks": [
      {"type": "ipv4", "netmask": "255.255.255.128", "link": "tap0", "ip_address": "172.17.48.18",
       "routes": [{"netmask": "0.0.0.0", "network": "0.0.0.0", "gateway": "172.17.48.1"}]},
      {"type": "ipv6", "netmask": "ffff:ffff:ffff:ffff::", "link": "tap0",
       "ip_address": "fdb8:52d0:9d14:0:f816:3eff:fe9f:70d", "routes": []},
      {"type": "ipv4", "netmask": "255.255.255.128", "link": "tap1", "ip_address": "172.16.48.13",
       "routes": [{"netmask": "0.0.0.0", "network": "0.0.0.0", "gateway": "172.16.48.1"},
                  {"netmask": "255.255.0.0", "network": "172.16.0.0",
                   "gateway": "172.16.48.1"}]}],
    "links": [
      {"ethernet_mac_address": "bc:24:11:00:00:01", "mtu": null, "type": "tap", "id": "tap0"},
      {"ethernet_mac_address": "bc:24:11:00:00:02", "mtu": null, "type": null, "id": "tap1"}]})");
  CHECK(outcome.summary ==
        "172.17.48.18/25 via 172.17.48.1; 172.16.48.13/25 via 172.16.48.1, "
        "172.16.0.0/16 via 172.16.48.1");
  CHECK(outcome.said == kNetworkData + std::string("6): IPv6 can't be used yet\n"));
}

TEST_CASE("OpenStack: bonds and VLANs are named") {
  const Outcome outcome = read_network_data(R"({
    "networks": [
      {"ip_address": "2.2.2.13", "link": "vlan2", "netmask": "255.255.255.248", "type": "ipv4"}],
    "links": [
      {"ethernet_mac_address": "bc:24:11:00:00:01", "id": "eth0", "mtu": 1500, "type": "phy"},
      {"bond_links": ["eth0", "eth1"], "ethernet_mac_address": "02:00:00:00:00:01", "id": "bond0",
       "type": "bond"},
      {"ethernet_mac_address": "bc:24:11:00:00:02", "id": "vlan2", "type": "vlan", "vlan_id": 602,
       "vlan_link": "bond0"}]})");
  CHECK(outcome.summary == "mtu 1500");
  CHECK(outcome.said == kNetworkData + std::string("6): a link of type bond can't be used\n") +
                            kNetworkData + "8): a link of type vlan can't be used\n");
}

// Their ConfigDrive has the public address and the private anchor on one NIC, the latter without a
// way out.
TEST_CASE("DigitalOcean: of the public and the anchor address, the one with the gateway is used") {
  const Outcome outcome = read_network_data(R"({
    "links": [
      {"ethernet_mac_address": "bc:24:11:00:00:01", "id": "eth0", "mtu": 1500, "type": "phy"},
      {"ethernet_mac_address": "bc:24:11:00:00:02", "id": "eth1", "mtu": 1500, "type": "phy"}],
    "networks": [
      {"id": "anchor", "link": "eth0", "type": "ipv4", "ip_address": "10.19.0.5",
       "netmask": "255.255.0.0", "routes": []},
      {"id": "public", "link": "eth0", "type": "ipv4", "ip_address": "142.93.108.93",
       "netmask": "255.255.240.0",
       "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "142.93.96.1"}]},
      {"id": "private", "link": "eth1", "type": "ipv4", "ip_address": "10.114.0.2",
       "netmask": "255.255.240.0"}],
    "services": [{"type": "dns", "address": "67.207.67.2"}]})");
  CHECK(outcome.summary == "142.93.108.93/20 via 142.93.96.1, mtu 1500; 10.114.0.2/20, mtu 1500");
  CHECK(outcome.said ==
        kNetworkData + std::string("6): one IPv4 address a NIC: 10.19.0.5 is not used\n"));
}

TEST_CASE("DigitalOcean: its own metadata") {
  const Outcome outcome = read_digitalocean(R"({
    "droplet_id": 2756294, "hostname": "sample-droplet",
    "interfaces": {
      "private": [{"ipv4": {"ip_address": "10.132.6.205", "netmask": "255.255.0.0",
                            "gateway": "10.132.0.1"},
                   "mac": "bc:24:11:00:00:02", "type": "private"}],
      "public": [{"ipv4": {"ip_address": "192.0.2.20", "netmask": "255.255.255.0",
                           "gateway": "192.0.2.1"},
                  "ipv6": {"ip_address": "2604:A880:0800::1", "cidr": 64},
                  "anchor_ipv4": {"ip_address": "10.0.0.5", "netmask": "255.255.0.0",
                                  "gateway": "10.0.0.1"},
                  "mac": "bc:24:11:00:00:01", "type": "public"}]},
    "dns": {"nameservers": ["8.8.8.8"]}})");
  CHECK(outcome.summary == "192.0.2.20/24 via 192.0.2.1; 10.132.6.205/16");
  CHECK(outcome.said ==
        "settings (digitalocean_meta_data.json:10): one IPv4 address a NIC: 10.0.0.5 is not "
        "used\n");
  CHECK(read_digitalocean("{\"hostname\": \"x\"}").summary == "-");
}

TEST_CASE("JSON of the wrong shape is passed over") {
  for (const std::string json :
       {"{}", "[]", "null", "\"text\"", "{\"links\": {}}", "{\"links\": [], \"networks\": 1}",
        "{\"links\": [1, null, []], \"networks\": [[]]}", "{\"links\": [{\"id\": []}]}",
        "{\"links\": [{\"ethernet_mac_address\": \"x\"}]}", "{\"networks\": [{\"link\": \"x\"}]}",
        "{\"links\": [{\"id\": \"a\"}], \"networks\": [{\"link\": \"a\", \"type\": \"ipv4\"}]}",
        "{\"links\": [{\"id\": \"a\"}], \"networks\": [{\"link\": \"a\", \"type\": \"x\"}]}",
        "{\"links\": [{\"id\": \"a\"}], \"networks\": [{\"link\": \"a\", \"type\": \"ipv4\", "
        "\"ip_address\": \"1.2.3.4\", \"netmask\": \"255.0.255.0\"}]}",
        "{\"links\"", "{\"interfaces\": 5}",
        "{\"interfaces\": {\"public\": [7, {\"ipv4\": 1}]}}"}) {
    CAPTURE(json);
    CHECK(read_network_data(json).summary == "-");
    CHECK(read_digitalocean(json).summary == "-");
  }
}
