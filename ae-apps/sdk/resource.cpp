#include "ae-apps/sdk/resource.h"

#include <algorithm>
#include <utility>

#include "ae-apps/sdk/ae.h"
#include "ae-apps/sdk/session.h"

namespace gatehouse::sdk {
namespace {

constexpr std::int64_t kContainerType = 3, kContentInstanceType = 4;

Value list_of(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

}  // namespace

Resource::Resource(Ae& ae, std::string address, std::int64_t type, std::string root)
    : ae_(&ae), address_(std::move(address)), type_(type), root_(std::move(root)) {}

Result<Value> Resource::read() const { return ae_->retrieve(address_); }

Result<Value> Resource::update(Value attributes) {
  return ae_->update(address_, root_, std::move(attributes));
}

Result<void> Resource::remove() { return ae_->remove(address_); }

Result<Subscription> Resource::subscribe(Criteria criteria, EventCallback callback) {
  return ae_->subscribe(address_, std::move(criteria), std::move(callback));
}

Result<void> Resource::ensure(Value attributes, const std::vector<std::string>& create_only) {
  const std::size_t slash = address_.rfind('/');
  if (slash == std::string::npos || slash == 0) {
    return fail(Rsc::kBadRequest, "the address " + address_ + " has no parent");
  }
  Result<Value> present = read();
  if (!present && present.error().rsc == Rsc::kNotFound) {
    Value wanted = attributes;
    wanted.set("rn", address_.substr(slash + 1));
    const auto created = ae_->create(address_.substr(0, slash), type_, root_, std::move(wanted));
    if (created) return {};
    if (created.error().rsc != Rsc::kConflict) return fail(created.error());
    present = read();  // somebody was faster
  }
  if (!present) return fail(present.error());
  Value changes = differences(*present, attributes);
  for (const std::string& name : create_only) changes.erase(name);
  if (changes.size() == 0) return {};
  if (const auto updated = update(std::move(changes)); !updated) return fail(updated.error());
  return {};
}

template <>
std::optional<double> content_as(const Value& content) {
  return content.as_number();
}
template <>
std::optional<std::int64_t> content_as(const Value& content) {
  return content.as_integer();
}
template <>
std::optional<bool> content_as(const Value& content) {
  return content.as_bool();
}
template <>
std::optional<std::string> content_as(const Value& content) {
  const std::string* text = content.as_string();
  return text ? std::optional<std::string>(*text) : std::nullopt;
}
template <>
std::optional<Value> content_as(const Value& content) {
  return content;
}

Container::Container(Ae& ae, std::string address)
    : Resource(ae, std::move(address), kContainerType, "m2m:cnt") {}

Result<void> Container::ensure(const ContainerOptions& options) {
  Value attributes = Value::object();
  if (options.max_instances) attributes.set("mni", *options.max_instances);
  if (options.max_bytes) attributes.set("mbs", *options.max_bytes);
  if (options.max_age_seconds) attributes.set("mia", *options.max_age_seconds);
  if (!options.labels.empty()) attributes.set("lbl", list_of(options.labels));
  if (!options.policies.empty()) attributes.set("acpi", list_of(options.policies));
  return Resource::ensure(std::move(attributes));
}

Result<void> Container::push(Value content, const std::vector<std::string>& labels) {
  Value attributes = Value::object({{"con", std::move(content)}});
  if (!labels.empty()) attributes.set("lbl", list_of(labels));
  const auto created =
      ae_->create(address_, kContentInstanceType, "m2m:cin", std::move(attributes));
  if (!created) return fail(created.error());
  return {};
}

Result<std::optional<Value>> Container::latest_content() const {
  const auto instance = ae_->retrieve(address_ + "/la");
  if (!instance && instance.error().rsc == Rsc::kNotFound) return std::optional<Value>();
  if (!instance) return fail(instance.error());
  const Value* content = instance->find("con");
  return content ? std::optional<Value>(*content) : std::nullopt;
}

Result<Subscription> Container::on_push(EventCallback callback, std::string name) {
  Criteria criteria;
  criteria.events = {EventType::kCreateChild};
  criteria.child_types = {kContentInstanceType};
  criteria.name = std::move(name);
  return subscribe(std::move(criteria), std::move(callback));
}

}  // namespace gatehouse::sdk
