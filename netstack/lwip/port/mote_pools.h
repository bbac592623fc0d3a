// lwIP's pools as lwIP lists them: how many elements of how many bytes each is to have, in the
// order of memp_t.
#pragma once

#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/memp.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "netif/ppp/ppp_opts.h"

struct mote_pool_shape {
  size_t elements;
  size_t bytes;
};

static constexpr struct mote_pool_shape mote_pool_shapes[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, elements, bytes, text) {(elements), LWIP_MEM_ALIGN_SIZE(bytes)},
#include "lwip/priv/memp_std.h"
};
