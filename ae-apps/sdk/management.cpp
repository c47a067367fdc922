#include <utility>

#include "ae-apps/sdk/ae.h"
#include "ae-apps/sdk/resource.h"

namespace gatehouse::sdk {
namespace {

constexpr std::int64_t kManagementObjectType = 13, kNodeType = 14;

/// Sets a text that is not empty.
void set_text(Value& attributes, const char* name, const std::string& text) {
  if (!text.empty()) attributes.set(name, text);
}

void set_list(Value& attributes, const char* name, const std::vector<std::string>& texts) {
  if (!texts.empty()) attributes.set(name, Value::Array(texts.begin(), texts.end()));
}

}  // namespace

ManagementObject::ManagementObject(Ae& ae, std::string address, std::string root,
                                   std::int64_t definition)
    : Resource(ae, std::move(address), kManagementObjectType, std::move(root)),
      definition_(definition) {}

Result<void> ManagementObject::ensure(Value attributes) {
  attributes.set("mgd", definition_);
  return Resource::ensure(std::move(attributes), {"mgd"});
}

Result<Subscription> ManagementObject::on_update(std::vector<std::string> attributes,
                                                 EventCallback callback, std::string name) {
  Criteria criteria;
  criteria.attributes = std::move(attributes);
  criteria.name = std::move(name);
  return subscribe(std::move(criteria), std::move(callback));
}

Firmware::Firmware(Ae& ae, std::string address)
    : ManagementObject(ae, std::move(address), "m2m:fwr", kDefinition) {}

Result<void> Firmware::ensure(const FirmwareFacts& wanted,
                              const std::vector<std::string>& policies) {
  Value attributes = Value::object({{"mgd", kDefinition},
                                    {"vr", wanted.version},
                                    {"fwn", wanted.name},
                                    {"url", wanted.url},
                                    {"ud", false}});
  set_list(attributes, "acpi", policies);
  const auto present = read();
  if (present && present->bool_at("ud")) return {};
  return Resource::ensure(std::move(attributes), {"mgd"});
}

Result<FirmwareFacts> Firmware::facts() const {
  const auto attributes = read();
  if (!attributes) return fail(attributes.error());
  return FirmwareFacts{attributes->string_at("vr"), attributes->string_at("fwn"),
                       attributes->string_at("url")};
}

// Source: TS-0001 clause D.2, table D.2-1 (update).
Result<void> Firmware::order_update(const FirmwareFacts& wanted) {
  Value attributes = Value::object({{"ud", true}});
  set_text(attributes, "vr", wanted.version);
  set_text(attributes, "fwn", wanted.name);
  set_text(attributes, "url", wanted.url);
  if (const auto done = update(std::move(attributes)); !done) return fail(done.error());
  return {};
}

Result<Subscription> Firmware::on_update_ordered(EventCallback callback, std::string name) {
  return on_update(
      {"ud"},
      [callback = std::move(callback)](const Event& event) {
        if (event.attributes.bool_at("ud")) callback(event);
      },
      std::move(name));
}

// Source: TS-0004 clause 6.3.5.15 (m2m:actionStatus).
Result<void> Firmware::report(UpdateStatus status, const std::string& action) {
  const auto done = update(Value::object(
      {{"uds", Value::object({{"acn", action}, {"sus", static_cast<int>(status)}})}}));
  if (!done) return fail(done.error());
  return {};
}

DeviceInfo::DeviceInfo(Ae& ae, std::string address)
    : ManagementObject(ae, std::move(address), "m2m:dvi", kDefinition) {}

Result<void> DeviceInfo::ensure(const DeviceFacts& facts,
                                const std::vector<std::string>& policies) {
  Value attributes = Value::object({{"dlb", facts.label},
                                    {"man", facts.manufacturer},
                                    {"mod", facts.model},
                                    {"dty", facts.type}});
  set_text(attributes, "fwv", facts.firmware_version);
  set_text(attributes, "swv", facts.software_version);
  set_text(attributes, "hwv", facts.hardware_version);
  set_list(attributes, "acpi", policies);
  return ManagementObject::ensure(std::move(attributes));
}

Result<DeviceFacts> DeviceInfo::facts() const {
  const auto attributes = read();
  if (!attributes) return fail(attributes.error());
  const Value& value = *attributes;
  return DeviceFacts{value.string_at("dlb"), value.string_at("man"), value.string_at("mod"),
                     value.string_at("dty"), value.string_at("fwv"), value.string_at("swv"),
                     value.string_at("hwv")};
}

Node::Node(Ae& ae, std::string address) : Resource(ae, std::move(address), kNodeType, "m2m:nod") {}

Result<void> Node::ensure(const std::string& node_id, const std::vector<std::string>& hosted_aes,
                          const std::vector<std::string>& policies) {
  Value attributes = Value::object({{"ni", node_id}});
  set_list(attributes, "hael", hosted_aes);
  set_list(attributes, "acpi", policies);
  return Resource::ensure(std::move(attributes));
}

Firmware Node::firmware(const std::string& name) const { return {*ae_, address_ + "/" + name}; }

DeviceInfo Node::device_info(const std::string& name) const {
  return {*ae_, address_ + "/" + name};
}

ManagementObject Node::management_object(const std::string& root, std::int64_t definition,
                                         const std::string& name) const {
  return {*ae_, address_ + "/" + name, root, definition};
}

}  // namespace gatehouse::sdk
