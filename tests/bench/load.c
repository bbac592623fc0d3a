// Makes an exact number of GETs, on connections kept alive or one each, with others open and idle
// beside them; checks the status and length of every response.
//
//   load ADDRESS PORT request=TEXT [connections=1] [idle=0] [count=1] [status=200] [body=BYTES]
//        [each=1: a connection for each] [before=0: made first, unreported]
//        [gap_us=0: between answer and request] [sources=A,B…: addresses it speaks from]
//        [deadline=60]
//
// client.h has the protocol with the program that starts it. To prepare, it opens all connections,
// makes one GET on each, and then the `before` ones. Each connection has at most one request
// outstanding.
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

enum { kHead = 4096, kSources = 16, kEvents = 256, kOpening = 64 };

// Values of Connection::left other than the bytes of the body still to come.
enum { kNoHead = -1, kAnswered = -2 };

struct Connection {
  int descriptor;
  int have;  // bytes of the header section so far
  long left;
  long began_ns;
};

static const char* request = "";
static long active = 1;
static long idle = 0;
static long count = 1;
static long status = 200;
static long body = -1;  // -1: as the response says
static long each = 0;
static long before = 0;
static long gap_us = 0;
static long deadline_s = 60;
static struct in_addr sources[kSources];
static int source_count;

static struct sockaddr_in server;
static struct Connection* connections;  // the idle ones come first
static char (*heads)[kHead];            // one for each busy connection, and one for preparing
static int poller;
static long wanted;  // requests in the present work
static long begun;   // of these
static long body_bytes;

static void open_connection(long index) {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  check(made >= 0, "socket");
  const int on = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (source_count > 0) {
    setsockopt(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const struct sockaddr_in from = {.sin_family = AF_INET,
                                     .sin_addr = sources[index % source_count]};
    check(bind(made, (const struct sockaddr*)&from, sizeof from) == 0, "bind");
  }
  const int result = connect(made, (const struct sockaddr*)&server, sizeof server);
  check(result == 0 || errno == EINPROGRESS, "connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.u64 = (uint64_t)index};
  check(epoll_ctl(poller, EPOLL_CTL_ADD, made, &event) == 0, "epoll_ctl");
  connections[index] = (struct Connection){.descriptor = made, .left = kNoHead};
}

static void send_request(struct Connection* connection) {
  if (gap_us > 0) {
    const struct timespec gap = {gap_us / 1000000, gap_us % 1000000 * 1000};
    nanosleep(&gap, NULL);
  }
  const size_t bytes = strlen(request);
  connection->began_ns = now_ns();
  connection->left = kNoHead;
  connection->have = 0;
  const ssize_t sent = send(connection->descriptor, request, bytes, MSG_NOSIGNAL);
  check(sent == (ssize_t)bytes, "send");
}

static void connected(long index) {
  struct Connection* connection = &connections[index];
  int error = 0;
  socklen_t bytes = sizeof error;
  getsockopt(connection->descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes);
  errno = error;
  check(error == 0, "connect");
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)index};
  epoll_ctl(poller, EPOLL_CTL_MOD, connection->descriptor, &event);
  send_request(connection);
}

// Checks a complete header section, and learns the body's length from it.
static void judge_head(struct Connection* connection, char* head, const char* end) {
  if (strncmp(head, "HTTP/1.1 ", 9) != 0 || strtol(head + 9, NULL, 10) != status) {
    head[12] = '\0';
    fail(head);
  }
  const char* field = strcasestr(head, "\r\ncontent-length:");
  const bool has_body = status != 304 && field != NULL && field < end;
  const long length = has_body ? strtol(field + 17, NULL, 10) : 0;
  if (body >= 0 && length != body) {
    fail("a body of another length");
  }
  body_bytes += length;
  connection->left = length - (head + connection->have - (end + 4));
  if (connection->left < 0) {
    fail("more than was asked for");
  }
}

// Reads more of the header section; false if it is still incomplete.
static bool receive_head(struct Connection* connection, char* head) {
  const ssize_t came = recv(connection->descriptor, head + connection->have,
                            (size_t)(kHead - 1 - connection->have), 0);
  if (came < 0 && errno == EAGAIN) {
    return false;
  }
  check(came >= 0, "recv");
  if (came == 0) {
    fail("closed before it answered");
  }
  connection->have += (int)came;
  head[connection->have] = '\0';
  const char* end = strstr(head, "\r\n\r\n");
  if (end == NULL) {
    if (connection->have == kHead - 1) {
      fail("a head that is too long");
    }
    return false;
  }
  judge_head(connection, head, end);
  return true;
}

// Reads more of a response; true once it is complete. The kernel discards bodies (tcp(7),
// MSG_TRUNC).
static bool receive(struct Connection* connection, char* head) {
  if (connection->left == kNoHead && !receive_head(connection, head)) {
    return false;
  }
  while (connection->left > 0) {
    const ssize_t came = recv(connection->descriptor, NULL, (size_t)connection->left, MSG_TRUNC);
    if (came < 0 && errno == EAGAIN) {
      return false;
    }
    check(came > 0, "recv of a body");
    connection->left -= came;
  }
  connection->left = kAnswered;
  return true;
}

// Only a close may follow a complete response; true once it has come.
static bool has_ended(const struct Connection* connection) {
  char more;
  const ssize_t came = recv(connection->descriptor, &more, 1, 0);
  if (came > 0) {
    fail("more than was asked for");
  }
  return came == 0 || errno != EAGAIN;
}

// Handles an event; true if it completes a request.
static bool serve(const struct epoll_event* event, long index) {
  struct Connection* connection = &connections[index];
  if (event->events & EPOLLOUT) {
    connected(index);
    return false;
  }
  if (connection->left == kAnswered) {
    if (!has_ended(connection)) {
      return false;
    }
    if (!each || index < idle) {
      fail("closed by the server");
    }
    close(connection->descriptor);
    return true;
  }
  char* head = heads[index < idle ? active : index - idle];
  return receive(connection, head) && (!each || index < idle);
}

static void next_request(long index) {
  ++begun;
  if (each) {
    open_connection(index);
  } else {
    send_request(&connections[index]);
  }
}

static void poll_once(bool working) {
  struct epoll_event events[kEvents];
  const int ready = epoll_wait(poller, events, kEvents, 1000);
  for (int at = 0; at < ready; ++at) {
    const long index = (long)events[at].data.u64;
    if (!serve(&events[at], index)) {
      continue;
    }
    if (working) {
      latency_us[finished] = (unsigned)((now_ns() - connections[index].began_ns) / 1000);
    }
    ++finished;
    if (working && begun < wanted) {
      next_request(index);
    }
  }
  check_deadline();
}

// Idle connections share the room for a header section, so each is expected to come in one piece.
static void prepare(void) {
  const long all = idle + (each ? 0 : active);
  for (long opened = 0; finished < all;) {
    while (opened < all && opened - finished < kOpening) {
      open_connection(opened++);
    }
    poll_once(false);
  }
}

static void work(long requests) {
  finished = begun = body_bytes = 0;
  wanted = requests;
  for (long index = 0; index < active && begun < wanted; ++index) {
    next_request(idle + index);
  }
  while (finished < wanted) {
    poll_once(true);
  }
}

static void check_idle(void) {
  for (long index = 0; index < idle; ++index) {
    if (has_ended(&connections[index])) {
      fail("idle connections were closed by the server");
    }
  }
}

static void take_sources(const char* text) {
  char* copy = strdup(text);
  for (char* one = strtok(copy, ","); one != NULL && source_count < kSources;
       one = strtok(NULL, ",")) {
    sources[source_count++] = address_of(one, "0").sin_addr;
  }
  free(copy);
}

static void take(char* argument) {
  const struct Number numbers[] = {
      {"connections", &active}, {"idle", &idle},     {"count", &count},
      {"status", &status},      {"body", &body},     {"each", &each},
      {"before", &before},      {"gap_us", &gap_us}, {"deadline", &deadline_s}};
  const char* value = cut(argument);
  if (strcmp(argument, "request") == 0) {
    request = value;
  } else if (strcmp(argument, "sources") == 0) {
    take_sources(value);
  } else if (!take_number(numbers, sizeof numbers / sizeof *numbers, argument, value)) {
    fail("an argument that is unknown");
  }
}

static void start(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  make_room(count > before ? count : before);
  connections = calloc((size_t)(idle + active), sizeof *connections);
  heads = calloc((size_t)active + 1, sizeof *heads);
  poller = epoll_create1(0);
  check(connections != NULL && heads != NULL && poller >= 0, "start");
}

int main(int argument_count, char** arguments) {
  if (argument_count < 4) {
    fail("usage: load ADDRESS PORT NAME=VALUE...");
  }
  server = address_of(arguments[1], arguments[2]);
  for (int at = 3; at < argument_count; ++at) {
    take(arguments[at]);
  }
  start();
  set_deadline(deadline_s);
  prepare();
  work(before);
  say_and_wait("ready");
  set_deadline(deadline_s);
  const long began_ns = now_ns();
  work(count);
  const long took_ns = now_ns() - began_ns;
  check_idle();
  report(took_ns, body_bytes);
  wait_for_a_line();
  return 0;
}
