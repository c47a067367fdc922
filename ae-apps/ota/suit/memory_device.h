#pragma once
#include "ae-apps/ota/suit/processor.h"

namespace gatehouse::suit {

/// A device whose components are in memory: for trying a manifest out, and for tests.
class MemoryDevice final : public Device {
 public:
  using Fetch = std::function<Result<Bytes>(const std::string& uri)>;

  Uuid vendor_id{}, class_id{}, device_id{};
  std::map<ComponentId, Bytes> components;  ///< those that the device has
  std::uint64_t active_slot = 0;
  Fetch source;  ///< of what is not in the envelope
  std::vector<ComponentId> invoked;
  std::vector<std::string> fetched;  ///< uris

  bool has(const ComponentId& component) const override { return components.contains(component); }
  Uuid vendor() const override { return vendor_id; }
  Uuid device_class() const override { return class_id; }
  Uuid device() const override { return device_id; }
  std::uint64_t slot(const ComponentId&) const override { return active_slot; }
  Result<crypto::Sha256Digest> digest(const ComponentId& component,
                                      std::uint64_t size_bytes) override;
  Result<Bytes> content(const ComponentId& component, std::size_t max_bytes) override;
  Result<void> write(const ComponentId& component, ByteView content) override;
  Result<void> fetch(const ComponentId& component, const std::string& uri,
                     std::uint64_t max_bytes) override;
  Result<void> copy(const ComponentId& to, const ComponentId& from) override;
  Result<void> swap(const ComponentId& one, const ComponentId& other) override;
  Result<void> invoke(const ComponentId& component, ByteView arguments) override;
};

}  // namespace gatehouse::suit
