// A file of settings: finds values in its tree, and complains of those of a wrong kind.
#include "firmware/settings/settings_file.hpp"

#include <algorithm>

namespace mote::cloud_init {

using formats::Kind;
using formats::Node;

std::string_view SettingsFile::text(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  if (node == nullptr || node->kind == Kind::kNull) {
    return {};
  }
  if (!node->is_scalar()) {
    complain(node->line, "", key, " must be a single value, ignored");
  }
  return node->text;
}

const Node* SettingsFile::list(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  if (node == nullptr || node->kind == Kind::kNull) {
    return nullptr;
  }
  if (!node->is_list()) {
    complain(node->line, "", key, " must be a list, ignored");
    return nullptr;
  }
  return node;
}

void SettingsFile::complain_of_others(const Node& map,
                                      std::initializer_list<std::string_view> known) {
  for (const Node& part : map) {
    if (part.kind != Kind::kNull && std::ranges::find(known, part.key) == known.end()) {
      complain(part.line, "", part.key, " can't be used, ignored");
    }
  }
}

}  // namespace mote::cloud_init
