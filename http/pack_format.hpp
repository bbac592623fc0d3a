// The site pack, version 1: the read-only blob that holds a whole site's responses, ready to send.
//
// tools/pack.py writes it (its layout once more in tools/pack_format.py), http/site_pack reads it.
// Every number is little-endian; every offset counts bytes from the pack's beginning.
//
//   PackHeader | Slot[slot_count] | Resource[resource_count] | texts | messages | zeros to 4096
//
// texts: the settings, the paths, the entity tags, and the 304 responses. A message is a header
// block that ends in an empty line, and directly behind it the body, so that both together are one
// write by reference. Several resources may share a message (a folder's and its index file's).
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::http {

struct PackHeader {
  char magic[8];                 // kMagic
  std::uint32_t version;         // kVersion
  std::uint32_t header_bytes;    // sizeof(PackHeader)
  std::uint64_t total_bytes;     // of the whole pack, a multiple of kAlignment
  std::uint32_t checksum;        // CRC-32 (ISO 3309, zlib's) of the pack with zero in this field
  std::uint32_t resource_bytes;  // sizeof(Resource)
  std::uint64_t slots_offset;
  std::uint32_t slot_count;  // a power of two
  std::uint32_t resource_count;
  std::uint64_t resources_offset;
  std::uint64_t settings_offset;  // `key=value` lines, each ended by a line feed
  std::uint32_t settings_bytes;
  std::uint32_t not_found;   // the resource for unknown paths, or kNone
  std::uint64_t file_count;  // files packed, and the sum of their sizes: for the console
  std::uint64_t file_bytes;
  std::uint8_t reserved[40];  // zero

  static constexpr char kMagic[] = "MOTEPACK";
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::uint64_t kAlignment = 4096;
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;
};
static_assert(sizeof(PackHeader) == 128);
static_assert(offsetof(PackHeader, total_bytes) == 16 && offsetof(PackHeader, checksum) == 24);
static_assert(offsetof(PackHeader, slots_offset) == 32 && offsetof(PackHeader, slot_count) == 40);
static_assert(offsetof(PackHeader, resources_offset) == 48);
static_assert(offsetof(PackHeader, settings_offset) == 56);
static_assert(offsetof(PackHeader, not_found) == 68 && offsetof(PackHeader, file_count) == 72);

// A place in the hash table over paths. A path's search begins at the slot numbered by its hash's
// low bits and goes on, round the end, until its slot, an empty one, or kMaxProbes slots.
struct Slot {
  std::uint32_t hash;      // the upper half of the path's hash
  std::uint32_t resource;  // or PackHeader::kNone: empty

  // The writer doubles the table until no search is longer.
  static constexpr std::uint32_t kMaxProbes = 32;
};
static_assert(sizeof(Slot) == 8);

struct Resource {
  std::uint64_t path_offset;  // decoded, with its leading slash
  std::uint32_t path_bytes;
  std::uint16_t status;             // 200 a file, 301 a folder's redirect, 404 the page for it
  std::uint16_t status_line_bytes;  // of the header block; fields may be put in behind it
  std::uint64_t head_offset;        // the header block; the body lies behind it
  std::uint64_t body_bytes;
  std::uint32_t head_bytes;
  std::uint32_t tag_bytes;            // 0: no validators, requests' conditions don't apply
  std::uint64_t tag_offset;           // the strong entity tag, with its quotes
  std::uint64_t not_modified_offset;  // the 304 response's header block
  std::uint32_t not_modified_bytes;
  std::uint16_t not_modified_status_line_bytes;
  std::uint16_t reserved;       // zero
  std::uint64_t last_modified;  // seconds since 1970
};
static_assert(sizeof(Resource) == 72);
static_assert(offsetof(Resource, status) == 12 && offsetof(Resource, head_offset) == 16);
static_assert(offsetof(Resource, head_bytes) == 32 && offsetof(Resource, tag_offset) == 40);
static_assert(offsetof(Resource, not_modified_bytes) == 56);
static_assert(offsetof(Resource, last_modified) == 64);

}  // namespace mote::http
