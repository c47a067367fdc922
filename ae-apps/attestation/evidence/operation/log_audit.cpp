#include <map>

#include "ae-apps/attestation/evidence/operation/audit.h"
#include "ae-apps/attestation/evidence/operation/checkpoint_audit.h"

namespace gatehouse::evidence {
namespace {

tl::unexpected<Error> refused(const std::string& reason) {
  return fail(Rsc::kNotAcceptable, reason);
}

/// Where the operations of a device stand.
struct DeviceState {
  std::uint64_t operation = 0, position = 0;
  RecordKind last = RecordKind::kClose;
  std::string previous;
};

class LogAudit {
 public:
  LogAudit(Medium& medium, const TrustAnchors& anchors, Checkpoint tree)
      : anchors_(anchors), tree_(std::move(tree)), source_(medium, tree_.size) {
    for (const VerifierKey& key : anchors_.logs) keys_.push_back({key, 0, UINT64_MAX});
  }

  Result<void> read_entries() {
    for (std::uint64_t number = 0; number * kTileWidth < tree_.size; ++number) {
      if (auto done = read_bundle(number); !done) return done;
    }
    if (frontier_.root() != tree_.root) {
      return refused("the entries do not lead to the checkpoint's root");
    }
    return check_upper_tiles();
  }

  Result<void> check_signed(const SignedCheckpoint& checkpoint) const {
    return check_log_signature(checkpoint, keys_);
  }

  Result<void> check_older(const SignedCheckpoint& older) {
    const Checkpoint& before = older.checkpoint;
    const std::string what = "the older checkpoint of " + std::to_string(before.size) + " entries";
    if (before.origin != tree_.origin) return refused(what + " is of another log");
    if (auto good = check_signed(older); !good) return refused(what + ": " + good.error().detail);
    if (before.size > tree_.size) return refused(what + " is larger: the log was cut back");
    const auto root = root_of(source_, before.size);
    if (!root) return fail(root.error());
    if (*root != before.root) return refused(what + " has another root: the log was rewritten");
    return {};
  }

  std::vector<std::string> proven() const {
    std::vector<std::string> out;
    out.push_back(std::to_string(tree_.size) + " entries lead to the signed root, " +
                  std::to_string(records_) + " of them records of operations.");
    if (keys_.size() > anchors_.logs.size()) {
      out.push_back("The log's key changed " + std::to_string(keys_.size() - anchors_.logs.size()) +
                    " times, each time in order.");
    }
    for (const auto& [device, state] : devices_) {
      std::string line =
          device + ": operations 1 to " + std::to_string(state.operation) + ", none missing";
      if (state.last != RecordKind::kClose) line += "; the last is still open";
      out.push_back(line + ".");
    }
    return out;
  }

 private:
  Result<void> read_bundle(std::uint64_t number) {
    const std::string what = "bundle " + std::to_string(number);
    const auto bundle = source_.bundle(number);
    if (!bundle) return refused(bundle.error().detail);
    const std::uint64_t first = number * kTileWidth;
    const auto entries =
        gatehouse::evidence::entries_of(*bundle, std::min(kTileWidth, tree_.size - first));
    if (!entries) return refused(what + ": " + entries.error().detail);
    const auto tile = source_.tile(0, number);
    if (!tile) return refused(tile.error().detail);
    const Bytes hashes(tile->begin(), tile->end());
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const ByteView entry = (*entries)[i];
      const Hash hash = leaf_hash(entry);
      const std::string name = "entry " + std::to_string(first + i);
      if (hash != tile_hash(hashes, i, 1)) return refused(name + " is not the one that was logged");
      frontier_.add(hash);
      if (auto good = look_at(entry, first + i); !good) {
        return refused(name + ": " + good.error().detail);
      }
    }
    return {};
  }

  /// Every full tile hashes to its place in the level above.
  Result<void> check_upper_tiles() {
    for (unsigned level = 0; full_tiles(tree_.size, level) > 0; ++level) {
      for (std::uint64_t number = 0; number < full_tiles(tree_.size, level); ++number) {
        const auto above = source_.at((level + 1) * 8, number);
        const auto below = source_.tile(level, number);
        if (!above || !below) return refused(above ? below.error().detail : above.error().detail);
        if (tile_hash(*below, 0, kTileWidth) != *above) {
          return refused(tile_path(level, number) + " does not fit the level above it");
        }
      }
    }
    return {};
  }

  Result<void> look_at(ByteView entry, std::uint64_t index) {
    if (looks_like_key_change(entry)) {
      const auto change = parse_key_change(text_of(entry));
      if (!change || change->index != index) return refused("a malformed change of the log's key");
      return follow(keys_, *change, tree_.origin);
    }
    if (!looks_like_record(entry)) return {};  // not ours to judge
    const auto record = decode_record(text_of(entry));
    if (!record) return fail(record.error());
    ++records_;
    return count(*record, to_hex(leaf_hash(entry)));
  }

  Result<void> count(const Record& record, std::string hash) {
    DeviceState& state = devices_[record.device];
    const std::string name =
        "operation " + std::to_string(record.operation) + " of " + record.device;
    if (record.kind == RecordKind::kOpen) {
      if (record.operation != state.operation + 1) {
        return refused(name + " begins, and " + std::to_string(state.operation + 1) +
                       " is missing");
      }
      if (state.last != RecordKind::kClose) return refused(name + " begins while one is open");
      if (record.position != 1) return refused(name + " begins in its middle");
    } else if (record.operation != state.operation || record.position != state.position + 1 ||
               !may_follow(record.kind, state.last)) {
      return refused(name + ": a record is missing or out of order");
    }
    if (record.previous != state.previous) return refused(name + ": its records are not a chain");
    state.operation = record.operation;
    state.position = record.position;
    if (record.kind != RecordKind::kRefusal) state.last = record.kind;
    state.previous = std::move(hash);
    return {};
  }

  const TrustAnchors& anchors_;
  const Checkpoint tree_;
  TileSource source_;
  Frontier frontier_;
  std::vector<TrustedLogKey> keys_;
  std::map<std::string, DeviceState> devices_;
  std::uint64_t records_ = 0;
};

}  // namespace

Result<std::vector<std::string>> audit_log(Medium& medium, const TrustAnchors& anchors,
                                           const std::vector<SignedCheckpoint>& older) {
  const auto checkpoint = read_checkpoint(medium);
  if (!checkpoint) return fail(checkpoint.error());
  LogAudit audit(medium, anchors, checkpoint->checkpoint);
  if (auto done = audit.read_entries(); !done) return fail(done.error());
  if (auto done = audit.check_signed(*checkpoint); !done) return fail(done.error());
  const auto witnesses = check_witnesses(*checkpoint, anchors);
  if (!witnesses) return fail(witnesses.error());
  for (const SignedCheckpoint& one : older) {
    if (auto done = audit.check_older(one); !done) return fail(done.error());
  }
  std::vector<std::string> proven = audit.proven();
  proven.push_back(std::to_string(witnesses->size()) + " trusted witnesses saw this same tree.");
  if (!older.empty()) {
    proven.push_back("It continues all " + std::to_string(older.size()) + " older checkpoints.");
  }
  return proven;
}

}  // namespace gatehouse::evidence
