// The site of the HTTP tests: a folder with a few files, and packs made by tools/site/pack.py.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mote::http_world {

// A pack's bytes, with the alignment that the boot loader gives them.
class PackFile {
 public:
  explicit PackFile(const std::filesystem::path& path);

  [[nodiscard]] std::span<std::byte> bytes() { return {storage_.data()->bytes, size_}; }

 private:
  struct alignas(4096) Page {
    std::byte bytes[4096];
  };
  std::vector<Page> storage_;
  std::size_t size_ = 0;
};

// Packs a folder with tools/site/pack.py, with the settings in `config` if given.
PackFile pack_folder(const std::filesystem::path& site, const std::filesystem::path& config = {});

// A folder with a few files, one of them 300,000 bytes long, under the system's temporary folder.
const std::filesystem::path& example_site();

// The content of a file in it.
std::string content_of(std::string_view name);

}  // namespace mote::http_world
