// Requests and their replies, over a site with everything that a pack can have.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/pack/site_pack.hpp"
#include "http/reply/reply.hpp"

namespace mote::http_world {

// style.css, 5,000 bytes that compress well; dated.css, the same with its own date, a strong
// validator (all others have the build's date); index.html; lost.html, the page for all errors;
// empty.bin and large.bin; redirects. A second site, b.example, has one page.
const http::SitePack& reply_site();

// The content of style.css.
std::string style();

// A response as a client sees it.
struct Seen {
  int status = 0;
  std::string head;
  std::string body;
  http::Reply reply;

  // The value of a field that occurs once; "-" if it is missing.
  [[nodiscard]] std::string operator[](const std::string& name) const;
};

// Reads a reply to its end, and checks everything that must hold for all replies.
Seen seen(const http::Reply& reply);

// The reply to a section, which must be whole and valid.
http::Reply reply_to(const std::string& section, unsigned interface = 0);

Seen ask(std::string_view method, std::string_view target, std::string_view fields = {},
         std::string_view host = "a.example");
Seen get(std::string_view target, std::string_view fields = {});

}  // namespace mote::http_world
