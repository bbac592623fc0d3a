// Metadata of a settings disk: the host name, and where to find more.
#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/settings_file.hpp"

namespace mote::cloud_init {
namespace {

using namespace std::string_view_literals;

using formats::Node;

std::string_view first_of(SettingsFile& file, const Node& map,
                          std::initializer_list<std::string_view> keys) {
  std::string_view text;
  for (const std::string_view key : keys) {
    text = text.empty() ? file.text(map, key) : text;
  }
  return text;
}

}  // namespace

MetaData apply_meta_data(Settings& settings, std::string_view name, const Node& root) {
  SettingsFile file(settings, name);
  if (!root.is_map()) {
    file.complain(root.line, "not a map, ignored"sv);
    return {};
  }
  for (const std::string_view key : {"local-hostname"sv, "hostname"sv}) {
    if (const std::string_view host = file.text(root, key); !host.empty()) {
      settings.apply(file.at(root.find(key)->line), "network.hostname"sv, host);
      break;
    }
  }
  const Node* const network = root.find("network_config"sv);
  // The documented key, and that of cloud-localds.
  const Node* interfaces = root.find("network-interfaces"sv);
  interfaces = interfaces == nullptr ? root.find("interfaces"sv) : interfaces;
  return {.instance =
              first_of(file, root, {"instance-id"sv, "instance_id"sv, "uuid"sv, "droplet_id"sv}),
          .content_path =
              network == nullptr ? std::string_view{} : file.text(*network, "content_path"sv),
          .interfaces = interfaces == nullptr ? std::string_view{} : interfaces->text};
}

}  // namespace mote::cloud_init
