#include <algorithm>
#include <utility>

#include "ae-apps/ota/gateway/bundle.h"
#include "ae-apps/ota/gateway/needs.h"
#include "ae-apps/ota/gateway/update.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlockBytes = 64u << 10;

}  // namespace

Update::Step Update::begin() {
  if (const auto told = tools_.cse.set_status(job_.ecu, sdk::UpdateStatus::kInProcess); !told) {
    tools_.log.say("uds of " + job_.ecu + ": " + told.error().detail);
    return End::kTryLater;
  }
  if (!std::exchange(accepted_, true)) {
    tools_.log.step('E', "accepted",
                    {{"ecu", job_.ecu}, {"version", job_.version}, {"url", job_.url}});
  }
  const Result<EcuFacts> facts = ecu_.look();
  if (!facts) return give_up("download", "before the download: " + facts.error().detail);
  job_.from_version = facts->version;
  if (const auto ordered = verify_order(); !ordered) {
    if (unreachable_) return wait_for_server("verify", ordered.error().detail);
    return give_up("verify", ordered.error().detail);
  }
  std::error_code error;
  const fs::path folder = image_file().parent_path();
  fs::create_directories(folder, error);
  // What is left of other offers makes room; of this one it saves time.
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    const bool ours =
        entry.path().filename().string().starts_with(image_file().filename().string());
    if (!ours) fs::remove(entry.path(), ignored);
  }
  if (error) return give_up("download", "the gateway cannot write to its disk");
  const std::uint64_t needed = delivery_.bytes_needed(job_);
  if (!ota::has_room(tools_.settings.state_dir, tools_.settings.min_free_bytes + needed)) {
    return give_up("download", "there is not enough free space at the gateway for " +
                                   std::to_string(needed) +
                                   " bytes: " + std::to_string(tools_.settings.min_free_bytes) +
                                   " bytes must be left");
  }
  return enter(JobState::kDownloading);
}

/// For as long as an order lives at the server, as it is set; counted from the first try, also
/// after a restart.
Update::Step Update::wait_for_server(const char* stage, const std::string& reason) {
  const Timestamp now = tools_.clock();
  if (job_.reach_by.empty()) job_.reach_by = to_text(now + tools_.settings.server_wait);
  if (parse_timestamp(job_.reach_by).value_or(now) <= now) {
    return give_up(stage, "the OTA server could not be reached in time: " + reason);
  }
  tell_wait('E', "the OTA server cannot be reached: " + reason);
  return later();
}

/// Both repositories must say that this ECU is to get an image, and which; what the server wrote
/// into the [firmware] is a hint where to look, nothing more.
Result<void> Update::verify_order() {
  const auto bundle = bundle_of(job_.url);
  const auto order = tools_.primary.order_for(job_.ecu, bundle.value_or(fs::path()));
  unreachable_ = !order && order.error().unreachable;
  if (!order) return fail(Rsc::kContentsUnacceptable, text_of(order.error()));
  const auto digest = order->image.hashes.find("sha256");
  if (digest == order->image.hashes.end()) {
    return fail(Rsc::kContentsUnacceptable, "unsupported: the target has no SHA-256");
  }
  Value files = Value::object();
  for (const auto& [name, text] : order->for_ecu) files.set(name, text);
  if (bundle && job_.url != url_in_bundle(*bundle, digest->second)) {
    return fail(Rsc::kContentsUnacceptable, "the bundle orders another image by now");
  }
  job_.target = order->target;
  job_.target_sha256 = digest->second;
  job_.image_bytes = order->image.length;
  job_.for_ecu = to_json(files);
  job_.custom = order->custom.is_null() ? "" : to_json(order->custom);
  job_.ordered_at = to_text(tools_.clock());
  job_.release = order->release;
  job_.members.clear();
  if (!job_.release.empty()) {
    for (const std::string& member : order->members) {
      job_.members += (job_.members.empty() ? "" : ",") + member;
    }
  }
  tools_.log.step('E', "ordered",
                  {{"ecu", job_.ecu},
                   {"target", order->target},
                   {"role", order->role},
                   {"director", std::to_string(order->director.targets)},
                   {"images", std::to_string(order->images.targets)},
                   {"release_counter", std::to_string(order->release_counter)},
                   {"sha256", job_.target_sha256}});
  return {};
}

/// What the Director signed for this ECU, as it was verified last.
bool Update::has_expired() const {
  const Result<Value> files = parse_json(job_.for_ecu);
  const Result<Value> targets =
      files ? parse_json(files->string_at("targets.json")) : Result<Value>(Value());
  const Value* content = targets ? targets->find("signed") : nullptr;
  if (content == nullptr) return true;
  const auto expires = uptane::parse_iso_time(content->string_at("expires"));
  return !expires || *expires <= tools_.clock();
}

/// A stick that was pulled out says no more than it did: then the ECU's own check is the last.
Result<void> Update::refresh_order() {
  unreachable_ = false;
  const auto verified = parse_timestamp(job_.ordered_at);
  if (!verified) return {};  // a job of an older version
  const Timestamp now = tools_.clock();
  if (*verified <= now && now - *verified < tools_.settings.order_freshness) return {};
  if (const auto bundle = bundle_of(job_.url); bundle && !fs::exists(*bundle)) return {};
  const Job before = job_;
  Result<void> done = verify_order();
  if (done && (job_.target_sha256 != before.target_sha256 || job_.release != before.release ||
               job_.members != before.members)) {
    done = fail(Rsc::kContentsUnacceptable, "the Director orders another image by now");
  }
  if (done) return tools_.journal.save(job_);
  job_ = before;
  if (!unreachable_ || has_expired()) return done;
  unreachable_ = false;
  return {};
}

sdk::DownloadSettings Update::tls_settings() const {
  sdk::DownloadSettings how;
  how.tls = tools_.settings.ae.tls;
  if (how.tls) how.tls->min_version = TlsVersion::k1_3;
  return how;
}

/// The network, or the bundle that the order came with.
Fetch Update::way() const {
  const auto bundle = bundle_of(job_.url);
  return bundle ? fetch_from_bundle(*bundle) : tools_.fetch;
}

Result<sdk::Downloaded> Update::download() {
  sdk::DownloadSettings how = tls_settings();
  how.max_bytes = std::min(tools_.settings.max_image_bytes, job_.image_bytes);
  how.block_bytes = std::clamp<std::uint64_t>(
      tools_.settings.cut_download_after.value_or(kBlockBytes), 256, kBlockBytes);
  bool cut = false;
  ota::DownloadWatch watch(
      {tools_.settings.download, tools_.settings.state_dir, tools_.settings.min_free_bytes},
      stopping_, tools_.download_clock, tools_.download_pause);
  how.progress = [&](std::uint64_t bytes, std::uint64_t total) {
    show(bytes, total);
    cut = !cut_done_ && tools_.settings.cut_download_after && bytes < total &&
          bytes >= *tools_.settings.cut_download_after;
    return !cut && watch.block(bytes, total);
  };
  for (;;) {
    cut = false;  // the try before may have been; this one may fail before its first block
    Result<sdk::Downloaded> got = delivery_.bring(job_, image_file(), way(), how);
    if (const auto refusal = watch.refusal(); !got && refusal) return fail(*refusal);
    if (got || !cut) return got;
    cut_done_ = true;
    tools_.log.step('E', "cut", {{"ecu", job_.ecu}, {"reason", "as asked for; now it resumes"}});
  }
}

Update::Step Update::fetch() {
  if (!fs::exists(image_file())) {
    const Result<sdk::Downloaded> got = download();
    if (!got && stopping_) return End::kInterrupted;
    // What has come of it stays, and is gone on with.
    if (!got && got.error().rsc == Rsc::kTargetNotReachable && !bundle_of(job_.url)) {
      return wait_for_server("download", got.error().detail);
    }
    if (!got) return give_up("download", "the image could not be fetched: " + got.error().detail);
    tools_.log.step('E', "downloaded",
                    {{"ecu", job_.ecu},
                     {"bytes", std::to_string(got->bytes)},
                     {"fetched", std::to_string(got->fetched_bytes)},
                     {"resumed", got->fetched_bytes < got->bytes ? "yes" : "no"},
                     {"failures", std::to_string(got->failures)}});
  }
  delivery_.bring_sbom(job_, way(), tls_settings());
  return check();
}

image::Policy Update::image_policy(std::uint64_t least_release_counter) const {
  image::Policy policy;
  policy.trusted_keys = tools_.settings.oem_keys;
  policy.hardware_id = ecu_.entry().hardware_id;
  policy.minimum_release_counter = least_release_counter;
  policy.max_payload_bytes = tools_.settings.max_image_bytes;
  return policy;
}

/// Of an ECU with one slot, once it runs the new image. Whoever died before this comes here again,
/// perhaps with a file that has changed meanwhile, or that `keep` has taken away after this.
Result<void> Update::keep_way_back() {
  if (ecu_.entry().slots != 1 || !runs_new()) return {};
  if (!fs::exists(image_file()) && ecu_.goes_back_to(job_.payload_sha256)) return {};
  if (!image_ && fs::exists(image_file())) {
    const auto same = delivery_.check(job_, image_file(), image_policy(0));
    if (!same) return fail(Rsc::kNotAcceptable, same.error().detail);
  }
  return ecu_.adopt(image_file());
}

/// Also after a restart: the file may have changed while nobody looked.
Result<void> Update::load_image() {
  if (image_) return {};
  const Result<EcuFacts> facts = ecu_.look();
  if (!facts) return fail(facts.error());
  Result<CheckedImage> image =
      delivery_.check(job_, image_file(), image_policy(facts->release_counter));
  if (!image) return fail(image.error());
  if (job_.version.empty()) job_.version = image->header.manifest.version;  // of a bundle
  if (image->header.manifest.version != job_.version) {
    return fail(Rsc::kNotAcceptable, "the image is version " + image->header.manifest.version +
                                         ", but " + job_.version + " was offered");
  }
  image_ = *std::move(image);
  return {};
}

Update::Step Update::check() {
  if (const auto good = load_image(); !good) {
    std::error_code ignored;
    fs::remove(image_file(), ignored);
    return give_up("verify", good.error().detail);
  }
  const image::Manifest& manifest = image_->header.manifest;
  job_.requirements.clear();
  for (const std::string& each : manifest.requirements) job_.requirements += each + "\n";
  if (job_.release.empty()) {  // else they are looked at once the others are there
    const std::map<std::string, std::string> planned = {{job_.ecu, job_.version}};
    auto unmet = objection_to(tools_.settings.ecus, planned, tools_.board);
    if (!unmet) {
      unmet = unmet_requirement(tools_.settings.ecus, job_.requirements, planned, tools_.board);
    }
    if (unmet) return give_up("verify", *unmet);
  }
  if (const auto whole = image::required_release(manifest.requirements)) {
    const auto members = 1 + std::count(job_.members.begin(), job_.members.end(), ',');
    if (job_.release != whole->name || static_cast<std::uint64_t>(members) != whole->count) {
      return give_up("verify", "the image is released only together with others: release " +
                                   whole->name + " of " + std::to_string(whole->count) + " ECUs");
    }
  }
  job_.name = manifest.name;
  job_.notes = manifest.notes;
  job_.duration_s = manifest.duration_s;
  job_.unavailable = manifest.unavailable;
  job_.payload_sha256 = to_hex(image_->payload_sha256);
  tools_.log.step('E', "verified",
                  {{"ecu", job_.ecu},
                   {"version", manifest.version},
                   {"hardware", manifest.hardware_id},
                   {"release_counter", std::to_string(manifest.release_counter)},
                   {"sha256", job_.payload_sha256},
                   {"key", to_hex(image_->header.signatures.front().key_id)}});
  job_.answer_by = to_text(tools_.clock() + tools_.settings.consent_timeout);
  return enter(JobState::kVerified);
}

}  // namespace gatehouse::gateway
