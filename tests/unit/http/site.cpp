// Makes and packs the folders that the HTTP tests serve.
#include "tests/unit/http/site.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace mote::http_world {

PackFile::PackFile(const std::filesystem::path& path) : size_(std::filesystem::file_size(path)) {
  storage_.resize((size_ + sizeof(Page) - 1) / sizeof(Page));
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(storage_.data()), static_cast<std::streamsize>(size_));
}

PackFile pack_folder(const std::filesystem::path& site, const std::filesystem::path& config) {
  const auto root = std::filesystem::absolute(__FILE__ "/../../../..").lexically_normal();
  const std::filesystem::path out = site.string() + ".pack";
  const auto quoted = [](const std::filesystem::path& path) { return " '" + path.string() + "'"; };
  std::string command = "SOURCE_DATE_EPOCH=784111777 PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3";
  command += quoted(root / "tools/site/pack.py") + quoted(site) + " -o" + quoted(out);
  command += (config.empty() ? "" : " --config" + quoted(config)) + " >/dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  return PackFile(out);
}

std::string content_of(std::string_view name) {
  if (name == "large.bin") {
    std::string content(300'000, '\0');
    for (std::size_t at = 0; at < content.size(); ++at) {
      content[at] = static_cast<char>(at * at >> 7);
    }
    return content;
  }
  return "<p>" + std::string(name) + "\n";
}

namespace {

// The example's folder, removed when the program ends.
struct Example {
  std::filesystem::path parent;
  std::filesystem::path site;

  Example() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mote-http-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    parent = pattern;
    site = parent / "site";
    std::filesystem::create_directories(site / "guide");
    for (const char* name :
         {"index.html", "404.html", "guide/index.html", "a b.txt", "large.bin"}) {
      std::ofstream(site / name, std::ios::binary) << content_of(name);
    }
    std::ofstream(site / "empty.css").flush();
  }
  ~Example() { std::filesystem::remove_all(parent); }
};

}  // namespace

const std::filesystem::path& example_site() {
  static const Example example;
  return example.site;
}

}  // namespace mote::http_world
