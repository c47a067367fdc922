#include "cse/codec/codec.h"

#include <algorithm>

#include "cse/codec/cbor.h"
#include "cse/codec/json.h"

namespace gatehouse {
namespace {

/// The media type without parameters and surrounding blanks, in lower case: it is compared so (RFC
/// 9110 clause 8.3.1).
std::string essence_of(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  const auto first = media_type.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  media_type = media_type.substr(first, media_type.find_last_not_of(" \t") - first + 1);
  std::string essence(media_type);
  std::transform(essence.begin(), essence.end(), essence.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return essence;
}

}  // namespace

const Codec* Codecs::by_name(std::string_view name) const {
  const auto codec = std::find_if(codecs_.begin(), codecs_.end(),
                                  [name](const auto& c) { return c->name() == name; });
  return codec == codecs_.end() ? nullptr : codec->get();
}

const Codec* Codecs::by_media_type(std::string_view media_type) const {
  const std::string essence = essence_of(media_type);
  constexpr std::string_view kTree = "application/", kVendor = "vnd.onem2m-";
  std::string_view subtype = essence;
  if (!subtype.starts_with(kTree)) return nullptr;
  subtype.remove_prefix(kTree.size());
  if (!subtype.starts_with(kVendor)) return by_name(subtype);
  const auto plus = subtype.rfind('+');  // vnd.onem2m-res+json, -ntfy+json, -preq+json, …
  return plus == std::string_view::npos ? nullptr : by_name(subtype.substr(plus + 1));
}

const Codec& Codecs::by_name_or_preferred(std::string_view name) const {
  const Codec* codec = by_name(name);
  return codec ? *codec : preferred();
}

std::vector<std::string> Codecs::media_types() const {
  std::vector<std::string> types;
  for (const auto& codec : codecs_) types.push_back("application/" + std::string(codec->name()));
  return types;
}

Codecs standard_codecs() {
  Codecs codecs;
  codecs.add(std::make_unique<JsonCodec>());
  codecs.add(std::make_unique<CborCodec>());
  return codecs;
}

}  // namespace gatehouse
