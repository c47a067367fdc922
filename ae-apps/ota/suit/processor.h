#pragma once
#include <functional>

#include "ae-apps/ota/suit/manifest.h"

namespace gatehouse::suit {

/// What a processor acts on: the parts of one device. Errors of all functions: a sentence for
/// people.
class Device {
 public:
  virtual ~Device() = default;
  /// Whether this device has the component at all.
  virtual bool has(const ComponentId& component) const = 0;
  virtual Uuid vendor() const = 0;
  virtual Uuid device_class() const = 0;
  virtual Uuid device() const = 0;
  /// The slot of the component that is looked at or written to.
  virtual std::uint64_t slot(const ComponentId& component) const = 0;
  /// SHA-256 of the first bytes of what is there.
  virtual Result<crypto::Sha256Digest> digest(const ComponentId& component,
                                              std::uint64_t size_bytes) = 0;
  virtual Result<Bytes> content(const ComponentId& component, std::size_t max_bytes) = 0;
  virtual Result<void> write(const ComponentId& component, ByteView content) = 0;
  /// Of a uri that is not in the envelope. No more than `max_bytes` are stored.
  virtual Result<void> fetch(const ComponentId& component, const std::string& uri,
                             std::uint64_t max_bytes) = 0;
  virtual Result<void> copy(const ComponentId& to, const ComponentId& from) = 0;
  virtual Result<void> swap(const ComponentId& one, const ComponentId& other) = 0;
  virtual Result<void> invoke(const ComponentId& component, ByteView arguments) = 0;
};

struct ProcessorLimits {
  int max_depth = 4;       ///< of sequences in sequences
  int max_commands = 512;  ///< that are carried out, in all
  std::uint64_t max_image_bytes = 16u << 20;
};

/// What a manifest is asked to do.
enum class Procedure : std::uint8_t {
  kUpdate,  ///< payload fetch, install, validate
  kBoot,    ///< validate, load, invoke
};

/// Carries out the command sequences of a verified envelope on a device. The manifest must be at
/// least as new as `minimum_sequence_number`, and all its components be the device's. Errors:
/// kNotAcceptable (a condition does not hold: wrong vendor, class, digest, slot; too old),
/// kNotImplemented (a command that this processor does not know), kBadRequest (malformed), else the
/// device's. The text names command and component.
Result<void> process(const VerifiedEnvelope& envelope, Procedure procedure,
                     std::uint64_t minimum_sequence_number, Device& device,
                     const ProcessorLimits& limits = {});

}  // namespace gatehouse::suit
