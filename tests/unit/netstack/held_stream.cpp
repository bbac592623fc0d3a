// A service of the machine under test on which the test decides what is sent.
#include "tests/unit/netstack/held_stream.hpp"

#include <doctest/doctest.h>

#include <memory>

namespace mote::world {
namespace {

std::vector<std::unique_ptr<HeldStream>>& all() {
  static std::vector<std::unique_ptr<HeldStream>> made;
  return made;
}

bool accept(netstack::TcpStream stream) {
  all().push_back(std::make_unique<HeldStream>());
  all().back()->begin(stream);
  return true;
}

}  // namespace

void HeldStream::begin(netstack::TcpStream stream) {
  stream_ = stream;
  stream_.begin(*this);
  is_open_ = true;
}

void HeldStream::send(const std::uint8_t* data, std::size_t bytes) {
  REQUIRE(is_open_);
  REQUIRE(stream_.write(piece_at(data, bytes), netstack::TcpStream::Write::kReferenced));
  stream_.flush();
}

void HeldStream::release() {
  REQUIRE(is_open_);
  is_open_ = false;
  stream_.release();
}

void HeldStream::abort() {
  REQUIRE(is_open_);
  is_open_ = false;
  stream_.abort();
}

void HeldStream::on_arrived(netstack::Arrived data) {
  if (reads) stream_.open_window(data.bytes());
}

void HeldStream::on_retry() {
  ++retries_;
  if (at_retry != nullptr) at_retry(*this);
}

Machine& hold_streams() {
  Machine& m = machine();
  static const bool listens = netstack::listen<accept>(kHeldService);
  REQUIRE(listens);
  return m;
}

HeldStream& last_held() {
  REQUIRE(!all().empty());
  return *all().back();
}

}  // namespace mote::world
