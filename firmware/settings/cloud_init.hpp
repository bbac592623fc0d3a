// The files of cloud-init's settings disks, translated into settings. Each function takes the
// file's name for complaints, in static memory, and the file as a tree or as text. They name on the
// console what can't be used, and apply the rest.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "firmware/settings/settings.hpp"
#include "formats/document.hpp"

namespace mote::cloud_init {

// NoCloud's network-config, versions 1 and 2.
void apply_network_config(Settings& settings, std::string_view name, const formats::Node& root);

// ConfigDrive's network_data.json.
void apply_network_data(Settings& settings, std::string_view name, const formats::Node& root);

// The interfaces in digitalocean_meta_data.json.
void apply_digitalocean(Settings& settings, std::string_view name, const formats::Node& root);

// Debian's file of interfaces, as interfaces(5) describes it.
void apply_interfaces_file(Settings& settings, std::string_view name, std::string_view text);

// Metadata besides the host name; a field is empty where they say nothing.
struct MetaData {
  std::string_view instance;      // the machine's name for the cloud
  std::string_view content_path;  // of a file of interfaces on a ConfigDrive
  std::string_view interfaces;    // such a file itself, with NoCloud
};

// NoCloud's meta-data or ConfigDrive's meta_data.json: applies the host name.
MetaData apply_meta_data(Settings& settings, std::string_view name, const formats::Node& root);

// User data. `is_cut`: the text was truncated.
void apply_user_data(Settings& settings, std::string_view name, std::span<char> text,
                     std::span<formats::Node> nodes, bool is_cut);

}  // namespace mote::cloud_init
