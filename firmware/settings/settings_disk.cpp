// Reads a settings disk's files one after the other: metadata, network, user data.
#include "firmware/settings/settings_disk.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/parse.hpp"
#include "kernel/console/console.hpp"
#include "kernel/console/harmless_text.hpp"

namespace mote {
namespace {

using namespace std::string_view_literals;

using namespace cloud_init;
using formats::Node;
using volumes::FileRead;

constexpr std::string_view kNoCloud = "cidata"sv;
constexpr std::string_view kConfigDrive = "config-2"sv;

bool is_same_name(std::string_view a, std::string_view lower) {
  return std::ranges::equal(
      a, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
}

// A text kept while the memory that it came from is used for another file.
class Kept {
 public:
  // Keeps nothing of what is too long.
  void keep(std::string_view text) {
    size_ = text.size() <= characters_.size() ? text.copy(characters_.data(), text.size()) : 0;
  }
  [[nodiscard]] std::string_view text() const { return {characters_.data(), size_}; }

 private:
  std::array<char, 64> characters_{};
  std::size_t size_ = 0;
};

class SettingsDisk {
 public:
  SettingsDisk(Settings& settings, FileSource files, SettingsScratch scratch)
      : settings_(settings), files_(files), scratch_(scratch) {}

  void apply_no_cloud() {
    MetaData meta;
    if (const Node* const root = read_tree("meta-data"sv, "meta-data"sv, formats::read_yaml)) {
      meta = apply_meta_data(settings_, "meta-data"sv, *root);
    }
    announce("NoCloud"sv, meta.instance);
    if (!meta.interfaces.empty()) {
      apply_interfaces_file(settings_, "network-interfaces"sv, meta.interfaces);
    }
    if (const Node* const root =
            read_tree("network-config"sv, "network-config"sv, formats::read_yaml)) {
      apply_network_config(settings_, "network-config"sv, *root);
    }
    apply_user_data("user-data"sv, "user-data"sv);
  }

  void apply_config_drive() {
    MetaData meta;
    if (const Node* const root = read_tree("meta_data.json"sv, "openstack/latest/meta_data.json"sv,
                                           formats::read_json)) {
      meta = apply_meta_data(settings_, "meta_data.json"sv, *root);
    }
    announce("ConfigDrive"sv, meta.instance);
    apply_config_drive_network(meta.content_path);
    apply_user_data("user_data"sv, "openstack/latest/user_data"sv);
  }

 private:
  void apply_config_drive_network(std::string_view content_path) {
    Kept path;
    path.keep(content_path);
    if (path.text().size() != content_path.size()) {
      settings_.complain({"meta_data.json"sv}, "the path of its file of interfaces is too long"sv);
    }
    if (const Node* const root = read_tree(
            "network_data.json"sv, "openstack/latest/network_data.json"sv, formats::read_json)) {
      apply_network_data(settings_, "network_data.json"sv, *root);
      return;
    }
    if (!path.text().empty()) {
      constexpr std::string_view kFolder = "openstack/"sv;
      std::array<char, kFolder.size() + 64> whole{};
      kFolder.copy(whole.data(), kFolder.size());
      std::string_view rest = path.text();
      rest.remove_prefix(rest.starts_with('/') ? 1 : 0);
      rest.copy(whole.data() + kFolder.size(), rest.size());
      const auto text = read("interfaces"sv, {whole.data(), kFolder.size() + rest.size()});
      if (!text) {
        settings_.complain({"meta_data.json"sv},
                           "the file of interfaces that it names is missing"sv);
      } else {
        apply_interfaces_file(settings_, "interfaces"sv, {text->data(), text->size()});
      }
      return;
    }
    if (const Node* const root = read_tree("digitalocean_meta_data.json"sv,
                                           "digitalocean_meta_data.json"sv, formats::read_json)) {
      apply_digitalocean(settings_, "digitalocean_meta_data.json"sv, *root);
    }
  }

  void apply_user_data(std::string_view name, std::string_view path) {
    const FileRead file = files_.read(files_.volume, path, std::as_writable_bytes(scratch_.text));
    if (file.state == FileRead::State::kDamaged) {
      settings_.complain({name}, "cannot be read"sv);
    } else if (file.state != FileRead::State::kMissing) {
      cloud_init::apply_user_data(settings_, name, scratch_.text.first(file.bytes), scratch_.nodes,
                                  file.state == FileRead::State::kTooLong);
    }
  }

  // A whole file's text; nothing, if it can't be had. It stands until the next file is read.
  std::optional<std::span<char>> read(std::string_view name, std::string_view path) {
    const FileRead file = files_.read(files_.volume, path, std::as_writable_bytes(scratch_.text));
    switch (file.state) {
      case FileRead::State::kRead:
        return scratch_.text.first(file.bytes);
      case FileRead::State::kTooLong:
        settings_.complain({name}, "too long, not used"sv);
        break;
      case FileRead::State::kDamaged:
        settings_.complain({name}, "cannot be read"sv);
        break;
      case FileRead::State::kMissing:
        break;
    }
    return std::nullopt;
  }

  // A file's tree; null, if there is no such file, or if it can't be used or is empty.
  const Node* read_tree(std::string_view name, std::string_view path,
                        formats::Document (*reader)(std::span<char>, std::span<Node>)) {
    const auto text = read(name, path);
    if (!text || trim({text->data(), text->size()}).empty()) {
      return nullptr;
    }
    const formats::Document document = reader(*text, scratch_.nodes);
    if (!document) {
      settings_.complain({name, document.error().line}, "%: the file is not used"sv,
                         document.error().what);
      return nullptr;
    }
    return (*document)->kind == formats::Kind::kNull ? nullptr : *document;
  }

  static void announce(std::string_view kind, std::string_view instance) {
    const console::Fact fact;
    console::print("settings: cloud-init "sv, kind, " disk"sv);
    if (!instance.empty()) {
      console::print(", instance "sv, Harmless{instance});
    }
    console::line();
  }

  Settings& settings_;
  FileSource files_;
  SettingsScratch scratch_;
};

}  // namespace

bool is_settings_disk(std::string_view label) {
  return is_same_name(label, kNoCloud) || is_same_name(label, kConfigDrive);
}

void apply_settings_disk(Settings& settings, std::string_view label, FileSource files,
                         SettingsScratch scratch) {
  SettingsDisk disk(settings, files, scratch);
  if (is_same_name(label, kNoCloud)) {
    disk.apply_no_cloud();
  } else if (is_same_name(label, kConfigDrive)) {
    disk.apply_config_drive();
  }
}

}  // namespace mote
