// Weights of codings, read from Accept-Encoding.
#include "http/negotiation.hpp"

#include <array>
#include <cstddef>

#include "http/request.hpp"
#include "http/syntax.hpp"

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

// codings [ OWS ";" OWS "q=" qvalue ] (RFC 9110, 12.5.3).
void note_member(std::string_view member, Weights& weights) {
  const std::size_t end = syntax::index_of(member, ';');
  const std::string_view name = syntax::trimmed({member.data(), end});
  int weight = 1000;
  if (end < member.size()) {
    const std::string_view parameter =
        syntax::trimmed({member.data() + end + 1, member.size() - end - 1});
    weight = syntax::starts_with_word(parameter, "q="sv)
                 ? read_weight({parameter.data() + 2, parameter.size() - 2})
                 : kMalformed;
  }
  if (weight == kMalformed) {
    return;
  }
  if (name == "*"sv) {
    weights.of_others = weight;
    return;
  }
  constexpr std::string_view kNames[] = {"identity", "gzip", "br", "zstd"};
  static_assert(std::size(kNames) == kCodings && static_cast<int>(Coding::kZstd) == 3);
  for (std::size_t coding = 0; coding < kCodings; ++coding) {
    if (syntax::equals_word(name, kNames[coding])) {
      weights.of_coding[coding] = weight;
    }
  }
  if (syntax::equals_word(name, "x-gzip"sv)) {  // the same (RFC 9110, 8.4.1.3)
    weights.of_coding[static_cast<std::size_t>(Coding::kGzip)] = weight;
  }
}

// A list may be spread over several lines (RFC 9110, 5.3).
Weights read(std::string_view fields) {
  Weights weights;
  while (!fields.empty()) {
    const Field field = next_field(fields);
    if (!syntax::equals_word(field.name, "accept-encoding"sv)) {
      continue;
    }
    std::string_view list = field.value;
    for (auto member = syntax::next_member(list); !member.empty();
         member = syntax::next_member(list)) {
      note_member(member, weights);
    }
  }
  return weights;
}

}  // namespace

const Representation& choose_representation(std::span<const Representation> available,
                                            std::string_view fields) {
  const Weights weights = read(fields);
  const auto weight_of = [&](const Representation& what) {
    const int weight = weights.of_coding[static_cast<std::size_t>(what.coding)];
    return weight == kUnlisted ? weights.of_others : weight;
  };
  const Representation* best = &available.front();
  // Identity is acceptable without a word, but then less than what the client named.
  int best_weight = weight_of(*best);
  for (const Representation& what : available.subspan(1)) {
    const int weight = weight_of(what);
    // Of equals, the first that isn't identity is the smallest.
    if (weight > 0 && (weight > best_weight || (weight == best_weight && best == &available[0]))) {
      best = &what;
      best_weight = weight;
    }
  }
  return *best;
}

}  // namespace mote::http
