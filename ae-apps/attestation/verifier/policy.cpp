#include "ae-apps/attestation/verifier/policy.h"

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"
#include "ae-apps/ota/crypto/digest.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::array<std::string_view, kFindings> kFindingNames = {
    "match",   "superseded-allowed", "unknown",          "revoked",
    "missing", "new-authorised",     "new-unauthorised", "unverifiable"};
constexpr std::array<std::string_view, 3> kRecommendationNames = {"allowed", "quarantined",
                                                                  "denied"};
constexpr std::string_view kMembers[] = {"id",       "version",         "pcrs",
                                         "findings", "unexpectedReset", "emulator"};

tl::unexpected<Error> wrong(std::string text) {
  return fail(Rsc::kBadRequest, "policy: " + std::move(text));
}

/// True if the value names a recommendation.
bool read(const Value& value, Recommendation& out) {
  const std::string* name = value.as_string();
  if (name == nullptr) return false;
  const auto found = std::find(kRecommendationNames.begin(), kRecommendationNames.end(), *name);
  if (found == kRecommendationNames.end()) return false;
  out = static_cast<Recommendation>(found - kRecommendationNames.begin());
  return true;
}

Result<void> read_findings(const Value& value, Policy& out) {
  if (!value.is_object()) return wrong("findings: must be an object");
  for (const Member& member : *value.as_object()) {
    const auto found = std::find(kFindingNames.begin(), kFindingNames.end(), member.name);
    if (found == kFindingNames.end() ||
        !read(member.value,
              out.findings.at(static_cast<std::size_t>(found - kFindingNames.begin())))) {
      return wrong("findings: " + printable(member.name) +
                   ": a finding, and allowed, quarantined or denied");
    }
  }
  return {};
}

}  // namespace

std::string_view name_of(Finding finding) {
  return kFindingNames.at(static_cast<std::size_t>(finding));
}
std::string_view name_of(Recommendation recommendation) {
  return kRecommendationNames.at(static_cast<std::size_t>(recommendation));
}

Result<Policy> parse_policy(std::string_view text) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return wrong("no JSON object");
  if (const Value* inner = json->find("policy")) {
    if (inner->contains("policy")) return wrong("unknown member policy");
    return parse_policy(to_json(*inner));
  }
  for (const Member& member : *json->as_object()) {
    if (std::find(std::begin(kMembers), std::end(kMembers), member.name) == std::end(kMembers)) {
      return wrong("unknown member " + printable(member.name));
    }
  }
  Policy out;
  out.findings.fill(Recommendation::kDenied);
  for (const Finding good :
       {Finding::kMatch, Finding::kSupersededAllowed, Finding::kNewAuthorised}) {
    out.findings.at(static_cast<std::size_t>(good)) = Recommendation::kAllowed;
  }
  out.id = json->string_at("id");
  const std::int64_t version = json->integer_at("version", -1);
  if (out.id.empty()) return wrong("id: must be there");
  if (version < 1) return wrong("version: must be a positive integer");
  out.version = static_cast<std::uint64_t>(version);
  auto selection = parse_pcr_list(json->string_at("pcrs"));
  if (!selection) return wrong("pcrs: " + selection.error().detail);
  out.selection = *std::move(selection);
  for (const auto& [name, into] : {std::pair("emulator", &out.emulator),
                                   std::pair("unexpectedReset", &out.unexpected_reset)}) {
    const Value* value = json->find(name);
    if (value != nullptr && !read(*value, *into))
      return wrong(std::string(name) + ": no such word");
  }
  if (const Value* findings = json->find("findings")) {
    if (auto done = read_findings(*findings, out); !done) return fail(done.error());
  }
  out.hash = to_hex(crypto::sha256(view_of(text)));
  return out;
}

}  // namespace gatehouse::attest
