#pragma once
#include "ae-apps/ota/suit/manifest.h"

namespace gatehouse::suit {

/// What an envelope for one image says.
struct EnvelopeDraft {
  std::uint64_t sequence_number = 0;  ///< rises with each release
  ComponentId component = {Bytes{0}};
  Uuid vendor{}, device_class{};
  Bytes image;
  std::string uri;          ///< where the image is; empty: in the envelope itself
  std::string description;  ///< for people; severed, so that it need not be sent along
};

/// Download, compatibility check, installation and secure boot of one image. Errors: as the key's.
Result<Bytes> make_envelope(const EnvelopeDraft& draft, const crypto::SigningKey& key);

}  // namespace gatehouse::suit
