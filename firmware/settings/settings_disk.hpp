// A settings disk as cloud-init defines them: NoCloud (labelled cidata) or ConfigDrive (config-2).
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

#include "firmware/settings/settings.hpp"
#include "formats/document.hpp"
#include "volumes/file_read.hpp"

namespace mote {

template <typename Type>
concept Files = requires(const Type& files, std::string_view path, std::span<std::byte> to) {
  { files.label() } -> std::convertible_to<std::string_view>;
  { files.read(path, to) } -> std::same_as<volumes::FileRead>;
};

// Memory that is needed while settings are read: for a file at a time, and for its tree.
struct SettingsScratch {
  std::span<char> text;
  std::span<formats::Node> nodes;
};

// Whether a volume's label, in upper or lower case, is that of a settings disk.
[[nodiscard]] bool is_settings_disk(std::string_view label);

// A volume, whatever its type.
struct FileSource {
  const void* volume;
  volumes::FileRead (*read)(const void* volume, std::string_view path, std::span<std::byte> to);
};
void apply_settings_disk(Settings& settings, std::string_view label, FileSource files,
                         SettingsScratch scratch);

// Applies what the disk says, which must be one by its label, and says so on the console.
template <Files Volume>
void apply_settings_disk(Settings& settings, const Volume& volume, SettingsScratch scratch) {
  apply_settings_disk(settings, volume.label(),
                      {&volume,
                       [](const void* files, std::string_view path, std::span<std::byte> to) {
                         return static_cast<const Volume*>(files)->read(path, to);
                       }},
                      scratch);
}

}  // namespace mote
