#include "ae-apps/ota/cli/suit_command.h"

#include "ae-apps/ota/cli/verify_command.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/suit/memory_device.h"
#include "cse/codec/json.h"

namespace gatehouse::ota {
namespace {

constexpr std::size_t kMaxPayloadBytes = 64u << 20;

int wrong_use(std::ostream& err, const Error& error) {
  err << "gatehouse-ota: " << error.detail << '\n';
  return kWrongUse;
}

/// Carries the update out in memory, then a boot. The digest of the first component's image.
Result<std::string> try_out(const SuitOptions& options, const suit::VerifiedEnvelope& envelope) {
  suit::MemoryDevice device;
  device.vendor_id = suit::vendor_uuid(options.vendor);
  device.class_id = suit::class_uuid(device.vendor_id, options.device_class);
  for (const suit::ComponentId& id : envelope.manifest.components) device.components[id];
  device.source = [&options](const std::string& uri) -> Result<Bytes> {
    if (options.payload.empty()) {
      return fail(Rsc::kNotFound, "fetch: " + uri + " is not in the envelope; use --payload");
    }
    return crypto::read_file(options.payload, kMaxPayloadBytes);
  };
  for (const auto procedure : {suit::Procedure::kUpdate, suit::Procedure::kBoot}) {
    const auto done = suit::process(envelope, procedure, options.minimum, device);
    if (!done) return fail(done.error());
  }
  const Bytes& image = device.components.at(envelope.manifest.components.front());
  return to_hex(crypto::sha256(image));
}

}  // namespace

int run_suit_verify(const SuitOptions& options, std::ostream& out, std::ostream& err) {
  if (options.vendor.empty() != options.device_class.empty()) {
    return wrong_use(err, {Rsc::kBadRequest, "--vendor and --class go together"});
  }
  std::vector<crypto::PublicKey> keys;
  for (const std::string& file : options.keys) {
    Result<crypto::PublicKey> key = crypto::PublicKey::load(file);
    if (!key) return wrong_use(err, key.error());
    keys.push_back(*std::move(key));
  }
  const Result<Bytes> bytes = crypto::read_file(options.envelope, kMaxPayloadBytes);
  if (!bytes) return wrong_use(err, bytes.error());
  const auto refuse = [&out](const Error& error) {
    out << to_json(Value::object({{"accepted", false}, {"reason", error.detail}})) << '\n';
    return kRefused;
  };
  const auto envelope =
      suit::verify_envelope(*bytes, keys, {.max_envelope_bytes = kMaxPayloadBytes});
  if (!envelope) return refuse(envelope.error());
  const suit::Manifest& manifest = envelope->manifest;
  if (manifest.sequence_number < options.minimum) {
    return refuse({Rsc::kNotAcceptable, "the manifest is older than what is accepted"});
  }
  Value line = Value::object({{"accepted", true},
                              {"sequence_number", manifest.sequence_number},
                              {"components", manifest.components.size()},
                              {"signer", to_hex(envelope->signer)}});
  if (!options.vendor.empty()) {
    const Result<std::string> image = try_out(options, *envelope);
    if (!image) return refuse(image.error());
    line.set("image_sha256", *image);
  }
  out << to_json(line) << '\n';
  return kAccepted;
}

}  // namespace gatehouse::ota
