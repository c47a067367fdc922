#include "ae-apps/ota/gateway/primary.h"

#include <algorithm>
#include <filesystem>

#include "ae-apps/ota/gateway/bundle.h"
#include "ae-apps/ota/gateway/http_fetcher.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/uptane/file_fetcher.h"
#include "ae-apps/ota/uptane/image_check.h"
#include "ae-apps/ota/uptane/repository_client.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStateBytes = 8U << 20;
constexpr std::uint64_t kRootsForEcu = 64;

fs::path state_file(const GatewaySettings& settings) {
  return fs::path(settings.state_dir) / "uptane.json";
}

Timestamp system_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

RepositoryFetchers over_http(const GatewaySettings& settings) {
  HttpFetcherSettings how;
  how.tls = settings.ae.tls;
  if (how.tls) how.tls->min_version = TlsVersion::k1_3;
  return {std::make_unique<HttpFetcher>(settings.uptane->director_url, how),
          std::make_unique<HttpFetcher>(settings.uptane->images_url, how)};
}

/// Hands on what comes and remembers it, for the ECUs.
class Remembering final : public uptane::Fetcher {
 public:
  explicit Remembering(uptane::Fetcher& from) : from_(from) {}
  uptane::FetchStatus fetch(const std::string& name, std::uint64_t max_bytes,
                            const Sink& sink) override {
    std::string text;
    const auto status = from_.fetch(name, max_bytes, [&](ByteView piece) {
      text.append(gatehouse::text_of(piece));
      sink(piece);
    });
    if (status == uptane::FetchStatus::kFound) files[name] = std::move(text);
    failed |= status == uptane::FetchStatus::kFailed;
    return status;
  }
  uptane::FileSet files;
  bool failed = false;  ///< a file was kept from us, whether it is there or not

 private:
  uptane::Fetcher& from_;
};

/// The whole chain of roots, since an ECU may have slept through some, and the targets without a
/// version before the name, which is how an ECU asks for them.
uptane::FileSet for_ecu(Remembering& director, const uptane::RepositoryVersions& versions) {
  const std::size_t limit = uptane::Limits().root_bytes;
  const std::uint64_t first = versions.root > kRootsForEcu ? versions.root - kRootsForEcu : 0;
  uptane::FileSet out;
  for (std::uint64_t n = first + 1; n <= versions.root; ++n) {
    const std::string name = std::to_string(n) + ".root.json";
    auto root = uptane::fetch_whole(director, name, limit);
    if (root) out.emplace(name, *std::move(root));
  }
  for (const std::string& name :
       {std::to_string(versions.targets) + ".targets.json", std::string("targets.json")}) {
    const auto found = director.files.find(name);
    if (found != director.files.end()) out.emplace("targets.json", found->second);
  }
  return out;
}

}  // namespace

std::string text_of(const uptane::Refusal& refusal) {
  std::string out(uptane::name_of(refusal.reason));
  for (const std::string& part : {refusal.repository, refusal.role, refusal.detail}) {
    if (!part.empty()) out += ": " + part;
  }
  return out;
}

Primary::Primary(const GatewaySettings& settings, Clock clock, Open open, ProvenTime time)
    : settings_(settings),
      clock_(clock ? std::move(clock) : Clock(system_now)),
      open_(open ? std::move(open) : Open([this] { return over_http(settings_); })),
      time_(std::move(time)) {}

Result<std::unique_ptr<Primary>> Primary::open(const GatewaySettings& settings, Clock clock,
                                               Open open, ProvenTime time) {
  std::unique_ptr<Primary> out(
      new Primary(settings, std::move(clock), std::move(open), std::move(time)));
  if (auto done = out->load(); !done) return fail(done.error());
  return out;
}

Result<void> Primary::load() {
  const auto text = ota::read_text(state_file(settings_), kMaxStateBytes);
  if (!text) return fail(text.error());
  if (!text->empty()) {
    auto state = uptane::decode_vehicle_state(*text);
    if (!state) {
      return fail(Rsc::kInternalServerError, "uptane.json: damaged: " + state.error().detail);
    }
    state_ = *std::move(state);
  }
  if (!settings_.uptane) return {};
  // Provisioned once; what was kept since then is newer.
  if (state_.director.root.empty()) state_.director.root = settings_.uptane->director_root;
  if (state_.images.root.empty()) state_.images.root = settings_.uptane->images_root;
  return {};
}

Result<void> Primary::save() {
  return ota::replace_file(state_file(settings_), uptane::encode_vehicle_state(state_));
}

namespace {

tl::unexpected<NoOrder> no_order(uptane::Refusal why, bool unreachable = false) {
  return tl::unexpected<NoOrder>(NoOrder{std::move(why), unreachable});
}

bool is_of_absence(uptane::Reason reason) {
  return reason == uptane::Reason::kMissing || reason == uptane::Reason::kDelegation;
}

std::vector<std::string> members_of(const uptane::VerifyOutcome& outcome, const std::string& name) {
  std::vector<std::string> out;
  for (const uptane::TargetOutcome& target : outcome.targets) {
    for (const auto& [serial, release] : target.order.releases) {
      if (release == name) out.push_back(serial);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

tl::expected<VerifiedOrder, NoOrder> Primary::order_for(const std::string& serial,
                                                        const fs::path& bundle) {
  const std::lock_guard lock(mutex_);
  if (!settings_.uptane) {
    return no_order({uptane::Reason::kMissing, {}, {}, "no repositories are configured"});
  }
  RepositoryFetchers fetchers;
  try {
    fetchers = bundle.empty() ? open_() : fetchers_of_bundle(bundle);
  } catch (const std::runtime_error& error) {  // http::Client throws for TLS files
    return no_order({uptane::Reason::kMissing, {}, {}, error.what()});
  }
  Remembering director(*fetchers.director);
  Remembering images(*fetchers.images);
  uptane::VerifyRequest request;
  const auto now = time_ ? time_() : uptane::Checked<Timestamp>(clock_());
  if (!now) return no_order(now.error(), now.error().reason == uptane::Reason::kMissing);
  request.now = *now;
  request.vehicle = settings_.vehicle;
  request.check_images = false;  // they are fetched next, each by its own job
  for (const EcuEntry& ecu : settings_.ecus) {
    request.ecus.push_back({ecu.serial, ecu.hardware_id});
  }
  const uptane::VehicleState before = state_;
  const uptane::VerifyOutcome outcome = uptane::verify_full(state_, director, images, request);
  if (state_ != before) {
    if (const auto kept = save(); !kept) {  // what is not kept must not be acted upon
      state_ = before;
      return no_order({uptane::Reason::kMissing, "state", {}, kept.error().detail});
    }
  }
  if (outcome.refusal) {
    const bool away = bundle.empty() && (director.failed || images.failed);
    return no_order(*outcome.refusal, away && is_of_absence(outcome.refusal->reason));
  }
  for (const uptane::TargetOutcome& target : outcome.targets) {
    if (!target.order.ecus.contains(serial)) continue;
    const auto release = target.order.releases.find(serial);
    const std::string name = release == target.order.releases.end() ? "" : release->second;
    return VerifiedOrder{target.name,
                         target.role,
                         target.order,
                         target.release_counter.value_or(0),
                         name,
                         members_of(outcome, name),
                         *outcome.director,
                         *outcome.images,
                         target.custom,
                         for_ecu(director, *outcome.director)};
  }
  return no_order(
      {uptane::Reason::kUnknownEcu, "director", "targets", "orders nothing for " + serial});
}

Result<void> check_ordered(const std::string& file, const uptane::TargetRecord& image) {
  const fs::path path(file);
  uptane::FileFetcher fetcher({path.parent_path()});
  const auto good = uptane::check_image(fetcher, {path.filename().string()}, image);
  if (good) return {};
  return fail(Rsc::kContentsUnacceptable, text_of(good.error()));
}

}  // namespace gatehouse::gateway
