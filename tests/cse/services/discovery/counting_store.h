#pragma once
#include <memory>
#include <utility>

#include "cse/store/store.h"

namespace gatehouse::test {

/// What was asked of a store and what it gave: a measure of work that no clock disturbs.
struct StoreWork {
  std::int64_t records = 0;   ///< resources looked up, one by one
  std::int64_t listings = 0;  ///< pages of indexes that were read
  std::int64_t rows = 0;      ///< rows in them
  std::int64_t all() const { return records + listings + rows; }
};

/// A store that counts what its readers ask; writes pass through uncounted.
class CountingStore final : public Store {
 public:
  explicit CountingStore(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  StoreWork work;

  Result<std::unique_ptr<Snapshot>> read() override {
    auto snapshot = store_->read();
    if (!snapshot) return fail(snapshot.error());
    return std::make_unique<Reader>(work, *std::move(snapshot));
  }
  Result<std::unique_ptr<Transaction>> begin() override { return store_->begin(); }
  Result<std::int64_t> count() override { return store_->count(); }

 private:
  class Reader final : public Snapshot {
   public:
    Reader(StoreWork& work, std::unique_ptr<Snapshot> snapshot)
        : work_(work), snapshot_(std::move(snapshot)) {}

    Result<std::optional<Record>> find(const ResourceId& id) override {
      ++work_.records;
      return snapshot_->find(id);
    }
    Result<std::optional<Record>> find_child(const ResourceId& parent,
                                             const std::string& name) override {
      ++work_.records;
      return snapshot_->find_child(parent, name);
    }
    Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) override {
      return listed(snapshot_->children(parent, page));
    }
    Result<std::vector<ChildEntry>> children_of_type(const ResourceId& parent, int type,
                                                     const Page& page) override {
      return listed(snapshot_->children_of_type(parent, type, page));
    }
    Result<std::vector<ChildEntry>> all_of_type(int type, const Page& page) override {
      return listed(snapshot_->all_of_type(type, page));
    }
    Result<std::vector<int>> child_types(const ResourceId& parent) override {
      return listed(snapshot_->child_types(parent));
    }
    Result<std::vector<IndexEntry>> all(std::int64_t after, std::size_t limit) override {
      return listed(snapshot_->all(after, limit));
    }
    Result<std::optional<std::string>> next_label(const std::string& from) override {
      ++work_.listings;
      return snapshot_->next_label(from);
    }
    Result<std::optional<ResourceId>> next_labelled_parent(const std::string& label,
                                                           const ResourceId& after) override {
      ++work_.listings;
      return snapshot_->next_labelled_parent(label, after);
    }
    Result<std::vector<ChildEntry>> labelled_children(const std::string& label,
                                                      const ResourceId& parent,
                                                      const Page& page) override {
      return listed(snapshot_->labelled_children(label, parent, page));
    }
    Result<std::vector<IndexEntry>> by_modification(const TimePosition& after,
                                                    std::size_t limit) override {
      return listed(snapshot_->by_modification(after, limit));
    }
    Result<std::vector<IndexEntry>> by_expiration(const TimePosition& after, Timestamp until,
                                                  std::size_t limit) override {
      return listed(snapshot_->by_expiration(after, until, limit));
    }
    Result<std::vector<OutboxEntry>> outbox(std::int64_t after, std::size_t limit) override {
      return snapshot_->outbox(after, limit);
    }
    Result<std::optional<std::string>> setting(const std::string& name) override {
      return snapshot_->setting(name);
    }

   private:
    template <class Listing>
    Listing listed(Listing listing) {
      ++work_.listings;
      if (listing) work_.rows += std::ssize(*listing);
      return listing;
    }

    StoreWork& work_;
    std::unique_ptr<Snapshot> snapshot_;
  };

  std::shared_ptr<Store> store_;
};

}  // namespace gatehouse::test
