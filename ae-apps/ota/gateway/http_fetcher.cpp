#include "ae-apps/ota/gateway/http_fetcher.h"

#include <future>

#include "bindings/http/client.h"

namespace gatehouse::gateway {
namespace {

using std::chrono::milliseconds;
using uptane::FetchStatus;

milliseconds steady_now() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

http::ClientSettings client_settings(const HttpFetcherSettings& settings) {
  http::ClientSettings out;
  out.tls = settings.tls;
  out.max_body_bytes = settings.block_bytes;
  const std::uint64_t seconds =
      settings.block_bytes / std::max<std::uint64_t>(1, settings.rate.least_bytes_per_second);
  out.request_timeout = settings.rate.grace + std::chrono::seconds(seconds);
  return out;
}

FetchStatus status_of(const Error& error) {
  switch (error.rsc) {
    case Rsc::kNotFound:
      return FetchStatus::kMissing;
    case Rsc::kContentsUnacceptable:
      return FetchStatus::kTooLarge;  // more than the range that was asked for
    case Rsc::kRequestTimeout:
      return FetchStatus::kTooSlow;
    default:
      return FetchStatus::kFailed;
  }
}

/// Names of metadata become part of a URL as they are.
bool is_url_path(std::string_view name) {
  return !name.empty() && name.find("..") == std::string_view::npos && name.front() != '/' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "._-~%/") == std::string_view::npos;
}

}  // namespace

struct HttpFetcher::Impl {
  const Codecs codecs = standard_codecs();
  http::Client client;
  explicit Impl(const HttpFetcherSettings& settings) : client(client_settings(settings), codecs) {}

  Result<http::Fetched> range(const std::string& url, std::uint64_t first, std::uint64_t last,
                              const std::string& etag) {
    std::promise<Result<http::Fetched>> answered;
    client.fetch_range(url, first, last, etag, [&answered](Result<http::Fetched> fetched) {
      answered.set_value(std::move(fetched));
    });
    return answered.get_future().get();
  }
};

HttpFetcher::HttpFetcher(std::string url, HttpFetcherSettings settings, Clock clock)
    : url_(std::move(url)),
      settings_(std::move(settings)),
      clock_(clock ? std::move(clock) : Clock(steady_now)),
      impl_(std::make_unique<Impl>(settings_)) {}

HttpFetcher::~HttpFetcher() = default;

FetchStatus HttpFetcher::fetch(const std::string& name, std::uint64_t max_bytes, const Sink& sink) {
  if (!is_url_path(name)) return FetchStatus::kMissing;
  const uptane::DownloadRate rate(settings_.rate);
  const milliseconds start = clock_();
  std::string etag;
  for (std::uint64_t got = 0;;) {
    const std::uint64_t last = got + settings_.block_bytes - 1;
    const Result<http::Fetched> block = impl_->range(url_ + name, got, last, etag);
    if (!block) return status_of(block.error());
    const std::uint64_t total = block->total_bytes.value_or(got + block->body.size());
    if (block->status == 200 && got > 0) return FetchStatus::kFailed;  // it changed meanwhile
    if (total > max_bytes || got + block->body.size() > max_bytes) return FetchStatus::kTooLarge;
    sink(view_of(block->body));
    got += block->body.size();
    etag = block->etag;
    if (block->status == 200 || got >= total) return FetchStatus::kFound;
    if (block->body.empty()) return FetchStatus::kFailed;
    if (rate.too_slow(got, clock_() - start)) return FetchStatus::kTooSlow;
  }
}

}  // namespace gatehouse::gateway
