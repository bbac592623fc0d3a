// A file of settings: finds values in its tree, and complains of those of a wrong kind.
#include "firmware/settings/settings_file.hpp"

#include <utility>

namespace mote::cloud_init {

using namespace std::string_view_literals;

using formats::Kind;
using formats::Node;

void SettingsFile::complain(std::uint32_t line, std::string_view words, std::string_view text) {
  settings_.complain(at(line), words, text);
}

void SettingsFile::pass_over_ipv6(std::uint32_t line) {
  if (!std::exchange(tells_of_ipv6_, true)) {
    complain(line, "IPv6 can't be used yet"sv);
  }
}

std::string_view SettingsFile::text(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  if (node == nullptr || node->kind == Kind::kNull) {
    return {};
  }
  if (!node->is_scalar()) {
    complain(node->line, "% must be a single value, ignored"sv, key);
  }
  return node->text;
}

const Node* SettingsFile::list(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  if (node == nullptr || node->kind == Kind::kNull) {
    return nullptr;
  }
  if (!node->is_list()) {
    complain(node->line, "% must be a list, ignored"sv, key);
    return nullptr;
  }
  return node;
}

void SettingsFile::complain_of_others(const Node& map, std::string_view known) {
  for (const Node& part : map) {
    bool is_known = part.kind == Kind::kNull;
    for (std::string_view rest = known; !is_known && !rest.empty();) {
      is_known = take_until(rest, ' ') == part.key;
    }
    if (!is_known) {
      complain(part.line, "% can't be used, ignored"sv, part.key);
    }
  }
}

bool is_true(std::string_view text) {
  return text == "true"sv || text == "yes"sv || text == "on"sv || text == "True"sv || text == "y"sv;
}

}  // namespace mote::cloud_init
