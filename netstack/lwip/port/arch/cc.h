// lwIP's view of compiler and platform: freestanding x86-64.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"
#define SSIZE_MAX 0x7FFFFFFFFFFFFFFF
typedef long ssize_t;

#define BYTE_ORDER LITTLE_ENDIAN
#define lwip_htons(value) __builtin_bswap16(value)
#define lwip_htonl(value) __builtin_bswap32(value)

#ifdef __cplusplus
extern "C" {
#endif

// Defined in netstack/lwip/lwip_port.cpp and netstack/lwip/heap.cpp.
__attribute__((noreturn)) void mote_lwip_assertion(const char* what);
unsigned int mote_lwip_random(void);
unsigned short mote_lwip_sum(const void* data, int bytes);
void* mote_lwip_allocate(size_t bytes);
void* mote_lwip_allocate_zeroed(size_t count, size_t bytes);
void mote_lwip_free(void* memory);

#ifdef __cplusplus
}
#endif

#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) mote_lwip_assertion(message)
#define LWIP_RAND() mote_lwip_random()
#define LWIP_CHKSUM mote_lwip_sum

// Small copies of known size, inline.
#define MEMCPY(destination, source, bytes) __builtin_memcpy(destination, source, bytes)
#define SMEMCPY(destination, source, bytes) __builtin_memcpy(destination, source, bytes)
