// Common code of the bench's clients: arguments NAME=VALUE, a deadline, and the protocol with the
// program that starts them. A client prepares, prints `ready`, waits for a line, works, prints one
// line of JSON, and waits for the end of its input before it closes anything. So instructions can
// be counted between the lines.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long finished;  // answers received in the present work
static long deadline_ns;
static unsigned* latency_us;  // of each answer

static inline long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

[[noreturn]] static inline void fail(const char* what) {
  printf("{\"error\": \"%s\", \"finished\": %ld}\n", what, finished);
  fflush(stdout);
  exit(1);
}

static inline void check(bool good, const char* what) {
  if (!good) {
    static char text[256];
    snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    fail(text);
  }
}

static inline void set_deadline(long seconds) { deadline_ns = now_ns() + seconds * 1000000000L; }

static inline void check_deadline(void) {
  if (now_ns() > deadline_ns) {
    fail("not done in time");
  }
}

static inline void wait_for_a_line(void) {
  char line[64];
  if (fgets(line, sizeof line, stdin) == NULL) {
    exit(1);
  }
}

static inline void say_and_wait(const char* word) {
  puts(word);
  fflush(stdout);
  wait_for_a_line();
}

struct Number {
  const char* name;
  long* value;
};

// Stores the number in VALUE if NAME is known; false if it isn't.
static inline bool take_number(const struct Number* numbers, size_t count, const char* name,
                               const char* value) {
  for (size_t at = 0; at < count; ++at) {
    if (strcmp(name, numbers[at].name) == 0) {
      *numbers[at].value = strtol(value, NULL, 10);
      return true;
    }
  }
  return false;
}

// Splits NAME=VALUE in place; returns the value.
static inline const char* cut(char* argument) {
  char* value = strchr(argument, '=');
  if (value == NULL) {
    fail("an argument without =");
  }
  *value = '\0';
  return value + 1;
}

static inline void make_room(long count) {
  latency_us = calloc((size_t)count + 1, sizeof *latency_us);
  check(latency_us != NULL, "calloc");
}

static inline int by_size(const void* left, const void* right) {
  const unsigned a = *(const unsigned*)left;
  const unsigned b = *(const unsigned*)right;
  return (a > b) - (a < b);
}

static inline void report(long took_ns, long body_bytes) {
  const size_t count = (size_t)finished;
  qsort(latency_us, count, sizeof *latency_us, by_size);
  printf("{\"finished\": %ld, \"seconds\": %.6f, \"body_bytes\": %ld", finished,
         (double)took_ns / 1e9, body_bytes);
  printf(", \"latency_us\": {\"50\": %u, \"90\": %u, \"99\": %u, \"most\": %u}}\n",
         latency_us[count / 2], latency_us[count * 9 / 10], latency_us[count * 99 / 100],
         latency_us[count - 1]);
  fflush(stdout);
}

static inline struct sockaddr_in address_of(const char* text, const char* port) {
  struct sockaddr_in made = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)strtol(port, NULL, 10))};
  if (inet_pton(AF_INET, text, &made.sin_addr) != 1) {
    fail("not an IPv4 address");
  }
  return made;
}
