#include "ae-apps/attestation/evidence/witness/service.h"

#include <future>

#include "bindings/http/client.h"
#include "bindings/http/server.h"

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kMaxBodyBytes = 128 * 1024;

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

http::Page page_of(const WitnessAnswer& answer) {
  http::Page page;
  page.status = answer.status;
  page.content_type = answer.content_type;
  page.body = answer.body;
  return page;
}

http::Page answer(Witness& witness, const http::PageRequest& request) {
  constexpr std::string_view kEnd = "/checkpoint";
  if (request.path == "/add-checkpoint") {
    if (request.method == "POST") return page_of(witness.add_checkpoint(request.body));
    return page_of({405, "text/plain; charset=utf-8", "POST a checkpoint here\n"});
  }
  if (request.method == "GET" && request.path.ends_with(kEnd) && request.path.size() > 1) {
    return page_of(witness.latest(request.path.substr(1, request.path.size() - 1 - kEnd.size())));
  }
  return page_of({404, "text/plain; charset=utf-8", "there is no such page\n"});
}

class HttpWitness final : public WitnessService {
 public:
  HttpWitness(http::ServerSettings settings, Witness& witness)
      : server_(std::move(settings), none_, codecs_) {
    server_.set_pages([&witness](const http::PageRequest& request) {
      return std::optional<http::Page>(answer(witness, request));
    });
  }
  Result<void> start() { return server_.start(); }
  std::uint16_t port() const override { return server_.port(); }

 private:
  NoPrimitives none_;
  const Codecs codecs_ = standard_codecs();
  http::Server server_;
};

http::ClientSettings client_settings() {
  http::ClientSettings settings;
  settings.max_body_bytes = kMaxBodyBytes;
  return settings;
}

struct Transport {
  Codecs codecs = standard_codecs();
  http::Client client{client_settings(), codecs};
};

}  // namespace

Result<std::unique_ptr<WitnessService>> WitnessService::start(Settings settings, Witness& witness) {
  http::ServerSettings http;
  http.address = settings.address;
  http.port = settings.port;
  http.max_body_bytes = kMaxBodyBytes;
  auto service = std::make_unique<HttpWitness>(std::move(http), witness);
  if (auto started = service->start(); !started) return fail(started.error());
  return std::unique_ptr<WitnessService>(std::move(service));
}

WitnessTransport http_transport() {
  return [transport = std::make_shared<Transport>()](
             const std::string& url, const std::string& body) -> Result<WitnessAnswer> {
    auto promise = std::make_shared<std::promise<Result<http::Stored>>>();
    std::future<Result<http::Stored>> future = promise->get_future();
    transport->client.post(
        url, "text/plain; charset=utf-8", body,
        [promise](Result<http::Stored> stored) { promise->set_value(std::move(stored)); });
    const Result<http::Stored> stored = future.get();  // the client has its own deadline
    if (!stored) return fail(stored.error());
    return WitnessAnswer{stored->status, {}, stored->body};
  };
}

}  // namespace gatehouse::evidence
