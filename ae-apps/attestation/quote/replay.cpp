#include "ae-apps/attestation/quote/replay.h"

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

using Key = std::pair<HashAlg, unsigned>;

tl::unexpected<Error> refused(std::string text) {
  return fail(Rsc::kNotAcceptable, "log: " + std::move(text));
}

std::string pcr_text(const Key& key) {
  return "PCR " + std::to_string(key.second) + " (" + std::string(name_of(key.first)) + ")";
}

std::string entry_text(const Measurement& entry) {
  std::string out = "entry " + std::to_string(entry.number) + " (" + entry.kind;
  if (!entry.name.empty()) out += ", " + printable(entry.name);
  return out + ")";
}

bool grows(const EventLog& log) { return log.format != LogFormat::kBoot; }

std::vector<Key> keys_of(const PcrSelection& selection) {
  std::vector<Key> out;
  for (const PcrBank& bank : selection.banks) {
    for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
      if ((bank.mask >> pcr & 1u) != 0) out.emplace_back(bank.alg, pcr);
    }
  }
  return out;
}

/// The log of each PCR; -1 if none has an entry for it.
Result<std::vector<int>> owners(const std::vector<EventLog>& logs) {
  std::vector<int> out(kPcrCount, -1);
  for (std::size_t i = 0; i < logs.size(); ++i) {
    for (const Measurement& entry : logs[i].entries) {
      int& owner = out.at(entry.pcr);
      if (owner >= 0 && owner != static_cast<int>(i)) {
        return refused("two logs for PCR " + std::to_string(entry.pcr));
      }
      owner = static_cast<int>(i);
    }
  }
  return out;
}

PcrValues initial_values(const std::vector<Key>& keys, const std::vector<EventLog>& logs) {
  PcrValues out;
  for (const Key& key : keys) out[key] = initial_value(key.first, key.second);
  for (const EventLog& log : logs) {
    for (auto& [key, value] : out) {
      if (key.second == 0 && log.startup_locality != 0) {
        value.back() = static_cast<std::uint8_t>(log.startup_locality);
      }
    }
  }
  return out;
}

/// False if the entry has no digest for a selected bank.
bool extend(PcrValues& values, const Measurement& entry) {
  for (auto& [key, value] : values) {
    if (key.second != entry.pcr) continue;
    const auto found = entry.digests.find(key.first);
    if (found == entry.digests.end()) return false;
    value = digest(key.first, {value, found->second});
  }
  return true;
}

bool touches(const std::vector<Key>& keys, unsigned pcr) {
  return std::any_of(keys.begin(), keys.end(), [&](const Key& k) { return k.second == pcr; });
}

class Player {
 public:
  Player(const std::vector<EventLog>& logs, const PcrSelection& selection,
         const std::optional<PcrValues>& quoted, HashAlg hash, const Bytes& pcr_digest)
      : logs_(logs),
        selection_(selection),
        keys_(keys_of(selection)),
        quoted_(quoted),
        hash_(hash),
        pcr_digest_(pcr_digest) {}

  Result<Replay> run() {
    auto owner = owners(logs_);
    if (!owner) return fail(owner.error());
    owners_ = *std::move(owner);
    out_.values = initial_values(keys_, logs_);
    out_.proven_entries.assign(logs_.size(), 0);
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      if (grows(logs_[i])) continue;
      if (auto done = play_whole(i); !done) return fail(done.error());
    }
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      if (!grows(logs_[i])) continue;
      if (auto done = play_growing(i); !done) return fail(done.error());
    }
    if (auto done = check_rest(); !done) return fail(done.error());
    return std::move(out_);
  }

 private:
  Result<void> step(const Measurement& entry) {
    if (extend(out_.values, entry)) return {};
    return refused(entry_text(entry) + " has no digest for a quoted bank");
  }

  /// A boot log is closed: it must lead to the quoted values to its last entry.
  Result<void> play_whole(std::size_t log) {
    for (const Measurement& entry : logs_[log].entries) {
      if (auto done = step(entry); !done) return done;
    }
    out_.proven_entries[log] = logs_[log].entries.size();
    return {};
  }

  bool reached(std::size_t log) const {
    if (!quoted_) {
      const auto composite = composite_digest(hash_, selection_, out_.values);
      return composite && *composite == pcr_digest_;
    }
    return std::all_of(keys_.begin(), keys_.end(), [&](const Key& key) {
      return owners_[key.second] != static_cast<int>(log) ||
             out_.values.at(key) == quoted_->at(key);
    });
  }

  /// Without the values, only one growing log can be stopped at the right entry.
  bool may_stop_early() const {
    return quoted_ || std::count_if(logs_.begin(), logs_.end(), grows) == 1;
  }

  /// A log that grows may have been read behind the quote: it is proven up to the entry that
  /// reaches the quoted values.
  Result<void> play_growing(std::size_t log) {
    const std::vector<Measurement>& entries = logs_[log].entries;
    bool found = reached(log);
    for (const Measurement& entry : entries) {
      if (found && may_stop_early()) break;
      if (auto done = step(entry); !done) return done;
      ++out_.proven_entries[log];
      if (touches(keys_, entry.pcr)) found = reached(log);
      if (entry.kind == "violation") out_.violations.push_back(entry_text(entry));
    }
    // Entries of PCRs that are not quoted do not end the stretch that is proven.
    while (found && out_.proven_entries[log] < entries.size() &&
           !touches(keys_, entries[out_.proven_entries[log]].pcr)) {
      ++out_.proven_entries[log];
    }
    return {};
  }

  Result<void> check_rest() const {
    if (!quoted_) {
      const auto composite = composite_digest(hash_, selection_, out_.values);
      if (composite && *composite == pcr_digest_) return {};
      return refused(
          "the entries do not lead to the quoted digest (which PCR diverges only its "
          "values can tell)");
    }
    for (const Key& key : keys_) {
      if (out_.values.at(key) == quoted_->at(key)) continue;
      const int owner = owners_[key.second];
      if (owner < 0) return refused(pcr_text(key) + " was extended, but no log explains it");
      return refused(pcr_text(key) + " diverges: " + story(static_cast<std::size_t>(owner), key));
    }
    return {};
  }

  /// A hash chain tells that it diverges, not where; but an entry that was taken away or added
  /// behind the others can be told.
  std::string story(std::size_t log, const Key& key) const {
    std::vector<const Measurement*> mine;
    for (const Measurement& entry : logs_[log].entries) {
      if (entry.pcr == key.second) mine.push_back(&entry);
    }
    const Bytes& wanted = quoted_->at(key);
    Bytes value = initial_values({key}, logs_).at(key);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      if (value == wanted) return "first by " + entry_text(*mine[i]) + ", which was not extended";
      value = digest(key.first, {value, mine[i]->digests.at(key.first)});
    }
    for (std::size_t left_out = 0; left_out < mine.size() && mine.size() <= kMostTried;
         ++left_out) {
      if (value_without(mine, left_out, key) == wanted) {
        return "first by " + entry_text(*mine[left_out]) + ", which was not extended";
      }
    }
    for (std::size_t first = 0; first + 1 < mine.size() && mine.size() <= kMostTried; ++first) {
      std::vector<const Measurement*> swapped = mine;
      std::swap(swapped[first], swapped[first + 1]);
      if (value_without(swapped, swapped.size(), key) == wanted) {
        return "first by " + entry_text(*mine[first]) + ", which stands in the place of the next";
      }
    }
    return "its " + std::to_string(mine.size()) + " entries, " + entry_text(*mine.front()) +
           " to " + entry_text(*mine.back()) +
           ", do not lead to the quoted value: one is missing "
           "or altered";
  }

  Bytes value_without(const std::vector<const Measurement*>& entries, std::size_t left_out,
                      const Key& key) const {
    Bytes value = initial_values({key}, logs_).at(key);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i != left_out) value = digest(key.first, {value, entries[i]->digests.at(key.first)});
    }
    return value;
  }

  static constexpr std::size_t kMostTried = 1000;  ///< a million hashes, a third of a second

  const std::vector<EventLog>& logs_;
  const PcrSelection& selection_;
  const std::vector<Key> keys_;
  const std::optional<PcrValues>& quoted_;
  const HashAlg hash_;
  const Bytes& pcr_digest_;
  std::vector<int> owners_;
  Replay out_;
};

}  // namespace

Result<Replay> replay(const std::vector<EventLog>& logs, const PcrSelection& selection,
                      const std::optional<PcrValues>& values, HashAlg digest_hash,
                      const Bytes& pcr_digest) {
  return Player(logs, selection, values, digest_hash, pcr_digest).run();
}

std::string first_difference(const EventLog& log, const EventLog& reference) {
  const std::size_t common = std::min(log.entries.size(), reference.entries.size());
  for (std::size_t i = 0; i < common; ++i) {
    const Measurement& ours = log.entries[i];
    const Measurement& theirs = reference.entries[i];
    if (ours.pcr != theirs.pcr || ours.digests != theirs.digests) {
      return entry_text(ours) + ": the reference has " + entry_text(theirs) + " there";
    }
  }
  if (log.entries.size() > common)
    return entry_text(log.entries[common]) + ": not in the reference";
  if (reference.entries.size() > common) {
    return entry_text(reference.entries[common]) + ": missing";
  }
  return {};
}

}  // namespace gatehouse::attest
