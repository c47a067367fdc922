#pragma once
#include <array>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "cse/core/resource.h"

namespace gatehouse {

/// A bounded memory of committed resources, by identifier and by structured path. Any thread reads
/// it; the write lane publishes into it after each commit, before the answer leaves, so no reader
/// sees less than it was told.
class ResourceCache {
 public:
  /// `capacity`: resources kept in all.
  explicit ResourceCache(std::size_t capacity);

  ResourcePtr find(const ResourceId& id);
  ResourcePtr find_path(const std::string& path);
  /// The newest <contentInstance> (or other instance) of a parent, if it is known.
  ResourcePtr latest(const ResourceId& parent);
  void set_latest(const ResourcePtr& instance, std::uint64_t ticket);

  /// What a reader takes before it asks the store, and hands back with what it found: if anything
  /// was published in between in that place, its find may be old and is not kept.
  std::uint64_t ticket(const ResourceId& id);
  void fill(const ResourcePtr& resource, std::uint64_t ticket);

  /// The write lane: the new state of a resource.
  void publish(const ResourcePtr& resource);
  /// The write lane: an instance was added to its parent. It is kept as the newest one only: most
  /// are never read alone.
  void publish_instance(const ResourcePtr& instance);
  /// The resource is gone, or what is known of it may be old.
  void drop(const ResourceId& id);
  /// Everything below that structured path is gone. Looks through the whole cache.
  void drop_below(const std::string& path);
  void drop_latest(const ResourceId& parent);
  void clear();

 private:
  struct Entry {
    ResourcePtr resource;
    bool used = false;  ///< since the hand of the clock passed
  };
  struct Shard {
    std::mutex mutex;
    std::uint64_t epoch = 0;
    std::unordered_map<ResourceId, Entry> by_id;
    std::list<ResourceId> clock;
    std::unordered_map<ResourceId, ResourcePtr> latest;
  };
  struct PathShard {
    std::mutex mutex;
    std::unordered_map<std::string, ResourceId> by_path;
  };
  static constexpr std::size_t kShards = 32;

  Shard& shard(const ResourceId& id) { return shards_[std::hash<ResourceId>{}(id) % kShards]; }
  PathShard& path_shard(const std::string& path) {
    return path_shards_[std::hash<std::string>{}(path) % kShards];
  }
  void insert(Shard& shard, const ResourcePtr& resource);
  void remember_path(const Resource& resource);
  void forget_path(const std::string& path);

  const std::size_t capacity_per_shard_;
  std::array<Shard, kShards> shards_;
  std::array<PathShard, kShards> path_shards_;
};

}  // namespace gatehouse
