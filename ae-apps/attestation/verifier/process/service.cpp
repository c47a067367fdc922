#include "ae-apps/attestation/verifier/process/service.h"

#include <algorithm>

#include "bindings/http/server.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxBodyBytes = 8u << 20;

/// oneM2M has no business here.
class NoPrimitives final : public PrimitiveHandler {
 public:
  void handle(Request&& request, Reply reply) override {
    Response response;
    response.rsc = Rsc::kNotFound;
    response.request_identifier = request.request_identifier;
    reply(std::move(response));
  }
};

http::Page json_page(int status, const Value& value) {
  http::Page page;
  page.status = status;
  page.content_type = "application/json";
  page.body = to_json(value) + "\n";
  return page;
}

http::Page refusal(int status, const std::string& text) {
  return json_page(status, Value::object({{"error", text}}));
}

int status_of(Rsc rsc) {
  switch (rsc) {
    case Rsc::kNotFound:
      return 404;
    case Rsc::kConflict:
      return 409;
    case Rsc::kBadRequest:
    case Rsc::kContentsUnacceptable:
      return 400;
    case Rsc::kNotAcceptable:
      return 403;
    default:
      return 500;
  }
}

bool is_client(const http::PageRequest& request, const std::vector<std::string>& clients) {
  if (request.peer == nullptr || !request.peer->authenticated) return false;
  return std::ranges::any_of(request.peer->identities, [&](const std::string& identity) {
    return std::ranges::find(clients, identity) != clients.end();
  });
}

using Question = Result<Value> (Desk::*)(const Value&);
constexpr std::pair<std::string_view, Question> kQuestions[] = {{"/challenge", &Desk::challenge},
                                                                {"/judge", &Desk::judge},
                                                                {"/enrol", &Desk::enrol},
                                                                {"/enrolled", &Desk::enrolled}};

class HttpsVerifier final : public VerifierService {
 public:
  HttpsVerifier(http::ServerSettings http, const ServiceSettings& settings, Desk& desk,
                ota::StepLog& log)
      : settings_(settings), desk_(desk), log_(log), server_(std::move(http), none_, codecs_) {
    server_.set_pages([this](const http::PageRequest& request) {
      return std::optional<http::Page>(answer(request));
    });
  }
  Result<void> start() { return server_.start(); }
  std::uint16_t port() const override { return server_.port(); }

 private:
  http::Page answer(const http::PageRequest& request) {
    if (!is_client(request, settings_.clients)) return refusal(403, "not one of our clients");
    const auto question =
        std::ranges::find(kQuestions, request.path, [](const auto& row) { return row.first; });
    if (question == std::end(kQuestions)) return refusal(404, "there is no such question");
    if (request.method != "POST") return refusal(405, "POST the question");
    const auto body = parse_json(request.body, {.max_bytes = kMaxBodyBytes, .max_depth = 6});
    if (!body) return refusal(400, body.error().detail);
    const auto said = (desk_.*question->second)(*body);
    log_.step('V', std::string(request.path.substr(1)),
              {{"device", body->string_at("device")},
               {"recommendation", said ? said->string_at("recommendation") : ""},
               {"reason", said ? said->string_at("reason") : said.error().detail}});
    if (!said) return refusal(status_of(said.error().rsc), said.error().detail);
    return json_page(200, *said);
  }

  const ServiceSettings settings_;
  Desk& desk_;
  ota::StepLog& log_;
  NoPrimitives none_;
  const Codecs codecs_ = standard_codecs();
  http::Server server_;
};

}  // namespace

Result<std::unique_ptr<VerifierService>> VerifierService::start(const ServiceSettings& settings,
                                                                Desk& desk, ota::StepLog& log) {
  http::ServerSettings http;
  http.address = settings.address;
  http.port = settings.port;
  http.threads = 2;  // a judgement is made on one of them
  http.tls = settings.tls;
  http.tls->require_peer_certificate = true;
  http.tls->min_version = TlsVersion::k1_3;
  http.max_body_bytes = kMaxBodyBytes;
  http.max_connections = 100;
  auto out = std::make_unique<HttpsVerifier>(std::move(http), settings, desk, log);
  if (auto started = out->start(); !started) return fail(started.error());
  return std::unique_ptr<VerifierService>(std::move(out));
}

}  // namespace gatehouse::attest
