#include "ae-apps/ota/server/uptane_pages.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "ae-apps/ota/crypto/digest.h"
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

/// The range of a header "bytes=5-9" or "bytes=5-" as first and behind the last; nullopt: whole.
std::optional<std::pair<std::size_t, std::size_t>> range_in(std::string_view field,
                                                            std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) return std::nullopt;
  field.remove_prefix(kUnit.size());
  std::size_t first = 0, last = size - 1;
  const char* end = field.data() + field.size();
  auto read = std::from_chars(field.data(), end, first);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != '-') return std::nullopt;
  if (++read.ptr != end) {
    read = std::from_chars(read.ptr, end, last);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  }
  if (first >= size || last < first) return std::nullopt;
  return std::pair{first, std::min(last, size - 1) + 1};
}

/// Whole, or one range of it: vehicles read by ranges, so that no answer is larger than they asked
/// for.
http::Page page_of(const std::string& text, const http::PageRequest& request) {
  http::Page page;
  page.content_type = "application/json";
  const auto range = range_in(http::find_header(*request.headers, "Range"), text.size());
  const std::string etag = "\"" + to_hex(crypto::sha256(view_of(text))).substr(0, 32) + "\"";
  page.headers.emplace_back("ETag", etag);
  const std::string_view condition = http::find_header(*request.headers, "If-Range");
  if (!range || (!condition.empty() && condition != etag)) {
    page.body = text;
    return page;
  }
  page.status = 206;
  page.body = text.substr(range->first, range->second - range->first);
  page.headers.emplace_back("Content-Range", "bytes " + std::to_string(range->first) + "-" +
                                                 std::to_string(range->second - 1) + "/" +
                                                 std::to_string(text.size()));
  return page;
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
  return page_of(*text, request);
}

/// What is ordered for a vehicle is nobody else's business.
bool UptanePages::may_read(const http::PageRequest& request, std::string_view path) const {
  if (path.starts_with(kImages)) {
    return !identity_among(request, parts_.settings.images.downloaders).empty() ||
           !identity_among(request, parts_.settings.images.uploaders).empty();
  }
  if (!path.starts_with(kDirector)) return false;
  path.remove_prefix(kDirector.size());
  const std::string_view wanted = path.substr(0, path.find('/'));
  for (const Vehicle& vehicle : parts_.settings.vehicles) {
    if (vehicle.cse_id.size() != wanted.size() + 1 || !vehicle.cse_id.ends_with(wanted)) continue;
    const std::vector<std::string> both = {vehicle.cse_id, vehicle.gateway_ae};
    return !identity_among(request, both).empty();
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
