// Fuzzes what makes settings of a disk's files. The first byte says which file the rest is, or,
// with its high bit, that the rest are two files with a zero byte between them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/limits.hpp"
#include "firmware/settings/settings_disk.hpp"
#include "netstack/wire/host_address.hpp"
#include "tests/unit/fake_console.hpp"

namespace mote::fuzz {
namespace {

constexpr std::array<std::string_view, 8> kPaths{"network-config",
                                                 "user-data",
                                                 "meta-data",
                                                 "openstack/latest/network_data.json",
                                                 "openstack/latest/meta_data.json",
                                                 "openstack/content/0000",
                                                 "openstack/latest/user_data",
                                                 "digitalocean_meta_data.json"};

constexpr std::string_view kMetaData =
    "{\"network_config\": {\"content_path\": \"/content/0000\"}}";

// A disk with one or two files; and one that names the file of interfaces.
struct Disk {
  std::size_t first = 0;
  std::string_view text;
  std::string_view next;

  [[nodiscard]] std::string_view label() const { return first < 3 ? "CIDATA" : "config-2"; }
  [[nodiscard]] volumes::FileRead read(std::string_view path, std::span<std::byte> to) const {
    using State = volumes::FileRead::State;
    std::string_view found;
    if (path == kPaths[first]) {
      found = text;
    } else if (path == kPaths[(first + 1) % kPaths.size()]) {
      found = next;
    } else if (path == kPaths[4] && first == 5) {
      found = kMetaData;
    } else {
      return {State::kMissing, 0};
    }
    const std::size_t bytes = std::min(found.size(), to.size());
    std::ranges::copy(std::as_bytes(std::span(found)).first(bytes), to.begin());
    return {bytes < found.size() ? State::kTooLong : State::kRead, bytes};
  }
};

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

// An address, a gateway and routes that a host can have, if any.
void check(const InterfaceFields& fields) {
  if (fields.address && !fields.address->dhcp) {
    const Ipv4Prefix& own = fields.address->fixed;
    require(own.length != 0 && own.length <= 32);
    require(netstack::fault_on_subnet({own.address}, own.length).empty());
  }
  if (fields.gateway.value_or(0) != 0) {
    require(netstack::fault_of_host({*fields.gateway}).empty());
  }
  require(!fields.mtu || (*fields.mtu >= 576 && *fields.mtu <= 1500));
  for (const netstack::Route& route : fields.routes.value_or(netstack::Routes{}).all()) {
    require(route.prefix_bits <= 32);
    require((route.network.value & ~netstack::mask_of(route.prefix_bits).value) == 0);
    require(route.is_on_link() || netstack::fault_of_host(route.router).empty());
  }
}

void check(const Settings& settings) {
  const std::string_view name = settings.host_name();
  require(name.empty() || netstack::HostName::is_good(name));
  require(settings.http_port() != 0);
  require(settings.header_time_ms() != 0 && settings.idle_time_ms() != 0);
  for (std::uint32_t index = 0; index < limits::kInterfaces; ++index) {
    check(settings.interface(index, MacAddress{}));
  }
  settings.for_each_choice([&](const InterfaceChoice& choice) {
    require(choice.index < limits::kInterfaces);
    check(settings.interface(0, choice.mac.value_or(MacAddress{})));
  });
}

// Few lines, and nothing in them that a terminal obeys.
void check(const std::string& said) {
  constexpr auto kMostLines = static_cast<std::ptrdiff_t>(4 * (limits::kSettingComplaints + 2));
  require(std::ranges::count(said, '\n') <= kMostLines);
  require(std::ranges::all_of(said, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

}  // namespace

int run(std::string_view input) {
  if (input.empty()) {
    return 0;
  }
  const auto steer = static_cast<std::uint8_t>(input.front());
  input.remove_prefix(1);
  Disk disk{.first = steer & 7U, .text = input, .next = {}};
  if ((steer & 0x80U) != 0) {
    disk.text = take_until(input, '\0');
    disk.next = input;
  }
  std::vector<char> text(std::max<std::size_t>(disk.text.size(), disk.next.size()) + 1);
  std::vector<formats::Node> nodes(64 + (steer & 0x78U));
  console::written().clear();
  Settings settings;
  apply_settings_disk(settings, disk, {text, nodes});
  check(settings);
  check(console::written());
  return 0;
}

}  // namespace mote::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return mote::fuzz::run({reinterpret_cast<const char*>(data), size});
}
