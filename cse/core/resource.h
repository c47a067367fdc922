#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "cse/schema/schema.h"
#include "cse/store/store.h"

namespace gatehouse {

/// One stored resource as it was at one moment: immutable, shared by whoever reads it.
/// Decoded attributes and encoded text are each made once, when first asked for. Threading: any
/// thread.
class Resource {
 public:
  /// From the store. `path` is the structured address, "cse-in/ae/cnt".
  Resource(Record record, const TypeSchema& schema, std::string path);
  /// New or changed by a procedure; `record.body` is made from `attributes` when first needed.
  Resource(Record record, const TypeSchema& schema, std::string path, Value attributes);
  /// `before` with some attributes set to other values: cheap, because what both share is not
  /// copied until somebody asks for attributes() or json().
  Resource(const std::shared_ptr<const Resource>& before, Record record, Value::Object changed);
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  const ResourceId& id() const { return record_.id; }
  const ResourceId& parent() const { return record_.parent; }
  const std::string& name() const { return record_.name; }
  int type() const { return record_.type; }
  std::int64_t order() const { return record_.order; }
  std::int64_t version() const { return record_.version; }
  Timestamp expires() const { return record_.expires; }
  const std::string& originator() const { return record_.originator; }
  const std::string& path() const { return path_; }
  const TypeSchema& schema() const { return *schema_; }

  /// The object below the root: {"rn":…,"ty":…,…}.
  const Value& attributes() const;
  /// One of them, or nullptr. For a successor with few changes cheaper than attributes().
  const Value* attribute(std::string_view name) const;
  /// What the CSE keeps beside the attributes; an empty object if nothing.
  const Value& internal() const;
  /// `{"m2m:cnt":{…}}`.
  const std::string& json() const;
  /// For a store: with its body.
  const Record& record() const;
  /// All but the body, for a successor of this resource.
  Record fields() const;

 private:
  friend std::shared_ptr<const Resource> detached(const std::shared_ptr<const Resource>& resource);
  void encode() const;
  void decode() const;
  void decode_internal() const;
  std::mutex& mutex() const;

  mutable Record record_;
  const TypeSchema* schema_;
  std::string path_;
  /// Set once the part has been made; the making is guarded by mutex().
  mutable std::atomic<bool> decoded_{false}, encoded_{false}, internal_decoded_{false};
  mutable Value attributes_;
  mutable Value internal_;
  /// Of a successor: the attributes that differ, and where all others are. `base_` has no base.
  Value::Object changed_;
  std::shared_ptr<const Resource> base_;
};

using ResourcePtr = std::shared_ptr<const Resource>;

/// The same state, no longer bound to a predecessor.
ResourcePtr detached(const ResourcePtr& resource);

/// The text of a resource as a response's content, without a copy.
Content content_of(const ResourcePtr& resource);

}  // namespace gatehouse
