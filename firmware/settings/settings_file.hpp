// A file of settings that is being read, as complaints name it, and values in its tree.
#pragma once

#include <cstdint>
#include <string_view>

#include "firmware/settings/settings.hpp"
#include "formats/document.hpp"

namespace mote::cloud_init {

class SettingsFile {
 public:
  // `name`: in static memory.
  SettingsFile(Settings& settings, std::string_view name) : settings_(settings), name_(name) {}

  [[nodiscard]] Settings& settings() const { return settings_; }
  [[nodiscard]] SettingSource at(std::uint32_t line) const { return {name_, line}; }

  // As Settings::complain.
  void complain(std::uint32_t line, std::string_view words, std::string_view text = {});

  // Says once that IPv6 isn't used.
  void pass_over_ipv6(std::uint32_t line);

  // The scalar under `key`; empty if there is none. Complains of another kind.
  [[nodiscard]] std::string_view text(const formats::Node& map, std::string_view key);

  // The list under `key`; null if there is none. Complains of another kind.
  [[nodiscard]] const formats::Node* list(const formats::Node& map, std::string_view key);

  // Complains of the keys of a map that aren't among these words, unless they have no value.
  void complain_of_others(const formats::Node& map, std::string_view known);

 private:
  Settings& settings_;
  std::string_view name_;
  bool tells_of_ipv6_ = false;
};

// YAML 1.1's words, which netplan and cloud-init take.
[[nodiscard]] bool is_true(std::string_view text);

[[nodiscard]] constexpr bool is_ipv6(std::string_view address) {
  return address.find(':') != std::string_view::npos;
}

}  // namespace mote::cloud_init
