// The lines that say where the site is served.
#include "firmware/urls.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "tests/unit/fake_console.hpp"

using namespace mote;

namespace {

constexpr netstack::Ipv4Address kOne{0xC000020A};    // 192.0.2.10
constexpr netstack::Ipv4Address kOther{0xC6336401};  // 198.51.100.1

std::string printed() { return std::exchange(console::written(), {}); }

}  // namespace

TEST_CASE("an address is told once, whichever interface has it") {
  Urls urls;
  urls.tell(0, {}, 80);
  CHECK(printed().empty());
  urls.tell(0, kOne, 80);
  CHECK(printed() == "http://192.0.2.10/\n");
  urls.tell(0, kOne, 80);
  urls.tell(0, {}, 80);  // the lease has ended
  urls.tell(0, kOne, 80);
  urls.tell(7, kOne, 80);
  CHECK(printed().empty());
}

TEST_CASE("another address is news, on the same interface or another") {
  Urls urls;
  urls.tell(0, kOne, 80);
  urls.tell(7, kOther, 80);
  CHECK(printed() == "http://192.0.2.10/\nhttp://198.51.100.1/\n");
  urls.tell(7, {kOther.value + 1}, 80);
  CHECK(printed() == "http://198.51.100.2/\n");
}

TEST_CASE("the port is told unless it is HTTP's own") {
  Urls urls;
  urls.tell(0, kOne, 8080);
  CHECK(printed() == "http://192.0.2.10:8080/\n");
}

TEST_CASE("a quiet console doesn't tell it") {
  Urls urls;
  console::set_quiet(true);
  urls.tell(0, kOne, 8080);
  console::set_quiet(false);
  CHECK(printed().empty());
}
