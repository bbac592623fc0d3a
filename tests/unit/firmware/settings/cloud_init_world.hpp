// Settings disks in memory, and settings as text, for tests of what reads cloud-init's files.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/settings_disk.hpp"

namespace mote::world {

// The NICs of these tests: net0 and net1.
inline constexpr MacAddress kFirstMac{{0xBC, 0x24, 0x11, 0x00, 0x00, 0x01}};
inline constexpr MacAddress kSecondMac{{0xBC, 0x24, 0x11, 0x00, 0x00, 0x02}};

// The settings of net0 and net1: "192.0.2.10/24 via 192.0.2.1, mtu 1400, 10.0.0.0/8 via
// 192.0.2.9", "dhcp", "-" for nothing; with "; " between the two, if there is something of net1.
std::string summary(const Settings& settings);

// Settings, and what was said on the console about them.
struct Outcome {
  Settings settings;
  std::string said;
  std::string summary;
};

// Reads a file by the function for its kind.
Outcome read_network_config(std::string_view yaml);
Outcome read_network_data(std::string_view json);
Outcome read_digitalocean(std::string_view json);
Outcome read_interfaces(std::string_view text);
Outcome read_meta_data(std::string_view yaml);
Outcome read_user_data(std::string_view text, bool is_cut = false);

// Checks what a network-config amounts to, and what is said: lines without "settings (NAME:".
void check_network_config(const char* yaml, const std::string& summary,
                          const std::string& said = "");

struct FakeVolume {
  std::string name;
  std::map<std::string, std::string, std::less<>> files;
  std::string damaged = {};  // the path of a file that can't be read
  mutable std::vector<std::string> asked_for = {};

  [[nodiscard]] std::string_view label() const { return name; }
  [[nodiscard]] volumes::FileRead read(std::string_view path, std::span<std::byte> to) const;
};

Outcome read_disk(const FakeVolume& volume, std::size_t text_bytes = 65'536);

}  // namespace mote::world
