#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "ae-apps/ota/program/step_log.h"
#include "ae-apps/ota/server/artifact_pages.h"
#include "ae-apps/ota/server/image_store.h"
#include "ae-apps/ota/server/uptane_pages.h"
#include "bindings/http/page.h"
#include "cse/primitive/token_buckets.h"

namespace gatehouse::ota_server {

/// The pages of the image server:
///   PUT /images/NAME       201 (200: was there), 400, 403, 422 with the verdict, 507
///   GET /images/SHA256     the image, whole or by ranges, with ETag; 403 (also if the OEM
///                          wants it to be served encrypted only), 404
///   GET /images            a JSON list; 403
///   /artifacts/SHA256      other forms of images, bills of materials: ArtifactPages; 422 (PUT) and
///                          403 (GET) for one that would show such an image in the clear
/// An identity that asks for too much gets 429 with Retry-After, told once until it asks for less.
/// Identities are those of the peer's certificate, SP-relative; without one nothing is served.
/// Threading: any thread.
class ImagePages {
 public:
  /// An image was taken into the store.
  using Uploaded = std::function<void(const ImageFacts&)>;
  using Clock = std::function<Timestamp()>;
  /// What is given by reference outlives it.
  ImagePages(const ImageServerSettings& settings, ImageStore& store, ota::StepLog& log, Clock clock,
             Uploaded uploaded)
      : settings_(settings),
        store_(store),
        log_(log),
        clock_(std::move(clock)),
        uploaded_(std::move(uploaded)),
        buckets_(settings.rate, kMaxCounted),
        artifacts_(store.folder().parent_path() / "artifacts") {}

  /// Also serves the repositories. `pages` outlives it. Before the first request.
  void serve(UptanePages& pages) { uptane_ = &pages; }

  http::Page answer(const http::PageRequest& request);

 private:
  static constexpr std::size_t kMaxCounted = 100'000;  ///< identities

  std::optional<http::Page> too_much(const http::PageRequest& request);
  http::Page list() const;
  http::Page upload(const http::PageRequest& request, std::string_view name,
                    const std::string& who);
  http::Page artifact(const http::PageRequest& request, const std::string& who);
  http::Page download(const http::PageRequest& request, std::string_view name,
                      const std::string& who);
  void greet(const std::string& who);

  const ImageServerSettings& settings_;
  ImageStore& store_;
  ota::StepLog& log_;
  const Clock clock_;
  const Uploaded uploaded_;
  TokenBuckets buckets_;
  UptanePages* uptane_ = nullptr;
  ArtifactPages artifacts_;
  std::mutex mutex_;
  std::set<std::string> greeted_;  ///< whose first request was told of
  std::set<std::string> limited_;  ///< who asked for too much, and was told of
};

/// The image server: HTTPS, both sides authenticated, TLS 1.3.
class ImageServer {
 public:
  /// `pages` outlives it. `max_body_bytes`: of an upload.
  ImageServer(const ImageServerSettings& settings, std::size_t max_body_bytes, ImagePages& pages);
  ~ImageServer();
  Result<void> start();
  void stop();
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::ota_server
