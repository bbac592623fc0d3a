// Tests of the reader of YAML: documents of the shapes that cloud-init, netplan, Proxmox, libvirt
// and installers write, and what is refused.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/formats/reading.hpp"

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

std::string read(std::string_view text) { return Reading(read_yaml, text).text(); }

void check(std::span<const Case> cases) {
  for (const auto& [text, meaning] : cases) {
    CAPTURE(text);
    CHECK(read(text) == meaning);
  }
}

TEST_CASE("network-config, version 1") {
  constexpr Case kCases[] = {
      // Proxmox VE, static and by DHCP.
      {R"(version: 1
config:
    - type: physical
      name: eth0
      mac_address: 'bc:24:11:2f:00:01'
      subnets:
      - type: static
        address: '192.0.2.10'
        netmask: '255.255.255.0'
        gateway: '192.0.2.1'
      - type: dhcp4
    - type: nameserver
      address:
      - '192.0.2.53'
      search:
      - 'example.org'
)",
       "{version: 1, config: [{type: physical, name: eth0, mac_address: "
       "'bc:24:11:2f:00:01', subnets: [{type: static, address: '192.0.2.10', netmask: "
       "'255.255.255.0', gateway: '192.0.2.1'}, {type: dhcp4}]}, {type: nameserver, address: "
       "['192.0.2.53'], search: ['example.org']}]}"},
      // With the key `network` around it, lists at their key's indentation, comments.
      {R"(#cloud-config
network:
  version: 1
  config:  # two
  - type: physical
    name: interface0
    mac_address: "00:11:22:33:44:55"
    mtu: 1450
    subnets:
       - control: auto
         type: dhcp

  # and a route
  - type: route
    destination: 198.51.100.0/24
    gateway: 192.0.2.254
    metric: 3
)",
       "{network: {version: 1, config: [{type: physical, name: interface0, mac_address: "
       "'00:11:22:33:44:55', mtu: 1450, subnets: [{control: auto, type: dhcp}]}, {type: route, "
       "destination: 198.51.100.0/24, gateway: 192.0.2.254, metric: 3}]}}"},
      {"version: 1\nconfig: disabled\n", "{version: 1, config: disabled}"},
      {"network: {config: disabled}", "{network: {config: disabled}}"},
      {"version: 1\nconfig: [{type: physical, name: eth0,\n  subnets: [{type: dhcp}]}]\n",
       "{version: 1, config: [{type: physical, name: eth0, subnets: [{type: dhcp}]}]}"},
      {"version: 1\nconfig:\n  - type: bond\n    name: bond0\n    bond_interfaces: [a, b]\n"
       "    params:\n      bond-mode: active-backup\n    subnets:\n      -\n        type: static\n"
       "        routes:\n          - {network: 10.0.0.0, netmask: 255.0.0.0, gateway: 192.0.2.9}\n",
       "{version: 1, config: [{type: bond, name: bond0, bond_interfaces: [a, b], params: "
       "{bond-mode: active-backup}, subnets: [{type: static, routes: [{network: 10.0.0.0, "
       "netmask: 255.0.0.0, gateway: 192.0.2.9}]}]}]}"},
  };
  check(kCases);
}

TEST_CASE("network-config, version 2") {
  constexpr Case kCases[] = {
      {"version: 2\nethernets:\n  eth0:\n    match:\n      macaddress: \"52:54:00:12:34:56\"\n"
       "    set-name: eth0\n    dhcp4: true\n    dhcp6: no\n",
       "{version: 2, ethernets: {eth0: {match: {macaddress: '52:54:00:12:34:56'}, set-name: eth0, "
       "dhcp4: true, dhcp6: no}}}"},
      {R"(network:
    version: 2
    renderer: networkd
    ethernets:
        id0:
            match: {macaddress: 'aa:bb:cc:00:11:22'}
            addresses:
            - 192.0.2.10/24
            - "2001:db8::10/64"
            gateway4: 192.0.2.1
            nameservers:
                search: [foo.local, bar.local]
                addresses: [8.8.8.8]
            routes:
            - to: 0.0.0.0/0
              via: 192.0.2.1
              metric: 3
              on-link: true
            - to: default
              via: 192.0.2.2
        switchports:
            match: {driver: "virtio*"}
)",
       "{network: {version: 2, renderer: networkd, ethernets: {id0: {match: {macaddress: "
       "'aa:bb:cc:00:11:22'}, addresses: [192.0.2.10/24, '2001:db8::10/64'], gateway4: 192.0.2.1, "
       "nameservers: {search: [foo.local, bar.local], addresses: [8.8.8.8]}, routes: [{to: "
       "0.0.0.0/0, via: 192.0.2.1, metric: 3, on-link: true}, {to: default, via: 192.0.2.2}]}, "
       "switchports: {match: {driver: 'virtio*'}}}}}"},
      {"# This is the network config written by 'subiquity'\nnetwork:\n  ethernets:\n    enp1s0:\n"
       "      dhcp4: true\n  version: 2\n",
       "{network: {ethernets: {enp1s0: {dhcp4: true}}, version: 2}}"},
      {"network: {ethernets: {ens3: {addresses: [192.0.2.4/24],\n          routes: [{to: default,"
       " via: 192.0.2.1}]}},\n  version: 2}\n",
       "{network: {ethernets: {ens3: {addresses: [192.0.2.4/24], routes: [{to: default, via: "
       "192.0.2.1}]}}, version: 2}}"},
      {R"({"version": 2, "ethernets": {"e": {"dhcp4": true, "mtu": 1400, "addresses": ["::1/128"],
  "gateway6": null}}})",
       "{version: 2, ethernets: {e: {dhcp4: true, mtu: 1400, addresses: ['::1/128'], gateway6: "
       "~}}}"},
      {"version: 2\nethernets:\n  e:\n    addresses:\n      - 2001:db8::1/64\n      - ::1/128\n"
       "    routes: [ {to: 2001:db8::/32, via: fe80::1} ]\n",
       "{version: 2, ethernets: {e: {addresses: [2001:db8::1/64, ::1/128], routes: [{to: "
       "2001:db8::/32, via: fe80::1}]}}}"},
      {"version: 2\nethernets: {}\n", "{version: 2, ethernets: {}}"},
  };
  check(kCases);
}

TEST_CASE("meta-data and user-data") {
  constexpr Case kCases[] = {
      {"instance-id: i-87018aed\nlocal-hostname: myhost.internal\n",
       "{instance-id: i-87018aed, local-hostname: myhost.internal}"},
      {"{instance-id: nocloud}\n", "{instance-id: nocloud}"},
      {"instance-id: 2f7d:0\nlocal-hostname:\n", "{instance-id: 2f7d:0, local-hostname: ~}"},
      {"dsmode: local\r\ninstance-id: someid/somehostname\r\n",
       "{dsmode: local, instance-id: someid/somehostname}"},
      {"\xEF\xBB\xBFinstance-id: a\nnetwork-interfaces: |\n  iface eth0 inet static\n  address "
       "192.0.2.10\n    #x\n\nhostname: h\n",
       "{instance-id: a, network-interfaces: 'iface eth0 inet static\naddress 192.0.2.10\n  #x\n', "
       "hostname: h}"},
      {"#cloud-config\n# vim: syntax=yaml\nusers:\n  - default\n  - name: foobar\n    "
       "gecos: Foo B. Bar\n    groups: users, admin\n    lock_passwd: true\n    "
       "ssh_authorized_keys:\n      - ssh-rsa AAAAB3NzaC1yc2E= me@host\n",
       "{users: [default, {name: foobar, gecos: Foo B. Bar, groups: users, admin, lock_passwd: "
       "true, ssh_authorized_keys: [ssh-rsa AAAAB3NzaC1yc2E= me@host]}]}"},
      {"#cloud-config\nruncmd:\n - [ ls, -l, / ]\n - [ sh, -xc, \"echo $(date) ': hello'\" ]\n"
       " - ls -l /root\n - [ wget, \"http://a.example\", -O, /run/x.html ]\n",
       "{runcmd: [[ls, -l, /], [sh, -xc, 'echo $(date) ': hello''], ls -l /root, [wget, "
       "'http://a.example', -O, /run/x.html]]}"},
      {"#cloud-config\nwrite_files:\n- content: >-\n    folded\n    text\n\n    more\n  path: /a\n"
       "- path: /b\n  content: |2\n      # two\n    x\n",
       "{write_files: [{content: 'folded text\nmore', path: /a}, {path: /b, content: '  # "
       "two\nx\n'}]}"},
      {"%YAML 1.1\n---\nhostname: a\n...\n", "{hostname: a}"},
      {"--- # the first\nautoinstall:\n  version: 1\n  storage:\n    layout:\n      name: lvm\n"
       "  late-commands:\n    - - echo\n      - a\n    - - b\n",
       "{autoinstall: {version: 1, storage: {layout: {name: lvm}}, late-commands: [[echo, a], "
       "[b]]}}"},
      {"chpasswd: { expire: False }\nfqdn: a.b\nmanage_etc_hosts: true\npassword: '$5$x$y'\n",
       "{chpasswd: {expire: False}, fqdn: a.b, manage_etc_hosts: true, password: '$5$x$y'}"},
      {"", "~"},
      {"# nothing\n\n", "~"},
      {"---\n", "~"},
      {"---\n...\n# after\n", "~"},
      {"just text", "just text"},
      {"--- 'root'", "'root'"},
  };
  check(kCases);
}

TEST_CASE("blocks") {
  constexpr Case kCases[] = {
      {"a:\n- b\n-\n  c: d\n- - e\n  -   - f\ng:\n", "{a: [b, {c: d}, [e, [f]]], g: ~}"},
      {"  a: 1\n  b: 2\n", "{a: 1, b: 2}"},
      {"a:\n      b: 1\nc:\n d: 2\n", "{a: {b: 1}, c: {d: 2}}"},
      {"-\n-\n- ~\n", "[~, ~, ~]"},
      {"-   a: 1\n    b: 2\n", "[{a: 1, b: 2}]"},
      {"a:\n\n  # comment\n\n  b\n", "{a: b}"},
      {"? a", "1: a complex key ('?'), or quotes are needed"},
      {"a:\n  - b\n # c\n  - d # e\n#f\ng: h#i\n", "{a: [b, d], g: h#i}"},
      {"a : 1\n'b' : 2\n\"c\": 3\nd e: 4\n", "{a: 1, b: 2, c: 3, d e: 4}"},
      {"a:\n- b:\n  - c\n  d:\n  - e\nf: 1", "{a: [{b: [c], d: [e]}], f: 1}"},
      {"a: {b: 1}   # c\nd: [] \n", "{a: {b: 1}, d: []}"},
      {"a:\n  {b: 1,\nc: 2}\nd: 3\n", "{a: {b: 1, c: 2}, d: 3}"},
      {"a: -1\nb: -c\nd: http://x/?y=z&w#v\ne: 12:30:45\n",
       "{a: -1, b: -c, d: http://x/?y=z&w#v, e: 12:30:45}"},
      {"null: ~\n~: null\n'null': 'null'\n", "3: a duplicate key"},
      {"a: null\nb: Null\nc: NULL\nd: ~\ne: 'null'\nf: nULL\n",
       "{a: ~, b: ~, c: ~, d: ~, e: 'null', f: nULL}"},
  };
  check(kCases);
}

TEST_CASE("lists and maps in brackets") {
  constexpr Case kCases[] = {
      {"[]", "[]"},
      {"{ }", "{}"},
      {"[a, b,]", "[a, b]"},
      {"{a: 1, b: 2,}", "{a: 1, b: 2}"},
      {"{a: , b: , c: d e }", "{a: ~, b: ~, c: d e}"},
      {"{'a':1,\"b\":[2],\"c\":{}}", "{a: 1, b: [2], c: {}}"},
      {"[a\n  b,  # c\n  'd\n  e' , -f ]", "[a b, 'd e', -f]"},
      {"{a: [b, {c: [d]}],\n# comment\ne:\n  f}", "{a: [b, {c: [d]}], e: f}"},
      {"[a:b, c:d:e, f#g, 1.2.3.4:80]", "[a:b, c:d:e, f#g, 1.2.3.4:80]"},
      {"[\n]\n", "[]"},
      {"\n{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n", "{a: 1, b: 'x'}"},
      {"[a, [b]", "1: a comma or the end of the list or map is missing"},
      {"[a, b\n", "2: a comma or the end of the list or map is missing"},
      {"[a}", "1: a comma or the end of the list or map is missing"},
      {"{a: b]", "1: a comma or the end of the list or map is missing"},
      {"[a]]", "1: text behind a value"},
      {"[a] b", "1: text behind a value"},
      {"[a]: b", "1: text behind a value"},
      {"[a]\nb: c", "2: an indentation that matches no line above"},
      {"[,]", "1: a value that needs quotes"},
      {"[a,,b]", "1: a value that needs quotes"},
      {"{,}", "1: a value that needs quotes"},
      {"[a: b]", "1: a comma or the end of the list or map is missing"},
      {"{a}", "1: a key without a colon and a space on its line"},
      {"{a:1}", "1: a key without a colon and a space on its line"},
      {"{a\n: 1}", "2: a key without a colon and a space on its line"},
      {"{a: b: c}", "1: a comma or the end of the list or map is missing"},
      {"{a: 1,\n a: 2}", "2: a duplicate key"},
      {"[- a]", "1: a dash that begins no list"},
      {"[::1]", "1: a colon without a key"},
      {"[a?b]", "1: a comma or the end of the list or map is missing"},
      {"{? a : b}", "1: a complex key ('?'), or quotes are needed"},
      {"[|\n a]", "1: a value that needs quotes"},
      {"[a,\n---\nb]", "2: a document's end in brackets"},
      {"[a,\n\tb]", "2: a tab where spaces are needed"},
      {"[a #b]", "1: a comma or the end of the list or map is missing"},
      {"[a,#b\n]", "1: a value that needs quotes"},
      {"[&a b]", "1: an anchor ('&')"},
      {"{<<: *a}", "1: a merge key ('<<')"},
      {"[", "1: the text ends too early"},
      {"{a: ", "1: the text ends too early"},
      {"{a", "1: a key without a colon and a space on its line"},
  };
  check(kCases);
}

TEST_CASE("what the subset leaves out") {
  constexpr Case kCases[] = {
      {"a: &x 1\n", "1: an anchor ('&')"},
      {"&x a: 1\n", "1: an anchor ('&')"},
      {"a: 1\nb: *a\n", "2: an alias ('*')"},
      {"*a", "1: an alias ('*')"},
      {"a: !!str 1\n", "1: a tag ('!')"},
      {"!x\na: 1", "1: a tag ('!')"},
      {"a: !<tag:x> 1\n", "1: a tag ('!')"},
      {"a:\n  <<: {b: 1}\n", "2: a merge key ('<<')"},
      {"? a\n: b\n", "1: a complex key ('?'), or quotes are needed"},
      {"a: 1\n? b\n", "2: a complex key ('?'), or quotes are needed"},
      {"a:\n\tb: 1\n", "2: a tab where spaces are needed"},
      {"a:\tb", "1: a tab where spaces are needed"},
      {"a: b\t\n", "1: a tab where spaces are needed"},
      {"a: b\tc\n", "1: a tab where spaces are needed"},
      {"a:\n-\tb\n", "2: a tab where spaces are needed"},
      {"a: |\n\tb\n", "2: a tab where spaces are needed"},
      {"a: 1\n---\nb: 2\n", "2: more than one document"},
      {"---\n---\n", "2: more than one document"},
      {"a: 1\n...\nb: 2\n", "3: text behind the document's end"},
      {"a: 1\n...\n---\n", "3: more than one document"},
      {"a: 1\n... b\n", "2: text behind a value"},
      {"...\n", "1: more than one document"},
      {"%YAML 1.2\na: 1\n", "2: a directive without '---'"},
      {"%YAML 1.2\n", "2: a directive without '---'"},
      {"%YAML 2.0\n---\n", "1: a directive other than '%YAML 1.2'"},
      {"%YAML 1.", "1: a directive other than '%YAML 1.2'"},
      {"%YAML 1.1 x\n---\n", "1: a directive without '---'"},
      {"%YAML 1.1\n%YAML 1.1\n---\n", "2: a directive in the document"},
      {"%TAG ! tag:x,2000:\n---\n", "1: a directive other than '%YAML 1.2'"},
      {"a: 1\n%YAML 1.2\n", "2: a directive in the document"},
      {"--- a: b\n", "1: a second colon and space on a key's line; quotes are needed"},
      {"--- - a\n", "1: a list on its key's line"},
  };
  check(kCases);
}

TEST_CASE("mistakes, and where they are") {
  constexpr Case kCases[] = {
      {"a: 1\na: 2\n", "2: a duplicate key"},
      {"a: 1\n\"a\": 2\n", "2: a duplicate key"},
      {"a:\n  b: 1\n  b: 2\n", "3: a duplicate key"},
      {"a: b: c\n", "1: a second colon and space on a key's line; quotes are needed"},
      {"a: 'b': c\n", "1: a second colon and space on a key's line; quotes are needed"},
      {"a: - b\n", "1: a list on its key's line"},
      {"a: 1\n b: 2\n", "2: a key in a value of several lines"},
      {"a:\n  b: 1\n c: 2\n", "3: an indentation that matches no line above"},
      {"a:\n  - b\n c: d\n", "3: an indentation that matches no line above"},
      {" a: 1\nb: 2\n", "2: an indentation that matches no line above"},
      {"- a\nb: 1\n", "2: an indentation that matches no line above"},
      {"a: 1\n- b\n", "2: a list item in a map"},
      {"- a\n -b\n- c\n d: 1\n", "4: a key in a value of several lines"},
      {"a\nb: 1\n", "2: a key in a value of several lines"},
      {"a: 1\nb\nc: 2\n", "2: a key without a colon and a space on its line"},
      {"a: 1\nb:2\n", "2: a key without a colon and a space on its line"},
      {"'a': 'b' c\n", "1: text behind a value"},
      {"'a\n b': c\n", "2: a key in a value of several lines"},
      {": a\n", "1: a colon without a key"},
      {"a: @b\n", "1: a value that needs quotes"},
      {"a: `b`\n", "1: a value that needs quotes"},
      {"a: %b\n", "1: a value that needs quotes"},
      {"a: ]\n", "1: a value that needs quotes"},
      {"a: ,b\n", "1: a value that needs quotes"},
      {"a: \"b\n", "1: quotes that aren't closed"},
      {"\na: 'b\n\n", "2: quotes that aren't closed"},
      {"a: |x\n", "1: text behind '|' or '>'"},
      {"a: |1-2\n b\n", "1: a block scalar's indicator twice"},
      {"a: |\n    \n  b\n", "3: an indentation that matches no line above"},
      {"a: b\rc: d", "1: a control character"},
      {"a: \x01\n", "1: a control character"},
      {"\na: \x7F\n", "2: a control character"},
      {"a: \xC2\x85\n", "1: a control character"},
      {"a: \xE2\x80\xA8\n", "1: a control character"},
      {"a: \xFF\n", "1: a character that isn't UTF-8"},
      {"#!/bin/sh\nset -e\necho a: b\n", "3: a key in a value of several lines"},
      {"\x7F"
       "ELF\x02",
       "1: a control character"},
      {"\x1F\x8B\x08", "1: a control character"},
  };
  check(kCases);
  CHECK(read("a: b\n\0"sv) == "2: a control character");
}

TEST_CASE("depth and size are bounded") {
  std::string lists;
  std::string maps;
  for (std::size_t level = 0; level < kMostDepth; ++level) {
    lists += "- ";
    maps += std::string(level, ' ') + "a:\n";
  }
  CHECK(Reading(read_yaml, lists).document());
  CHECK(Reading(read_yaml, maps).document());
  CHECK(read(lists + "- ") == "1: too many lists and maps inside each other");
  CHECK(read(maps + std::string(kMostDepth, ' ') + "a:") ==
        "17: too many lists and maps inside each other");
  CHECK(read(std::string(5000, '[')) == "1: too many lists and maps inside each other");
  CHECK(read(lists + "[a]") == "1: too many lists and maps inside each other");
  CHECK(Reading(read_yaml, "- a\n- b", 2).text() == "2: more parts than there is room for");
  CHECK(Reading(read_yaml, "a", 0).text() == "1: more parts than there is room for");
}

TEST_CASE("lines") {
  const Reading reading(read_yaml, "# c\na:\n  - b: |\n      x\n\n    c:\n      d\n  - {e:\n f}\n");
  const Node& a = *(*reading.document())->find("a");
  CHECK((*reading.document())->line == 2);
  CHECK(a.line == 3);
  CHECK(a.first->find("b")->line == 3);
  CHECK(a.first->find("c")->line == 7);
  CHECK(a.first->next->line == 8);
  CHECK(a.first->next->find("e")->line == 9);
}

}  // namespace
}  // namespace mote::formats
