#include "ae-apps/ota/gateway/bundle.h"

#include <algorithm>
#include <fstream>

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/gateway.h"
#include "ae-apps/ota/uptane/file_fetcher.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBundles = 16;
constexpr std::string_view kScheme = "bundle:";
constexpr std::string_view kFiles = "/files/";
constexpr const char* kMark = "gatehouse-bundle.json";

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<sdk::Downloaded> copy(const fs::path& from, const fs::path& to,
                             const sdk::DownloadSettings& how) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(from, error);
  if (error) return fail(Rsc::kNotFound, "the bundle does not have this file");
  if (size > how.max_bytes) {
    return fail(Rsc::kNotAcceptable,
                "the bundle's file is larger than " + std::to_string(how.max_bytes) + " bytes");
  }
  const fs::path part = fs::path(to) += ".part";
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  std::vector<char> block(how.block_bytes);
  std::uint64_t done = 0;
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    out.write(block.data(), in.gcount());
    done += static_cast<std::uint64_t>(in.gcount());
    if (how.progress && !how.progress(done, size)) {
      return fail(Rsc::kRequestTimeout, "the copying was stopped");
    }
  }
  out.close();
  if (done != size) return fail(Rsc::kNotFound, "the bundle's file cannot be read");
  if (out) fs::rename(part, to, error);
  if (!out || error) return fail(Rsc::kInternalServerError, "the gateway cannot write to its disk");
  return sdk::Downloaded{size, size, 0, 0};
}

}  // namespace

std::vector<fs::path> bundles_in(const std::string& folder) {
  std::vector<fs::path> out;
  if (folder.empty()) return out;
  std::error_code error;
  std::vector<fs::path> places = {folder};
  for (const auto& entry : fs::directory_iterator(folder, error)) places.push_back(entry.path());
  std::sort(places.begin(), places.end());
  for (const fs::path& place : places) {
    if (out.size() < kMaxBundles && fs::is_regular_file(place / kMark, error)) out.push_back(place);
  }
  return out;
}

std::string url_in_bundle(const fs::path& bundle, const std::string& sha256) {
  return std::string(kScheme) + bundle.string() + std::string(kFiles) + sha256;
}

std::optional<fs::path> bundle_of(const std::string& url) {
  if (!url.starts_with(kScheme)) return std::nullopt;
  const std::size_t files = url.rfind(kFiles);
  if (files == std::string::npos || files < kScheme.size()) return std::nullopt;
  return fs::path(url.substr(kScheme.size(), files - kScheme.size()));
}

RepositoryFetchers fetchers_of_bundle(const fs::path& bundle) {
  const auto of = [&](const char* name) {
    return std::make_unique<uptane::FileFetcher>(std::vector<fs::path>{bundle / name});
  };
  return {of("director"), of("images")};
}

Fetch fetch_from_bundle(fs::path bundle) {
  return [bundle = std::move(bundle)](const std::string& url, const fs::path& file,
                                      const sdk::DownloadSettings& how) -> Result<sdk::Downloaded> {
    const std::string name = url.substr(url.rfind('/') + 1);
    if (!is_digest(name)) return fail(Rsc::kNotFound, "the bundle does not have this file");
    return copy(bundle / "files" / name, file, how);
  };
}

// --- the gateway's part ------------------------------------------------------------------------

void Gateway::import_bundles() {
  for (const fs::path& bundle : bundles_in(settings_.bundles)) {
    for (const auto& [serial, ecu] : ecus_) import_order(bundle, *ecu);
  }
}

/// An ECU that is part of a release is updated with the others, though it may run its part already.
bool Gateway::brings_something_new(const fs::path& bundle, const VerifiedOrder& order,
                                   Member& ecu) {
  const Result<EcuFacts> facts = ecu.look();
  if (!facts) return false;
  if (order.release_counter > facts->release_counter) return true;
  return std::any_of(order.members.begin(), order.members.end(), [&](const std::string& member) {
    const auto other = ecus_.find(member);
    if (order.release.empty() || other == ecus_.end() || other->second.get() == &ecu) return false;
    const auto its_order = primary_->order_for(member, bundle);
    const Result<EcuFacts> its_facts = other->second->look();
    return its_order && its_facts && its_order->release_counter > its_facts->release_counter;
  });
}

/// What the bundle orders for one ECU becomes a job, unless it runs that or something newer.
void Gateway::import_order(const fs::path& bundle, Member& ecu) {
  const std::string& serial = ecu.entry().serial;
  const auto order = primary_->order_for(serial, bundle);
  if (!order) {
    if (order.error().reason == uptane::Reason::kUnknownEcu) return;
    const std::string reason = text_of(order.error());
    log_.step('E', "bundle-refused",
              {{"ecu", serial}, {"bundle", bundle.string()}, {"reason", reason}});
    board_.change(serial, [&](Board::Row& row) { row.last = "The bundle is refused: " + reason; });
    return;
  }
  const auto digest = order->image.hashes.find("sha256");
  if (digest == order->image.hashes.end() || !brings_something_new(bundle, *order, ecu)) return;
  const std::lock_guard lock(offer_mutex_);
  if (journal_->open_job_of(serial)) return;
  Job job;
  job.id = to_hex(crypto::SystemRandom().bytes(16));
  job.ecu = serial;
  job.url = url_in_bundle(bundle, digest->second);
  job.version = order->custom.string_at("version");
  job.offered_at = ota::timestamp_now();
  log_.step('E', "bundle",
            {{"ecu", serial}, {"version", job.version}, {"bundle", bundle.string()}});
  if (const auto kept = journal_->save(job); !kept) return log_.say(kept.error().detail);
  enqueue(std::move(job));
}

}  // namespace gatehouse::gateway
