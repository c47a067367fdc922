#include "cse/core/resource_cache.h"

#include <algorithm>

namespace gatehouse {

ResourceCache::ResourceCache(std::size_t capacity)
    : capacity_per_shard_(std::max<std::size_t>(capacity / kShards, 4)) {}

ResourcePtr ResourceCache::find(const ResourceId& id) {
  Shard& place = shard(id);
  const std::lock_guard lock(place.mutex);
  const auto entry = place.by_id.find(id);
  if (entry == place.by_id.end()) return nullptr;
  entry->second.used = true;
  return entry->second.resource;
}

ResourcePtr ResourceCache::find_path(const std::string& path) {
  ResourceId id;
  {
    PathShard& place = path_shard(path);
    const std::lock_guard lock(place.mutex);
    const auto entry = place.by_path.find(path);
    if (entry == place.by_path.end()) return nullptr;
    id = entry->second;
  }
  ResourcePtr resource = find(id);
  return resource && resource->path() == path ? resource : nullptr;
}

ResourcePtr ResourceCache::latest(const ResourceId& parent) {
  Shard& place = shard(parent);
  const std::lock_guard lock(place.mutex);
  const auto entry = place.latest.find(parent);
  return entry == place.latest.end() ? nullptr : entry->second;
}

void ResourceCache::set_latest(const ResourcePtr& instance, std::uint64_t ticket) {
  Shard& place = shard(instance->parent());
  const std::lock_guard lock(place.mutex);
  if (place.epoch != ticket) return;
  if (place.latest.size() >= capacity_per_shard_) place.latest.clear();
  place.latest[instance->parent()] = instance;
}

std::uint64_t ResourceCache::ticket(const ResourceId& id) {
  Shard& place = shard(id);
  const std::lock_guard lock(place.mutex);
  return place.epoch;
}

void ResourceCache::fill(const ResourcePtr& resource, std::uint64_t ticket) {
  {
    Shard& place = shard(resource->id());
    const std::lock_guard lock(place.mutex);
    if (place.epoch != ticket) return;
    insert(place, resource);
  }
  remember_path(*resource);
}

void ResourceCache::publish(const ResourcePtr& resource) {
  {
    Shard& place = shard(resource->id());
    const std::lock_guard lock(place.mutex);
    ++place.epoch;
    insert(place, resource);
  }
  remember_path(*resource);
}

void ResourceCache::publish_instance(const ResourcePtr& instance) {
  Shard& place = shard(instance->parent());
  const std::lock_guard lock(place.mutex);
  ++place.epoch;
  if (place.latest.size() >= capacity_per_shard_) place.latest.clear();
  ResourcePtr& newest = place.latest[instance->parent()];
  if (!newest || newest->order() < instance->order()) newest = instance;
}

void ResourceCache::drop(const ResourceId& id) {
  ResourcePtr gone;
  {
    Shard& place = shard(id);
    const std::lock_guard lock(place.mutex);
    ++place.epoch;
    place.latest.erase(id);
    const auto entry = place.by_id.find(id);
    if (entry != place.by_id.end()) {
      gone = entry->second.resource;
      place.by_id.erase(entry);  // its place on the clock is found empty when the hand comes by
    }
  }
  if (gone) forget_path(gone->path());
}

void ResourceCache::drop_latest(const ResourceId& parent) {
  Shard& place = shard(parent);
  const std::lock_guard lock(place.mutex);
  ++place.epoch;
  place.latest.erase(parent);
}

void ResourceCache::drop_below(const std::string& path) {
  const std::string prefix = path + "/";
  const auto is_below = [&](const ResourcePtr& resource) {
    return resource && resource->path().starts_with(prefix);
  };
  for (Shard& place : shards_) {
    std::vector<std::string> gone;
    {
      const std::lock_guard lock(place.mutex);
      ++place.epoch;
      std::erase_if(place.latest, [&](const auto& entry) { return is_below(entry.second); });
      std::erase_if(place.by_id, [&](const auto& entry) {
        if (!is_below(entry.second.resource)) return false;
        gone.push_back(entry.second.resource->path());
        return true;
      });
    }
    for (const std::string& one : gone) forget_path(one);
  }
}

void ResourceCache::clear() {
  for (Shard& place : shards_) {
    const std::lock_guard lock(place.mutex);
    ++place.epoch;
    place.by_id.clear();
    place.clock.clear();
    place.latest.clear();
  }
  for (PathShard& place : path_shards_) {
    const std::lock_guard lock(place.mutex);
    place.by_path.clear();
  }
}

void ResourceCache::insert(Shard& place, const ResourcePtr& resource) {
  const auto [entry, is_new] = place.by_id.try_emplace(resource->id());
  entry->second.resource = resource;
  if (!is_new) return;
  place.clock.push_back(resource->id());
  // Second-chance eviction: an entry used since the last round is passed over once. A dropped
  // resource leaves its place on the clock behind; such a place is thrown away when the hand comes
  // by.
  bool kept_own_place = false;
  for (std::size_t steps = 2 * place.clock.size(); steps > 0; --steps) {
    if (place.by_id.size() <= capacity_per_shard_ &&
        place.clock.size() <= 2 * capacity_per_shard_) {
      return;
    }
    const ResourceId candidate = std::move(place.clock.front());
    place.clock.pop_front();
    const auto found = place.by_id.find(candidate);
    if (found == place.by_id.end()) continue;
    if (candidate == resource->id()) {
      if (!kept_own_place) place.clock.push_back(candidate);
      kept_own_place = true;
    } else if (found->second.used) {
      found->second.used = false;
      place.clock.push_back(candidate);
    } else {
      forget_path(found->second.resource->path());
      place.by_id.erase(found);
    }
  }
}

void ResourceCache::remember_path(const Resource& resource) {
  PathShard& place = path_shard(resource.path());
  const std::lock_guard lock(place.mutex);
  place.by_path[resource.path()] = resource.id();
}

void ResourceCache::forget_path(const std::string& path) {
  PathShard& place = path_shard(path);
  const std::lock_guard lock(place.mutex);
  place.by_path.erase(path);
}

}  // namespace gatehouse
