#include "ae-apps/ota/repository/director_metadata.h"

#include <algorithm>
#include <map>
#include <set>

#include "ae-apps/ota/repository/content.h"
#include "ae-apps/ota/repository/signing.h"

namespace gatehouse::uptane {
namespace {

Value hashes_of(const TargetRecord& target) {
  Value out = Value::object();
  for (const auto& [algorithm, digest] : target.hashes) out.set(algorithm, digest);
  return out;
}

/// One target for all ECUs that are to run the same image.
Value targets_of(const std::vector<EcuOrder>& orders) {
  std::map<std::string, Value> ecus;
  std::map<std::string, const TargetRecord*> records;
  for (const EcuOrder& order : orders) {
    Value about = Value::object({{"hardwareId", order.hardware_id}});
    if (!order.release.empty()) about.set("release", order.release);
    ecus[order.target].set(order.serial, std::move(about));
    records[order.target] = &order.genuine;
  }
  Value out = Value::object();
  for (const auto& [name, record] : records) {
    Value custom = Value::object({{"ecuIdentifiers", ecus[name]}});
    if (record->release_counter) custom.set("releaseCounter", *record->release_counter);
    out.set(name, Value::object({{"length", record->length},
                                 {"hashes", hashes_of(*record)},
                                 {"custom", std::move(custom)}}));
  }
  return out;
}

bool runs(const EcuReport& report, const TargetRecord& target) {
  return std::any_of(report.hashes.begin(), report.hashes.end(), [&](const auto& hash) {
    const auto same = target.hashes.find(hash.first);
    return same != target.hashes.end() && same->second == hash.second;
  });
}

}  // namespace

Result<FileSet> make_director_files(const DirectorIssue& issue, const DirectorKeys& keys) {
  std::set<std::string> serials;
  for (const EcuOrder& order : issue.orders) {
    if (serials.insert(order.serial).second) continue;
    return fail(Rsc::kBadRequest, order.serial + ": is to run two images");
  }
  const Timestamp expires = issue.now + issue.validity;
  const std::string number = std::to_string(issue.version) + ".";
  FileSet out;
  Value targets = metadata_head("targets", issue.version, expires);
  targets.set("targets", targets_of(issue.orders));
  targets.set("custom", Value::object({{"vehicleId", issue.vehicle}}));
  const auto signed_targets = add_signature(unsigned_metadata(targets), keys.targets);
  if (!signed_targets) return fail(signed_targets.error());
  out[number + "targets.json"] = *signed_targets;
  out["targets.json"] = *signed_targets;  // for those that verify partially, by no snapshot

  Value snapshot = metadata_head("snapshot", issue.version, expires);
  snapshot.set("meta",
               Value::object({{"targets.json", file_record(*signed_targets, issue.version)}}));
  const auto signed_snapshot = add_signature(unsigned_metadata(snapshot), keys.snapshot);
  if (!signed_snapshot) return fail(signed_snapshot.error());
  out[number + "snapshot.json"] = *signed_snapshot;

  Value timestamp = metadata_head("timestamp", issue.version, expires);
  timestamp.set("meta",
                Value::object({{"snapshot.json", file_record(*signed_snapshot, issue.version)}}));
  const auto signed_timestamp = add_signature(unsigned_metadata(timestamp), keys.timestamp);
  if (!signed_timestamp) return fail(signed_timestamp.error());
  out["timestamp.json"] = *signed_timestamp;
  return out;
}

std::vector<EcuOrder> orders_for(const VehicleManifest& manifest,
                                 const std::vector<VehicleEcu>& ecus,
                                 const DescribedTargets& images) {
  std::vector<EcuOrder> out;
  for (const VehicleEcu& ecu : ecus) {
    const auto report = manifest.reports.find(ecu.serial);
    if (report == manifest.reports.end()) continue;
    std::uint64_t running = 0;
    const std::pair<const std::string, FoundTarget>* best = nullptr;
    for (const auto& image : images) {
      const TargetRecord& record = image.second.record;
      const std::uint64_t counter = record.release_counter.value_or(0);
      if (runs(report->second, record)) running = std::max(running, counter);
      const auto& ids = record.hardware_ids;
      if (std::find(ids.begin(), ids.end(), ecu.hardware_id) == ids.end()) continue;
      if (best == nullptr || counter > best->second.record.release_counter.value_or(0)) {
        best = &image;
      }
    }
    if (best == nullptr || best->second.record.release_counter.value_or(0) < running) continue;
    out.push_back({ecu.serial, ecu.hardware_id, best->first, best->second.record});
  }
  return out;
}

}  // namespace gatehouse::uptane
