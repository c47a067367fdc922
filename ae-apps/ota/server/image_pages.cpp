#include "ae-apps/ota/server/image_pages.h"

#include <cmath>

#include "ae-apps/ota/server/peer_identity.h"
#include "bindings/http/file_page.h"
#include "bindings/http/server.h"
#include "cse/codec/json.h"

namespace gatehouse::ota_server {
namespace {

constexpr std::string_view kPrefix = "/images/";
constexpr std::size_t kMaxName = 128;

http::Page text_page(int status, std::string text) {
  http::Page page;
  page.status = status;
  page.body = std::move(text) + "\n";
  return page;
}

http::Page json_page(int status, const Value& value) {
  http::Page page;
  page.status = status;
  page.content_type = "application/json";
  page.body = to_json(value) + "\n";
  return page;
}

Value describe(const ImageFacts& image) {
  return Value::object({{"sha256", image.sha256},
                        {"payload_sha256", image.payload_sha256},
                        {"name", image.name},
                        {"version", image.version},
                        {"release_counter", image.release_counter},
                        {"hardware_id", image.hardware_id},
                        {"bytes", image.bytes}});
}

int status_of(const Error& error) {
  switch (error.rsc) {
    case Rsc::kContentsUnacceptable:
      return 422;
    case Rsc::kBadRequest:
      return 400;
    case Rsc::kNotAcceptable:
      return 507;
    default:
      return 500;
  }
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

/// Nothing but pages.
class NoPrimitives final : public PrimitiveHandler {
 public:
  void handle(Request&& request, Reply reply) override {
    reply(error_response(request, {Rsc::kNotFound, "here are images only"}));
  }
};

}  // namespace

std::optional<http::Page> ImagePages::too_much(const http::PageRequest& request) {
  const std::string who = name_of_peer(request);
  const double wait = buckets_.take(who, clock_());
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (wait <= 0) {
      limited_.erase(who);
      return std::nullopt;
    }
    first = limited_.insert(who).second;
  }
  if (first) log_.step('B', "refused", {{"peer", who}, {"reason", "too many requests"}});
  http::Page page = text_page(429, "too many requests of this identity");
  page.headers.emplace_back("Retry-After",
                            std::to_string(static_cast<std::int64_t>(std::ceil(wait))));
  return page;
}

http::Page ImagePages::answer(const http::PageRequest& request) {
  if (auto refused = too_much(request)) return *std::move(refused);
  if (uptane_ != nullptr && request.path.starts_with("/uptane/")) return uptane_->answer(request);
  const std::string uploader = identity_among(request, settings_.uploaders);
  const std::string downloader = identity_among(request, settings_.downloaders);
  const bool put = request.method == "PUT";
  const std::string& who = put ? uploader : downloader.empty() ? uploader : downloader;
  if (who.empty()) {
    log_.step(put ? 'A' : 'B', "refused",
              {{"peer", name_of_peer(request)}, {"reason", "not on the list"}});
    return text_page(403, "this identity may not " + std::string(put ? "upload" : "download"));
  }
  greet(who);
  if (request.path.starts_with(ArtifactPages::kPrefix)) return artifact(request, who);
  if (request.path == "/images" || request.path == kPrefix) {
    if (request.method == "GET" || request.method == "HEAD") return list();
    return text_page(405, "only GET is possible here");
  }
  if (!request.path.starts_with(kPrefix)) return text_page(404, "there are images only");
  const std::string_view name = request.path.substr(kPrefix.size());
  if (!is_plain_name(name)) {
    return text_page(400, "a name has 1 to 128 letters, digits, '.', '_' or '-'");
  }
  return put ? upload(request, name, who) : download(request, name, who);
}

void ImagePages::greet(const std::string& who) {
  {
    const std::lock_guard lock(mutex_);
    if (!greeted_.insert(who).second) return;
  }
  log_.step('B', "authenticated", {{"peer", who}, {"by", "certificate"}});
  log_.step('C', "secured", {{"peer", who}, {"tls", "1.3"}});
}

http::Page ImagePages::list() const {
  Value out = Value::array();
  for (const ImageFacts& image : store_.images()) out.push_back(describe(image));
  return json_page(200, out);
}

http::Page ImagePages::upload(const http::PageRequest& request, std::string_view name,
                              const std::string& who) {
  const Result<ImageStore::Stored> stored = store_.put(name, view_of(request.body));
  if (!stored) {
    log_.step('A', "refused",
              {{"by", who}, {"name", std::string(name)}, {"reason", stored.error().detail}});
    return text_page(status_of(stored.error()), stored.error().detail);
  }
  const ImageFacts& image = stored->facts;
  if (!stored->fresh) return json_page(200, describe(image));
  log_.step('A', "uploaded",
            {{"by", who},
             {"image", image.sha256},
             {"name", image.name},
             {"version", image.version},
             {"release_counter", std::to_string(image.release_counter)},
             {"hardware", image.hardware_id},
             {"bytes", std::to_string(image.bytes)}});
  uploaded_(image);
  return json_page(201, describe(image));
}

/// What was there before its image was withheld is withheld, too.
http::Page ImagePages::artifact(const http::PageRequest& request, const std::string& who) {
  const bool put = request.method == "PUT";
  const std::string name(request.path.substr(ArtifactPages::kPrefix.size()));
  std::string why_not;
  if (uptane_ != nullptr) {
    const auto front = put ? std::string(request.body.substr(0, Repositories::kFrontBytes))
                           : artifacts_.front_of(name, Repositories::kFrontBytes);
    why_not = uptane_->objection_to_form(name, view_of(front));
  }
  if (why_not.empty()) return artifacts_.answer(request);
  log_.step(put ? 'A' : 'E', "refused", {{"peer", who}, {"artifact", name}, {"reason", why_not}});
  return text_page(put ? 422 : 403, "this file " + why_not);
}

http::Page ImagePages::download(const http::PageRequest& request, std::string_view name,
                                const std::string& who) {
  if (uptane_ != nullptr && uptane_->only_encrypted(name)) {
    log_.step(
        'E', "refused",
        {{"peer", who}, {"image", std::string(name)}, {"reason", "is served encrypted only"}});
    return text_page(403, "this image is served encrypted only");
  }
  http::Page page = http::file_page(request, store_.folder(), std::string(name) + ".img");
  const std::string_view range = http::find_header(*request.headers, "Range");
  const bool first = range.empty() || range.starts_with("bytes=0-");
  if (first && request.method == "GET" && page.status / 100 == 2) {
    log_.step('E', "download", {{"by", who}, {"image", std::string(name)}});
  }
  return page;
}

struct ImageServer::Impl {
  NoPrimitives primitives;
  const Codecs codecs = standard_codecs();
  http::Server server;
  explicit Impl(const http::ServerSettings& settings) : server(settings, primitives, codecs) {}
};

ImageServer::ImageServer(const ImageServerSettings& settings, std::size_t max_body_bytes,
                         ImagePages& pages) {
  http::ServerSettings http;
  http.address = settings.address;
  http.port = settings.port;
  http.threads = 2;  // an upload is verified on one of them
  http.tls = settings.tls;
  http.tls->require_peer_certificate = true;
  http.tls->min_version = TlsVersion::k1_3;
  http.max_body_bytes = max_body_bytes;
  http.max_connections = 1'000;
  http.body_timeout = std::chrono::seconds(120);
  impl_ = std::make_unique<Impl>(http);
  impl_->server.set_pages(
      [&pages](const http::PageRequest& request) { return pages.answer(request); });
}

ImageServer::~ImageServer() { stop(); }
Result<void> ImageServer::start() { return impl_->server.start(); }
void ImageServer::stop() { impl_->server.stop(); }
std::uint16_t ImageServer::port() const { return impl_->server.port(); }

}  // namespace gatehouse::ota_server
