#pragma once
#include <fstream>

#include "ae-apps/attestation/evidence/operation/audit.h"
#include "ae-apps/attestation/evidence/trust/time_stamp.h"
#include "ae-apps/ota/crypto/files.h"
#include "certs/authority.h"
#include "tests/ae-apps/attestation/evidence/log_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::evidence {

/// A Center with a log, two witnesses, a time stamp authority, a verifier and cars; and an
/// auditor's anchors for all of them.
struct World {
  static constexpr std::int64_t kFrom_s = 1'790'000'000;

  explicit World(std::int64_t begin_s = kFrom_s) : from_s(begin_s) {
    log.emplace(*disk.open());
    car_chain = certify_car("car-1", car);
    signers = {{id_of(center), center.public_key().to_pem()},
               {id_of(verifier), verifier.public_key().to_pem()},
               {id_of(car), car_chain}};
    anchors.logs = {disk.signer.verifier()};
    anchors.witnesses = {witness_1.verifier(), witness_2.verifier()};
    anchors.quorum = 2;
    anchors.stamps_pem = stamps.anchor_pem;
    anchors.roles = {{"center", center.public_key().to_pem()},
                     {"verifier", verifier.public_key().to_pem()},
                     {"device", text_of_file(folder / "pki/ca.crt")}};
  }

  static crypto::SigningKey new_key() {
    return *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  }
  static std::string id_of(const crypto::SigningKey& key) {
    return to_hex(key.public_key().key_id());
  }
  static std::string text_of_file(const std::string& path) {
    return std::string(text_of(*crypto::read_file(path, 1u << 20)));
  }
  std::string certify_car(const std::string& name, const crypto::SigningKey& key) {
    pki::Request request;
    request.kind = pki::Kind::kEcu;
    request.name = name;
    request.public_key_pem = key.public_key().to_pem();
    return text_of_file(authority.issue(request)->certificate.string());
  }

  const crypto::SigningKey& key_for(RecordKind kind) const {
    const std::string_view role = row_of(kind).role;
    return role == "device" ? car : role == "center" ? center : verifier;
  }
  /// Signs and appends; a minute passes.
  void add(Record record) {
    record.time = Timestamp{now_s * 1'000'000};
    now_s += 60;
    static_cast<void>(sign(record, key_for(record.kind)));
    last = record;
    last_entry = encode(record);
    places.records.push_back(*log->append({bytes_of(last_entry)}));
  }
  void open_operation(std::uint64_t number) {
    if (!places.records.empty()) places.predecessor = places.records.back();
    places.records.clear();
    Record record = opening(
        "car-1", number,
        last_entry.empty() ? std::nullopt : std::optional<std::string_view>(last_entry), {});
    record.facts["reason"] = "the brake software has a known fault";
    add(std::move(record));
  }
  void step(RecordKind kind, std::map<std::string, std::string> facts,
            std::map<std::string, std::string> files = {}) {
    Record record = following(last, last_entry, kind, {});
    record.facts = std::move(facts);
    record.files = std::move(files);
    add(std::move(record));
  }
  void measure(bool before) {
    step(before ? RecordKind::kBeforeChallenge : RecordKind::kAfterChallenge, {{"nonce", "00ff"}});
    step(before ? RecordKind::kBeforeEvidence : RecordKind::kAfterEvidence,
         {{"assurance", "a TPM emulator"}}, {{"quote", to_hex(crypto::sha256(quote))}});
    step(before ? RecordKind::kBeforeResult : RecordKind::kAfterResult,
         {{"policy", "7"},
          {"verdict", before ? "brake is superseded" : "all as it should be"},
          {"whitelist", "bundle 12"}});
  }
  /// All thirteen steps.
  void run_operation(std::uint64_t number) {
    open_operation(number);
    measure(true);
    step(RecordKind::kSelection, {{"modules", "brake 2.0"}});
    step(RecordKind::kDelivery, {{"module", "brake 2.0"}, {"digest", std::string(64, 'a')}});
    step(RecordKind::kConsent, {{"part", "brake"},
                                {"version", "2.0"},
                                {"decision", "accepted"},
                                {"by", "the display"},
                                {"at", "20261122T070000"}});
    step(RecordKind::kApply, {{"part", "brake"}, {"version", "2.0"}, {"outcome", "installed"}});
    step(RecordKind::kReboot, {{"reason", "new software"}});
    measure(false);
    step(RecordKind::kConfirmation, {{"outcome", "brake runs version 2.0"}});
    step(RecordKind::kClose, {{"outcome", "done"}});
  }

  Bytes stamp_of(const SignedCheckpoint& checkpoint) {
    auto tsa =
        StampAuthority::make(stamps.chain_pem, stamps.key, {.clock = [this] { return now_s; }});
    return *tsa->answer(*stamp_request(view_of(checkpoint.note.text), disk.random));
  }
  /// Published, cosigned by both witnesses.
  SignedCheckpoint publish() {
    const SignedCheckpoint made = *log->publish();
    std::vector<NoteSignature> lines;
    for (const NoteSigner* witness : {&witness_1, &witness_2}) {
      lines.push_back(*witness->sign(made.note.text, static_cast<std::uint64_t>(now_s)));
    }
    return *log->add_cosignatures(made.checkpoint, lines, anchors.witnesses);
  }
  Certificate certificate(std::uint64_t number) {
    const SignedCheckpoint checkpoint = publish();
    Certificate made = *certify(*log, "car-1", number, places);
    made.stamp = stamp_of(checkpoint);
    made.signers = signers;
    made.files[to_hex(crypto::sha256(quote))] = quote;
    return made;
  }

  const std::int64_t from_s;
  TemporaryFolder folder;
  pki::Authority authority =
      *pki::Authority::create(folder / "pki", "maker.example", pki::kAuthorityLifetime,
                              [this] { return std::chrono::system_clock::from_time_t(from_s); });
  LogOnDisk disk;
  NoteSigner witness_1 = make_signer("witness.example/1", SignatureType::kCosignature);
  NoteSigner witness_2 = make_signer("witness.example/2", SignatureType::kCosignature);
  StampIdentity stamps = *make_stamp_identity("Stamps", from_s, 100);
  crypto::SigningKey center = new_key(), verifier = new_key(), car = new_key();
  std::string car_chain;
  TrustAnchors anchors;
  std::map<std::string, std::string> signers;
  std::optional<Log> log;
  OperationPlaces places;
  Record last;
  std::string last_entry;
  Bytes quote = bytes_of("what the TPM signed");
  std::int64_t now_s = from_s + 86'400;
};

}  // namespace gatehouse::evidence
