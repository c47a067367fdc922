#include "ae-apps/ota/server/uptane_pages.h"

#include "ae-apps/ota/server/peer_identity.h"

namespace gatehouse::ota_server {
namespace {

constexpr std::string_view kPrefix = "/uptane/";
constexpr std::string_view kImages = "images/";
constexpr std::string_view kDirector = "director/";

http::Page text_page(int status, std::string text) {
  http::Page page;
  page.status = status;
  page.body = std::move(text) + "\n";
  return page;
}

int status_of(const Error& error) {
  switch (error.rsc) {
    case Rsc::kContentsUnacceptable:
      return 422;
    case Rsc::kBadRequest:
      return 400;
    case Rsc::kNotAcceptable:
      return 409;
    default:
      return 500;
  }
}

}  // namespace

http::Page UptanePages::answer(const http::PageRequest& request) {
  const std::string_view path = request.path.substr(kPrefix.size());
  if (request.method == "PUT" && path == "images") return take(request);
  if (request.method != "GET" && request.method != "HEAD") {
    return text_page(405, "only GET, and PUT of /uptane/images, are possible here");
  }
  if (!may_read(request, path)) {
    parts_.log.step('B', "refused",
                    {{"peer", name_of_peer(request)}, {"reason", "not on the list"}});
    return text_page(403, "this identity may not read that");
  }
  const auto text = parts_.repositories.file(path);
  if (!text) return text_page(404, "there is no such metadata");
  http::Page page;
  page.content_type = "application/json";
  page.body = *text;
  return page;
}

/// What is ordered for a vehicle is nobody else's business.
bool UptanePages::may_read(const http::PageRequest& request, std::string_view path) const {
  if (path.starts_with(kImages)) {
    return !identity_among(request, parts_.settings.images.downloaders).empty() ||
           !identity_among(request, parts_.settings.images.uploaders).empty();
  }
  if (!path.starts_with(kDirector)) return false;
  path.remove_prefix(kDirector.size());
  for (const Vehicle& vehicle : parts_.settings.vehicles) {
    if (!path.starts_with(name_of_vehicle(vehicle.cse_id) + "/")) continue;
    return !identity_among(request, {vehicle.cse_id, vehicle.gateway_ae}).empty();
  }
  return false;
}

http::Page UptanePages::take(const http::PageRequest& request) {
  const std::string who = identity_among(request, parts_.settings.images.uploaders);
  if (who.empty()) {
    parts_.log.step('A', "refused",
                    {{"peer", name_of_peer(request)}, {"reason", "not on the list"}});
    return text_page(403, "this identity may not upload");
  }
  const auto taken = parts_.repositories.take_images(request.body, parts_.clock());
  if (!taken) {
    parts_.log.step('A', "refused",
                    {{"by", who}, {"name", "Image repository"}, {"reason", taken.error().detail}});
    return text_page(status_of(taken.error()), taken.error().detail);
  }
  const std::size_t targets = parts_.repositories.targets().size();
  parts_.log.step('A', "repository", {{"by", who}, {"targets", std::to_string(targets)}});
  parts_.changed();
  return text_page(200, "taken: " + std::to_string(targets) + " targets");
}

}  // namespace gatehouse::ota_server
