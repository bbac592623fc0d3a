// Sends a number of pings in bursts, each burst once all echoes of the previous one are right.
//
//   pings ADDRESS [window=1] [count=1] [size=56] [deadline=60]
//
// client.h has the protocol with the program that starts it. A lost ping is a failure, since a tap
// loses none.
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client.h"

enum { kPacket = 2048, kWindow = 256 };

static long window = 1;
static long count = 1;
static long size = 56;  // bytes behind the ICMP header
static long deadline_s = 60;
static unsigned char packet[kPacket];

// RFC 1071's checksum, in network byte order.
static unsigned short sum_of(const unsigned char* data, size_t bytes) {
  unsigned long sum = 0;
  for (size_t at = 0; at < bytes; at += 2) {
    sum += (unsigned)data[at] << 8 | (at + 1 < bytes ? data[at + 1] : 0u);
  }
  while (sum >> 16) {
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return htons((unsigned short)~sum);
}

// Makes the whole burst before sending any, so that the pings follow each other closely.
static void send_burst(int descriptor, long first, long pings) {
  static unsigned char burst[kWindow][kPacket];
  const size_t bytes = sizeof(struct icmphdr) + (size_t)size;
  struct mmsghdr messages[kWindow] = {};
  struct iovec pieces[kWindow];
  for (long at = 0; at < pings; ++at) {
    const struct icmphdr header = {.type = ICMP_ECHO,
                                   .un.echo = {.id = htons((unsigned short)getpid()),
                                               .sequence = htons((unsigned short)(first + at))}};
    memcpy(packet, &header, sizeof header);
    memcpy(burst[at], packet, bytes);
    ((struct icmphdr*)burst[at])->checksum = sum_of(packet, bytes);
    pieces[at] = (struct iovec){burst[at], bytes};
    messages[at].msg_hdr = (struct msghdr){.msg_iov = &pieces[at], .msg_iovlen = 1};
  }
  check(sendmmsg(descriptor, messages, (unsigned)pings, 0) == pings, "sendmmsg");
}

// Reads the next echo of ours; false if none came for long.
static bool receive_ping(int descriptor) {
  static unsigned char came[kPacket];
  while (true) {
    const ssize_t bytes = recv(descriptor, came, sizeof came, 0);
    if (bytes < 0 && errno == EAGAIN) {
      return false;
    }
    check(bytes >= (ssize_t)sizeof(struct iphdr), "recv");
    const size_t head = (size_t)(came[0] & 15) * 4;
    const struct icmphdr* header = (const struct icmphdr*)(came + head);
    if (header->type != ICMP_ECHOREPLY || header->un.echo.id != htons((unsigned short)getpid())) {
      continue;
    }
    if ((size_t)bytes != head + sizeof *header + (size_t)size ||
        memcmp(header + 1, packet + sizeof *header, (size_t)size) != 0) {
      fail("not the echo of what was sent");
    }
    return true;
  }
}

static int open_socket(const struct sockaddr_in* guest) {
  const int made = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  check(made >= 0, "raw socket");
  const struct timeval patience = {.tv_sec = 10};
  setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int room = 1 << 20;
  setsockopt(made, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  check(connect(made, (const struct sockaddr*)guest, sizeof *guest) == 0, "connect");
  return made;
}

static void ping(int descriptor, long pings) {
  for (finished = 0; finished < pings;) {
    const long burst = pings - finished < window ? pings - finished : window;
    const long began_ns = now_ns();
    send_burst(descriptor, finished, burst);
    for (long left = burst; left > 0; --left) {
      if (!receive_ping(descriptor)) {
        fail("a ping without an echo");
      }
      latency_us[finished++] = (unsigned)((now_ns() - began_ns) / 1000);
    }
    check_deadline();
  }
}

int main(int argument_count, char** arguments) {
  const struct Number numbers[] = {
      {"window", &window}, {"count", &count}, {"size", &size}, {"deadline", &deadline_s}};
  if (argument_count < 2) {
    fail("usage: pings ADDRESS NAME=VALUE...");
  }
  const struct sockaddr_in guest = address_of(arguments[1], "0");
  for (int at = 2; at < argument_count; ++at) {
    const char* value = cut(arguments[at]);
    if (!take_number(numbers, sizeof numbers / sizeof *numbers, arguments[at], value)) {
      fail("an argument that is unknown");
    }
  }
  if (window < 1 || window > kWindow || size < 0 || size > 1472) {
    fail("a number that is out of range");
  }
  for (size_t at = sizeof(struct icmphdr); at < sizeof packet; ++at) {
    packet[at] = (unsigned char)at;
  }
  make_room(count + window);
  set_deadline(deadline_s);
  const int descriptor = open_socket(&guest);
  ping(descriptor, window);
  say_and_wait("ready");
  set_deadline(deadline_s);
  const long began_ns = now_ns();
  ping(descriptor, count);
  report(now_ns() - began_ns, 0);
  wait_for_a_line();
  return 0;
}
