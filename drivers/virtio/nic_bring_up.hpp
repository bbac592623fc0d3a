// The virtio network device's bring-up, in the order of virtio 1.2, 3.1.1.
//
// The part of nic.hpp that only nic.cpp and mmio_nic.cpp need, and tests with a transport of their
// own.
#pragma once

#include <algorithm>

#include "drivers/limits.hpp"
#include "drivers/virtio/bring_up.hpp"
#include "drivers/virtio/nic.hpp"
#include "kernel/console/console.hpp"
#include "kernel/platform/entropy.hpp"

namespace mote::virtio {

template <Transport T>
bool Nic<T>::bring_up(const typename T::Location& location, std::size_t receive_buffers) {
  *this = {};  // the object may have failed with another device
  receive_buffers_ = receive_buffers;
  if (const std::string_view missing = transport_.open(location); !missing.empty()) {
    return fail(missing);
  }
  // The firmware may have used the device: a reset discards its settings.
  return transport_.reset() ? start() : fail(kEndlessReset);
}

// From reset to running. Also used after a later reset, when the rings already have their memory
// and the stack relies on the facts it was told.
template <Transport T>
bool Nic<T>::start() {
  const bool first = state_ == State::kDown;
  add_status(transport_, status::kAcknowledge);
  add_status(transport_, status::kDriver);
  if (!negotiate(first) || (first && !read_facts()) || !set_up(kReceiveQueue, receive_.ring()) ||
      !set_up(kTransmitQueue, transmit_.ring())) {
    add_status(transport_, status::kFailed);
    return false;
  }
  const bool short_header = transport_.is_legacy() && !has(feature::kNetMergeable);
  const Framing framing = {
      .header_bytes = short_header ? NetHeader::kShortBytes : NetHeader::kBytes,
      .header_alone = transport_.is_legacy() && !has(feature::kAnyLayout)};
  receive_.start({.framing = framing,
                  .mergeable = has(feature::kNetMergeable),
                  .large = has(feature::kNetGuestTso4),
                  .trust_checksum = has(feature::kNetGuestChecksum),
                  .buffers = receive_buffers_});
  transmit_.start(framing, has(feature::kNetHostTso4));
  add_status(transport_, status::kDriverOk);
  state_ = State::kRunning;
  complained_ = false;
  flush();
  return true;
}

// The features in `offered` that work together. VIRTIO_NET_F_GSO (6.3), by which old devices say
// that they cut any kind of segment, adds nothing: a device that has it has the bits of 5.1.3 too.
template <Transport T>
Features Nic<T>::agreeable(Features offered) {
  const auto lacks = [&](Features bits) { return (offered & bits) != bits; };
  if (lacks(feature::kNetChecksum)) {  // 5.1.3.1
    offered &= ~feature::kNetHostTso4;
  }
  // 5.1.3.1 demands the first. Without the second, each buffer would have to hold the longest
  // segment (5.1.6.3.1).
  if (lacks(feature::kNetGuestChecksum | feature::kNetMergeable)) {
    offered &= ~feature::kNetGuestTso4;
  }
  if (!lacks(feature::kNetGuestTso4)) {
    // If the device never has enough buffers for a long segment, it waits for them forever.
    const bool header_alone = transport_.is_legacy() && lacks(feature::kAnyLayout);
    const std::size_t room = transport_.queue_entries(kReceiveQueue) / (header_alone ? 2U : 1U);
    if (std::min(room, receive_buffers_) < limits::kRxPieces) {
      offered &= ~feature::kNetGuestTso4;
    }
  }
  return offered;
}

template <Transport T>
bool Nic<T>::negotiate(bool first) {
  const Features wanted = transport_.is_legacy() ? kWantedLegacy : kWantedModern;
  const Features given = agreeable(transport_.offered_features() & (first ? wanted : features_));
  if (!first && given != features_) {
    return fail("the device lost features at its reset");
  }
  features_ = given;
  if (!accept_features(transport_, features_, failure())) {
    return false;
  }
  name_features();
  return true;
}

template <Transport T>
bool Nic<T>::read_facts() {
  mtu_ = limits::kMtu;
  if (has(feature::kNetMtu)) {
    const std::uint16_t mtu = transport_.config16(net_config::kMtu);
    if (mtu < net_config::kLeastMtu) {
      return fail("device's MTU of # is smaller than #", mtu, net_config::kLeastMtu);
    }
    mtu_ = std::min(mtu, limits::kMtu);
  }
  if (has(feature::kNetMac)) {
    mac_ = read_mac();
  }
  if (!mac_.is_station()) {
    // No address, or one that no station can have: 5.1.5 wants a random, locally administered one.
    std::uint64_t random = entropy::random64();
    for (std::uint8_t& octet : mac_.octets) {
      octet = static_cast<std::uint8_t>(random);
      random >>= 8;
    }
    mac_.octets[0] =
        static_cast<std::uint8_t>((mac_.octets[0] | MacAddress::kLocal) & ~MacAddress::kGroup);
  }
  return true;
}

// Six accesses: read again if the configuration changed meanwhile (2.5.1).
template <Transport T>
MacAddress Nic<T>::read_mac() {
  constexpr unsigned kTries = 16;
  MacAddress mac;
  for (unsigned i = 0; i < kTries; ++i) {
    const std::uint8_t generation = transport_.config_generation();
    std::uint16_t offset = net_config::kMac;
    for (std::uint8_t& octet : mac.octets) {
      octet = transport_.config8(offset++);
    }
    if (transport_.config_generation() == generation) {
      break;
    }
  }
  return mac;
}

template <Transport T>
bool Nic<T>::set_up(std::uint16_t number, SplitRing& ring) {
  return set_up_queue(
      transport_,
      {.number = number, .least_entries = kLeastEntries, .event_index = has(feature::kEventIndex)},
      ring, failure());
}

// A full ring has nothing more to publish, so nothing else would ring again.
template <Transport T>
void Nic<T>::look_after_doorbells() {
  if (receive_.ring().has_lost_doorbell()) {
    transport_.notify(kReceiveQueue);
    ++counters_.doorbells_repeated;
  }
  if (transmit_.ring().has_lost_doorbell()) {
    transport_.notify(kTransmitQueue);
    ++counters_.doorbells_repeated;
  }
}

template <Transport T>
bool Nic<T>::link_up() {
  if (state_ == State::kDown) {
    return false;
  }
  if (is_running() && (transport_.status() & status::kNeedsReset) != 0) {
    begin_reset();
  }
  if (!is_running()) {
    look_after_reset();
    return false;
  }
  look_after_doorbells();
  // 5.1.4: without the status field the link counts as up.
  return !has(feature::kNetStatus) ||
         (transport_.config16(net_config::kStatus) & net_config::kStatusLinkUp) != 0;
}

// 2.4: writing 0 begins a reset. Until it ends, every buffer in flight must stay in place.
template <Transport T>
void Nic<T>::begin_reset() {
  transport_.set_status(0);
  state_ = State::kResetting;
  looks_ = 0;
}

// Called for a device that doesn't run; makes at most one new try.
template <Transport T>
void Nic<T>::look_after_reset() {
  ++looks_;
  if (state_ == State::kResetting && transport_.status() == 0) {
    state_ = State::kReset;
  } else if (state_ != State::kReset && looks_ >= kLooksATry) {
    if (state_ == State::kResetting) {
      fail(kEndlessReset);
      complain();
    }
    begin_reset();
  }
}

// Says that the NIC failed: a machine gone silent is the worst failure for those who need to reach
// it.
template <Transport T>
void Nic<T>::complain() {
  if (complained_) {
    return;
  }
  complained_ = true;
  console::line(error_.view(), "; NIC ", MacText(mac_).text(), " is down, to be tried again");
}

template <Transport T>
void Nic<T>::name_features() {
  words_.clear();
  const auto name = [&](Features bits, std::string_view word) {
    if (has(bits)) {
      words_.add(words_.empty() ? "" : " ");
      words_.add(word);
    }
  };
  name(feature::kNetChecksum, "csum");
  name(feature::kNetHostTso4, "tso4");
  name(feature::kNetGuestChecksum, "rxcsum");
  name(feature::kNetMergeable, "mrg");
  name(feature::kNetGuestTso4, "lro4");
}

}  // namespace mote::virtio
