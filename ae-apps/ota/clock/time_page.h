#pragma once
#include <algorithm>
#include <functional>

#include "ae-apps/ota/clock/time_attestation.h"
#include "bindings/http/page.h"

namespace gatehouse::ota {

/// `GET /time/NONCE`, several nonces with a comma between them: the signed time. 400 for nonces of
/// another form, 405, 500 if the key's token is gone. The answer proves itself: it needs no TLS.
/// The key outlives the pages.
inline http::PageHandler time_pages(const crypto::SigningKey& key,
                                    std::function<Timestamp()> clock) {
  return [&key,
          clock = std::move(clock)](const http::PageRequest& request) -> std::optional<http::Page> {
    constexpr std::string_view kPrefix = "/time/";
    if (!request.path.starts_with(kPrefix)) return std::nullopt;
    http::Page page;
    if (request.method != "GET") {
      page.status = 405;
      return page;
    }
    std::vector<std::string> nonces;
    for (std::string_view rest = request.path.substr(kPrefix.size()); !rest.empty();) {
      nonces.emplace_back(rest.substr(0, rest.find(',')));
      rest.remove_prefix(std::min(rest.size(), nonces.back().size() + 1));
      if (nonces.size() > kMaxTimeNonces) break;
    }
    const auto answer = attest_time(nonces, clock(), key);
    page.status = answer ? 200 : answer.error().rsc == Rsc::kBadRequest ? 400 : 500;
    page.headers.emplace_back("Cache-Control", "no-store");
    if (answer) page.content_type = "application/json";
    page.body = answer ? *answer : answer.error().detail + "\n";
    return page;
  };
}

}  // namespace gatehouse::ota
