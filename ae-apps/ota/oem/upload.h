#pragma once
#include <chrono>
#include <ostream>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"
#include "bindings/security/tls_settings.h"
#include "cse/primitive/result.h"

namespace gatehouse::oem {

struct UploadRequest {
  std::string image_file;
  std::string server_url;  ///< "https://ota.example:8443", without a path
  std::string name;        ///< the image's at the server; empty: SHA-256 of the file, so that a
                           ///< repetition changes nothing
  TlsSettings tls;         ///< who we are, and whom we believe
  std::chrono::milliseconds timeout{60'000};
};

/// Hands a signed image to the OTA server: PUT /images/<name> over HTTPS, both sides authenticated.
/// Whether the image is good, the server decides by itself. Errors: kBadRequest (the URL; the file
/// is no image, or a draft that nobody signed); kTargetNotReachable; kOriginatorHasNoPrivilege and
/// kNotAcceptable with the words of the server that refused.
Result<void> upload(const UploadRequest& request, std::ostream& out);

/// PUT of these bytes at that path of the server, whose own name and file are not looked at. Errors
/// as above.
Result<void> send(const UploadRequest& request, const std::string& path,
                  const std::string& content_type, ByteView content, std::ostream& out);

}  // namespace gatehouse::oem
