#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ae-apps/ota/program/step_log.h"
#include "ae-apps/ota/server/repositories.h"
#include "bindings/http/page.h"

namespace gatehouse::ota_server {

/// The pages of the two repositories:
///   PUT /uptane/images                         200, 400, 403, 409 (older than ours), 422 with the
///   reason GET /uptane/images/FILE                    metadata of the Image repository; 403, 404
///   GET /uptane/director/VEHICLE/FILE          for that vehicle alone; 403, 404
/// Identities as in ImagePages. Threading: any thread.
class UptanePages {
 public:
  struct Parts {
    const ServerSettings& settings;
    Repositories& repositories;
    ota::StepLog& log;
    std::function<Timestamp()> clock;
    std::function<void()> changed;  ///< the Image repository describes other images now
  };
  explicit UptanePages(Parts parts) : parts_(std::move(parts)) {}

  /// For paths that start with "/uptane/".
  http::Page answer(const http::PageRequest& request);
  bool only_encrypted(std::string_view image_sha256) const {
    return parts_.repositories.only_encrypted(image_sha256);
  }

  std::string objection_to_form(std::string_view sha256, ByteView front) const {
    return parts_.repositories.objection_to_form(sha256, front);
  }

 private:
  http::Page take(const http::PageRequest& request);
  bool may_read(const http::PageRequest& request, std::string_view path) const;

  const Parts parts_;
};

}  // namespace gatehouse::ota_server
