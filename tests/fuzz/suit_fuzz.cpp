// Any bytes as an envelope, as a manifest that somebody signed, and as commands on a device.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/ota/suit/cbor.h"
#include "ae-apps/ota/suit/memory_device.h"

namespace {

using gatehouse::Bytes;
using gatehouse::ByteView;
namespace crypto = gatehouse::crypto;
namespace suit = gatehouse::suit;

const crypto::SigningKey& key() {
  static const crypto::SigningKey kKey =
      crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  return kKey;
}

Bytes seal(ByteView manifest) {
  const Bytes whole = suit::CborWriter().bytes(manifest).out();
  const Bytes digest = suit::CborWriter().array(2).number(-16).bytes(crypto::sha256(whole)).out();
  const Bytes wrapper =
      suit::CborWriter().array(2).bytes(digest).bytes(suit::sign1(digest, key()).value()).out();
  return suit::CborWriter().map(2).number(2).bytes(wrapper).number(3).raw(whole).out();
}

void carry_out(const suit::VerifiedEnvelope& envelope) {
  for (const auto procedure : {suit::Procedure::kUpdate, suit::Procedure::kBoot}) {
    suit::MemoryDevice device;
    for (const auto& component : envelope.manifest.components) device.components[component];
    device.source = [](const std::string&) -> gatehouse::Result<Bytes> { return Bytes(10, 1); };
    const auto done = suit::process(envelope, procedure, 0, device);
    if (!done && done.error().detail.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (suit::verify_envelope(bytes, {key().public_key()})) std::abort();  // nobody signed it
  if (const auto envelope = suit::verify_envelope(seal(bytes), {key().public_key()})) {
    carry_out(*envelope);
  }
  suit::VerifiedEnvelope commands;
  commands.manifest.components = {{Bytes{0}}, {Bytes{1}}};
  commands.manifest.install = Bytes(bytes.begin(), bytes.end());
  commands.manifest.validate = commands.manifest.install;
  carry_out(commands);
  suit::CborReader reader(bytes);
  while (const auto item = reader.item()) {
    if (item->empty()) std::abort();
  }
  return 0;
}
