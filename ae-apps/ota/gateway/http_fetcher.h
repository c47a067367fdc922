#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ae-apps/ota/uptane/download_rate.h"
#include "ae-apps/ota/uptane/fetcher.h"
#include "bindings/security/tls_settings.h"

namespace gatehouse::gateway {

struct HttpFetcherSettings {
  std::optional<TlsSettings> tls;
  uptane::DownloadRate::Settings rate{1024, std::chrono::seconds(10), std::chrono::minutes(10)};
  std::uint64_t block_bytes = 64u << 10;  ///< asked for at once
};

/// A repository behind an http or https URL, read by ranges so that the size is known to be kept
/// and the rate is looked at after each block; a block may take no longer than the least rate
/// allows, plus the grace. Threading: one thread.
class HttpFetcher final : public uptane::Fetcher {
 public:
  /// Milliseconds since any moment.
  using Clock = std::function<std::chrono::milliseconds()>;
  /// `url` ends with '/'. Throws std::runtime_error if a TLS file cannot be used.
  HttpFetcher(std::string url, HttpFetcherSettings settings, Clock clock = {});
  ~HttpFetcher() override;
  uptane::FetchStatus fetch(const std::string& name, std::uint64_t max_bytes,
                            const Sink& sink) override;

 private:
  struct Impl;
  const std::string url_;
  const HttpFetcherSettings settings_;
  const Clock clock_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::gateway
