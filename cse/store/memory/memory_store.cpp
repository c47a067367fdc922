#include "cse/store/memory/memory_store.h"

#include <mutex>
#include <utility>

#include "cse/store/memory/memory_state.h"
#include "cse/store/stale_list.h"

namespace gatehouse {

struct MemoryStore::Shared {
  std::mutex mutex;  // guards all below
  MemoryState committed;
  bool transaction_open = false;
  CommitFault fault;
};

namespace {

/// The reading half, over a state of its own: of a snapshot, and of a transaction (which then sees
/// its own changes).
template <class Interface>
class Reader : public Interface {
 public:
  explicit Reader(MemoryState state) : state_(std::move(state)) {}

  Result<std::optional<Record>> find(const ResourceId& id) override {
    return copied(state_.find(id));
  }
  Result<std::optional<Record>> find_child(const ResourceId& parent,
                                           const std::string& name) override {
    return copied(state_.find_child(parent, name));
  }
  Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) override {
    return state_.children(parent, page);
  }
  Result<std::vector<ChildEntry>> children_of_type(const ResourceId& parent, int type,
                                                   const Page& page) override {
    return state_.children_of_type(parent, type, page);
  }
  Result<std::vector<ChildEntry>> all_of_type(int type, const Page& page) override {
    return state_.all_of_type(type, page);
  }
  Result<std::vector<int>> child_types(const ResourceId& parent) override {
    return state_.child_types(parent);
  }
  Result<std::vector<IndexEntry>> all(std::int64_t after, std::size_t limit) override {
    return state_.all(after, limit);
  }
  Result<std::optional<std::string>> next_label(const std::string& from) override {
    return state_.next_label(from);
  }
  Result<std::optional<ResourceId>> next_labelled_parent(const std::string& label,
                                                         const ResourceId& after) override {
    return state_.next_labelled_parent(label, after);
  }
  Result<std::vector<ChildEntry>> labelled_children(const std::string& label,
                                                    const ResourceId& parent,
                                                    const Page& page) override {
    return state_.labelled_children(label, parent, page);
  }
  Result<std::vector<IndexEntry>> by_modification(const TimePosition& after,
                                                  std::size_t limit) override {
    return state_.by_modification(after, limit);
  }
  Result<std::vector<IndexEntry>> by_expiration(const TimePosition& after, Timestamp until,
                                                std::size_t limit) override {
    return state_.by_expiration(after, until, limit);
  }
  Result<std::vector<OutboxEntry>> outbox(std::int64_t after, std::size_t limit) override {
    return state_.outbox(after, limit);
  }
  Result<std::optional<std::string>> setting(const std::string& name) override {
    return state_.setting(name);
  }

 protected:
  static std::optional<Record> copied(const std::shared_ptr<const Record>& record) {
    return record ? std::optional(*record) : std::nullopt;
  }

  MemoryState state_;
};

class MemoryTransaction final : public Reader<Transaction> {
 public:
  MemoryTransaction(std::shared_ptr<MemoryStore::Shared> shared, MemoryState state)
      : Reader(std::move(state)), shared_(std::move(shared)) {}
  ~MemoryTransaction() override { close(); }

  Result<void> put(const Record& record) override {
    if (closed_) return fail(Rsc::kInternalServerError, "this transaction has ended");
    if (record.version < 1) {
      return fail(Rsc::kInternalServerError, "a stored version starts at 1");
    }
    const auto stored = state_.find(record.id);
    if (record.version == 1) {
      if (stored) return stale(record.id, "is there already");
    } else if (!stored || stored->version != record.version - 1) {
      return stale(record.id, "is not at the expected version");
    }
    if (stored) state_.remove(*stored);
    return insert(record, !stored);
  }

  Result<void> erase(const ResourceId& id, std::int64_t version) override {
    if (closed_) return fail(Rsc::kInternalServerError, "this transaction has ended");
    const auto stored = state_.find(id);
    if (!stored || stored->version != version) return stale(id, "is not at the expected version");
    state_.remove(*stored);
    return {};
  }

  Result<void> expect(const ResourceId& id, std::int64_t version) override {
    if (closed_) return fail(Rsc::kInternalServerError, "this transaction has ended");
    const auto stored = state_.find(id);
    if (!stored || stored->version != version) return stale(id, "is not at the expected version");
    return {};
  }

  Result<void> put_outbox(const OutboxEntry& entry) override {
    if (closed_) return fail(Rsc::kInternalServerError, "this transaction has ended");
    state_.put_outbox(entry);
    return {};
  }
  Result<void> erase_outbox(std::int64_t order) override {
    if (closed_) return fail(Rsc::kInternalServerError, "this transaction has ended");
    state_.erase_outbox(order);
    return {};
  }
  Result<void> put_setting(const std::string& name, const std::string& value) override {
    if (closed_) return fail(Rsc::kInternalServerError, "this transaction has ended");
    state_.put_setting(name, value);
    return {};
  }

  std::optional<CommitFailure> commit() override {
    if (closed_) return CommitFailure{CommitError::kFailed, "this transaction has ended", {}};
    std::optional<CommitFailure> failure = stale_.failure();
    if (!failure) failure = publish();
    close();
    return failure;
  }

 private:
  Result<void> insert(const Record& record, bool is_new) {
    if (is_new && !record.parent.empty() && !state_.find(record.parent)) {
      return stale(record.parent, "is gone");
    }
    if (const auto sibling = state_.find_child(record.parent, record.name)) {
      return stale(sibling->id, "has taken the name");
    }
    if (const auto other = state_.find_order(record.order)) {
      return stale(other->id, "has taken the order");
    }
    state_.add(record);
    return {};
  }

  Result<void> stale(const ResourceId& id, const char* why) {
    stale_.note(id, why);
    return {};
  }

  std::optional<CommitFailure> publish() {
    MemoryStore::CommitFault fault;
    {
      const std::lock_guard lock(shared_->mutex);
      fault = shared_->fault;
    }
    if (fault) {
      if (auto failure = fault()) return failure;
    }
    const std::lock_guard lock(shared_->mutex);
    std::swap(shared_->committed, state_);
    return std::nullopt;
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    const std::lock_guard lock(shared_->mutex);
    shared_->transaction_open = false;
  }

  std::shared_ptr<MemoryStore::Shared> shared_;
  StaleList stale_;
  bool closed_ = false;
};

}  // namespace

MemoryStore::MemoryStore() : shared_(std::make_shared<Shared>()) {}
MemoryStore::~MemoryStore() = default;

Result<std::unique_ptr<Snapshot>> MemoryStore::read() {
  const std::lock_guard lock(shared_->mutex);
  return std::make_unique<Reader<Snapshot>>(shared_->committed);
}

Result<std::unique_ptr<Transaction>> MemoryStore::begin() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->transaction_open) {
    return fail(Rsc::kInternalServerError, "a transaction of this store is open already");
  }
  shared_->transaction_open = true;
  return std::make_unique<MemoryTransaction>(shared_, shared_->committed);
}

Result<std::int64_t> MemoryStore::count() {
  const std::lock_guard lock(shared_->mutex);
  return static_cast<std::int64_t>(shared_->committed.count());
}

void MemoryStore::set_commit_fault(CommitFault fault) {
  const std::lock_guard lock(shared_->mutex);
  shared_->fault = std::move(fault);
}

}  // namespace gatehouse
