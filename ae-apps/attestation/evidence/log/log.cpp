#include "ae-apps/attestation/evidence/log/log.h"

#include <set>

namespace gatehouse::evidence {
namespace {

constexpr const char* kCheckpointFile = "checkpoint";
/// Large entries fill the journal (and memory) long before they are many.
constexpr std::uint64_t kJournalsBeforePublishing = 16;
constexpr std::size_t kTileBytes = kTileWidth * sizeof(Hash);

tl::unexpected<Error> damaged(const std::string& what) {
  return fail(Rsc::kNotAcceptable, "the log is damaged or was altered: " + what);
}

std::vector<VerifierKey> verifiers_of(const std::vector<NoteSigner>& signers) {
  std::vector<VerifierKey> keys;
  for (const NoteSigner& signer : signers) keys.push_back(signer.verifier());
  return keys;
}

}  // namespace

Result<SignedCheckpoint> read_checkpoint(Medium& medium) {
  const auto content = medium.read(kCheckpointFile, kMaxNoteBytes);
  if (!content) return fail(content.error());
  if (!*content) return fail(Rsc::kNotFound, "there is no checkpoint");
  return parse_signed_checkpoint(text_of(**content));
}

// --- opening ---------------------------------------------------------------------------------

Result<Log> Log::open(Medium& medium, crypto::Random& random, LogSettings settings,
                      std::vector<NoteSigner> signers, std::vector<VerifierKey> former) {
  if (signers.empty()) return fail(Rsc::kBadRequest, "a log needs a key");
  for (const NoteSigner& signer : signers) {
    if (signer.verifier().name != settings.origin) {
      return fail(Rsc::kBadRequest, "the log's key has another name than the log");
    }
  }
  Log log(medium, random, std::move(settings), std::move(signers));
  const auto checkpoint = medium.read(kCheckpointFile, kMaxNoteBytes);
  if (!checkpoint) return fail(checkpoint.error());
  const auto done = *checkpoint ? log.recover(former) : log.create();
  if (!done) return fail(done.error());
  return log;
}

Result<void> Log::create() {
  const auto journal = medium_->read("journal", std::size_t{1} << 30);
  if (!journal) return fail(journal.error());
  if (*journal) return damaged("there is a journal, and no checkpoint");
  const auto empty = sign_checkpoint({settings_.origin, 0, empty_root(), {}}, signers_);
  if (!empty) return fail(empty.error());
  if (auto done = store(*empty); !done) return done;
  return journal_.begin(0, {}, *random_);
}

Result<void> Log::recover(const std::vector<VerifierKey>& former) {
  auto found = read_checkpoint(*medium_);
  if (!found) return damaged(found.error().detail);
  if (found->checkpoint.origin != settings_.origin) {
    return fail(Rsc::kBadRequest, "the folder holds the log " + found->checkpoint.origin);
  }
  std::vector<VerifierKey> keys = verifiers_of(signers_);
  keys.insert(keys.end(), former.begin(), former.end());
  const auto good = check_signatures(found->note, keys);
  if (!good) return damaged(good.error().detail);
  if (good->empty()) {
    return fail(Rsc::kOriginatorHasNoPrivilege, "the checkpoint is signed by other keys");
  }
  published_ = *std::move(found);
  if (auto done = load_edge(published_.checkpoint.size); !done) return done;
  if (frontier_.root() != published_.checkpoint.root) {
    return damaged("the tiles do not lead to the checkpoint's root");
  }
  return replay_journal();
}

/// The partial tiles at the right edge, and what follows from them.
Result<void> Log::load_edge(std::uint64_t size) {
  TileSource source(*medium_, size);
  std::vector<Hash> edge;
  for (unsigned level = 0; level < 8; ++level) {
    const std::uint64_t width = partial_width(size, level);
    if (width == 0 && full_tiles(size, level) == 0) break;
    levels_.push_back({full_tiles(size, level), {}});
    if (width == 0) continue;
    const auto tile = source.tile(level, full_tiles(size, level));
    if (!tile) return damaged(tile.error().detail);
    levels_.back().hashes.assign(tile->begin(), tile->end());
    // Smallest subtree last, and this level's are all smaller than those above: build backwards.
    std::vector<Hash> groups;
    std::size_t first = 0;
    for (std::size_t bit = kTileWidth / 2; bit > 0; bit /= 2) {
      if ((width & bit) == 0) continue;
      groups.push_back(tile_hash(*tile, first, bit));
      first += bit;
    }
    edge.insert(edge.begin(), groups.begin(), groups.end());
  }
  frontier_ = Frontier(size, std::move(edge));
  const std::uint64_t width = partial_width(size, 0);
  if (width == 0) return {};
  auto bundle = source.bundle(full_tiles(size, 0));
  if (!bundle) return damaged(bundle.error().detail);
  const auto entries = entries_of(*bundle, width);
  if (!entries) return damaged(entries.error().detail);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    if (leaf_hash((*entries)[i]) != tile_hash(levels_[0].hashes, i, 1)) {
      return damaged("an entry is not the one that was logged");
    }
  }
  bundle_ = *std::move(bundle);
  return {};
}

Result<void> Log::replay_journal() {
  auto found = journal_.open();
  if (!found) return damaged(found.error().detail);
  if (!*found) {
    // Only a log that was never used may lack its journal: it is begun right after creation.
    if (size() != 0) return damaged("the journal is missing");
    return journal_.begin(0, {}, *random_);
  }
  const std::uint64_t first = (*found)->first;
  if (first > size()) return damaged("the journal begins behind the checkpoint");
  const std::uint64_t known = size() - first;
  if (known > (*found)->entries.size()) return damaged("the journal ends before the checkpoint");
  for (std::size_t i = static_cast<std::size_t>(known); i < (*found)->entries.size(); ++i) {
    add((*found)->entries[i]);
  }
  return {};
}

// --- growing ---------------------------------------------------------------------------------

void Log::add(ByteView entry) {
  const Hash hash = leaf_hash(entry);
  append_bundled(bundle_, entry);
  const std::uint64_t number = size() / kTileWidth;
  frontier_.add(hash);
  if (size() % kTileWidth == 0) {
    ready_.push_back({bundle_path(number), bundle_path(number) + ".p", std::move(bundle_)});
    bundle_ = {};
  }
  add_hash(0, hash);
}

void Log::add_hash(unsigned level, const Hash& hash) {
  if (level == levels_.size()) levels_.push_back({});
  gatehouse::append(levels_[level].hashes, hash);
  if (levels_[level].hashes.size() < kTileBytes) return;
  Bytes full = std::move(levels_[level].hashes);
  const std::uint64_t number = levels_[level].number++;
  levels_[level].hashes = {};
  const Hash root = tile_hash(full, 0, kTileWidth);
  const std::string name = tile_path(level, number);
  ready_.push_back({name, name + ".p", std::move(full)});
  add_hash(level + 1, root);
}

Result<std::uint64_t> Log::append(const std::vector<Bytes>& batch) {
  if (batch.empty()) return fail(Rsc::kBadRequest, "there is nothing to append");
  for (const Bytes& entry : batch) {
    if (entry.size() > kMaxEntryBytes) {
      return fail(Rsc::kBadRequest, "an entry has at most 65535 bytes");
    }
  }
  const std::uint64_t first = size();
  if (auto done = journal_.append(first, batch); !done) return fail(done.error());
  for (const Bytes& entry : batch) add(entry);
  if (size() - published_.checkpoint.size >= settings_.publish_after_entries ||
      journal_.bytes() >= kJournalsBeforePublishing * settings_.journal_bytes) {
    // The batch is durable whatever comes of this: a publication that fails is tried again, and a
    // journal that failed meanwhile refuses the next batch.
    const auto tried = publish();
    static_cast<void>(tried);
  }
  return first;
}

// --- publishing ------------------------------------------------------------------------------

Result<SignedCheckpoint> Log::publish() {
  const auto own = check_signatures(published_.note, verifiers_of(signers_));
  const bool signed_by_all = own && own->size() == signers_.size();
  if (published_.checkpoint.size == size() && signed_by_all) return published_;
  if (auto done = write_tiles(); !done) return fail(done.error());
  const auto made = sign_checkpoint({settings_.origin, size(), frontier_.root(), {}}, signers_);
  if (!made) return made;
  if (auto done = store(*made); !done) return fail(done.error());
  if (journal_.bytes() > settings_.journal_bytes) {
    if (auto done = renew_journal(); !done) return fail(done.error());
  }
  return published_;
}

/// What the checkpoint that is out already needs is not touched: a tile of an upper level keeps its
/// name and content for 255 publications, and who is killed while writing it leaves half of it.
Result<void> Log::write_tiles() {
  std::vector<Ready> files = ready_;
  const std::uint64_t out = published_.checkpoint.size;
  for (unsigned level = 0; level < levels_.size(); ++level) {
    const Level& edge = levels_[level];
    const std::uint64_t width = edge.hashes.size() / sizeof(Hash);
    const bool is_out = edge.number == full_tiles(out, level) && width == partial_width(out, level);
    if (width > 0 && !is_out)
      files.push_back({tile_path(level, edge.number, width), {}, edge.hashes});
  }
  const std::uint64_t width = partial_width(size(), 0);
  if (width > 0 && size() != out)
    files.push_back({bundle_path(full_tiles(size(), 0), width), {}, bundle_});
  if (auto done = write_files(files); !done) return done;
  for (const Ready& full : ready_) {
    // Left-overs cost room only.
    if (!medium_->remove_folder(full.partials)) break;
  }
  ready_.clear();
  return {};
}

Result<void> Log::write_files(const std::vector<Ready>& files) {
  std::set<std::string> folders;
  for (const Ready& file : files) {
    if (auto done = medium_->write(file.name, file.content); !done) return done;
    if (auto done = medium_->sync(file.name); !done) return done;
    for (std::string folder = folder_of(file.name); !folder.empty(); folder = folder_of(folder)) {
      folders.insert(folder);
    }
  }
  folders.insert("");
  for (const std::string& folder : folders) {
    if (auto done = medium_->sync_folder(folder); !done) return done;
  }
  return {};
}

Result<void> Log::store(const SignedCheckpoint& checkpoint) {
  const std::string text = to_text(checkpoint.note);
  if (auto done = replace_durably(*medium_, kCheckpointFile, view_of(text)); !done) return done;
  published_ = checkpoint;
  return {};
}

/// All entries are in tiles now: the journal begins behind them.
Result<void> Log::renew_journal() { return journal_.begin(size(), {}, *random_); }

Result<SignedCheckpoint> Log::add_cosignatures(const Checkpoint& checkpoint,
                                               const std::vector<NoteSignature>& lines,
                                               const std::vector<VerifierKey>& witnesses) {
  if (checkpoint != published_.checkpoint) {
    return fail(Rsc::kConflict, "another checkpoint has been published since");
  }
  SignedCheckpoint more = published_;
  for (const NoteSignature& line : lines) {
    const Note alone{more.note.text, {line}};
    const auto good = check_signatures(alone, witnesses);
    if (!good) return fail(good.error());
    if (good->empty()) continue;  // of a key that nobody asked for
    std::erase_if(more.note.signatures, [&](const NoteSignature& old) {
      return old.name == line.name && old.id == line.id;
    });
    more.note.signatures.push_back(line);
  }
  if (auto done = store(more); !done) return fail(done.error());
  return published_;
}

// --- reading ---------------------------------------------------------------------------------

Result<Bytes> Log::entry(std::uint64_t index) const {
  return TileSource(*medium_, published_.checkpoint.size).entry(index);
}

Result<ProofFile> Log::prove(std::uint64_t index) const {
  TileSource source(*medium_, published_.checkpoint.size);
  auto proof = inclusion_proof(source, index, published_.checkpoint.size);
  if (!proof) return fail(proof.error());
  return ProofFile{index, *std::move(proof), published_};
}

Result<Proof> Log::prove_consistency(std::uint64_t old_size) const {
  TileSource source(*medium_, published_.checkpoint.size);
  return consistency_proof(source, old_size, published_.checkpoint.size);
}

}  // namespace gatehouse::evidence
