#include "ae-apps/ota/clock/time_attestation.h"

#include <algorithm>

#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::ota {
namespace {

using uptane::Reason;

constexpr std::string_view kType = "timeserver";

tl::unexpected<uptane::Refusal> not_proven(Reason reason, std::string detail) {
  return uptane::refuse(uptane::Refusal{reason, "time", {}, std::move(detail)});
}

/// The keys as metadata has them.
uptane::Checked<std::pair<uptane::KeyRing, uptane::RoleKeys>> role_of(const TimeKeys& keys) {
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

}  // namespace

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
  if (out.keys.size() < threshold) {
    return fail(Rsc::kBadRequest, "time keys: fewer than must sign");
  }
  return out;
}

uptane::Checked<Timestamp> verify_time(std::string_view attestation, const TimeKeys& keys,
                                       const std::string& nonce) {
  if (attestation.size() > kMaxAttestationBytes) {
    return not_proven(Reason::kTooLarge, "the attestation of the time is too long");
  }
  const auto envelope = uptane::parse_envelope(attestation);
  if (!envelope) return uptane::refuse(envelope.error());
  const auto role = role_of(keys);
  if (!role) return uptane::refuse(role.error());
  if (const auto good =
          uptane::verify_signatures(*envelope, role->first, role->second, uptane::Profile::kTuf);
      !good) {
    return not_proven(good.error().reason, good.error().detail);
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
  return *time;
}

}  // namespace gatehouse::ota
