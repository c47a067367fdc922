#include "bindings/http/media_type.h"

#include <algorithm>

namespace gatehouse::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Cuts off and returns what stands before `separator`.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t at = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return trimmed(part);
}

/// "0.8" as 800; anything odd counts as 0 and is so refused.
int quality_in_thousandths(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return 0;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int weight = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return 0;
    value += (c - '0') * weight;
    weight /= 10;
  }
  return std::min(value, 1000);
}

bool is_vendor_type(std::string_view type) {
  constexpr std::string_view kPrefix = "application/vnd.onem2m-";
  return equal_ignoring_case(type.substr(0, kPrefix.size()), kPrefix);
}

/// One alternative of an Accept field; updates `best` if it is better.
void weigh(std::string_view alternative, const Codecs& codecs, const Codec& fallback,
           Negotiated& best, int& best_quality) {
  const std::string_view type = take_until(alternative, ';');
  int quality = 1000;
  while (!alternative.empty()) {
    const std::string_view parameter = take_until(alternative, ';');
    if (parameter.size() > 2 && lower(parameter[0]) == 'q' && parameter[1] == '=') {
      quality = quality_in_thousandths(parameter.substr(2));
    }
  }
  if (quality == 0) return;
  const bool any = type == "*/*" || equal_ignoring_case(type, "application/*");
  const Codec* codec = any ? &fallback : codecs.by_media_type(type);
  if (!codec) return;
  if (quality > best_quality ||
      (quality == best_quality && codec == &fallback && best.codec != codec)) {
    best = {codec, is_vendor_type(type)};
    best_quality = quality;
  }
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || lower(x) == lower(y);
         });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

ContentType read_content_type(std::string_view field) {
  ContentType result;
  result.media_type = take_until(field, ';');
  while (!field.empty()) {
    const std::string_view parameter = take_until(field, ';');
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    if (equal_ignoring_case(trimmed(parameter.substr(0, equals)), "ty")) {
      result.type_text = trimmed(parameter.substr(equals + 1));
    }
  }
  return result;
}

Negotiated negotiate(std::string_view accept, const Codecs& codecs, const Codec& fallback) {
  accept = trimmed(accept);
  if (accept.empty() || accept == "*/*") return {&fallback, false};
  Negotiated best;
  int best_quality = 0;
  while (!accept.empty()) weigh(take_until(accept, ','), codecs, fallback, best, best_quality);
  return best;
}

}  // namespace gatehouse::http
