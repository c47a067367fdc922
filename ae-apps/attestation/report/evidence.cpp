#include "ae-apps/attestation/report/evidence.h"

#include <algorithm>

#include "ae-apps/attestation/quote/hash.h"
#include "ae-apps/attestation/quote/wire.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMinNonceBytes = 16, kMaxNonceBytes = 64;
constexpr std::size_t kMaxTextBytes = 128;

/// The hash of a purpose of ours and the pieces, each with its length, so that none can slide into
/// the next.
Bytes derive(std::string_view what, const Challenge& challenge, std::string_view inventory) {
  const Bytes reports = digest(HashAlg::kSha256, {view_of(inventory)});
  Writer all;
  all.sized32(view_of(what)).sized32(challenge.nonce).sized32(view_of(challenge.purpose));
  all.sized32(view_of(challenge.operation)).sized32(reports);
  return digest(HashAlg::kSha256, {all.take()});
}

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Rsc::kBadRequest, "evidence: " + what);
}

/// A member in base64. Sets `fault` if it is none.
Bytes bytes_at(const Value& object, std::string_view name, std::string& fault) {
  const Value* member = object.find(name);
  const std::string* text = member != nullptr ? member->as_string() : nullptr;
  auto bytes = text != nullptr ? from_base64(*text) : Result<Bytes>(wrong("absent"));
  if (bytes) return *std::move(bytes);
  fault = std::string(name) + " must be base64";
  return {};
}

}  // namespace

std::string encode(const AttestationEvidence& evidence) {
  Value out = Value::object();
  if (evidence.counter) {
    out.set("counter", Value::array({to_base64(evidence.counter->first),
                                     to_base64(evidence.counter->second)}));
  }
  if (!evidence.inventory.empty()) out.set("inventory", evidence.inventory);
  Value logs = Value::array();
  for (const Bytes& log : evidence.logs) logs.push_back(to_base64(log));
  out.set("logs", std::move(logs));
  out.set("message", to_base64(evidence.message));
  out.set("pcrs", to_base64(evidence.pcr_values));
  out.set("signature", to_base64(evidence.signature));
  out.set("v", 1);
  return to_json(out);
}

Result<AttestationEvidence> parse_evidence(std::string_view text) {
  const auto tree =
      parse_json(text, {.max_bytes = kMaxEvidenceBytes, .max_depth = 3, .max_values = 100});
  if (!tree) return wrong(tree.error().detail);
  AttestationEvidence out;
  std::string fault;
  out.message = bytes_at(*tree, "message", fault);
  out.signature = bytes_at(*tree, "signature", fault);
  out.pcr_values = bytes_at(*tree, "pcrs", fault);
  out.inventory = tree->string_at("inventory");
  const Value* logs = tree->find("logs");
  if (logs == nullptr || !logs->is_array() || logs->size() > kMaxEvidenceLogs) {
    return wrong("logs must be a list of at most 16");
  }
  for (const std::string& log : tree->strings_at("logs")) {
    auto bytes = from_base64(log);
    if (!bytes) return wrong("logs must be base64");
    out.logs.push_back(*std::move(bytes));
  }
  if (tree->contains("counter")) {
    const std::vector<std::string> counter = tree->strings_at("counter");
    auto message = from_base64(counter.size() == 2 ? counter[0] : "?");
    auto signature = from_base64(counter.size() == 2 ? counter[1] : "?");
    if (!message || !signature) return wrong("counter must be two texts in base64");
    out.counter.emplace(*std::move(message), *std::move(signature));
  }
  if (!fault.empty()) return wrong(fault);
  // One evidence has one encoding: what is hashed here and there must be the same.
  if (encode(out) != text) return wrong("it is not in its canonical form");
  return out;
}

std::string hash_of(const AttestationEvidence& evidence) {
  return to_hex(digest(HashAlg::kSha256, {view_of(encode(evidence))}));
}

std::string encode(const Challenge& challenge) {
  return to_json(Value::object({{"nonce", to_hex(challenge.nonce)},
                                {"operation", challenge.operation},
                                {"purpose", challenge.purpose},
                                {"resets", challenge.resets_expected}}));
}

Result<Challenge> parse_challenge(std::string_view text) {
  const auto bad = [](const char* what) {
    return fail(Rsc::kBadRequest, std::string("challenge: ") + what);
  };
  const auto tree = parse_json(text, {.max_bytes = 4096, .max_depth = 2});
  if (!tree) return fail(Rsc::kBadRequest, "challenge: " + tree.error().detail);
  Challenge out;
  auto nonce = from_hex(tree->string_at("nonce"));
  if (!nonce || nonce->size() < kMinNonceBytes || nonce->size() > kMaxNonceBytes) {
    return bad("nonce must be 16 to 64 bytes in hexadecimal");
  }
  out.nonce = *std::move(nonce);
  out.purpose = tree->string_at("purpose");
  out.operation = tree->string_at("operation");
  if (out.purpose.empty() || std::max(out.purpose.size(), out.operation.size()) > kMaxTextBytes) {
    return bad("purpose must be there; it and operation are at most 128 bytes long");
  }
  const std::int64_t resets = tree->integer_at("resets", -1);
  if (resets < 0 || resets > 1000) return bad("resets must be 0 to 1000");
  out.resets_expected = static_cast<std::uint32_t>(resets);
  return out;
}

Bytes bound_nonce(const Challenge& challenge, std::string_view inventory) {
  return derive("gatehouse-attestation-1", challenge, inventory);
}

Bytes ecu_nonce(const Challenge& challenge) { return derive("gatehouse-ecu-1", challenge, {}); }

}  // namespace gatehouse::attest
