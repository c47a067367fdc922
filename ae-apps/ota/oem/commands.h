#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "ae-apps/ota/image/verifier.h"
#include "ae-apps/ota/oem/draft.h"

namespace gatehouse::oem {

// The commands of gatehouse-oem, less their command line. Each says what it did on `out`.

/// Makes a draft out of a payload file. `manifest` comes without length and hash; an empty
/// `created` becomes now.
Result<void> make(const std::string& payload_file, image::Manifest manifest,
                  const std::string& out_file, std::ostream& out);

/// Signs a draft, or adds a signature to an image. A key is a PEM file or a "pkcs11:" URI.
Result<void> sign_file(const std::string& in_file, const std::vector<std::string>& keys,
                       const std::string& out_file, std::ostream& out);

/// Prints what a draft or an image says, and whether its payload is the one it names. Believes
/// nothing of it.
Result<void> inspect(const std::string& file, std::ostream& out);

/// Verifies an image as a gateway or an ECU would; reads it in pieces. Errors:
/// kContentsUnacceptable with the verdict.
Result<void> verify(const std::string& file, image::Policy policy, std::ostream& out);

/// Writes the public half of a key, PEM, for those who verify.
Result<void> export_public_key(const std::string& key, const std::string& out_file);

/// Replaces the file in one step, or leaves it as it was. Errors: kInternalServerError.
Result<void> write_whole(const std::string& file, ByteView content);

}  // namespace gatehouse::oem
