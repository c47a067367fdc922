#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "cse/store/store.h"

namespace gatehouse {

/// A full Store in memory: the default of tests, gone with the process. Snapshots cost nothing and
/// never wait. Snapshots and transactions may outlive the store.
class MemoryStore final : public Store {
 public:
  MemoryStore();
  ~MemoryStore() override;
  Result<std::unique_ptr<Snapshot>> read() override;
  /// Errors: kInternalServerError while a transaction of this store is open.
  Result<std::unique_ptr<Transaction>> begin() override;
  Result<std::int64_t> count() override;

  /// The seam for failing disks and faster neighbours: asked by each commit() that would succeed. A
  /// failure that it answers becomes commit()'s answer, and nothing is written; nullopt lets the
  /// commit pass. An empty function (the default) removes it. Threading: called on the write lane;
  /// set it from there or between transactions.
  using CommitFault = std::function<std::optional<Transaction::CommitFailure>()>;
  void set_commit_fault(CommitFault fault);

  struct Shared;  ///< of this folder

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace gatehouse
