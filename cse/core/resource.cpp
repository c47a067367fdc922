#include "cse/core/resource.h"

#include "cse/codec/json.h"

namespace gatehouse {

Resource::Resource(Record record, const TypeSchema& schema, std::string path)
    : record_(std::move(record)), schema_(&schema), path_(std::move(path)) {
  std::call_once(encoded_, [] {});  // the body is there
}

Resource::Resource(Record record, const TypeSchema& schema, std::string path, Value attributes)
    : record_(std::move(record)),
      schema_(&schema),
      path_(std::move(path)),
      attributes_(std::move(attributes)) {
  std::call_once(decoded_, [] {});
}

const Value& Resource::attributes() const {
  std::call_once(decoded_, [this] {
    if (auto content = parse_json(record_.body)) {
      if (Value* attributes = content->find(schema_->root)) attributes_ = std::move(*attributes);
    }
  });
  return attributes_;
}

const Value& Resource::internal() const {
  std::call_once(internal_decoded_, [this] {
    internal_ = Value::object();
    if (record_.internal.empty()) return;
    if (auto value = parse_json(record_.internal)) internal_ = std::move(*value);
  });
  return internal_;
}

void Resource::encode() const {
  std::call_once(encoded_, [this] {
    std::string& body = record_.body;
    body.clear();
    body.reserve(256);
    body += '{';
    append_json_string(body, schema_->root);
    body += ':';
    append_json(body, attributes_);
    body += '}';
  });
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

Content content_of(const ResourcePtr& resource) {
  return Content::from_json(std::shared_ptr<const std::string>(resource, &resource->json()));
}

}  // namespace gatehouse
