#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "bindings/security/psk_table.h"
#include "cse/node/settings.h"
#include "cse/primitive/handler.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::node {

/// Keys that a MAF has: an identity "<hex>@<fqdn>" is asked for at the MAF by the CSE, and who
/// registered the key is who comes with it. Answers, that there is none too, are kept for a time; a
/// handshake waits for the MAF for a bounded time, and few do at once, so that guesses cost
/// little. Threading: any. Source: TS-0003 clauses 8.2.2.3.3, 8.4, 8.8.2.7.
class MafKeys final : public PskSource {
 public:
  using Now = std::function<Timestamp()>;
  /// What a key was registered for (m2m:suid); a key for something else is not taken.
  enum class Usage { kAssociation = 32, kEsPrim = 33 };
  /// `to_maf` sends to it and outlives this. `cse_id`: who asks.
  MafKeys(MafSettings settings, std::string cse_id, PrimitiveSender& to_maf, Now now,
          Usage usage = Usage::kAssociation);

  std::optional<PskEntry> find(std::string_view identity) override;
  /// Whether an identity is of the form of this MAF's.
  bool is_of_maf(std::string_view identity) const;

 private:
  struct Known {
    std::optional<PskEntry> entry;
    Timestamp until;
  };
  std::optional<PskEntry> ask(const std::string& identity);
  void rest();
  /// What an answer says; nullopt: no key that we may take.
  std::optional<Known> read(const std::string& identity, const Response& response) const;

  const MafSettings settings_;
  const std::string cse_id_;
  PrimitiveSender& to_maf_;
  const Now now_;
  const Usage usage_;
  std::mutex mutex_;  // guards the lines below
  std::map<std::string, Known, std::less<>> known_;
  int asking_ = 0;
  Timestamp resting_until_;  ///< it did not answer: nobody waits for it before
};

/// The sources one after the other.
class PskSources final : public PskSource {
 public:
  void add(std::shared_ptr<PskSource> source) { all_.push_back(std::move(source)); }
  bool empty() const { return all_.empty(); }
  std::optional<PskEntry> find(std::string_view identity) override {
    for (const auto& source : all_) {
      if (auto entry = source->find(identity)) return entry;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::shared_ptr<PskSource>> all_;
};

}  // namespace gatehouse::node
