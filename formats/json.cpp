// Reads JSON (RFC 8259): strictly, and a key only once.
#include "formats/document.hpp"
#include "formats/reader.hpp"

namespace mote::formats {
namespace {

constexpr Reader::Escapes kEscapes = {.plain = R"(""\\//b)"
                                               "\b"
                                               "f\f"
                                               "n\n"
                                               "r\r"
                                               "t\t",
                                      .coded = "u",
                                      .surrogates = true};

class JsonReader : public Reader {
 public:
  using Reader::Reader;

  [[gnu::noinline]] Document read() {
    Node* root = take();
    if (root != nullptr && prepare(Allowed::kJson) && space()) {
      root->line = line_;
      if (value(*root) && space() && !at_end()) {
        fail("text behind the end");
      }
    }
    return result(root);
  }

  bool space() {
    skip_any(" \t\n\r");
    return true;
  }

  static bool may_end_behind_comma(const Node& /*whole*/) { return false; }

  Node* part(Node& whole) {
    if (whole.is_map() && !(string() && space() && (word(":") || fail("a key without a colon")))) {
      return nullptr;
    }
    Node* node = add(whole);
    space();
    return node;
  }

  bool scalar(Node& node) {
    if (peek() == '"') {
      node.kind = Kind::kString;
      const bool is_read = string();
      node.text = text_;
      return is_read;
    }
    const char* const start = at_;
    if (word("null")) {
      return true;
    }
    node.kind = Kind::kPlain;
    const bool read = word("true") || word("false") || number();
    node.text = {start, at_};
    return read || fail(at_end() ? "the text ends too early" : "no JSON value");
  }

 private:
  bool digits() {
    const char* const start = at_;
    skip_any("0123456789");
    return at_ != start;
  }

  // Section 6. A zero ends the number's whole part.
  bool number() {
    word("-");
    if (!word("0") && !digits()) {
      return false;
    }
    if (word(".") && !digits()) {
      return false;
    }
    if (word("e") || word("E")) {
      if (!word("+")) {
        word("-");
      }
      return digits();
    }
    return true;
  }

  bool string() {
    if (peek() != '"') {
      return fail("a key without quotes");
    }
    const char* const start = out_ = ++at_;
    while (peek() != '"') {
      if (at_end() || static_cast<std::uint8_t>(*at_) < ' ') {
        return fail(at_end() ? "a string without its end" : "a control character in a string");
      }
      if (*at_ != '\\') {
        *out_++ = *at_++;
      } else if (!escape(kEscapes)) {
        return false;
      }
    }
    text_ = {start, out_};
    ++at_;
    return true;
  }
};

}  // namespace

Document read_json(std::span<char> text, std::span<Node> nodes) {
  return JsonReader(text, nodes).read();
}

}  // namespace mote::formats
