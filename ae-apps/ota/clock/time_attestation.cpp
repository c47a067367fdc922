#include "ae-apps/ota/clock/time_attestation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "ae-apps/ota/uptane/metadata.h"
#include "cse/codec/json.h"

namespace gatehouse::ota {
namespace {

using uptane::Reason;

constexpr std::string_view kType = "timeserver";
constexpr const char* kJoined = "attestations";
constexpr DecodeLimits kJoinedLimits{.max_bytes = kMaxGatheredBytes, .max_depth = 3};

using Role = std::pair<uptane::KeyRing, uptane::RoleKeys>;
using TimeByKey = std::map<std::string, Timestamp>;

tl::unexpected<uptane::Refusal> not_proven(Reason reason, std::string detail) {
  return uptane::refuse(uptane::Refusal{reason, "time", {}, std::move(detail)});
}

/// The keys as metadata has them.
uptane::Checked<Role> role_of(const TimeKeys& keys) {
  Value ring = Value::object();
  uptane::RoleKeys role{{}, keys.threshold};
  for (const crypto::PublicKey& key : keys.keys) {
    const Value object = uptane::key_object(key);
    const std::string id = uptane::key_id_of(object);
    if (!ring.contains(id)) role.key_ids.push_back(id);
    ring.set(id, object);
  }
  if (role.threshold == 0 || role.key_ids.size() < role.threshold) {
    return not_proven(Reason::kIllegalThreshold, "the threshold cannot be met by these keys");
  }
  auto parsed = uptane::parse_keys(ring, uptane::Profile::kTuf);
  if (!parsed) return uptane::refuse(parsed.error());
  return std::pair{*std::move(parsed), std::move(role)};
}

/// What one server said, under each key that signed it.
uptane::Checked<TimeByKey> read_one(std::string_view attestation, const Role& role,
                                    const std::string& nonce) {
  if (attestation.size() > kMaxAttestationBytes) {
    return not_proven(Reason::kTooLarge, "the attestation of the time is too long");
  }
  const auto envelope = uptane::parse_envelope(attestation);
  if (!envelope) return uptane::refuse(envelope.error());
  std::vector<std::string> signers;
  for (const std::string& id : role.second.key_ids) {
    if (uptane::verify_signatures(*envelope, role.first, {{id}, 1}, uptane::Profile::kTuf)) {
      signers.push_back(id);
    }
  }
  if (signers.empty()) {
    return not_proven(Reason::kThreshold, "no time server that is known signed it");
  }
  if (envelope->content.string_at("_type") != kType) {
    return not_proven(Reason::kWrongType, "it is no attestation of the time");
  }
  const std::vector<std::string> nonces = envelope->content.strings_at("nonces");
  if (std::find(nonces.begin(), nonces.end(), nonce) == nonces.end()) {
    return not_proven(Reason::kReplay, "the attestation of the time answers another nonce");
  }
  const auto time = uptane::parse_iso_time(envelope->content.string_at("time"));
  if (!time) return not_proven(Reason::kMalformed, "time: must be like 2030-01-31T12:00:00Z");
  TimeByKey out;
  for (std::string& id : signers) out.emplace(std::move(id), *time);
  return out;
}

/// nullopt: it is one server's.
std::optional<uptane::Checked<std::vector<std::string>>> read_joined(std::string_view text) {
  const Result<Value> tree = parse_json(text, kJoinedLimits);
  const Value* list = tree ? tree->find(kJoined) : nullptr;
  if (list == nullptr) return std::nullopt;
  const Value::Array* items = list->as_array();
  if (items == nullptr || items->empty() || items->size() > kMaxTimeServers ||
      !std::all_of(items->begin(), items->end(),
                   [](const Value& each) { return each.as_string() != nullptr; })) {
    return uptane::Checked<std::vector<std::string>>(
        not_proven(Reason::kMalformed, "attestations: must be 1 to 16 texts"));
  }
  return uptane::Checked<std::vector<std::string>>(tree->strings_at(kJoined));
}

/// Of each key the first word counts: whoever says two times has one voice.
uptane::Checked<TimeByKey> read_all(std::string_view text, const Role& role,
                                    const std::string& nonce) {
  const auto joined = read_joined(text);
  if (!joined) return read_one(text, role, nonce);
  if (!*joined) return uptane::refuse(joined->error());
  TimeByKey out;
  for (const std::string& each : **joined) {
    auto said = read_one(each, role, nonce);
    if (said) out.merge(*said);
  }
  return out;
}

std::optional<Timestamp> agreed_time(const TimeByKey& said, const TimeKeys& keys) {
  std::vector<Timestamp> times;
  for (const auto& [key, time] : said) times.push_back(time);
  std::sort(times.begin(), times.end());
  std::size_t most = 0;
  std::optional<Timestamp> out;
  for (auto first = times.begin(); first != times.end(); ++first) {
    const auto last = std::upper_bound(first, times.end(), *first + keys.tolerance);
    const auto agree = static_cast<std::size_t>(last - first);
    if (agree < keys.threshold || agree < most) continue;
    most = agree;
    out = *(last - static_cast<std::ptrdiff_t>(keys.threshold));
  }
  return out;
}

}  // namespace

std::string join_attestations(const std::vector<std::string>& attestations) {
  return to_json(
      Value::object({{kJoined, Value(Value::Array(attestations.begin(), attestations.end()))}}));
}

std::size_t distinct_keys(const TimeKeys& keys) {
  std::set<crypto::KeyId> out;
  for (const crypto::PublicKey& key : keys.keys) out.insert(key.key_id());
  return out.size();
}

bool is_time_nonce(std::string_view text) {
  return text.size() >= 16 && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::string> attest_time(const std::vector<std::string>& nonces, Timestamp now,
                                const crypto::SigningKey& key) {
  if (nonces.empty() || nonces.size() > kMaxTimeNonces ||
      !std::all_of(nonces.begin(), nonces.end(), is_time_nonce)) {
    return fail(Rsc::kBadRequest, "1 to 16 nonces of 16 to 64 hexadecimal digits are answered");
  }
  const Value content =
      Value::object({{"_type", kType},
                     {"nonces", Value(Value::Array(nonces.begin(), nonces.end()))},
                     {"time", uptane::iso_time(now)}});
  return uptane::sign_envelope(content, {&key});
}

Result<TimeKeys> load_time_keys(const std::vector<std::string>& files, std::uint64_t threshold) {
  TimeKeys out{{}, threshold};
  for (const std::string& file : files) {
    Result<crypto::PublicKey> key = crypto::PublicKey::load(file);
    if (!key) return fail(key.error());
    out.keys.push_back(*std::move(key));
  }
  if (distinct_keys(out) < threshold) {
    return fail(Rsc::kBadRequest, "time keys: fewer different ones than must sign");
  }
  return out;
}

uptane::Checked<Timestamp> verify_time(std::string_view attestation, const TimeKeys& keys,
                                       const std::string& nonce) {
  if (attestation.size() > kMaxGatheredBytes) {
    return not_proven(Reason::kTooLarge, "the attestation of the time is too long");
  }
  const auto role = role_of(keys);
  if (!role) return uptane::refuse(role.error());
  const auto said = read_all(attestation, *role, nonce);
  if (!said) return uptane::refuse(said.error());
  if (const auto time = agreed_time(*said, keys)) return *time;
  return not_proven(Reason::kThreshold, std::to_string(said->size()) +
                                            " time servers answered well, and " +
                                            std::to_string(keys.threshold) + " must agree within " +
                                            std::to_string(keys.tolerance.count()) + " s");
}

}  // namespace gatehouse::ota
