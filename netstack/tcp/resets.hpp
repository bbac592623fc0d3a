// Resets in answer to segments that belong to no connection: how many are sent.
//
// A client that doesn't know yet that its connection is gone needs one at once. But whoever forges
// the sender of such segments has the machine send resets to others. So addresses share token
// buckets, by a keyed hash: a flood in one address's name costs only those their resets that share
// its bucket, and all buckets together bound what a flood in everybody's name makes the machine
// send.
//
// What is shared tells about others (CVE-2016-5696): with an address of the same bucket, a stranger
// could count resets to see which forged segments got none, having met a connection. Nobody can
// tell which addresses share a bucket, and each minute others do.
#pragma once

#include <cstdint>

namespace mote::netstack {

struct ResetCounters {
  std::uint64_t sent = 0;
  std::uint64_t withheld = 0;  // over the rate limit
};
[[nodiscard]] const ResetCounters& reset_counters();

}  // namespace mote::netstack
