#include "ae-apps/attestation/evidence/operation/anchors.h"

#include "cse/codec/json.h"

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kMaxAnchorBytes = 1u << 20;

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Rsc::kBadRequest, "trust anchors: " + what);
}

Result<std::vector<VerifierKey>> read_keys(const Value& value, std::string_view name,
                                           SignatureType type) {
  std::vector<VerifierKey> keys;
  for (const std::string& text : value.strings_at(name)) {
    auto key = VerifierKey::parse(text);
    if (!key) return wrong(std::string(name) + ": " + key.error().detail);
    if (key->type != type) return wrong(std::string(name) + ": a key of another type");
    for (const VerifierKey& other : keys) {
      if (type == SignatureType::kCosignature && other.key == key->key) {
        return wrong("one key stands for two witnesses");
      }
    }
    keys.push_back(*std::move(key));
  }
  return keys;
}

Value texts_of(const std::vector<VerifierKey>& keys) {
  Value list = Value::array();
  for (const VerifierKey& key : keys) list.push_back(key.to_text());
  return list;
}

}  // namespace

Result<TrustAnchors> parse_anchors(std::string_view text) {
  const auto value = parse_json(text, {kMaxAnchorBytes, 4, 10'000});
  if (!value) return wrong(value.error().detail);
  TrustAnchors anchors;
  auto logs = read_keys(*value, "logs", SignatureType::kEd25519);
  if (!logs) return fail(logs.error());
  auto witnesses = read_keys(*value, "witnesses", SignatureType::kCosignature);
  if (!witnesses) return fail(witnesses.error());
  anchors.logs = *std::move(logs);
  anchors.witnesses = *std::move(witnesses);
  const std::int64_t quorum = value->integer_at("quorum", -1);
  if (quorum < 0 || static_cast<std::size_t>(quorum) > anchors.witnesses.size()) {
    return wrong("quorum must be a number that the witnesses can reach");
  }
  anchors.quorum = static_cast<std::size_t>(quorum);
  anchors.stamps_pem = value->string_at("stamps");
  if (anchors.logs.empty()) return wrong("logs: no key of a log");
  if (anchors.stamps_pem.empty()) return wrong("stamps: no anchor of a time stamp authority");
  const Value* roles = value->find("roles");
  for (const char* role : {"device", "center", "verifier"}) {
    anchors.roles[role] = roles ? roles->string_at(role) : "";
    if (anchors.roles[role].empty()) return wrong(std::string("roles: nobody for ") + role);
  }
  return anchors;
}

std::string encode(const TrustAnchors& anchors) {
  Value roles = Value::object();
  for (const auto& [role, pem] : anchors.roles) roles.set(role, pem);
  return to_json(Value::object({{"logs", texts_of(anchors.logs)},
                                {"witnesses", texts_of(anchors.witnesses)},
                                {"quorum", static_cast<std::uint64_t>(anchors.quorum)},
                                {"stamps", anchors.stamps_pem},
                                {"roles", std::move(roles)}})) +
         "\n";
}

}  // namespace gatehouse::evidence
