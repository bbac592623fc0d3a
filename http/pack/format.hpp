// The site pack, version 3: a read-only blob with the responses of whole sites, ready to send.
//
// tools/site/pack.py writes it (pack_format.py there repeats the layout); http/pack/site_pack reads
// it. All numbers are little-endian; all offsets are in bytes from the pack's beginning.
//
//   PackHeader | Slot[] | Resource[] | Representation[] | Host[] | Rule[] | ErrorPage[] |
//   FieldSet[] | patterns | texts | messages | zeros to 4096
//
// texts: the settings, paths, host names, rules, lines of field sets. A message is a
// representation's field lines, as far as they can be known in advance, an empty line, and directly
// behind it the body. So everything after the status line, Date and Connection is one write by
// reference. Its lines come in this order:
//
//   common   ETag, Last-Modified, Cache-Control, Vary, Accept-Ranges, the site's own: what a 304
//            and every 206 have, too
//   type     Content-Encoding, if any, and Content-Type
//   rest     Content-Length, Location, the empty line
//
// Several resources may share representations (a folder and its index file).
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::http {

// A table of the pack.
struct Table {
  std::uint64_t offset;  // a multiple of 8
  std::uint32_t count;
  std::uint32_t record_bytes;  // bytes of one record
};
static_assert(sizeof(Table) == 16);

struct PackHeader {
  char magic[8];               // kMagic
  std::uint32_t version;       // kVersion
  std::uint32_t header_bytes;  // sizeof(PackHeader)
  std::uint64_t total_bytes;   // of the whole pack, a multiple of kAlignment
  std::uint32_t checksum;      // CRC-32 (ISO 3309, zlib's) of the pack with zero in this field
  std::uint32_t site_count;    // sites, chosen by Host; at least 1
  Table slots;                 // Slot, a power of two of them
  Table resources;
  Table representations;
  Table hosts;                    // sorted by name
  Table rules;                    // sorted by site, then longest prefix first
  Table error_pages;              // sorted by site, then status
  std::uint64_t settings_offset;  // `key=value` lines, each ended by a line feed
  std::uint64_t settings_bytes;
  std::uint64_t file_count;  // the files packed and their total size, for the console
  std::uint64_t file_bytes;
  Table field_sets;
  Table patterns;  // the words of an automaton, see Patterns; none where no rule sets a field

  static constexpr char kMagic[] = "MOTEPACK";
  static constexpr std::uint32_t kVersion = 3;
  static constexpr std::uint64_t kAlignment = 4096;
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;
};
static_assert(sizeof(PackHeader) == 192);
static_assert(offsetof(PackHeader, total_bytes) == 16 && offsetof(PackHeader, checksum) == 24);
static_assert(offsetof(PackHeader, slots) == 32 && offsetof(PackHeader, settings_offset) == 128);
static_assert(offsetof(PackHeader, file_count) == 144 && offsetof(PackHeader, field_sets) == 160);

// A slot of the hash table over all sites' paths. A search begins at the slot that the hash's low
// bits name and continues, wrapping round the end, until it finds the path or an empty slot, or has
// seen kMaxProbes slots. The hash is FNV-1a, 64 bits wide (RFC 9923), over the site's number as two
// bytes, low one first, and then the path.
struct Slot {
  std::uint32_t hash;      // the upper half of the hash
  std::uint32_t resource;  // or PackHeader::kNone: empty

  // The writer doubles the table until no search needs more.
  static constexpr std::uint32_t kMaxProbes = 32;
};
static_assert(sizeof(Slot) == 8);

struct Resource {
  std::uint64_t path_offset;  // decoded, with its leading slash
  std::uint32_t path_bytes;
  std::uint16_t site;
  std::uint16_t status;               // 200 a file; 301, 302, 307 or 308 a redirect
  std::uint32_t representation;       // the first, identity; the others follow, smallest first
  std::uint8_t representation_count;  // 1 to 4
  std::uint8_t flags;                 // kStrongDate, or 0
  std::uint16_t group;                // of its path, for field sets
  std::uint64_t last_modified;        // seconds since 1970; 0: not known, and not sent

  // The file was read after the second of last_modified had passed, so it can't have changed again
  // within it: the date is a strong validator (RFC 9110, 8.8.2.2).
  static constexpr std::uint8_t kStrongDate = 1;
};
static_assert(sizeof(Resource) == 32);
static_assert(offsetof(Resource, representation) == 16 && offsetof(Resource, last_modified) == 24);

// Content codings (RFC 9110, 8.4.1; RFC 7932; RFC 8878).
enum class Coding : std::uint8_t { kIdentity, kGzip, kBrotli, kZstd };
inline constexpr std::size_t kCodings = 4;

struct Representation {
  std::uint64_t head_offset;  // the field lines and the empty one; the body lies behind it
  std::uint64_t body_bytes;
  std::uint32_t head_bytes;
  std::uint16_t common_bytes;  // of the common lines, with which the head begins
  std::uint16_t type_bytes;    // of the coding and type lines that follow
  std::uint16_t tag_offset;    // of the strong entity tag, with its quotes, from head_offset
  std::uint16_t tag_bytes;     // 0: no validators, so conditions and ranges don't apply
  Coding coding;
  std::uint8_t reserved[3];  // zero
};
static_assert(sizeof(Representation) == 32);
static_assert(offsetof(Representation, common_bytes) == 20 &&
              offsetof(Representation, coding) == 28);

// A site's host name: lower case, without a port. Requests for any other name get site 0.
struct Host {
  std::uint64_t name_offset;
  std::uint32_t name_bytes;
  std::uint32_t site;
};
static_assert(sizeof(Host) == 16);

// The field lines that the site's rules add to responses that Mote composes for a path: errors,
// redirects by prefix, OPTIONS, endpoints. Paths to which the same rules apply form a group. Error
// pages have groups too, by their files' paths; 0 means no page. A page shown for a path gets the
// lines of the rules for both. Their set is number page_group * groups + group.
struct FieldSet {
  std::uint64_t offset;           // of the lines
  std::uint32_t bytes;            // of them
  std::uint16_t preflight_bytes;  // of further lines behind them, for OPTIONS only
  std::uint16_t echoes;  // 1: OPTIONS allows every header field that a script asks for (Fetch, 3.3)
};
static_assert(sizeof(FieldSet) == 16 && offsetof(FieldSet, preflight_bytes) == 12);

// The rules' patterns, compiled into one automaton that finds a path's group. It begins in state 0,
// and each byte of the path selects the next state. Layout in 16-bit words: `classes`, `states`,
// `groups`, zero; the class of each byte value; then for each state its group and the next state
// for each class.
struct Patterns {
  static constexpr std::size_t kClasses = 0;
  static constexpr std::size_t kStates = 1;
  static constexpr std::size_t kGroups = 2;
  static constexpr std::size_t kClassOf = 4;  // 256 bytes in 128 words
  static constexpr std::size_t kRows = kClassOf + 128;
};

// A redirect to `target` for all paths that begin with a prefix and belong to no resource. If it
// keeps the rest, the rest of the path and the query are appended. If the target ends in a slash,
// slashes and backslashes at the start of the rest are dropped: "//host" and "/\host" would lead to
// another server.
struct Rule {
  std::uint64_t prefix_offset;  // decoded, with its leading slash
  std::uint64_t target_offset;  // as sent; "Location: " lies in front of it
  std::uint32_t prefix_bytes;
  std::uint32_t target_bytes;
  std::uint16_t site;
  std::uint16_t status;      // 301, 302, 307 or 308
  std::uint32_t keeps_rest;  // 1 or 0
};
static_assert(sizeof(Rule) == 32 && offsetof(Rule, keeps_rest) == 28);

// A site's own page for an error.
struct ErrorPage {
  std::uint16_t site;
  std::uint16_t status;  // 400 to 599
  std::uint32_t representation;
  std::uint32_t group;
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(ErrorPage) == 16);

}  // namespace mote::http
