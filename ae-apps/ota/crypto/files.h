#pragma once
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::crypto {

/// The whole file. Errors: kNotFound if it cannot be opened, kNotAcceptable if it is larger than
/// the limit.
Result<Bytes> read_file(const std::string& path, std::size_t max_bytes);

/// Creates a file that only its owner may read (mode 0600), synced to disk. Errors: kAlreadyExists,
/// kInternalServerError.
Result<void> create_secret_file(const std::string& path, ByteView content);

/// Errors: kOriginatorHasNoPrivilege if the file's mode lets anybody but its owner at it;
/// kNotFound.
Result<void> refuse_readable_by_others(const std::string& path);

/// A symmetric key from a file: raw bytes, or hexadecimal text with or without a line break at its
/// end. Errors: kBadRequest if it is shorter than 16 or longer than 64 bytes;
/// kOriginatorHasNoPrivilege if others may read it.
Result<Bytes> load_secret(const std::string& path);

}  // namespace gatehouse::crypto
