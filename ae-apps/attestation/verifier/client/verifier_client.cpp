#include "ae-apps/attestation/verifier/client/verifier_client.h"

#include <future>

#include "bindings/http/client.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxAnswerBytes = 8u << 20;

http::ClientSettings client_settings(const TlsSettings& tls) {
  http::ClientSettings out;
  out.tls = tls;
  return out;
}

Rsc rsc_of(int status) {
  switch (status) {
    case 404:
      return Rsc::kNotFound;
    case 409:
      return Rsc::kConflict;
    case 400:
      return Rsc::kBadRequest;
    case 403:
      return Rsc::kNotAcceptable;
    default:
      return Rsc::kTargetNotReachable;
  }
}

}  // namespace

struct VerifierClient::Impl {
  explicit Impl(const TlsSettings& tls) : client(client_settings(tls), codecs) {}
  const Codecs codecs = standard_codecs();
  http::Client client;
};

VerifierClient::VerifierClient(std::string url, const TlsSettings& tls)
    : url_(std::move(url)), impl_(std::make_unique<Impl>(tls)) {}
VerifierClient::~VerifierClient() = default;

Result<Value> VerifierClient::ask(const std::string& question, const Value& content) {
  auto promise = std::make_shared<std::promise<Result<http::Stored>>>();
  std::future<Result<http::Stored>> future = promise->get_future();
  impl_->client.post(
      url_ + "/" + question, "application/json", to_json(content),
      [promise](Result<http::Stored> stored) { promise->set_value(std::move(stored)); });
  const Result<http::Stored> stored = future.get();  // the client has its own deadline
  if (!stored) return fail(Rsc::kTargetNotReachable, stored.error().detail);
  const auto body = parse_json(stored->body, {.max_bytes = kMaxAnswerBytes, .max_depth = 8});
  if (!body) return fail(Rsc::kTargetNotReachable, "the verifier does not speak JSON");
  if (stored->status != 200) return fail(rsc_of(stored->status), body->string_at("error"));
  return *body;
}

}  // namespace gatehouse::attest
