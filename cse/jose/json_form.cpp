#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "cse/codec/json.h"
#include "cse/jose/jose.h"

namespace gatehouse::jose {
namespace {

constexpr std::size_t kMaxBytes = 16u << 20;

tl::unexpected<Error> refused(std::string why) {
  return fail(Rsc::kOriginatorHasNoPrivilege, "JOSE: " + std::move(why));
}

/// The members that stand between the dots, in their order.
using Names = std::vector<const char*>;
const Names kJws{"protected", "payload", "signature"};
const Names kJwe{"protected", "encrypted_key", "iv", "ciphertext", "tag"};

bool is_base64url(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

/// Where the general form has a list, its only entry beside the other members.
Result<Value> flattened(Value value) {
  for (const char* name : {"signatures", "recipients"}) {
    const Value* list = value.find(name);
    if (!list) continue;
    const auto* entries = list->as_array();
    if (!entries || entries->size() != 1 || !entries->front().is_object()) {
      return refused(std::string(name) + ": there must be one");
    }
    const Value only = entries->front();
    value.erase(name);
    for (const Member& member : *only.as_object()) value.set(member.name, member.value);
    break;
  }
  return value;
}

}  // namespace

Result<std::string> to_json_form(std::string_view compact) {
  const std::size_t parts = parts_of(compact);
  if (parts != kJws.size() && parts != kJwe.size()) return refused("is of another form");
  Value made = Value::object();
  for (const char* name : parts == kJws.size() ? kJws : kJwe) {
    const std::size_t dot = std::min(compact.find('.'), compact.size());
    const std::string_view part = compact.substr(0, dot);
    if (!is_base64url(part)) return refused("is no base64url");
    if (!part.empty()) made.set(name, std::string(part));
    compact.remove_prefix(std::min(dot + 1, compact.size()));
  }
  return to_json(made);
}

Result<std::string> to_compact(std::string_view json) {
  if (json.size() > kMaxBytes) return refused("is too long");
  auto parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) return refused("is no JSON object");
  auto value = flattened(*std::move(parsed));
  if (!value) return fail(value.error());
  const Names& names = value->contains("ciphertext") ? kJwe : kJws;
  // What is outside of the protected header could be anybody's, so it is not looked at.
  for (const Member& member : *value->as_object()) {
    if (std::find(names.begin(), names.end(), member.name) == names.end()) {
      return refused(member.name + ": is not protected, or not known");
    }
  }
  std::string compact;
  for (const char* name : names) {
    const Value* part = value->find(name);
    if (part && (!part->as_string() || !is_base64url(*part->as_string()))) {
      return refused(std::string(name) + ": is no base64url");
    }
    if (name != names.front()) compact += '.';
    if (part) compact += *part->as_string();
  }
  return compact;
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  if (text.size() > kMaxBytes || text.size() % 4 != 0) return refused("is no base64");
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return refused("is no base64");
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  // OpenSSL takes white space and stray bits; one meaning has one text here.
  if (to_base64(bytes) != text) return refused("is no base64");
  return bytes;
}

}  // namespace gatehouse::jose
