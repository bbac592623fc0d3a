// Parses Accept-Encoding into weights of codings, and chooses by them.
#include "http/reply/negotiation.hpp"

#include <array>
#include <cstddef>

#include "http/request/request.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

constexpr int kUnlisted = -1;
constexpr int kMalformed = -1;

// In thousandths.
struct Weights {
  std::array<int, kCodings> of_coding = {kUnlisted, kUnlisted, kUnlisted, kUnlisted};
  int of_others = kUnlisted;  // `*`
};

// A qvalue in thousandths: 0 or 1, and at most three decimals (RFC 9110, 12.4.2).
int read_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || text[0] < '0' || text[0] > '1' ||
      (text.size() > 1 && text[1] != '.')) {
    return kMalformed;
  }
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (std::size_t at = 2; at < text.size(); ++at, unit /= 10) {
    if (!syntax::is_digit(text[at])) {
      return kMalformed;
    }
    weight += (text[at] - '0') * unit;
  }
  return weight <= 1000 ? weight : kMalformed;
}

// The place for a coding's weight; null for a coding that no pack uses.
int* weight_of(std::string_view name, Weights& weights) {
  const auto of = [&](Coding coding) {
    return &weights.of_coding[static_cast<std::size_t>(coding)];
  };
  switch (name.size()) {
    case 1:
      return name.front() == '*' ? &weights.of_others : nullptr;
    case 2:
      return syntax::is_word(name, "br") ? of(Coding::kBrotli) : nullptr;
    case 4:
      return syntax::is_word(name, "gzip")   ? of(Coding::kGzip)
             : syntax::is_word(name, "zstd") ? of(Coding::kZstd)
                                             : nullptr;
    case 6:  // the same as gzip (RFC 9110, 8.4.1.3)
      return syntax::is_word(name, "x-gzip") ? of(Coding::kGzip) : nullptr;
    case 8:
      return syntax::is_word(name, "identity") ? of(Coding::kIdentity) : nullptr;
    default:
      return nullptr;
  }
}

// Parses the text behind a coding's name, without blanks around it: nothing, or ";" OWS "q="
// qvalue.
int read_parameter(std::string_view text) {
  if (text.empty()) {
    return 1000;
  }
  const std::string_view rest = syntax::trimmed({text.data() + 1, text.size() - 1});
  return text.front() == ';' && syntax::starts_with_word(rest, "q="sv)
             ? read_weight({rest.data() + 2, rest.size() - 2})
             : kMalformed;
}

// Parses a list of codings [ OWS parameter ] (RFC 9110, 12.5.3 and 12.4.2). Every request from a
// browser has one, so this reads most of its bytes only once.
void read_list(std::string_view list, Weights& weights) {
  std::size_t at = 0;
  while (at < list.size()) {
    if (list[at] == ',' || syntax::is_blank(list[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    while (at < list.size() && list[at] != ',' && list[at] != ';' && !syntax::is_blank(list[at])) {
      ++at;
    }
    int* const noted = weight_of({list.data() + start, at - start}, weights);
    const std::size_t end = at + syntax::index_of({list.data() + at, list.size() - at}, ',');
    const int weight = read_parameter(syntax::trimmed({list.data() + at, end - at}));
    if (noted != nullptr && weight != kMalformed) {
      *noted = weight;
    }
    at = end;
  }
}

// Lists may be spread over several lines (RFC 9110, 5.3).
Weights read(const Request& request) {
  Weights weights;
  if (!request.repeats_accept_encoding) {
    read_list(request.accept_encoding, weights);
    return weights;
  }
  for (std::string_view fields = request.fields; !fields.empty();) {
    const Field field = next_field(fields);
    if (syntax::is_word(field.name, "accept-encoding")) {
      read_list(field.value, weights);
    }
  }
  return weights;
}

}  // namespace

const Representation& choose_representation(std::span<const Representation> available,
                                            const Request& request) {
  const Weights weights = read(request);
  const auto weight_of = [&](const Representation& what) {
    const int weight = weights.of_coding[static_cast<std::size_t>(what.coding)];
    return weight == kUnlisted ? weights.of_others : weight;
  };
  const Representation* best = &available.front();
  // Unless listed, identity is acceptable, but preferred less than any coding that the client
  // named.
  int best_weight = weight_of(*best);
  for (const Representation& what : available.subspan(1)) {
    const int weight = weight_of(what);
    // Of equal weights, the first coding that isn't identity is the smallest.
    if (weight > 0 && (weight > best_weight || (weight == best_weight && best == &available[0]))) {
      best = &what;
      best_weight = weight;
    }
  }
  return *best;
}

bool accepts_identity(const Request& request) {
  const Weights weights = read(request);
  const int own = weights.of_coding[static_cast<std::size_t>(Coding::kIdentity)];
  return (own == kUnlisted ? weights.of_others : own) != 0;
}

}  // namespace mote::http
