// Whole settings disks: which files are read, in which order, and what becomes of damaged ones.
#include "firmware/settings/settings_disk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote;
using namespace mote::world;

namespace {

constexpr const char* kNetworkConfig =
    "version: 1\nconfig:\n    - type: physical\n      name: eth0\n"
    "      mac_address: 'bc:24:11:00:00:01'\n      subnets:\n      - type: static\n"
    "        address: '192.0.2.10'\n        netmask: '255.255.255.0'\n"
    "        gateway: '192.0.2.1'\n";
constexpr const char* kUserData =
    "#cloud-config\nhostname: web-1\nmanage_etc_hosts: true\nfqdn: web-1.example.org\n"
    "chpasswd:\n  expire: False\nusers:\n  - default\npackage_upgrade: true\n";
constexpr const char* kInterfaces =
    "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet static\n"
    "        address 192.0.2.10\n        netmask 255.255.255.0\n        gateway 192.0.2.1\n";
constexpr const char* kMetaData =
    "{\n     \"uuid\": \"2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\",\n"
    "     \"network_config\": { \"content_path\": \"/content/0000\" }\n}\n";

FakeVolume proxmox_no_cloud() {
  return {.name = "cidata",
          .files = {{"meta-data", "instance-id: 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\n"},
                    {"network-config", kNetworkConfig},
                    {"user-data", kUserData},
                    {"vendor-data", ""}}};
}

FakeVolume proxmox_config_drive() {
  return {.name = "config-2",
          .files = {{"openstack/latest/meta_data.json", kMetaData},
                    {"openstack/content/0000", kInterfaces},
                    {"openstack/latest/user_data", kUserData},
                    {"openstack/latest/vendor_data.json", ""}}};
}

}  // namespace

TEST_CASE("a settings disk is known by its label") {
  CHECK(is_settings_disk("cidata"));
  CHECK(is_settings_disk("CIDATA"));
  CHECK(is_settings_disk("config-2"));
  CHECK(is_settings_disk("CONFIG-2"));
  for (const std::string_view label : {"", "cidata2", "cidat", "config-1", "CONTEXT", "config_2"}) {
    CHECK_FALSE(is_settings_disk(label));
  }
  CHECK(read_disk({.name = "other", .files = {{"meta-data", "x"}}}).said.empty());
}

TEST_CASE("Proxmox VE's NoCloud disk") {
  const Outcome outcome = read_disk(proxmox_no_cloud());
  CHECK(outcome.summary == "192.0.2.10/24 via 192.0.2.1");
  CHECK(std::string(outcome.settings.host_name()) == "web-1");
  CHECK(outcome.said ==
        "settings: cloud-init NoCloud disk, instance 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\n"
        "settings (user-data): a #cloud-config, only its host name is used\n");
}

TEST_CASE("Proxmox VE's ConfigDrive") {
  const Outcome outcome = read_disk(proxmox_config_drive());
  CHECK(outcome.summary == "192.0.2.10/24 via 192.0.2.1");
  CHECK(std::string(outcome.settings.host_name()) == "web-1");
  CHECK(outcome.said ==
        "settings: cloud-init ConfigDrive disk, instance 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
        "\nsettings (user_data): a #cloud-config, only its host name is used\n");
}

TEST_CASE("cloud-localds' disks: JSON as metadata, with a file of interfaces inside") {
  const Outcome plain =
      read_disk({.name = "cidata",
                 .files = {{"meta-data", "{\n\"instance-id\": \"iid-local01\"\n}\n"},
                           {"user-data", "#cloud-config\n{}\n"},
                           {"network-config", kNetworkConfig}}});
  CHECK(plain.summary == "192.0.2.10/24 via 192.0.2.1");
  CHECK(plain.said.starts_with("settings: cloud-init NoCloud disk, instance iid-local01\n"));
  const Outcome full =
      read_disk({.name = "CIDATA",  // FAT
                 .files = {{"meta-data",
                            "{\n\"instance-id\": \"iid-local01\",\n\"local-hostname\": \"vm\",\n"
                            "\"interfaces\": \"auto eth0\\niface eth0 inet static\\n"
                            "  address 192.0.2.77/24\\n\",\n\"dsmode\": \"local\"\n}\n"},
                           {"user-data", ""}}});
  CHECK(full.summary == "192.0.2.77/24");
  CHECK(std::string(full.settings.host_name()) == "vm");
  CHECK(full.said == "settings: cloud-init NoCloud disk, instance iid-local01\n");
}

TEST_CASE("of a NoCloud disk's files, later ones win: metadata, network, user data") {
  FakeVolume volume{.name = "cidata",
                    .files = {{"meta-data",
                               "instance-id: iid-1\nlocal-hostname: vm\n"
                               "network-interfaces: |\n  auto eth0\n  iface eth0 inet static\n"
                               "  address 192.0.2.77/24\n"},
                              {"user-data", "#mote\nnetwork.hostname = \"mine\"\n"}}};
  const Outcome plain = read_disk(volume);
  CHECK(plain.summary == "192.0.2.77/24");
  CHECK(std::string(plain.settings.host_name()) == "mine");
  CHECK(plain.said == "settings: cloud-init NoCloud disk, instance iid-1\n");
  volume.files["network-config"] = kNetworkConfig;
  CHECK(read_disk(volume).summary == "192.0.2.10/24 via 192.0.2.1");
  volume.files["user-data"] =
      "#mote\n[[network.interface]]\nmatch = 0\naddress = \"dhcp\"\ngateway = \"\"\n";
  CHECK(read_disk(volume).summary == "dhcp");
}

TEST_CASE("virt-install's disk: empty metadata, no network") {
  const Outcome outcome =
      read_disk({.name = "cidata", .files = {{"meta-data", ""}, {"user-data", "#cloud-config\n"}}});
  CHECK(outcome.summary == "-");
  CHECK(outcome.said ==
        "settings: cloud-init NoCloud disk\n"
        "settings (user-data): a #cloud-config, only its host name is used\n");
}

TEST_CASE("a ConfigDrive's network_data.json comes before the file of interfaces") {
  FakeVolume volume = proxmox_config_drive();
  volume.files["openstack/latest/network_data.json"] =
      "{\"links\": [{\"id\": \"eth0\", \"type\": \"phy\", "
      "\"ethernet_mac_address\": \"bc:24:11:00:00:01\"}], "
      "\"networks\": [{\"link\": \"eth0\", \"type\": \"ipv4_dhcp\"}]}";
  CHECK(read_disk(volume).summary == "dhcp");
}

TEST_CASE("DigitalOcean's own file counts where there is no other") {
  const Outcome outcome = read_disk(
      {.name = "config-2",
       .files = {{"openstack/latest/meta_data.json",
                  "{\"hostname\": \"droplet-1\", \"instance_id\": \"129714139\"}"},
                 {"digitalocean_meta_data.json",
                  "{\"interfaces\": {\"public\": [{\"mac\": \"bc:24:11:00:00:01\", \"ipv4\": "
                  "{\"ip_address\": \"192.0.2.20\", \"netmask\": \"255.255.255.0\", "
                  "\"gateway\": \"192.0.2.1\"}}]}}"}}});
  CHECK(outcome.summary == "192.0.2.20/24 via 192.0.2.1");
  CHECK(std::string(outcome.settings.host_name()) == "droplet-1");
  CHECK(outcome.said == "settings: cloud-init ConfigDrive disk, instance 129714139\n");
}

TEST_CASE("damaged, long and broken files are named, and the others are used") {
  FakeVolume volume = proxmox_no_cloud();
  volume.damaged = "meta-data";
  Outcome outcome = read_disk(volume);
  CHECK(outcome.summary == "192.0.2.10/24 via 192.0.2.1");
  CHECK(outcome.said.starts_with("settings (meta-data): cannot be read\n"));
  volume.damaged = "user-data";
  CHECK(read_disk(volume).said.ends_with("settings (user-data): cannot be read\n"));
  volume.damaged = {};
  volume.files["network-config"] = "version: 2\nethernets: &x\n  eth0: {dhcp4: true}\n";
  outcome = read_disk(volume);
  CHECK(outcome.summary == "-");
  CHECK(outcome.said.find("settings (network-config:2): ") != std::string::npos);
  CHECK(outcome.said.find(": the file is not used\n") != std::string::npos);
  CHECK(std::string(outcome.settings.host_name()) == "web-1");
  volume.files["network-config"] = kNetworkConfig + std::string(500, '#');
  volume.files["user-data"] = kUserData + std::string(500, '#');
  outcome = read_disk(volume, 400);
  CHECK(outcome.summary == "-");
  CHECK(outcome.said.find("settings (network-config): too long, not used\n") != std::string::npos);
  CHECK(std::string(outcome.settings.host_name()) == "web-1");  // in the part that was read
}

TEST_CASE("a ConfigDrive that names a missing or strange file of interfaces") {
  FakeVolume volume = proxmox_config_drive();
  volume.files.erase("openstack/content/0000");
  CHECK(read_disk(volume).said.find(
            "settings (meta_data.json): the file of interfaces that it names is missing\n") !=
        std::string::npos);
  volume.files["openstack/latest/meta_data.json"] =
      "{\"network_config\": {\"content_path\": \"/" + std::string(300, 'x') + "\"}}";
  CHECK(read_disk(volume).said.find("is too long\n") != std::string::npos);
  for (const std::string meta : {"{\"network_config\": 7}", "{\"network_config\": null}", "[]", "7",
                                 "{\"network_config\": {\"content_path\": []}}", "{"}) {
    volume.files["openstack/latest/meta_data.json"] = meta;
    CHECK(read_disk(volume).summary == "-");
  }
}

TEST_CASE("an empty disk, and files of any bytes, do no harm") {
  CHECK(read_disk({.name = "cidata", .files = {}}).said == "settings: cloud-init NoCloud disk\n");
  std::uint32_t state = 1;
  for (int round = 0; round < 200; ++round) {
    std::string noise(round, '\0');
    for (char& c : noise) {
      state = state * 1'664'525 + 1'013'904'223;
      c = static_cast<char>(state >> 24);
    }
    for (const char* const label : {"cidata", "config-2"}) {
      FakeVolume volume =
          label == std::string("cidata") ? proxmox_no_cloud() : proxmox_config_drive();
      for (auto& [path, text] : volume.files) {
        text = noise;
      }
      const Outcome outcome = read_disk(volume);
      CHECK(outcome.summary == "-");
      CHECK(std::ranges::count(outcome.said, '\n') < 30);
    }
  }
}
