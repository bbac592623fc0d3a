// NoCloud's network-config, version 1: good files, as people and programs write them.
#include <doctest/doctest.h>

#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote::world;

TEST_CASE("v1 as Proxmox VE writes it: a static address") {
  check_network_config(R"(version: 1
config:
    - type: physical
      name: eth0
      mac_address: 'bc:24:11:00:00:01'
      subnets:
      - type: static
        address: '192.0.2.10'
        netmask: '255.255.255.0'
        gateway: '192.0.2.1'
    - type: nameserver
      address:
      - '192.0.2.53'
      search:
      - 'example.org'
)",
                       "192.0.2.10/24 via 192.0.2.1");
}

TEST_CASE("v1 as Proxmox VE writes it: DHCP, two NICs, IPv6") {
  check_network_config(R"(version: 1
config:
    - type: physical
      name: eth0
      mac_address: 'bc:24:11:00:00:01'
      subnets:
      - type: dhcp4
      - type: ipv6_slaac
    - type: physical
      name: eth1
      mac_address: 'bc:24:11:00:00:02'
      subnets:
      - type: static
        address: '10.0.0.2'
        netmask: '255.255.0.0'
      - type: static6
        address: 'fd00::2/64'
        gateway: 'fd00::1'
    - type: nameserver
      address:
      - '192.0.2.53'
      search:
      - 'example.org'
)",
                       "dhcp; 10.0.0.2/16", "8): IPv6 can't be used yet\n");
}

TEST_CASE("v1 in cloud-init's documentation: prefix, DNS, routes of the subnet") {
  check_network_config(R"(network:
  version: 1
  config:
    - type: physical
      name: interface0
      mac_address: 'bc:24:11:00:00:01'
      subnets:
        - type: static
          address: 192.168.23.14/27
          gateway: 192.168.23.1
          dns_nameservers:
            - 192.168.23.2
            - 8.8.8.8
          dns_search:
            - exemplary.maas
)",
                       "192.168.23.14/27 via 192.168.23.1");
  check_network_config(
      R"(network:
  version: 1
  config:
    - type: physical
      name: interface0
      mac_address: 'bc:24:11:00:00:01'
      subnets:
        - type: static
          address: 10.184.225.122
          netmask: 255.255.255.252
          routes:
            - gateway: 10.184.225.121
              netmask: 255.240.0.0
              destination: 10.176.0.0
            - gateway: 10.184.225.121
              netmask: 255.240.0.0
              destination: 10.208.0.0
)",
      "10.184.225.122/30, 10.176.0.0/12 via 10.184.225.121, 10.208.0.0/12 via 10.184.225.121");
}

TEST_CASE("v1: several NICs, jumbo frames beyond our MTU") {
  check_network_config(R"(network:
  version: 1
  config:
    # Simple network adapter
    - type: physical
      name: interface0
      mac_address: 'bc:24:11:00:00:01'
      mtu: 1400
    # Second nic with Jumbo frames
    - type: physical
      name: jumbo0
      mac_address: 'bc:24:11:00:00:02'
      mtu: 9000
)",
                       "mtu 1400", "13): an MTU of 9000 can't be used\n");
}

TEST_CASE("v1: a route of its own goes to the NIC that has its gateway on its subnet") {
  check_network_config(R"(version: 1
config:
  - type: route
    destination: 10.9.0.0/16
    gateway: 10.0.0.9
  - {type: physical, name: eth0,
     subnets: [{type: static, address: 192.0.2.10/24, gateway: 192.0.2.1}]}
  - {type: physical, name: eth1, subnets: [{type: static4, address: 10.0.0.2/24}]}
  - type: route
    destination: 192.168.24.0
    netmask: 255.255.255.0
    gateway: 192.168.24.1
    metric: 3
  - {type: loopback, name: lo}
)",
                       "192.0.2.10/24 via 192.0.2.1; 10.0.0.2/24, 10.9.0.0/16 via 10.0.0.9",
                       "9): no NIC has a static address beside 192.168.24.1: route not used\n");
}

TEST_CASE("v1: a default route in a subnet is its gateway") {
  check_network_config(R"(version: 1
config:
  - type: physical
    name: enp2s1
    subnets:
      - type: static
        address: 192.0.2.10
        netmask: 24
        routes:
          - network: 0.0.0.0
            netmask: 0.0.0.0
            gateway: 192.0.2.1
)",
                       "192.0.2.10/24 via 192.0.2.1");
}

TEST_CASE("v1: without a netmask, cloud-init assumes /24") {
  check_network_config(
      "version: 1\nconfig: [{type: physical, name: eth0, subnets: "
      "[{type: static, address: 192.0.2.10, gateway: 192.0.2.1}]}]",
      "192.0.2.10/24 via 192.0.2.1");
}

TEST_CASE("v1: several addresses of a NIC") {
  // The first, and DHCP rather than an address without a gateway.
  check_network_config(R"(version: 1
config:
  - type: physical
    name: eth0
    subnets:
      - type: dhcp
      - type: static
        address: 192.168.23.14/27
      - type: static
        address: 192.168.24.14/27
)",
                       "dhcp",
                       "7): one IPv4 address a NIC: 192.168.23.14/27 is not used\n"
                       "9): one IPv4 address a NIC: 192.168.24.14/27 is not used\n");
  // One with a gateway rather than DHCP.
  check_network_config(R"(version: 1
config:
  - type: physical
    name: eth0
    subnets:
      - type: dhcp4
      - type: static
        address: 192.0.2.14/27
        gateway: 192.0.2.1
)",
                       "192.0.2.14/27 via 192.0.2.1",
                       "6): one IPv4 address a NIC: DHCP is not used\n");
}

TEST_CASE("v1: bonds, bridges and VLANs are named, and the rest goes on") {
  check_network_config(R"(network:
  version: 1
  config:
    - type: physical
      name: gbe0
      mac_address: 'bc:24:11:00:00:01'
    - type: physical
      name: gbe1
      mac_address: 'bc:24:11:00:00:02'
      subnets: [{type: dhcp4}]
    - type: bond
      name: bond0
      bond_interfaces:
        - gbe0
        - gbe1
      params:
        bond-mode: 802.3ad
    - type: vlan
      name: bond0.200
      vlan_link: bond0
      vlan_id: 200
      subnets:
        - type: dhcp4
)",
                       "-; dhcp",
                       "11): an entry of type \"bond\" can't be used\n"
                       "18): an entry of type \"vlan\" can't be used\n");
}
