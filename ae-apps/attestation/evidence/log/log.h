#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/checkpoint.h"
#include "ae-apps/attestation/evidence/log/journal.h"
#include "ae-apps/attestation/evidence/log/tiles.h"

namespace gatehouse::evidence {

struct LogSettings {
  std::string origin;  ///< identifies the log; the name of its keys
  /// Published without being asked once so many entries wait for it.
  std::uint64_t publish_after_entries = 16'384;
  /// The journal is begun anew by a publication once it is longer; once it is 16 times as long, the
  /// log publishes without being asked.
  std::uint64_t journal_bytes = 4u << 20;
};

/// An append-only Merkle log in a folder that other tools read too: entries are durable in a
/// journal before append() returns; publish() writes tiles, bundles and a signed checkpoint
/// (C2SP tlog-tiles). A checkpoint is signed only over entries that are durable, so no restart can
/// contradict one. Threading: one thread at a time; LogLane serves many.
class Log {
 public:
  /// Opens or creates. All signers sign each checkpoint. The tiles must fit the checkpoint, and the
  /// journal must begin within it. Errors: kNotAcceptable if what is there was damaged or altered;
  /// kOriginatorHasNoPrivilege if the checkpoint is of other keys (`former` are accepted too);
  /// kInternalServerError. The medium and the random source outlive the log.
  static Result<Log> open(Medium& medium, crypto::Random& random, LogSettings settings,
                          std::vector<NoteSigner> signers, std::vector<VerifierKey> former = {});

  /// The index of the first of them; durable on return. All of the batch or none. Errors:
  /// kBadRequest for an empty batch or an entry above 65535 bytes; kInternalServerError if the disk
  /// is full or fails.
  Result<std::uint64_t> append(const std::vector<Bytes>& batch);
  /// A checkpoint over all entries, durable together with its tiles. Signed anew only if there is
  /// something new. Errors: kInternalServerError.
  Result<SignedCheckpoint> publish();
  /// Adds the good ones of these lines by these keys to the published checkpoint. Errors:
  /// kNotAcceptable if one is forged; kConflict if another checkpoint has been published since.
  Result<SignedCheckpoint> add_cosignatures(const Checkpoint& checkpoint,
                                            const std::vector<NoteSignature>& lines,
                                            const std::vector<VerifierKey>& witnesses);

  std::uint64_t size() const { return frontier_.size(); }
  const SignedCheckpoint& published() const { return published_; }
  const LogSettings& settings() const { return settings_; }

  /// An entry below published().size. Errors: kBadRequest, kInternalServerError.
  Result<Bytes> entry(std::uint64_t index) const;
  /// The entry's place in the published tree. Errors: kBadRequest if it is not yet published.
  Result<ProofFile> prove(std::uint64_t index) const;
  /// From an earlier size to the published one.
  Result<Proof> prove_consistency(std::uint64_t old_size) const;

 private:
  /// The tile of a level that is still growing.
  struct Level {
    std::uint64_t number = 0;
    Bytes hashes;
  };
  /// A file that the next publication writes.
  struct Ready {
    std::string name;
    std::string partials;  ///< folder of the partial files that it makes superfluous
    Bytes content;
  };

  Log(Medium& medium, crypto::Random& random, LogSettings settings, std::vector<NoteSigner> signers)
      : medium_(&medium),
        random_(&random),
        journal_(medium),
        settings_(std::move(settings)),
        signers_(std::move(signers)) {}
  Result<void> create();
  Result<void> recover(const std::vector<VerifierKey>& former);
  Result<void> load_edge(std::uint64_t size);
  Result<void> replay_journal();
  void add(ByteView entry);
  void add_hash(unsigned level, const Hash& hash);
  Result<void> write_tiles();
  Result<void> write_files(const std::vector<Ready>& files);
  Result<void> store(const SignedCheckpoint& checkpoint);
  Result<void> renew_journal();

  Medium* medium_;
  crypto::Random* random_;
  Journal journal_;
  LogSettings settings_;
  std::vector<NoteSigner> signers_;
  SignedCheckpoint published_;
  Frontier frontier_;
  std::vector<Level> levels_;
  Bytes bundle_;  ///< of the entries behind the last full bundle
  std::vector<Ready> ready_;
};

/// The published checkpoint of a log, form only. Errors: kNotFound if there is none.
Result<SignedCheckpoint> read_checkpoint(Medium& medium);

}  // namespace gatehouse::evidence
