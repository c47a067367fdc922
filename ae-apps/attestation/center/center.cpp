#include "ae-apps/attestation/center/center.h"

#include <algorithm>

#include "ae-apps/attestation/evidence/operation/certificate.h"
#include "cse/codec/json.h"

namespace gatehouse::center {
namespace {

using evidence::Record;

/// How long the record after each kind may take. A flash over a slow link is slow, a user slower.
struct Limit {
  RecordKind after;
  std::chrono::seconds time;
};
constexpr Limit kLimits[] = {
    {RecordKind::kOpen, std::chrono::seconds(60)},
    {RecordKind::kBeforeChallenge, std::chrono::seconds(60)},
    {RecordKind::kBeforeEvidence, std::chrono::seconds(60)},
    {RecordKind::kBeforeResult, std::chrono::seconds(600)},
    {RecordKind::kSelection, std::chrono::seconds(600)},
    {RecordKind::kDelivery, std::chrono::seconds(86'400)},
    {RecordKind::kConsent, std::chrono::seconds(3'600)},
    {RecordKind::kApply, std::chrono::seconds(3'600)},
    {RecordKind::kReboot, std::chrono::seconds(900)},
    {RecordKind::kAfterChallenge, std::chrono::seconds(60)},
    {RecordKind::kAfterEvidence, std::chrono::seconds(60)},
    {RecordKind::kAfterResult, std::chrono::seconds(600)},
    {RecordKind::kConfirmation, std::chrono::seconds(600)},
    {RecordKind::kFailure, std::chrono::seconds(3'600)},
    {RecordKind::kRollback, std::chrono::seconds(900)},
};

std::string name_of(RecordKind kind) { return std::string(evidence::row_of(kind).name); }

/// Where an operation stands after one more record; the same when it happens and when it is read
/// back.
void apply(Standing& standing, const Record& record, Acknowledged acknowledged) {
  if (record.kind == RecordKind::kOpen) standing = {};
  standing.operation = record.operation;
  standing.position = record.position;
  standing.last_entry = acknowledged.entry;
  standing.records.push_back(std::move(acknowledged));
  if (record.kind == RecordKind::kRefusal) return;
  standing.last = record.kind;
  standing.since = record.time;
  standing.applied = standing.applied || record.kind == RecordKind::kApply;
}

}  // namespace

std::chrono::seconds Center::limit_after(RecordKind last) {
  for (const Limit& limit : kLimits) {
    if (limit.after == last) return limit.time;
  }
  return std::chrono::seconds::max();
}

const Standing* Center::standing(const std::string& device) const {
  const auto found = devices_.find(device);
  return found == devices_.end() ? nullptr : &found->second;
}

// --- resuming --------------------------------------------------------------------------------

Result<Center> Center::resume(evidence::Medium& medium, evidence::Log& log, crypto::SigningKey key,
                              CenterSettings settings) {
  Center center(log, std::move(key), std::move(settings));
  // Entries are read from tiles: what is only in the journal yet goes there first.
  const auto tree = log.publish();
  if (!tree) return fail(tree.error());
  const std::uint64_t size = tree->checkpoint.size;
  evidence::TileSource source(medium, size);
  for (std::uint64_t first = 0; first < size; first += evidence::kTileWidth) {
    const auto bundle = source.bundle(first / evidence::kTileWidth);
    if (!bundle) return fail(bundle.error());
    const auto entries =
        evidence::entries_of(*bundle, std::min(evidence::kTileWidth, size - first));
    if (!entries) return fail(entries.error());
    for (std::size_t i = 0; i < entries->size(); ++i) {
      if (auto done = center.replay((*entries)[i], first + i); !done) return fail(done.error());
    }
  }
  return center;
}

Result<void> Center::replay(ByteView entry, std::uint64_t index) {
  if (!evidence::looks_like_record(entry)) return {};
  const auto record = evidence::decode_record(text_of(entry));
  if (!record) return fail(Rsc::kNotAcceptable, record.error().detail);
  const Standing& standing = devices_[record->device];
  const bool opens = record->kind == RecordKind::kOpen;
  const std::string previous =
      standing.last_entry.empty() ? "" : to_hex(evidence::leaf_hash(view_of(standing.last_entry)));
  if (record->operation != standing.operation + (opens ? 1 : 0) ||
      record->position != (opens ? 1 : standing.position + 1) || record->previous != previous) {
    return fail(Rsc::kNotAcceptable, "entry " + std::to_string(index) +
                                         " does not continue the records of " + record->device);
  }
  advance(*record, {index, std::string(text_of(entry))});
  return {};
}

void Center::advance(const Record& record, Acknowledged acknowledged) {
  apply(devices_[record.device], record, std::move(acknowledged));
}

// --- steps -----------------------------------------------------------------------------------

/// Signed by us, and written.
Result<Acknowledged> Center::add(Record record) {
  record.time = settings_.clock();
  if (auto signed_now = evidence::sign(record, key_); !signed_now) return fail(signed_now.error());
  const std::string entry = evidence::encode(record);
  // The form of our own records is checked as that of others: a fact may be missing.
  if (const auto again = evidence::decode_record(entry); !again) return fail(again.error());
  return write(record);
}

Result<Acknowledged> Center::write(const Record& record) {
  Acknowledged acknowledged{0, evidence::encode(record)};
  const auto index = log_->append({bytes_of(acknowledged.entry)});
  if (!index) return fail(index.error());
  acknowledged.index = *index;
  advance(record, acknowledged);
  return acknowledged;
}

Result<Acknowledged> Center::begin(const std::string& device, const std::string& reason) {
  const Standing* before = standing(device);
  if (before != nullptr && before->open()) {
    return fail(Rsc::kConflict, "operation " + std::to_string(before->operation) + " on " + device +
                                    " is still open");
  }
  const bool first = before == nullptr || before->operation == 0;
  Record record = evidence::opening(
      device, first ? 1 : before->operation + 1,
      first ? std::nullopt : std::optional<std::string_view>(before->last_entry), {});
  record.facts["reason"] = reason;
  return add(std::move(record));
}

Result<Acknowledged> Center::state(const std::string& device, RecordKind kind,
                                   std::map<std::string, std::string> facts) {
  const Standing* now = standing(device);
  if (now == nullptr || !now->open()) return fail(Rsc::kNotFound, "no operation is open");
  if (evidence::row_of(kind).role != "center" || kind == RecordKind::kOpen) {
    return fail(Rsc::kBadRequest, name_of(kind) + " is not for the Center to say");
  }
  if (!evidence::may_follow(kind, now->last)) {
    return fail(Rsc::kConflict, name_of(kind) + " cannot come after " + name_of(now->last));
  }
  Record last;
  last.device = device;
  last.operation = now->operation;
  last.position = now->position;
  Record record = evidence::following(last, now->last_entry, kind, {});
  record.facts = std::move(facts);
  return add(std::move(record));
}

Result<void> Center::check(const Record& record, const Standing& standing) const {
  const std::string_view role = evidence::row_of(record.kind).role;
  if (role == "center") {
    return fail(Rsc::kOriginatorHasNoPrivilege, "only the Center says " + name_of(record.kind));
  }
  const auto key = settings_.key_of(role, record.device);
  if (!key || !evidence::signed_by(record, *key)) {
    return fail(Rsc::kOriginatorHasNoPrivilege,
                name_of(record.kind) + " is not signed by the " + std::string(role));
  }
  if (record.operation != standing.operation || record.position != standing.position + 1 ||
      record.previous != to_hex(evidence::leaf_hash(view_of(standing.last_entry)))) {
    return fail(Rsc::kConflict,
                "the record does not continue operation " + std::to_string(standing.operation));
  }
  if (!evidence::may_follow(record.kind, standing.last)) {
    return fail(Rsc::kConflict,
                name_of(record.kind) + " cannot come after " + name_of(standing.last));
  }
  if (std::chrono::abs(record.time - settings_.clock()) > settings_.clock_tolerance) {
    return fail(Rsc::kNotAcceptable, "the clock of the " + std::string(role) + " is wrong");
  }
  return {};
}

Result<Acknowledged> Center::take(std::string_view entry) {
  const auto record = evidence::decode_record(entry);
  if (!record) return fail(record.error());
  const Standing* now = standing(record->device);
  if (now == nullptr) return fail(Rsc::kNotFound, "no operation is open");
  // Whoever did not hear our answer says it again.
  const auto known = std::ranges::find(now->records, entry, &Acknowledged::entry);
  if (known != now->records.end()) return *known;
  if (!now->open()) return fail(Rsc::kNotFound, "no operation is open");
  if (const auto good = check(*record, *now); !good) {
    if (auto kept = keep_attempt(*record, good.error().detail); !kept) return fail(kept.error());
    return fail(good.error());
  }
  return write(*record);
}

/// An entry beside the chain of records: an attempt must not change what the next good record has
/// to hold on to, or anybody could keep the device from continuing.
Result<void> Center::keep_attempt(const Record& record, const std::string& reason) {
  Standing& now = devices_[record.device];
  if (now.refusals == settings_.max_refusals) return {};
  ++now.refusals;
  const Value attempt = Value::object(
      {{"attempt", Value::object({{"device", record.device},
                                  {"kind", name_of(record.kind)},
                                  {"operation", now.operation},
                                  {"reason", reason},
                                  {"record", to_hex(crypto::sha256(view_of(encode(record))))},
                                  {"time", to_text(settings_.clock())}})}});
  const auto index = log_->append({bytes_of(to_json(attempt))});
  if (!index) return fail(index.error());
  return {};
}

// --- time ------------------------------------------------------------------------------------

Result<void> Center::fail_late(const std::string& device) {
  const Standing before = *standing(device);
  const std::string reason = "nothing came in time after " + name_of(before.last);
  const bool went_back = before.last == RecordKind::kRollback;
  if (before.last != RecordKind::kFailure && !went_back) {
    if (auto told = state(device, RecordKind::kFailure, {{"reason", reason}}); !told) {
      return fail(told.error());
    }
    if (before.applied) return {};  // the device may still go back
  }
  const std::string outcome = went_back        ? "failed; " + device + " went back to what it had"
                              : before.applied ? "failed; the state of " + device + " is unknown"
                                               : std::string("failed; nothing was changed");
  if (auto told = state(device, RecordKind::kClose, {{"outcome", outcome}}); !told) {
    return fail(told.error());
  }
  return {};
}

Result<std::vector<std::string>> Center::expire() {
  const Timestamp now = settings_.clock();
  std::vector<std::string> late;
  for (const auto& [device, standing] : devices_) {
    if (standing.open() && now - standing.since > limit_after(standing.last)) {
      late.push_back(device);
    }
  }
  for (const std::string& device : late) {
    if (auto done = fail_late(device); !done) return fail(done.error());
  }
  return late;
}

}  // namespace gatehouse::center
