#include "ae-apps/attestation/report/evidence.h"

#include <algorithm>

#include "ae-apps/attestation/quote/hash.h"
#include "ae-apps/attestation/quote/wire.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMinNonceBytes = 16, kMaxNonceBytes = 64;
constexpr std::size_t kMaxTextBytes = 128;
constexpr std::size_t kLeastResponderBytes = 17, kMostResponderBytes = 255;
constexpr std::size_t kSecretBytes = 32;
constexpr std::uint8_t kExchangeMark = '1';

/// The hash of a purpose of ours and the pieces, each with its length, so that none can slide into
/// the next.
Bytes derive(std::string_view what, const Challenge& challenge, std::string_view inventory) {
  const Bytes reports = digest(HashAlg::kSha256, {view_of(inventory)});
  Writer all;
  all.sized32(view_of(what))
      .sized32(effective_nonce(challenge))
      .sized32(view_of(challenge.purpose));
  all.sized32(view_of(challenge.operation)).sized32(reports);
  return digest(HashAlg::kSha256, {all.take()});
}

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Rsc::kBadRequest, "evidence: " + what);
}

/// Two texts in base64; an empty pair if they are none.
std::pair<Bytes, Bytes> pair_at(const Value& object, std::string_view name) {
  const std::vector<std::string> texts = object.strings_at(name);
  auto first = from_base64(texts.size() == 2 ? texts[0] : "?");
  auto second = from_base64(texts.size() == 2 ? texts[1] : "?");
  if (!first || !second) return {};
  return {*std::move(first), *std::move(second)};
}

Value pair_of(ByteView first, ByteView second) {
  return Value::array({to_base64(first), to_base64(second)});
}

/// False if there is one that cannot be.
bool read_exchange(const Value& object, std::optional<NonceExchange>& out) {
  if (!object.contains("exchange")) return true;
  auto [nonce, secret] = pair_at(object, "exchange");
  if (nonce.size() < kLeastResponderBytes || nonce.size() > kMostResponderBytes ||
      secret.size() != kSecretBytes) {
    return false;
  }
  out = NonceExchange{std::move(nonce), std::move(secret)};
  return true;
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
    out.set("counter", pair_of(evidence.counter->first, evidence.counter->second));
  }
  if (evidence.exchange) {
    out.set("exchange",
            pair_of(evidence.exchange->responder_nonce, evidence.exchange->shared_secret));
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
    auto counter = pair_at(*tree, "counter");
    if (counter.first.empty()) return wrong("counter must be two texts in base64");
    out.counter = std::move(counter);
  }
  if (!read_exchange(*tree, out.exchange)) {
    return wrong("exchange must be a nonce of 17 to 255 bytes and a secret of 32, in base64");
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
  Value out = Value::object();
  if (challenge.exchange) {
    out.set("exchange",
            pair_of(challenge.exchange->responder_nonce, challenge.exchange->shared_secret));
  }
  out.set("nonce", to_hex(challenge.nonce)).set("operation", challenge.operation);
  out.set("purpose", challenge.purpose).set("resets", challenge.resets_expected);
  return to_json(out);
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
  if (!read_exchange(*tree, out.exchange)) return bad("exchange must be a nonce and a secret");
  return out;
}

Bytes effective_nonce(const Challenge& challenge) {
  if (!challenge.exchange) return challenge.nonce;
  return digest(HashAlg::kSha256,
                {ByteView(&kExchangeMark, 1), challenge.nonce, challenge.exchange->responder_nonce,
                 challenge.exchange->shared_secret});
}

Bytes quote_nonce(const Challenge& challenge, std::string_view inventory) {
  return inventory.empty() ? effective_nonce(challenge) : bound_nonce(challenge, inventory);
}

Bytes bound_nonce(const Challenge& challenge, std::string_view inventory) {
  return derive("gatehouse-attestation-1", challenge, inventory);
}

Bytes ecu_nonce(const Challenge& challenge) { return derive("gatehouse-ecu-1", challenge, {}); }

}  // namespace gatehouse::attest
