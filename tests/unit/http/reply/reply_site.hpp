// Requests and their replies, over a site with everything that a pack can have.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/pack/site_pack.hpp"
#include "http/reply/reply.hpp"

namespace mote::http_world {

// style.css, 5,000 bytes that compress well; dated.css, the same with a date of its own that is a
// strong validator, while all others' are their build's; index.html, lost.html for all that fails,
// empty.bin and large.bin; redirects. Another site, of one page, is b.example.
const http::SitePack& reply_site();

// What style.css holds.
std::string style();

// What a client would see of a response.
struct Seen {
  int status = 0;
  std::string head;
  std::string body;
  http::Reply reply;

  // The value of a field that is there once; "-" if it isn't there.
  [[nodiscard]] std::string operator[](const std::string& name) const;
};

// Reads a reply to its end, and proves what holds for all of them.
Seen seen(const http::Reply& reply);

// The reply to a whole section, which must be read as one.
http::Reply reply_to(const std::string& section, unsigned interface = 0);

Seen ask(std::string_view method, std::string_view target, std::string_view fields = {},
         std::string_view host = "a.example");
Seen get(std::string_view target, std::string_view fields = {});

}  // namespace mote::http_world
