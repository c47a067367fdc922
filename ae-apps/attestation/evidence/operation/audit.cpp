#include "ae-apps/attestation/evidence/operation/audit.h"

#include <algorithm>
#include <set>

#include "ae-apps/attestation/evidence/operation/checkpoint_audit.h"
#include "ae-apps/attestation/evidence/operation/quote_audit.h"
#include "ae-apps/attestation/evidence/trust/certified_key.h"
#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/attestation/verifier/verdict.h"

namespace gatehouse::evidence {
namespace {

/// By how much a signer's clock may be ahead of the time stamp.
constexpr std::int64_t kClockTolerance_s = 300;

tl::unexpected<Error> refused(const std::string& reason) {
  return fail(Rsc::kNotAcceptable, reason);
}

/// A signer of records whose key is proven.
struct ProvenSigner {
  crypto::PublicKey key;
  std::string name;
};

/// An attestation, and the digests of its files.
struct Attested {
  AttestedState state;
  std::string evidence, verdict;
  std::optional<crypto::PublicKey> verifier;
};

class CertificateAudit {
 public:
  CertificateAudit(const Certificate& certificate, const TrustAnchors& anchors)
      : certificate_(certificate), anchors_(anchors) {}

  Result<AuditReport> run() {
    report_.device = certificate_.device;
    report_.operation = certificate_.operation;
    using Step = Result<void> (CertificateAudit::*)();
    for (const Step step : {&CertificateAudit::check_keys, &CertificateAudit::check_checkpoint,
                            &CertificateAudit::check_earlier, &CertificateAudit::check_numbering,
                            &CertificateAudit::check_records, &CertificateAudit::check_files,
                            &CertificateAudit::check_quotes}) {
      if (auto done = (this->*step)(); !done) return fail(done.error());
    }
    return std::move(report_);
  }

 private:
  const Checkpoint& tree() const { return certificate_.checkpoint.checkpoint; }

  Result<void> in_log(const LoggedEntry& one, const std::string& what) const {
    const auto included = verify_inclusion(leaf_hash(view_of(one.entry)), one.index, tree().size,
                                           one.proof, tree().root);
    if (!included) return refused(what + " is not in the log: " + included.error().detail);
    return {};
  }

  /// The log's keys from the anchors on. Their changes are entries of the log, so they are proven
  /// against the same checkpoint whose signature they then make good.
  Result<void> check_keys() {
    for (const VerifierKey& key : anchors_.logs) keys_.push_back({key, 0, UINT64_MAX});
    for (const LoggedEntry& one : certificate_.key_changes) {
      if (auto there = in_log(one, "a change of the log's key"); !there) return there;
      const auto change = parse_key_change(one.entry);
      if (!change || change->index != one.index) return refused("a key change is malformed");
      if (auto done = follow(keys_, *change, tree().origin); !done) return done;
      report_.proven.push_back("The log changed its key with entry " + std::to_string(one.index) +
                               "; the old key signed for the new one.");
    }
    return {};
  }

  Result<void> check_checkpoint() {
    auto checked = check_stamped(certificate_.checkpoint, certificate_.stamp, keys_, anchors_);
    if (!checked) return fail(checked.error());
    stamp_time_s_ = checked->stamp.time_s;
    report_.proven.push_back("The log " + tree().origin + " has signed that it holds " +
                             std::to_string(tree().size) + " entries.");
    report_.proven.insert(report_.proven.end(), checked->proven.begin(), checked->proven.end());
    return {};
  }

  Result<void> check_earlier() {
    for (const EarlierCheckpoint& one : certificate_.earlier) {
      const Checkpoint& before = one.checkpoint.checkpoint;
      if (before.origin != tree().origin) return refused("an earlier checkpoint is of another log");
      auto checked = check_stamped(one.checkpoint, one.stamp, keys_, anchors_);
      if (!checked) return fail(checked.error());
      if (checked->stamp.time_s > stamp_time_s_) {
        return refused("an earlier checkpoint was stamped later");
      }
      const auto grown =
          verify_consistency(before.size, tree().size, one.growth, before.root, tree().root);
      if (!grown) return refused("the log was rewritten: " + grown.error().detail);
      const auto there = std::ranges::count_if(
          certificate_.records, [&before](const LoggedEntry& r) { return r.index < before.size; });
      report_.proven.push_back("By " + readable_time(checked->stamp.time_s) + ", " +
                               std::to_string(there) + " of the records were in the log.");
    }
    return {};
  }

  /// The operation before this one must be the one numbered before, and be closed.
  Result<void> check_numbering() {
    const std::uint64_t number = certificate_.operation;
    if (number == 0) return refused("operations are numbered from 1");
    if (certificate_.records.empty()) return refused("there is no record");
    if (number == 1) {
      if (certificate_.predecessor) return refused("operation 1 has none before it");
      report_.proven.emplace_back("It is the first operation on this device.");
      return {};
    }
    if (!certificate_.predecessor) {
      return refused("operation " + std::to_string(number - 1) + " is missing");
    }
    const LoggedEntry& before = *certificate_.predecessor;
    if (auto there = in_log(before, "the operation before"); !there) return there;
    const auto record = decode_record(before.entry);
    if (!record) return refused("the operation before: " + record.error().detail);
    if (record->device != certificate_.device) {
      return refused("the operation before is of another device");
    }
    if (record->operation != number - 1) {
      return refused("operation " + std::to_string(number - 1) + " is missing: the one before is " +
                     std::to_string(record->operation));
    }
    if (record->kind != RecordKind::kClose) return refused("the operation before was not closed");
    if (auto good = signer_of(*record); !good) return fail(good.error());
    previous_ = to_hex(leaf_hash(view_of(before.entry)));
    last_index_ = before.index;
    report_.proven.push_back("Operation " + std::to_string(number - 1) +
                             " came right before it: no number is missing.");
    return {};
  }

  Result<void> check_records() {
    std::optional<RecordKind> last;
    for (std::size_t i = 0; i < certificate_.records.size(); ++i) {
      const LoggedEntry& one = certificate_.records[i];
      const std::string what = "record " + std::to_string(i + 1);
      if (auto there = in_log(one, what); !there) return there;
      const auto record = decode_record(one.entry);
      if (!record) return refused(what + ": " + record.error().detail);
      if (auto good = check_place(*record, one, i + 1); !good) {
        return refused(what + ": " + good.error().detail);
      }
      const bool first_is_open = last || record->kind == RecordKind::kOpen;
      if (!first_is_open || (last && !may_follow(record->kind, *last))) {
        return refused(what + ": " + std::string(row_of(record->kind).name) + " cannot come here");
      }
      if (record->kind != RecordKind::kRefusal) last = record->kind;
      if (auto done = add_line(*record); !done) {
        return refused(what + ": " + done.error().detail);
      }
    }
    if (last != RecordKind::kClose)
      return refused("the operation is not closed: records are missing");
    return {};
  }

  Result<void> check_place(const Record& record, const LoggedEntry& one, std::size_t position) {
    if (record.device != certificate_.device) return refused("it is of another device");
    if (record.operation != certificate_.operation) return refused("it is of another operation");
    if (record.position != position) {
      return refused("record " + std::to_string(position) + " is missing or out of order");
    }
    if (record.previous != previous_) return refused("it does not continue the one before it");
    if (last_index_ && one.index <= *last_index_) {
      return refused("it was logged before the one that it follows");
    }
    if (record.time.microseconds / 1'000'000 > stamp_time_s_ + kClockTolerance_s) {
      return refused("it claims a time after the time stamp");
    }
    previous_ = to_hex(leaf_hash(view_of(one.entry)));
    last_index_ = one.index;
    return {};
  }

  Result<void> add_line(const Record& record) {
    const auto signer = signer_of(record);
    if (!signer) return fail(signer.error());
    report_.happened.push_back({readable_time(record.time.microseconds / 1'000'000),
                                signer->name + " (" + std::string(row_of(record.kind).role) + ")",
                                sentence_of(record)});
    if (record.kind == RecordKind::kClose) report_.outcome = record.facts.at("outcome");
    if (auto good = check_will(record); !good) return good;
    for (const auto& [name, digest] : record.files) wanted_files_.insert(digest);
    remember_state(record, signer->key);
    return {};
  }

  /// What a user refused must not be done, and only what failed is undone.
  Result<void> check_will(const Record& record) {
    const auto part = record.facts.find("part");
    if (part == record.facts.end()) return {};
    if (record.kind == RecordKind::kConsent) {
      refused_parts_.erase(part->second);
      if (record.facts.at("decision") != kAccepted) refused_parts_.insert(part->second);
    }
    const bool changed =
        record.kind == RecordKind::kApply && record.facts.at("outcome") == kSuccessful;
    if (changed && refused_parts_.contains(part->second)) {
      return refused("the part " + part->second + " was changed though its user did not accept");
    }
    if (changed) changed_parts_.insert(part->second);
    if (record.kind == RecordKind::kRollback && changed_parts_.contains(part->second)) {
      return refused("the part " + part->second + " was changed with success, and is back");
    }
    return {};
  }

  /// Challenge, evidence and verdict of one attestation are in three records.
  void remember_state(const Record& record, const crypto::PublicKey& key) {
    const bool challenge =
        record.kind == RecordKind::kBeforeChallenge || record.kind == RecordKind::kAfterChallenge;
    if (challenge) {
      states_.push_back({});
      states_.back().state.purpose =
          record.kind == RecordKind::kBeforeChallenge ? "before" : "after";
      states_.back().state.operation = record.operation;
      states_.back().state.nonce = record.facts.at("nonce");
    }
    if (states_.empty()) return;
    for (const auto& [name, digest] : record.files) {
      if (name == "evidence") states_.back().evidence = digest;
      if (name != "verdict") continue;
      states_.back().verdict = digest;
      states_.back().verifier = key;
    }
  }

  /// Quotes are looked at again. The TPM's counter must have grown with the numbers of operations.
  Result<void> check_quotes() {
    std::uint64_t counter = 0;
    for (Attested& each : states_) {
      if (each.evidence.empty() || each.verdict.empty()) continue;
      each.state.evidence = std::string(text_of(certificate_.files.at(each.evidence)));
      each.state.verdict = std::string(text_of(certificate_.files.at(each.verdict)));
      auto found = audit_quote(each.state, certificate_.device, *each.verifier);
      if (!found) {
        // A verdict that says so itself is no contradiction.
        if (is_denied(each)) continue;
        return fail(found.error());
      }
      report_.proven.insert(report_.proven.end(), found->proven.begin(), found->proven.end());
      if (found->counter == 0) continue;
      if (found->counter < counter) return refused("the TPM's counter of operations fell");
      if (found->counter < certificate_.operation) {
        return refused("the TPM has counted fewer operations than the log");
      }
      counter = found->counter;
    }
    if (counter > 0) {
      report_.proven.push_back("The TPM's own counter of operations, certified by it, stood at " +
                               std::to_string(counter) + ".");
    }
    return {};
  }

  /// Evidence that was refused is kept as it came, whatever it is.
  static bool is_denied(const Attested& attested) {
    const auto payload =
        attest::open_jws(attested.state.verdict, attest::kVerdictType, {*attested.verifier});
    return payload && payload->find("\"recommendation\":\"denied\"") != std::string::npos;
  }

  /// The proven signer of a record: of the right role, and a device's only for itself.
  Result<ProvenSigner> signer_of(const Record& record) const {
    const std::string role(row_of(record.kind).role);
    const auto material = certificate_.signers.find(record.key);
    if (material == certificate_.signers.end()) return refused("its signer's key is not enclosed");
    auto signer = proven_signer(material->second, anchors_.roles.at(role));
    if (!signer) return refused("its signer is no " + role + ": " + signer.error().detail);
    if (!signed_by(record, signer->key)) return refused("its signature is not good");
    // A device's key speaks for the device that its certificate names, and for no other.
    if (role == "device" && signer->name != record.device) {
      return refused(signer->name.empty() ? "a device's key needs a certificate"
                                          : "it is signed by " + signer->name + ", another device");
    }
    if (signer->name.empty()) signer->name = "key " + record.key.substr(0, 16);
    return signer;
  }

  Result<ProvenSigner> proven_signer(const std::string& material,
                                     const std::string& anchors) const {
    if (material.starts_with("-----BEGIN CERTIFICATE-----")) {
      auto certified = verify_certificate(material, anchors, stamp_time_s_);
      if (!certified) return fail(certified.error());
      return ProvenSigner{std::move(certified->key), std::move(certified->common_name)};
    }
    auto key = crypto::PublicKey::from_pem(material);
    if (!key) return fail(key.error());
    // A bare key is good only if the auditor has it among the anchors.
    constexpr std::string_view kBlock = "-----BEGIN PUBLIC KEY-----";
    for (std::size_t at = anchors.find(kBlock); at != std::string::npos;
         at = anchors.find(kBlock, at + 1)) {
      const auto trusted = crypto::PublicKey::from_pem(std::string_view(anchors).substr(at));
      if (trusted && *trusted == *key) return ProvenSigner{*std::move(key), {}};
    }
    return refused("its key is not among the anchors");
  }

  Result<void> check_files() {
    for (const std::string& digest : wanted_files_) {
      const auto file = certificate_.files.find(digest);
      if (file == certificate_.files.end()) return refused("a file that a record names is missing");
      if (to_hex(crypto::sha256(file->second)) != digest) {
        return refused("a file is not the one that a record names");
      }
    }
    for (const auto& [digest, content] : certificate_.files) {
      if (!wanted_files_.contains(digest)) return refused("a file is enclosed that nothing names");
    }
    report_.proven.push_back("All " + std::to_string(certificate_.records.size()) +
                             " records are there, in their order, each signed by who made it.");
    return {};
  }

  const Certificate& certificate_;
  const TrustAnchors& anchors_;
  std::vector<TrustedLogKey> keys_;
  std::int64_t stamp_time_s_ = 0;
  std::string previous_;
  std::optional<std::uint64_t> last_index_;
  std::set<std::string> wanted_files_;
  std::set<std::string> refused_parts_, changed_parts_;
  std::vector<Attested> states_;
  AuditReport report_;
};

}  // namespace

Result<AuditReport> audit_certificate(const Certificate& certificate, const TrustAnchors& anchors) {
  return CertificateAudit(certificate, anchors).run();
}

}  // namespace gatehouse::evidence
