#include "ae-apps/ota/suit/memory_device.h"

#include <algorithm>

namespace gatehouse::suit {

Result<crypto::Sha256Digest> MemoryDevice::digest(const ComponentId& component,
                                                  std::uint64_t size_bytes) {
  const ByteView content = components.at(component);
  return crypto::sha256(
      content.first(static_cast<std::size_t>(std::min<std::uint64_t>(content.size(), size_bytes))));
}

Result<Bytes> MemoryDevice::content(const ComponentId& component, std::size_t max_bytes) {
  Bytes out = components.at(component);
  out.resize(std::min(out.size(), max_bytes));
  return out;
}

Result<void> MemoryDevice::write(const ComponentId& component, ByteView content) {
  components.at(component).assign(content.begin(), content.end());
  return {};
}

Result<void> MemoryDevice::fetch(const ComponentId& component, const std::string& uri,
                                 std::uint64_t max_bytes) {
  fetched.push_back(uri);
  if (!source) return fail(Rsc::kNotFound, "fetch: there is nothing at " + uri);
  Result<Bytes> image = source(uri);
  if (!image) return fail(image.error());
  if (image->size() > max_bytes) {
    return fail(Rsc::kNotAcceptable, "fetch: more came than the manifest says");
  }
  components.at(component) = *std::move(image);
  return {};
}

Result<void> MemoryDevice::copy(const ComponentId& to, const ComponentId& from) {
  components.at(to) = components.at(from);
  return {};
}

Result<void> MemoryDevice::swap(const ComponentId& one, const ComponentId& other) {
  std::swap(components.at(one), components.at(other));
  return {};
}

Result<void> MemoryDevice::invoke(const ComponentId& component, ByteView) {
  invoked.push_back(component);
  return {};
}

}  // namespace gatehouse::suit
