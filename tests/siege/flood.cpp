// Sends forged frames of one kind at a rate, for a time, and tells how many left.
//
//   flood INTERFACE TO_MAC TO_ADDRESS KIND RATE SECONDS SEED
//
// All randomness follows from SEED, so a siege can be repeated. Frames that the interface's queue
// has no room for count as refused. Bounded by its arguments: at most 10 million frames.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/siege/forged.hpp"

namespace {

using siege::Frame;

constexpr std::uint64_t kMostFrames = 10'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kBatch = 64;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(2);
}

std::uint64_t now() {
  timespec when{};
  clock_gettime(CLOCK_MONOTONIC, &when);
  return static_cast<std::uint64_t>(when.tv_sec) * kSecond +
         static_cast<std::uint64_t>(when.tv_nsec);
}

int open_on(const char* interface) {
  const int made = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  if (made < 0 || where.sll_ifindex == 0 ||
      bind(made, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) {
    fail(interface);
  }
  return made;
}

// Sends them all; returns how many the queue took.
std::size_t send_all(int socket, std::vector<Frame>& frames) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> pieces{};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    pieces[i] = {frames[i].data(), frames[i].size()};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  std::size_t sent = 0;
  for (std::size_t at = 0; at < frames.size();) {
    const int count = sendmmsg(socket, &messages[at], static_cast<unsigned>(frames.size() - at), 0);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
      at += static_cast<std::size_t>(count);
    } else if (errno == ENOBUFS || errno == EAGAIN) {
      ++at;  // refused
    } else if (errno != EINTR) {
      fail("sendmmsg");
    }
  }
  return sent;
}

void wait_until(std::uint64_t time) {
  const timespec when{static_cast<time_t>(time / kSecond), static_cast<long>(time % kSecond)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr) == EINTR) {
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 8) {
    std::fprintf(stderr, "flood INTERFACE TO_MAC TO_ADDRESS KIND RATE SECONDS SEED\n");
    return 2;
  }
  const int socket = open_on(words[1]);
  siege::Forger forger({words[2], words[3]}, words[4], std::strtoull(words[7], nullptr, 10));
  if (!forger.is_known()) {
    std::fprintf(stderr, "flood: no kind %s; there are %s\n", words[4],
                 siege::Forger::kinds().c_str());
    return 2;
  }
  const std::uint64_t rate = std::max<std::uint64_t>(std::strtoull(words[5], nullptr, 10), 1);
  const std::uint64_t begun = now();
  const std::uint64_t end = begun + std::strtoull(words[6], nullptr, 10) * kSecond;
  std::uint64_t made = 0;
  std::uint64_t sent = 0;
  std::vector<Frame> frames;
  for (std::uint64_t time = begun; time < end && made < kMostFrames; time = now()) {
    // What is late by more than a batch is left out: the rate is a limit.
    const std::uint64_t due = (time - begun) * rate / kSecond + 1;
    made = std::max(made, due - std::min<std::uint64_t>(due, 4 * kBatch));
    if (made >= due) {
      wait_until(begun + (made * kSecond + rate - 1) / rate);
      continue;
    }
    frames.clear();
    while (made < due && frames.size() < kBatch) {
      frames.push_back(forger.next());
      ++made;
    }
    sent += send_all(socket, frames);
  }
  std::printf("{\"sent\": %llu, \"seconds\": %.3f}\n", static_cast<unsigned long long>(sent),
              static_cast<double>(now() - begun) / 1e9);
  return 0;
}
