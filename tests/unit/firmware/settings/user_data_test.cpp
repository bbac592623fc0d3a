// User data: a document for Mote, and those for others.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote;
using namespace mote::world;

namespace {

constexpr const char* kCloudConfig =
    "settings (user-data): a #cloud-config, only its host name is used\n";

std::string host_of(const Outcome& outcome) { return outcome.settings.host_name(); }

}  // namespace

TEST_CASE("a document for Mote sets all that makes sense at boot") {
  const Outcome outcome = read_user_data(R"(#mote
panic = "halt"
idle = "doze"
console = "quiet"

[tcp]
congestion = "cubic"

[network]
hostname = "web-1"

[[network.interface]]
match = 0
address = "192.0.2.10/24"
gateway = "192.0.2.1"
mtu = 1400
routes = ["10.0.0.0/8 via 192.0.2.9", "198.51.100.0/24"]

[[network.interface]]
match = "BC:24:11:00:00:02"
address = "dhcp"
offload = "off"

[http]
port = 8080
connections = 5000
idle_timeout_s = 30
header_timeout_s = 5
health = "/up"
metrics = "/internal/metrics"
metrics_interface = 1
access_log = "combined"
access_log_lines = 10
)");
  CHECK(outcome.said.empty());
  const Settings& settings = outcome.settings;
  CHECK(settings.halt_on_panic());
  CHECK(settings.idle() == IdlePolicy::kDoze);
  CHECK(settings.is_console_quiet());
  CHECK(settings.congestion() == netstack::CongestionControl::kCubic);
  CHECK(host_of(outcome) == "web-1");
  CHECK(outcome.summary ==
        "192.0.2.10/24 via 192.0.2.1, mtu 1400, 198.51.100.0/24 on link, "
        "10.0.0.0/8 via 192.0.2.9; dhcp");
  CHECK(settings.interface(1, kSecondMac).offload == false);
  CHECK(settings.http_port() == 8080);
  CHECK(settings.http_connections() == 5000);
  CHECK(settings.idle_time_ms() == 30'000);
  CHECK(settings.header_time_ms() == 5'000);
  CHECK(settings.health_path() == "/up");
  CHECK(settings.metrics_path() == "/internal/metrics");
  CHECK(settings.metrics_interface().index == 1);
  CHECK(settings.logs_access());
  CHECK(settings.access_log_lines() == 10);
}

TEST_CASE("dotted keys and an empty path") {
  const Outcome outcome =
      read_user_data("#mote made by hand\nhttp.port = 81\nhttp.health = \"\"\n");
  CHECK(outcome.settings.http_port() == 81);
  CHECK(outcome.settings.health_path().empty());
}

TEST_CASE("keys that shape the site are named, and the rest goes on") {
  const Outcome outcome = read_user_data(R"(#mote
[http]
index = ["start.html"]
clean_urls = true
port = 8080
[http.error_pages]
404 = "x.html"
[[http.redirect]]
from = "/a"
to = "/b"
)");
  CHECK(outcome.settings.http_port() == 8080);
  CHECK(outcome.said ==
        "settings (user-data:3): http.index shapes the site, which is baked into the image: "
        "ignored\n"
        "settings (user-data:4): http.clean_urls shapes the site, which is baked into the image: "
        "ignored\n"
        "settings (user-data:6): http.error_pages shapes the site, which is baked into the image: "
        "ignored\n"
        "settings (user-data:8): http.redirect shapes the site, which is baked into the image: "
        "ignored\n");
}

TEST_CASE("what can't be used is named with its line") {
  const Outcome outcome = read_user_data(R"(#mote
colour = "red"
http.port = 70000
idle = ["doze"]
[network]
hostname = "my_vm"
[[network.interface]]
address = "192.0.2.10/24"
[[network.interface]]
match = 0
address = "192.0.2.300/24"
routes = ["nonsense"]
mtu = 1400
)");
  CHECK(outcome.summary == "mtu 1400");
  CHECK(outcome.said ==
        "settings (user-data:2): cannot use colour=red, ignored\n"
        "settings (user-data:3): cannot use http.port=70000, ignored\n"
        "settings (user-data:4): cannot use idle, ignored\n"
        "settings (user-data:6): cannot use network.hostname=my_vm, ignored\n"
        "settings (user-data:7): an interface without a usable `match`, ignored\n"
        "settings (user-data:11): cannot use network.interface.address, ignored\n"
        "settings (user-data:12): cannot use network.interface.routes, ignored\n");
}

TEST_CASE("a broken document is named and not used") {
  for (const std::string& text :
       {"#mote\nhttp.port = \n", "#mote\nhttp.port 81\n", "#mote\n[http\nport = 81\n",
        "#mote\nhttp.port = 81\nhttp.port = 82\n", "#mote\n\xff\xfe"}) {
    CAPTURE(text);
    const Outcome outcome = read_user_data(text);
    CHECK(outcome.settings.http_port() == 80);
    CHECK(outcome.said.starts_with("settings (user-data:"));
    CHECK(outcome.said.ends_with(": the file is not used\n"));
  }
  const Outcome cut = read_user_data("#mote\nhttp.port = 8", true);
  CHECK(cut.settings.http_port() == 80);
  CHECK(cut.said == "settings (user-data): too long, not used\n");
}

TEST_CASE("a key beyond measure is no setting") {
  const Outcome outcome = read_user_data("#mote\n" + std::string(500, 'k') + " = 1\n");
  CHECK(outcome.said.starts_with("settings (user-data:2): cannot use kkkk"));
}

TEST_CASE("of a #cloud-config, the host name is used: as Proxmox VE writes it") {
  const Outcome outcome = read_user_data(R"(#cloud-config
hostname: web-1
manage_etc_hosts: true
fqdn: web-1.example.org
user: admin
password: $5$abc$def
ssh_authorized_keys:
  - ssh-ed25519 AAAA admin@host
chpasswd:
  expire: False
users:
  - default
package_upgrade: true
)");
  CHECK(host_of(outcome) == "web-1");
  CHECK(outcome.said == kCloudConfig);
}

TEST_CASE("of a #cloud-config, the host name is found whatever the rest is") {
  CHECK(host_of(read_user_data("#cloud-config\n\tx: &a *b\nfqdn: 'a.example' # x\n")) ==
        "a.example");
  CHECK(host_of(read_user_data("#cloud-config\r\nhostname: \"a\"\r\n")) == "a");
  CHECK(host_of(read_user_data("#cloud-config\nhostname: a\nruncmd: [ x", true)) == "a");
  CHECK(host_of(read_user_data("#cloud-config\nx:\n  hostname: a\nhostnames: b\n")).empty());
  CHECK(host_of(read_user_data("#cloud-config\nhostname:\nfqdn: b\n")) == "b");
  const Outcome wrong = read_user_data("#cloud-config\nhostname: my_vm\n");
  CHECK(wrong.said == "settings (user-data:2): cannot use network.hostname=my_vm, ignored\n" +
                          std::string(kCloudConfig));
}

TEST_CASE("what is for others gets one line, nothing gets none") {
  for (const std::string& text :
       {std::string("#!/bin/sh\necho hello\n"), std::string("Content-Type: multipart/mixed; b=x\n"),
        std::string("## template: jinja\n#cloud-config\nhostname: a\n"),
        std::string("\x1f\x8b\x08\0\0\0", 6), std::string("#motet\nhttp.port = 81\n"),
        std::string("#include\nhttp://example.org/\n"), std::string(3000, 'x')}) {
    CAPTURE(text);
    const Outcome outcome = read_user_data(text);
    CHECK(outcome.said.starts_with("settings (user-data:1): not for Mote, as it begins with \""));
    CHECK(outcome.said.ends_with("\": ignored\n"));
    CHECK(std::ranges::count(outcome.said, '\n') == 1);
    CHECK(host_of(outcome).empty());
  }
  CHECK(read_user_data("").said.empty());
  CHECK(read_user_data(" \n\t\r\n").said.empty());
}
