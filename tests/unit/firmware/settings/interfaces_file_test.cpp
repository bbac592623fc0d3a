// Debian's file of interfaces, as Proxmox VE writes it on a ConfigDrive, and as others do.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote::world;

TEST_CASE("interfaces as Proxmox VE writes them: DNS below lo, static addresses, IPv6") {
  const Outcome outcome = read_interfaces(
      "auto lo\niface lo inet loopback\n\n        dns_nameservers 192.0.2.53\n"
      "        dns_search example.org\nauto eth0\niface eth0 inet static\n"
      "        address 192.0.2.10\n        netmask 255.255.255.0\n        gateway 192.0.2.1\n"
      "iface eth0 inet6 static\n        address fd00::2\n        netmask 64\n"
      "        gateway fd00::1\nauto eth1\niface eth1 inet dhcp\n");
  CHECK(outcome.summary == "192.0.2.10/24 via 192.0.2.1; dhcp");
  CHECK(outcome.said == "settings (interfaces:11): IPv6 can't be used yet\n");
}

TEST_CASE("interfaces as Proxmox VE writes them for Windows") {
  const Outcome outcome = read_interfaces(
      "auto eth0\niface eth0 inet static\n        address 192.0.2.10\n"
      "        netmask 255.255.255.0\n        gateway 192.0.2.1\n"
      "        dns-nameservers 192.0.2.53\n");
  CHECK(outcome.summary == "192.0.2.10/24 via 192.0.2.1");
  CHECK(outcome.said.empty());
}

TEST_CASE("interfaces by hand: comments, MAC addresses, MTU, a gateway on the link") {
  const Outcome outcome = read_interfaces(
      "# made by hand\r\nallow-hotplug enp1s0\r\niface enp1s0 inet static\r\n"
      "\taddress 203.0.113.5/28\r\n\thwaddress ether bc:24:11:00:00:02\r\n\tmtu 1400\r\n"
      "\tgateway 198.51.100.1\r\n\tpointopoint 198.51.100.1\r\n\tup ip route add 10.0.0.0/8\r\n"
      "iface enp2s0 inet manual\r\n");
  CHECK(outcome.summary == "-; 203.0.113.5/28 via 198.51.100.1, mtu 1400, 198.51.100.1/32 on link");
  CHECK(outcome.said == "settings (interfaces:9): up can't be used, ignored\n");
}

TEST_CASE("further addresses of a NIC are named") {
  const Outcome outcome = read_interfaces(
      "iface eth0 inet static\naddress 192.0.2.10/24\niface eth0:1 inet static\n"
      "address 192.0.2.11/24\niface eth0 inet dhcp\n");
  CHECK(outcome.summary == "192.0.2.10/24");
  CHECK(outcome.said ==
        "settings (interfaces:3): one IPv4 address a NIC: a further one of eth0:1 is not used\n"
        "settings (interfaces:5): one IPv4 address a NIC: a further one of eth0 is not used\n");
}

TEST_CASE("interfaces of no use are named, or passed over") {
  for (const std::string text :
       {"iface", "iface eth0", "iface eth0 inet", "iface eth0 inet static\n",
        "iface eth0 inet static\naddress 192.0.2.300/24", "iface eth0 inet ppp\nprovider x",
        "iface eth9 inet dhcp", "iface eth0 inet dhcp extra\nmtu 5\nhwaddress ether x",
        "iface eth0 inet static\naddress\nnetmask\ngateway"}) {
    CAPTURE(text);
    const Outcome outcome = read_interfaces(text);
    CHECK(outcome.summary == "-");
    CHECK(outcome.said.starts_with("settings (interfaces:"));
  }
  for (const std::string text : {"", "\n\n", "auto", "address 192.0.2.10/24", "source /etc/x/*",
                                 "iface lo inet loopback\naddress 127.0.0.1"}) {
    CHECK(read_interfaces(text).summary == "-");
    CHECK(read_interfaces(text).said.empty());
  }
  std::string many;
  for (int i = 0; i < 50; ++i) {
    many += "iface n" + std::to_string(i) + " inet dhcp\n";
  }
  CHECK(read_interfaces(many).summary == "dhcp; dhcp");
  CHECK(read_interfaces(std::string(5000, '\xff')).summary == "-");
}
