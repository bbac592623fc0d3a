// Settings: every key, every source, and values that must be refused.
#include "firmware/settings/settings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "firmware/limits.hpp"
#include "http/limits.hpp"
#include "tests/unit/fake_console.hpp"

using mote::IdlePolicy;
using mote::MacAddress;
using mote::Settings;
using mote::netstack::CongestionControl;

namespace {

constexpr MacAddress kMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};

Settings from_lines(std::string_view text) {
  Settings settings;
  settings.apply_lines({"test"}, text);
  return settings;
}

}  // namespace

TEST_CASE("settings: defaults serve port 80 by DHCP, without a name") {
  const Settings settings;
  CHECK(std::string_view(settings.host_name()).empty());
  CHECK(settings.http_port() == 80);
  CHECK_FALSE(settings.halt_on_panic());
  CHECK(settings.idle() == IdlePolicy::kPoll);
  CHECK(settings.congestion() == CongestionControl::kBbr);
  CHECK(settings.drain_time_ms() == 5000);
  CHECK_FALSE(settings.interface(0, kMac).address.has_value());
}

TEST_CASE("settings: every key is read from lines, with comments and blanks") {
  const auto settings = from_lines(
      "# a comment\n\n network.hostname = edge-1.example \r\nhttp.port=8080\n"
      "http.header_timeout_s=3\nhttp.idle_timeout_s=60\npanic=halt\nidle=doze\n"
      "power.drain_s=0\ntcp.congestion=cubic\n"
      "network.1.address=192.0.2.10/24\nnetwork.1.gateway=192.0.2.1\nnetwork.1.mtu=1400\n"
      "network.1.offload=off");
  CHECK(std::string_view(settings.host_name()) == "edge-1.example");
  CHECK(settings.http_port() == 8080);
  CHECK(settings.header_time_ms() == 3000);
  CHECK(settings.idle_time_ms() == 60000);
  CHECK(settings.halt_on_panic());
  CHECK(settings.idle() == IdlePolicy::kDoze);
  CHECK(settings.drain_time_ms() == 0);
  CHECK(settings.congestion() == CongestionControl::kCubic);
  CHECK_FALSE(settings.interface(0, kMac).address.has_value());
  const auto rule = settings.interface(1, kMac);
  REQUIRE(rule.address.has_value());
  CHECK(rule.address->fixed.address == 0xC000020A);
  CHECK(rule.address->fixed.length == 24);
  CHECK(rule.gateway == 0xC0000201u);
  CHECK(rule.mtu == 1400);
  CHECK(rule.offload == false);
}

TEST_CASE("settings: the number of connections follows RAM, or is given") {
  CHECK(Settings().http_connections() == 0);
  CHECK(from_lines("http.connections=64").http_connections() == 64);
  CHECK(from_lines("http.connections=131072").http_connections() == 131'072);
  for (const std::string wrong : {"63", "0", "131073", "", "many"}) {
    mote::console::written().clear();
    CHECK(from_lines("http.connections=100\nhttp.connections=" + wrong).http_connections() == 100);
    CHECK(mote::console::written().starts_with("settings (test): cannot use http.connections="));
  }
}

TEST_CASE("settings: connections of an address have a limit if it is given") {
  CHECK(Settings().connections_per_address() == 0);
  CHECK(from_lines("http.connections_per_address=1").connections_per_address() == 1);
  CHECK(from_lines("http.connections_per_address=131072").connections_per_address() == 131'072);
  for (const std::string wrong : {"0", "131073", "", "any"}) {
    mote::console::written().clear();
    const auto settings = from_lines("http.connections_per_address=" + wrong);
    CHECK(settings.connections_per_address() == 0);
    CHECK(mote::console::written().starts_with(
        "settings (test): cannot use http.connections_per_address="));
  }
}

TEST_CASE("settings: congestion control is chosen by name, and a wrong name is told") {
  auto settings = from_lines("tcp.congestion=cubic");
  settings.apply_command_line("quiet mote.tcp.congestion=bbr tcp.congestion=cubic");
  CHECK(settings.congestion() == CongestionControl::kBbr);
  mote::console::written().clear();
  settings.apply_command_line("mote.tcp.congestion=cubic mote.tcp.congestion=reno");
  CHECK(settings.congestion() == CongestionControl::kCubic);
  CHECK(mote::console::written() ==
        "settings (command line): cannot use tcp.congestion=reno, ignored\n");
  for (const std::string_view line : {"tcp.congestion=CUBIC", "tcp.congestion=", "tcp.congestion",
                                      "tcp.cubic=cubic", "congestion=cubic"}) {
    CAPTURE(line);
    mote::console::written().clear();
    CHECK(from_lines(line).congestion() == CongestionControl::kBbr);
    CHECK(mote::console::written().starts_with("settings (test): cannot use "));
  }
}

TEST_CASE("settings: health, metrics and the access log have their defaults and can be set") {
  const Settings defaults;
  CHECK(defaults.health_path() == "/healthz");
  CHECK(defaults.metrics_path().empty());
  CHECK(defaults.metrics_audience() == Settings::MetricsAudience::kAll);
  CHECK_FALSE(defaults.logs_access());
  CHECK(defaults.access_log_lines() == 50);
  auto settings = from_lines(
      "http.health=\nhttp.metrics=/internal/metrics~1\nhttp.metrics_interface=1\n"
      "http.access_log=combined\nhttp.access_log_lines=7\n");
  CHECK(settings.health_path().empty());
  CHECK(settings.metrics_path() == "/internal/metrics~1");
  CHECK(settings.metrics_audience() == Settings::MetricsAudience::kOne);
  CHECK_FALSE(settings.metrics_interface().mac.has_value());
  CHECK(settings.metrics_interface().index == 1);
  CHECK(settings.logs_access());
  CHECK(settings.access_log_lines() == 7);
  settings.apply_command_line(
      "mote.http.health=/up mote.http.metrics_interface=52:54:00:12:34:56 "
      "mote.http.access_log=off");
  CHECK(settings.health_path() == "/up");
  CHECK(settings.metrics_interface().mac == kMac);
  CHECK_FALSE(settings.logs_access());
}

TEST_CASE("settings: impossible paths and log settings are refused") {
  for (const std::string& line :
       {std::string("http.health=healthz"), std::string("http.health=/a b"),
        std::string("http.health=/a?b"), std::string("http.health=/a%20b"),
        std::string("http.health=/a//b"), std::string("http.health=/a/"),
        std::string("http.health=/../b"), std::string("http.health=/./b"),
        "http.health=/" + std::string(63, 'a'), std::string("http.metrics=metrics"),
        std::string("http.access_log=common"), std::string("http.access_log="),
        std::string("http.access_log_lines=0"), std::string("http.access_log_lines=10001"),
        std::string("http.=1"), std::string("http.colour=1")}) {
    CAPTURE(line);
    mote::console::written().clear();
    const auto settings = from_lines(line);
    CHECK(mote::console::written().starts_with("settings (test): cannot use http."));
    CHECK(settings.health_path() == "/healthz");
    CHECK(settings.metrics_path().empty());
    CHECK_FALSE(settings.logs_access());
    CHECK(settings.access_log_lines() == 50);
  }
  CHECK(from_lines("http.health=/" + std::string(62, 'a')).health_path().size() == 63);
}

TEST_CASE("settings: metrics bound to an impossible interface are served on none") {
  for (const std::string_view line :
       {"http.metrics_interface=8", "http.metrics_interface=eth0", "http.metrics_interface="}) {
    const auto settings = from_lines(line);
    CHECK(settings.metrics_audience() == Settings::MetricsAudience::kNone);
  }
}

TEST_CASE("settings: a rule for the MAC address beats one for the index") {
  const auto settings = from_lines(
      "network.0.address=192.0.2.10/24\nnetwork.52:54:00:12:34:56.address=192.0.2.99/24\n");
  CHECK(settings.interface(0, kMac).address->fixed.address == 0xC0000263);
  CHECK(settings.interface(0, MacAddress{}).address->fixed.address == 0xC000020A);
}

TEST_CASE("settings: rules for the MAC address and the index are merged field by field") {
  auto settings = from_lines(
      "network.52:54:00:12:34:56.mtu=1400\nnetwork.52:54:00:12:34:56.offload=off\n"
      "network.0.mtu=1200");
  CHECK(settings.interface(0, kMac).mtu == 1400);
  settings.apply_command_line("mote.network.0.address=192.0.2.10/24 mote.network.0.mtu=1300");
  const auto both = settings.interface(0, kMac);
  REQUIRE(both.address.has_value());
  CHECK(both.address->fixed.address == 0xC000020A);
  CHECK(both.mtu == 1300);  // the later source wins, though it names the index
  CHECK(both.offload == false);
  settings.apply_command_line("mote.network.52:54:00:12:34:56.address=dhcp");
  CHECK(settings.interface(0, kMac).address->dhcp);
}

TEST_CASE("settings: quotes keep a word of the command line together") {
  Settings settings;
  settings.apply_command_line(
      "root=\"a b\" mote.network.0.routes=\"10.0.0.0/8 via 192.0.2.9, 198.51.100.0/24\" x=\" "
      "mote.http.port=81");
  REQUIRE(settings.interface(0, kMac).routes.has_value());
  CHECK(settings.interface(0, kMac).routes->all().size() == 2);
  CHECK(settings.http_port() == 81);
  settings.apply_command_line("\"mote.network.0.routes=10.0.0.0/8 via 192.0.2.1\" mote.panic=halt");
  CHECK(settings.interface(0, kMac).routes->all().size() == 1);
  CHECK(settings.halt_on_panic());
  settings.apply_command_line("mote.network.0.routes=\"10.0.0.0/8 via mote.http.port=82");
  CHECK(settings.http_port() == 82);
  CHECK(settings.interface(0, kMac).routes->all().size() == 1);
}

TEST_CASE("settings: of one source only the first complaints are printed") {
  mote::console::written().clear();
  Settings settings;
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += "nonsense=" + std::to_string(i) + "\n";
  }
  settings.apply_lines({"fw_cfg"}, many);
  const std::string& said = mote::console::written();
  CHECK(said.find("nonsense=11, ignored\n") != std::string::npos);
  CHECK(said.ends_with("ignored\nsettings (fw_cfg): more can't be used\n"));
  CHECK(std::ranges::count(said, '\n') == mote::limits::kSettingComplaints + 1);
  settings.apply({.name = "user-data", .line = 12}, "http.port", "x");
  CHECK(said.ends_with("settings (user-data:12): cannot use http.port=x, ignored\n"));
}

TEST_CASE("settings: what there is no room for is named") {
  Settings settings;
  for (int i = 10; i < 27; ++i) {
    mote::console::written().clear();
    settings.apply({"test"}, "network.52:54:00:00:00:" + std::to_string(i) + ".mtu", "1400");
  }
  CHECK(mote::console::written() ==
        "settings (test): no room for network.52:54:00:00:00:26.mtu=1400, ignored\n");
}

TEST_CASE("settings: the last part of a truncated text is ignored") {
  Settings settings;
  settings.apply_lines({"test"}, "http.port=81\nhttp.port=80", true);  // cut within …80
  CHECK(settings.http_port() == 81);
  settings.apply_command_line("mote.http.port=82 mote.http.port=8", true);
  CHECK(settings.http_port() == 82);
  settings.apply_command_line("mote.http.port=83", true);
  CHECK(settings.http_port() == 82);
}

TEST_CASE("settings: the command line wins, and ignores words of others") {
  auto settings = from_lines("http.port=8080\n");
  settings.apply_command_line("console=ttyS0 mote.http.port=81 http.port=5 mote.panic=halt");
  CHECK(settings.http_port() == 81);
  CHECK(settings.halt_on_panic());
}

TEST_CASE("settings: the console is quiet if the last source says so") {
  auto settings = from_lines("console=quiet\n");
  CHECK(settings.is_console_quiet());
  settings.apply_command_line("console=ttyS0 mote.console=normal");
  CHECK_FALSE(settings.is_console_quiet());
}

TEST_CASE("settings: a value that can't be used leaves the setting as it was") {
  for (const std::string_view line : {"http.port=0",
                                      "http.port=65536",
                                      "http.port=80x",
                                      "http.port=",
                                      "http.port",
                                      "panic=maybe",
                                      "idle=sleep",
                                      "console=loud",
                                      "console=",
                                      "idle=",
                                      "network.hostname=-x",
                                      "network.hostname=a..b",
                                      "network.hostname=a.",
                                      "network.0.address=10.0.0.300/24",
                                      "network.0.address=10.0.0.1",
                                      "network.0.address=10.0.0.0/24",
                                      "network.0.address=10.0.0.255/24",
                                      "network.0.address=127.0.0.1/8",
                                      "network.0.address=224.0.0.1/24",
                                      "network.0.address=10.0.0.1.2/24",
                                      "network.0.address=10.0.0.1/33",
                                      "network.9.address=10.0.0.1/24",
                                      "network.0.mtu=500",
                                      "network.0.offload=maybe",
                                      "network.0.mtu=9000",
                                      "network.0.address=0.1.2.3/8",
                                      "network.0.address=255.255.255.255/32",
                                      "network.0.gateway=x",
                                      "network.0.gateway=0.0.0.0",
                                      "network.0.gateway=127.0.0.1",
                                      "network.0.gateway=239.0.0.1",
                                      "network.0.gateway=255.255.255.255",
                                      "network.0.color=red",
                                      "network.0.routes=10.0.0.0",
                                      "network.0.routes=10.0.0.0/8 via x",
                                      "nonsense=1",
                                      "=",
                                      "power.drain_s=301",
                                      "power.drain=5",
                                      "power.drain_s=-1",
                                      "http.idle_timeout_s=0"}) {
    CAPTURE(line);
    const auto settings = from_lines(line);
    CHECK(settings.http_port() == 80);
    CHECK(std::string_view(settings.host_name()).empty());
    CHECK_FALSE(settings.halt_on_panic());
    CHECK_FALSE(settings.is_console_quiet());
    CHECK(settings.idle() == IdlePolicy::kPoll);
    const auto rule = settings.interface(0, kMac);
    CHECK_FALSE(rule.address.has_value());
    CHECK_FALSE(rule.gateway.has_value());
    CHECK_FALSE(rule.mtu.has_value());
    CHECK_FALSE(rule.offload.has_value());
    CHECK(settings.idle_time_ms() == mote::limits::kIdleTimeMs);
    CHECK(settings.drain_time_ms() == 5000);
  }
}

TEST_CASE("settings: a refused value is printed shortened, without control characters") {
  mote::console::written().clear();
  from_lines("http.port=\x1b[2J\a" + std::string(500, 'x'));
  const std::string& said = mote::console::written();
  CHECK(said.starts_with("settings (test): cannot use http.port=?[2J?xxx"));
  CHECK(said.ends_with("..., ignored\n"));
  CHECK(said.size() < 150);
}

TEST_CASE("settings: RFC 3021 point-to-point links have no broadcast address") {
  CHECK(from_lines("network.0.address=10.0.0.0/31").interface(0, kMac).address.has_value());
  CHECK(from_lines("network.0.address=10.0.0.9/32").interface(0, kMac).address.has_value());
}

// Some clouds use 240/4 inside.
TEST_CASE("settings: 240/4 is as good as any network") {
  const auto fields =
      from_lines("network.0.address=240.0.0.1/4\nnetwork.0.gateway=255.0.0.1\n").interface(0, kMac);
  CHECK(fields.address.has_value());
  CHECK(fields.gateway.has_value());
}

TEST_CASE("settings: more rules than there is room for are refused, not overrun") {
  Settings settings;
  for (int i = 0; i < 40; ++i) {
    char line[] = "network.52:54:00:00:00:00.address=10.0.0.1/24";
    line[24] = static_cast<char>('0' + i % 10);
    line[23] = static_cast<char>('0' + i / 10);
    settings.apply_lines({"test"}, line);
  }
  CHECK(settings.interface(0, MacAddress{{0x52, 0x54, 0, 0, 0, 0}}).address.has_value());
  CHECK_FALSE(settings.interface(0, MacAddress{{0x52, 0x54, 0, 0, 0, 0x39}}).address.has_value());
}
