// Metadata of NoCloud and of ConfigDrive: the host name.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/firmware/settings/cloud_init_world.hpp"

using namespace mote::world;

namespace {

std::string host_of(const Outcome& outcome) { return outcome.settings.host_name(); }

}  // namespace

TEST_CASE("the host name comes from local-hostname, else from hostname") {
  CHECK(host_of(read_meta_data("instance-id: iid-1\nlocal-hostname: web-1\n")) == "web-1");
  CHECK(host_of(read_meta_data("hostname: a.example\nlocal-hostname: web-1\n")) == "web-1");
  CHECK(host_of(read_meta_data("{\"uuid\": \"1\", \"hostname\": \"sm-foo-test.novalocal\"}")) ==
        "sm-foo-test.novalocal");
  CHECK(host_of(read_meta_data("instance-id: 0123abc\n")).empty());
  CHECK(host_of(read_meta_data("instance-id: x\nlocal-hostname:\n")).empty());
}

TEST_CASE("an impossible host name is named, and the one before stays") {
  const Outcome outcome = read_meta_data("instance-id: x\nlocal-hostname: my_vm\n");
  CHECK(host_of(outcome).empty());
  CHECK(outcome.said == "settings (meta-data:2): cannot use network.hostname=my_vm, ignored\n");
}

TEST_CASE("metadata of the wrong kind are passed over") {
  for (const std::string text : {"- a\n", "text", "local-hostname: [a]\n", "hostname: {a: b}\n"}) {
    CAPTURE(text);
    CHECK(host_of(read_meta_data(text)).empty());
    CHECK(read_meta_data(text).said.starts_with("settings (meta-data:1): "));
  }
}
