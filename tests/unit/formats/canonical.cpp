// Says what documents mean, for comparison with Python's readers: on the standard input documents,
// each behind its length in decimal and a newline; on the standard output a line for each. `n` is
// null, `p` a plain scalar and `s` a string, in hexadecimal digits; `!` is a fault.
//
// Usage: canonical json|yaml|toml
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "formats/document.hpp"

namespace {

using mote::formats::Document;
using mote::formats::Kind;
using mote::formats::Node;

std::string hexadecimal(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    made += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return made;
}

std::string meaning(const Node& node) {
  if (node.kind == Kind::kNull) {
    return "n";
  }
  if (node.is_scalar()) {
    return (node.kind == Kind::kPlain ? "p" : "s") + hexadecimal(node.text);
  }
  std::string made(1, node.is_map() ? '{' : '[');
  for (const Node& part : node) {
    made += made.size() == 1 ? "" : ",";
    made += node.is_map() ? hexadecimal(part.key) + ":" : "";
    made += meaning(part);
  }
  return made + (node.is_map() ? "}" : "]");
}

Document read(std::string_view format, std::span<char> text, std::span<Node> nodes) {
  return format == "json"   ? mote::formats::read_json(text, nodes)
         : format == "yaml" ? mote::formats::read_yaml(text, nodes)
                            : mote::formats::read_toml(text, nodes);
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t length = 0;
  std::vector<Node> nodes(mote::formats::kMostNodes);
  while (count == 2 && std::scanf("%zu", &length) == 1 && std::getchar() == '\n') {
    std::vector<char> text(length);
    if (std::fread(text.data(), 1, length, stdin) != length) {
      return 1;
    }
    const Document document = read(arguments[1], text, nodes);
    if (document) {
      std::printf("%s\n", meaning(**document).c_str());
    } else {
      std::printf("!%u %.*s\n", document.error().line,
                  static_cast<int>(document.error().what.size()), document.error().what.data());
    }
  }
  return 0;
}
