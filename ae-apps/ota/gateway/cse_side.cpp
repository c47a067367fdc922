#include "ae-apps/ota/gateway/cse_side.h"

#include "ae-apps/ota/uptane/signed_message.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::int64_t kKeptInstances = 50;
/// Evidence of many updates, and a question may be put off each hour of its day.
constexpr std::int64_t kKeptConsents = 2'000;

Value list_of(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

/// The object in a contentInstance, whether it travelled as object or as its JSON text.
Value object_in(const Value& content) {
  const std::string* text = content.as_string();
  if (text == nullptr) return content;
  Result<Value> tree = parse_json(*text, {.max_bytes = 64 * 1024, .max_depth = 8});
  return tree ? *std::move(tree) : Value();
}

/// A label of the [deviceInfo], and a description: the labels of [firmware] belong to the order.
std::string signer_of(const EcuEntry& entry) {
  return "signed_by:" + std::string(signed_by(entry.level));
}

}  // namespace

sdk::Node CseSide::node(const std::string& serial) { return ae_.node("ecu-" + serial); }

Result<void> CseSide::ensure_policies() {
  const std::vector<std::string> us = {ae_.id(), ae_.sp_relative_id()};
  const unsigned look = sdk::kMayRetrieve | sdk::kMayDiscover;
  const auto ensure = [&](const std::string& name, unsigned server_may, std::string& address) {
    std::vector<sdk::AccessRule> rules = {{us, sdk::kMayDoAll}};
    if (server_may != 0) rules.push_back({{settings_.server_ae}, server_may});
    if (!settings_.readers.empty()) rules.push_back({settings_.readers, look});
    Result<std::string> policy = ae_.ensure_policy(name, rules);
    if (!policy) return Result<void>(fail(policy.error()));
    address = *std::move(policy);
    return Result<void>();
  };
  std::vector<sdk::AccessRule> inquirers = {{us, sdk::kMayDoAll},
                                            {{settings_.server_ae}, look | sdk::kMayCreate}};
  if (!settings_.measurer.empty()) {
    inquirers.push_back({{settings_.measurer}, look | sdk::kMayCreate});
  }
  if (!settings_.readers.empty()) inquirers.push_back({settings_.readers, look});
  Result<std::string> inquiries = ae_.ensure_policy("inquiries-policy", inquirers);
  if (!inquiries) return fail(inquiries.error());
  inquiries_policy_ = *std::move(inquiries);
  if (auto done = ensure("ecu-policy", look | sdk::kMayUpdate, ecu_policy_); !done) return done;
  return ensure("own-policy", 0, own_policy_);
}

Result<void> CseSide::prepare() {
  if (auto done = ensure_policies(); !done) return done;
  sdk::ContainerOptions options;
  options.max_instances = kKeptInstances;
  options.policies = {inquiries_policy_};
  if (auto done = ae_.container("inquiries").ensure(options); !done) return done;
  options.policies = {own_policy_};
  options.max_instances = kKeptConsents;
  if (auto done = ae_.container("consents").ensure(options); !done) return done;
  options.max_instances = kKeptInstances;
  return ae_.container("progress").ensure(options);
}

/// Makes the resource, or puts right what differs; the CSE replaces what stands in `at` by the
/// addresses of the announcements.
Result<void> CseSide::ensure(sdk::Resource resource, Value attributes,
                             const std::vector<std::string>& announced,
                             std::vector<std::string> create_only) const {
  attributes.set("acpi", Value::array({ecu_policy_}));
  if (!settings_.announce_to.empty()) {
    attributes.set("at", list_of(settings_.announce_to));
    if (!announced.empty()) attributes.set("aa", list_of(announced));
  }
  create_only.emplace_back("at");
  return resource.ensure(std::move(attributes), create_only);
}

Result<void> CseSide::publish_firmware(const EcuEntry& entry, const EcuFacts* facts) {
  const Result<Value> present = firmware(entry.serial);
  const bool ordered = present && present->bool_at("ud");
  std::vector<std::string> create_only = {"mgd", "url", "ud"};
  if (facts == nullptr || ordered) create_only.insert(create_only.end(), {"vr", "fwn"});
  return ensure(node(entry.serial).firmware(),
                Value::object({{"mgd", sdk::Firmware::kDefinition},
                               {"vr", facts != nullptr ? facts->version : "unknown"},
                               {"fwn", facts != nullptr ? facts->software : "unknown"},
                               {"url", settings_.images_url},
                               {"dc", signer_of(entry)},
                               {"ud", false}}),
                {"vr", "fwn", "url", "ud", "uds", "dc"}, std::move(create_only));
}

Result<void> CseSide::publish(const EcuEntry& entry, const EcuFacts* facts) {
  const Value name = Value::object({{"ni", "ecu-" + entry.serial}});
  if (auto done = ensure(node(entry.serial), name, {}, {}); !done) return done;
  if (auto done = publish_firmware(entry, facts); !done) return done;
  std::vector<std::string> create_only = {"mgd"};
  if (facts == nullptr) create_only.insert(create_only.end(), {"fwv", "swv"});
  return ensure(node(entry.serial).device_info("device-info"),
                Value::object({{"mgd", sdk::DeviceInfo::kDefinition},
                               {"lbl", Value::array({signer_of(entry)})},
                               {"dc", signer_of(entry)},
                               {"dlb", entry.serial},
                               {"man", "unknown"},
                               {"mod", entry.hardware_id},
                               {"dty", entry.node ? "field node" : "ECU"},
                               {"fwv", facts != nullptr ? facts->version : "unknown"},
                               {"swv", facts != nullptr ? facts->software : "unknown"},
                               {"hwv", entry.hardware_id}}),
                {"dc", "dlb", "man", "mod", "dty", "fwv", "swv", "hwv"}, std::move(create_only));
}

Result<void> CseSide::subscribe(const Inquired& inquired, const Offered& offered) {
  sdk::Container inquiries = ae_.container("inquiries");
  Result<sdk::Subscription> watch = inquiries.on_push([inquired](const sdk::Event& event) {
    if (const Value* content = event.attributes.find("con")) inquired(object_in(*content));
  });
  if (!watch) return fail(watch.error());
  subscriptions_.push_back(*std::move(watch));
  for (const EcuEntry& entry : settings_.ecus) {
    const std::string serial = entry.serial;
    watch = node(serial).firmware().on_update_ordered(
        [offered, serial](const sdk::Event&) { offered(serial); });
    if (!watch) return fail(watch.error());
    subscriptions_.push_back(*std::move(watch));
    const Result<Value> present = firmware(serial);
    if (!present || present->bool_at("ud")) offered(serial);
  }
  if (const auto missed = inquiries.latest<Value>(); missed && *missed)
    inquired(object_in(**missed));
  return {};
}

void CseSide::unsubscribe() { subscriptions_.clear(); }

Result<Value> CseSide::firmware(const std::string& serial) {
  return node(serial).firmware().read();
}

Result<void> CseSide::set_status(const std::string& serial, sdk::UpdateStatus status) {
  return node(serial).firmware().report(status, "ud");
}

Result<void> CseSide::close_order(const std::string& serial, sdk::UpdateStatus status,
                                  const EcuFacts* facts) {
  Value order = Value::object(
      {{"ud", false}, {"uds", Value::object({{"acn", "ud"}, {"sus", static_cast<int>(status)}})}});
  if (facts != nullptr) {
    order.set("vr", facts->version).set("fwn", facts->software);
    if (auto done = set_facts(serial, *facts); !done) return done;
  }
  if (const auto done = node(serial).firmware().update(std::move(order)); !done) {
    return fail(done.error());
  }
  return {};
}

Result<void> CseSide::set_facts(const std::string& serial, const EcuFacts& facts) {
  const auto done = node(serial)
                        .device_info("device-info")
                        .update(Value::object({{"fwv", facts.version}, {"swv", facts.software}}));
  if (!done) return fail(done.error());
  return {};
}

Result<void> CseSide::push_report(Value instance) {
  // Every message is the Primary's word: a vehicle version manifest, or a question of its own.
  if (settings_.report_key) {
    if (auto done = uptane::sign_message(instance, *settings_.report_key); !done) return done;
  }
  return ae_.container(settings_.reports).push(instance);
}

Result<void> CseSide::push_measurement(const Value& instance) {
  return ae_.container(settings_.measurements).push(instance);
}

Result<void> CseSide::push_consent(const Value& instance) {
  return ae_.container("consents").push(instance);
}

Result<void> CseSide::push_progress(const std::string& serial, std::string_view state,
                                    int percent) {
  return ae_.container("progress")
      .push(Value::object({{"ecu", serial}, {"state", state}, {"percent", percent}}));
}

}  // namespace gatehouse::gateway
