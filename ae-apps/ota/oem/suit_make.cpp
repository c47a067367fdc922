#include "ae-apps/ota/oem/suit_make.h"

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/oem/commands.h"
#include "ae-apps/ota/suit/maker.h"

namespace gatehouse::oem {

Result<void> make_suit(const SuitRequest& request, std::ostream& out) {
  Result<Bytes> payload = crypto::read_file(request.payload_file, kMaxPayloadBytes);
  if (!payload) return fail(payload.error());
  const Result<crypto::SigningKey> key = crypto::SigningKey::load(request.key);
  if (!key) return fail(key.error());
  suit::EnvelopeDraft draft;
  draft.sequence_number = request.sequence_number;
  draft.vendor = suit::vendor_uuid(request.vendor);
  draft.device_class = suit::class_uuid(draft.vendor, request.device_class);
  draft.image = *std::move(payload);
  draft.uri = request.uri;
  draft.description = request.description;
  const Result<Bytes> envelope = suit::make_envelope(draft, *key);
  if (!envelope) return fail(envelope.error());
  if (const auto done = write_whole(request.out_file, *envelope); !done) return done;
  out << "vendor " << to_hex(draft.vendor) << "\nclass " << to_hex(draft.device_class)
      << "\nenvelope " << envelope->size() << " bytes\nsha256 "
      << to_hex(crypto::sha256(draft.image)) << '\n';
  return {};
}

}  // namespace gatehouse::oem
