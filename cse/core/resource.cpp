#include "cse/core/resource.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

const Value* find_in(const Value::Object& members, std::string_view name) {
  for (const Member& member : members) {  // as in Value::find
    if (member.name.size() != name.size()) continue;
    if (name.empty() || (member.name.front() == name.front() && member.name == name))
      return &member.value;
  }
  return nullptr;
}

}  // namespace

/// Parts are made seldom and quickly, so that many resources share a mutex.
std::mutex& Resource::mutex() const {
  static std::array<std::mutex, 64> mutexes;
  return mutexes[(reinterpret_cast<std::uintptr_t>(this) / alignof(std::max_align_t) / 16) %
                 mutexes.size()];
}

Resource::Resource(Record record, const TypeSchema& schema, std::string path)
    : record_(std::move(record)), schema_(&schema), path_(std::move(path)), encoded_(true) {}

Resource::Resource(Record record, const TypeSchema& schema, std::string path, Value attributes)
    : record_(std::move(record)),
      schema_(&schema),
      path_(std::move(path)),
      decoded_(true),
      attributes_(std::move(attributes)) {}

Resource::Resource(const std::shared_ptr<const Resource>& before, Record record,
                   Value::Object changed)
    : record_(std::move(record)),
      schema_(before->schema_),
      path_(before->path_),
      changed_(std::move(changed)) {
  for (const Member& member : before->changed_) {
    if (!find_in(changed_, member.name)) changed_.push_back(member);
  }
  base_ = before->base_ ? before->base_ : before;
}

const Value& Resource::attributes() const {
  if (!decoded_.load(std::memory_order_acquire)) decode();
  return attributes_;
}

const Value* Resource::attribute(std::string_view name) const {
  if (!base_) return attributes().find(name);
  const Value* changed = find_in(changed_, name);
  return changed ? changed : base_->attributes().find(name);
}

void Resource::decode() const {
  Value made;
  if (base_) {
    made = base_->attributes();
    for (const Member& member : changed_) made.set(member.name, member.value);
  } else if (auto content = parse_json(record_.body)) {
    if (Value* attributes = content->find(schema_->root)) made = std::move(*attributes);
  }
  const std::lock_guard lock(mutex());
  if (decoded_.load(std::memory_order_relaxed)) return;
  attributes_ = std::move(made);
  decoded_.store(true, std::memory_order_release);
}

const Value& Resource::internal() const {
  static const Value kNothing = Value::object();
  if (record_.internal.empty()) return kNothing;
  if (!internal_decoded_.load(std::memory_order_acquire)) decode_internal();
  return internal_;
}

void Resource::decode_internal() const {
  auto made = parse_json(record_.internal);
  const std::lock_guard lock(mutex());
  if (internal_decoded_.load(std::memory_order_relaxed)) return;
  internal_ = made ? *std::move(made) : Value::object();
  internal_decoded_.store(true, std::memory_order_release);
}

void Resource::encode() const {
  if (encoded_.load(std::memory_order_acquire)) return;
  std::string body;
  body.reserve(384);  // most resources fit
  body += '{';
  append_json_string(body, schema_->root);
  body += ':';
  append_json(body, attributes());
  body += '}';
  const std::lock_guard lock(mutex());
  if (encoded_.load(std::memory_order_relaxed)) return;
  record_.body = std::move(body);
  encoded_.store(true, std::memory_order_release);
}

const std::string& Resource::json() const {
  encode();
  return record_.body;
}

const Record& Resource::record() const {
  encode();
  return record_;
}

Record Resource::fields() const {
  Record copy;
  copy.id = record_.id;
  copy.parent = record_.parent;
  copy.name = record_.name;
  copy.type = record_.type;
  copy.order = record_.order;
  copy.version = record_.version;
  copy.expires = record_.expires;
  copy.originator = record_.originator;
  copy.internal = record_.internal;
  copy.modified = record_.modified;
  copy.labels = record_.labels;
  return copy;
}

ResourcePtr detached(const ResourcePtr& resource) {
  if (!resource->base_) return resource;
  auto alone =
      std::make_shared<const Resource>(resource->record(), resource->schema(), resource->path());
  alone->attributes_ = resource->attributes();
  alone->decoded_.store(true, std::memory_order_release);
  return alone;
}

Content content_of(const ResourcePtr& resource) {
  return Content::from_json(std::shared_ptr<const std::string>(resource, &resource->json()));
}

}  // namespace gatehouse
