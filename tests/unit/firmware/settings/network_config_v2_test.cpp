// NoCloud's network-config, version 2: good files, as people and programs write them.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote::world;

TEST_CASE("v2 as Proxmox VE writes it") {
  check_network_config(R"(version: 2
ethernets:
    net0:
        match:
            macaddress: "BC:24:11:00:00:01"
        set-name: eth0
        addresses:
        - '192.0.2.10/24'
        - '2001:db8::10/64'
        gateway4: '192.0.2.1'
        gateway6: '2001:db8::1'
        nameservers:
          addresses:
          - '192.0.2.53'
          search:
          - 'example.org'
    net1:
        match:
            macaddress: "BC:24:11:00:00:02"
        set-name: eth1
        dhcp4: true
)",
                       "192.0.2.10/24 via 192.0.2.1; dhcp", "4): IPv6 can't be used yet\n");
}

TEST_CASE("v2: the shortest") {
  check_network_config("network:\n  version: 2\n  ethernets:\n    eno1:\n      dhcp4: true\n",
                       "dhcp");
  check_network_config("network:\n  version: 2\n  ethernets: {}\n", "-");
  check_network_config("version: 2\nethernets:\n  ens18: {dhcp4: yes}\n  ens19: {dhcp4: no}\n",
                       "dhcp");
}

TEST_CASE("v2: most features at once") {
  check_network_config(R"(network:
  version: 2
  renderer: networkd
  ethernets:
    # opaque ID for physical interfaces, only referred to by other stanzas
    id0:
      match:
        macaddress: 'bc:24:11:00:00:01'
      wakeonlan: true
      dhcp4: true
      addresses:
        - 192.168.14.2/24
        - 2001:1::1/64
      gateway4: 192.168.14.1
      gateway6: 2001:1::2
      nameservers:
        search: [foo.local, bar.local]
        addresses: [8.8.8.8]
      # static routes
      routes:
        - to: 192.0.2.0/24
          via: 11.0.0.1
          metric: 3
    lom:
      match:
        driver: ixgbe
      set-name: lom1
      dhcp6: true
    switchports:
      match:
        name: enp2*
      mtu: 1280
  bonds:
    bond0:
      interfaces: [id0, lom]
  vlans:
    en-intra:
      id: 1
      link: id0
      dhcp4: yes
)",
                       "192.168.14.2/24 via 192.168.14.1, 192.0.2.0/24 via 11.0.0.1",
                       "34): bonds can't be used, ignored\n37): vlans can't be used, ignored\n"
                       "9): wakeonlan can't be used, ignored\n7): IPv6 can't be used yet\n"
                       "10): one IPv4 address a NIC: DHCP is not used\n");
}

TEST_CASE("v2: default routes, as netplan wants them now") {
  for (const std::string to : {"default", "0.0.0.0/0"}) {
    const std::string yaml =
        "network:\n  version: 2\n  ethernets:\n    enp1s0:\n      addresses: [192.0.2.10/24]\n"
        "      routes:\n        - to: " +
        to +
        "\n          via: 192.0.2.1\n"
        "        - to: ::/0\n          via: fe80::1\n";
    check_network_config(yaml.c_str(), "192.0.2.10/24 via 192.0.2.1",
                         "9): IPv6 can't be used yet\n");
  }
}

TEST_CASE("v2: a gateway off the subnet, on the link") {
  check_network_config(R"(network:
  version: 2
  ethernets:
    ens18:
      match: {macaddress: "bc:24:11:00:00:01"}
      addresses: [203.0.113.77/26]
      routes:
        - to: default
          via: 198.51.100.1
          on-link: true
)",
                       "203.0.113.77/26 via 198.51.100.1, 198.51.100.1/32 on link");
  check_network_config(
      "version: 2\nethernets:\n  eth0:\n    addresses: [203.0.113.77/26]\n    routes:\n"
      "    - {to: default, via: 198.51.100.1, on-link: yes}\n",
      "203.0.113.77/26 via 198.51.100.1, 198.51.100.1/32 on link");
  check_network_config(
      "version: 2\nethernets:\n  eth0:\n    addresses: [203.0.113.77/32]\n"
      "    gateway4: 198.51.100.1\n",
      "203.0.113.77/32 via 198.51.100.1");
  check_network_config(
      "version: 2\nethernets:\n  eth0:\n    addresses: [203.0.113.77/26]\n    routes:\n"
      "    - {to: 10.0.0.0/8, via: 198.51.100.1, on-link: true}\n    - {to: 10.1.0.0/16}\n",
      "203.0.113.77/26, 198.51.100.1/32 on link, 10.1.0.0/16 on link, "
      "10.0.0.0/8 via 198.51.100.1");
}

TEST_CASE("v2: of several addresses, the one that the gateway is beside") {
  check_network_config(R"(version: 2
ethernets:
  eth0:
    addresses: [10.0.0.5/24, 192.0.2.10/24, 192.0.2.11/24]
    gateway4: 192.0.2.1
)",
                       "192.0.2.10/24 via 192.0.2.1",
                       "4): one IPv4 address a NIC: 10.0.0.5/24 is not used\n"
                       "4): one IPv4 address a NIC: 192.0.2.11/24 is not used\n");
}

TEST_CASE("v2: several default routes, and those of other tables") {
  check_network_config(R"(version: 2
ethernets:
  eth0:
    addresses: [10.0.0.10/24, 11.0.0.11/24]
    routes:
      - {to: 0.0.0.0/0, via: 10.0.0.1, metric: 100}
      - {to: 0.0.0.0/0, via: 11.0.0.1, metric: 100}
      - {to: 10.9.0.0/16, via: 10.0.0.9, table: 70}
)",
                       "10.0.0.10/24 via 10.0.0.1",
                       "7): one gateway a NIC: 11.0.0.1 is not used\n"
                       "8): a special route to 10.9.0.0/16 can't be used\n"
                       "4): one IPv4 address a NIC: 11.0.0.11/24 is not used\n");
}

TEST_CASE("v2: routes and MTU beside DHCP") {
  check_network_config(R"(version: 2
ethernets:
  eth0:
    dhcp4: true
    mtu: 1450
    optional: true
    routes:
      - to: 10.0.0.0/8
        via: 192.0.2.9
      - to: default
        via: 192.0.2.254
)",
                       "dhcp, mtu 1450, 10.0.0.0/8 via 192.0.2.9, 0.0.0.0/0 via 192.0.2.254");
}

TEST_CASE("v2: NICs by name and by place") {
  const char* const by_name =
      "version: 2\nethernets:\n  eth1: {addresses: [192.0.2.11/24]}\n"
      "  eth0: {addresses: [192.0.2.10/24]}\n";
  check_network_config(by_name, "192.0.2.10/24; 192.0.2.11/24");
  const char* const by_place =
      "version: 2\nethernets:\n  ens18: {addresses: [192.0.2.10/24]}\n"
      "  ens19: {addresses: [192.0.2.11/24]}\n";
  check_network_config(by_place, "192.0.2.10/24; 192.0.2.11/24");
  const char* const by_pattern =
      "version: 2\nethernets:\n  id0:\n    match: {name: \"e*\"}\n    addresses: [192.0.2.10/24]\n";
  check_network_config(by_pattern, "192.0.2.10/24");
  const char* const by_matched_name =
      "version: 2\nethernets:\n  lan:\n    match: {name: eth1}\n    dhcp4: true\n";
  check_network_config(by_matched_name, "-; dhcp");
}

TEST_CASE("v2: as virt-install, Terraform and Kubernetes' tools write it") {
  check_network_config(
      "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: false\n      dhcp6: false\n"
      "      accept-ra: no\n      addresses: [ 192.0.2.10/24 ]\n      gateway4: 192.0.2.1\n"
      "      nameservers:\n        addresses: [ 8.8.8.8, 8.8.4.4 ]\n",
      "192.0.2.10/24 via 192.0.2.1");
  check_network_config(
      "#cloud-config\nnetwork:\n    version: 2\n    ethernets:\n        ens3:\n"
      "            dhcp4: true\n            dhcp-identifier: mac\n            critical: true\n",
      "dhcp");
  check_network_config("{\"version\": 2, \"ethernets\": {\"eth0\": {\"dhcp4\": true}}}", "dhcp");
  check_network_config(
      "version: 2\nethernets:\n  eth0:\n    addresses:\n    - 192.0.2.10/255.255.255.0\n"
      "    gateway4: 192.0.2.1\n",
      "192.0.2.10/24 via 192.0.2.1");
  check_network_config("version: 2\r\nethernets:\r\n  eth0:\r\n    addresses: [192.0.2.10/24]\r\n",
                       "192.0.2.10/24");
}
