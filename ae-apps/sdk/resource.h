#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/sdk/subscription.h"
#include "cse/primitive/result.h"

namespace gatehouse::sdk {

class Ae;

/// A resource of the CSE (or of another one) by its address. A handle is cheap to copy, makes no
/// request by itself, and must not be used after its Ae. All functions send one or a few requests
/// and wait; errors are those of the CSE.
class Resource {
 public:
  Resource(Ae& ae, std::string address, std::int64_t type, std::string root);

  const std::string& address() const { return address_; }
  /// Its attributes, without the root. Errors: kNotFound …
  Result<Value> read() const;
  /// Sets the attributes given; a null removes one. Returns the attributes as the CSE answered.
  Result<Value> update(Value attributes);
  Result<void> remove();  ///< removing what is not there succeeds
  Result<Subscription> subscribe(Criteria criteria, EventCallback callback);
  /// Retrieve, or create, or update what differs; so a restart costs one request. `create_only`:
  /// attributes that are never updated.
  Result<void> ensure(Value attributes, const std::vector<std::string>& create_only = {});

 protected:
  Ae* ae_;
  std::string address_;
  std::int64_t type_;
  std::string root_;
};

struct ContainerOptions {
  std::optional<std::int64_t> max_instances{}, max_bytes{}, max_age_seconds{};  ///< mni mbs mia
  std::vector<std::string> labels{}, policies{};                                ///< lbl acpi
};

/// The <contentInstance>'s content in the wanted type; nullopt if it is of another.
template <class T>
std::optional<T> content_as(const Value& content);
template <>
std::optional<double> content_as(const Value& content);
template <>
std::optional<std::int64_t> content_as(const Value& content);
template <>
std::optional<bool> content_as(const Value& content);
template <>
std::optional<std::string> content_as(const Value& content);
template <>
std::optional<Value> content_as(const Value& content);

/// A <container> and its <contentInstance>s.
class Container : public Resource {
 public:
  Container(Ae& ae, std::string address);

  Result<void> ensure(const ContainerOptions& options = {});
  /// Adds a <contentInstance>; texts, numbers, truth values and objects alike (con).
  Result<void> push(Value content, const std::vector<std::string>& labels = {});
  /// The newest content; nullopt if there is none. Errors: kContentsUnacceptable if it is of
  /// another type.
  template <class T>
  Result<std::optional<T>> latest() const {
    Result<std::optional<Value>> content = latest_content();
    if (!content) return fail(content.error());
    if (!*content) return std::optional<T>();
    std::optional<T> typed = content_as<T>(**content);
    if (!typed) return fail(Rsc::kContentsUnacceptable, "con (content): is of another type");
    return typed;
  }
  /// `callback` for every new <contentInstance>; Event::attributes holds "con".
  Result<Subscription> on_push(EventCallback callback, std::string name = {});

 private:
  Result<std::optional<Value>> latest_content() const;
};

/// A management object below a <node>, of any specialisation. Source: TS-0001 clause 9.6.15.
class ManagementObject : public Resource {
 public:
  /// `root` and `definition`: "m2m:bat" and 1006 (mgd).
  ManagementObject(Ae& ae, std::string address, std::string root, std::int64_t definition);
  /// Creates it with these attributes, or makes it have them.
  Result<void> ensure(Value attributes = Value::object());
  /// `callback` when one of the attributes (short names; empty: any) was updated.
  Result<Subscription> on_update(std::vector<std::string> attributes, EventCallback callback,
                                 std::string name = {});

 protected:
  std::int64_t definition_;
};

/// m2m:statusType of updateStatus. Source: TS-0004 clause 6.3.4.2.
enum class UpdateStatus : std::uint8_t {
  kUninitialized = 0,
  kSuccessful = 1,
  kFailure = 2,
  kInProcess = 3,
};

struct FirmwareFacts {
  std::string version{}, name{}, url{};  ///< vr fwn url
};

/// [firmware]: which version runs, and the order to update. Source: TS-0001 clause D.2.
class Firmware : public ManagementObject {
 public:
  static constexpr std::int64_t kDefinition = 1001;
  Firmware(Ae& ae, std::string address);

  /// An order to update that came while the AE was away (ud is true) stands: then nothing changes.
  /// `policies`: acpi; a management object does not take over its node's.
  Result<void> ensure(const FirmwareFacts& facts, const std::vector<std::string>& policies = {});
  Result<FirmwareFacts> facts() const;
  /// Orders the update to another version: vr, fwn, url and ud = true in one request.
  Result<void> order_update(const FirmwareFacts& wanted);
  /// `callback` when somebody sets ud to true; Event::attributes holds vr, fwn and url.
  Result<Subscription> on_update_ordered(EventCallback callback, std::string name = {});
  /// uds: how the update goes; `action` names it ("update").
  Result<void> report(UpdateStatus status, const std::string& action = "update");
};

struct DeviceFacts {
  std::string label{}, manufacturer{}, model{}, type{};  ///< dlb man mod dty; mandatory
  std::string firmware_version{}, software_version{},
      hardware_version{};  ///< fwv swv hwv; may be empty
};

/// [deviceInfo]. Source: TS-0001 clause D.8.
class DeviceInfo : public ManagementObject {
 public:
  static constexpr std::int64_t kDefinition = 1007;
  DeviceInfo(Ae& ae, std::string address);
  Result<void> ensure(const DeviceFacts& facts, const std::vector<std::string>& policies = {});
  Result<DeviceFacts> facts() const;
};

/// A <node>: a device and its management objects.
class Node : public Resource {
 public:
  Node(Ae& ae, std::string address);

  /// `node_id`: ni, such as "urn:imei:…" or a name of ours. `hosted_aes`: hael. `policies`: acpi.
  Result<void> ensure(const std::string& node_id, const std::vector<std::string>& hosted_aes = {},
                      const std::vector<std::string>& policies = {});
  Firmware firmware(const std::string& name = "firmware") const;
  DeviceInfo device_info(const std::string& name = "deviceInfo") const;
  ManagementObject management_object(const std::string& root, std::int64_t definition,
                                     const std::string& name) const;
};

}  // namespace gatehouse::sdk
