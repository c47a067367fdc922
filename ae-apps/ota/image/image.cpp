#include "ae-apps/ota/image/image.h"

namespace gatehouse::image {
namespace {

constexpr std::string_view kMagic = "GHFW";
constexpr std::string_view kSignatureContext = "GHFW-MANIFEST-1";
constexpr std::string_view kMacContext = "GHFW-MAC-1";
constexpr std::size_t kFixedBytes = 4 + 2 + 4;
constexpr std::size_t kSignatureFixedBytes = 32 + 1 + 2;
constexpr std::size_t kMaxSignaturesBytes =
    1 + kMaxSignatures * (kSignatureFixedBytes + kMaxSignatureBytes);

void put_number(Bytes& out, std::uint64_t value, int width) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::size_t number_at(ByteView bytes, std::size_t offset, std::size_t width) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

/// A context and a NUL before the message, so that a signature serves one purpose only.
Bytes in_context(std::string_view context, std::string_view message) {
  Bytes out = bytes_of(context);
  out.push_back(0);
  append(out, view_of(message));
  return out;
}

Result<Signature> parse_signature(ByteView& bytes) {
  if (bytes.size() < kSignatureFixedBytes) return fail(Rsc::kBadRequest, "signature: cut short");
  Signature signature;
  std::copy(bytes.begin(), bytes.begin() + 32, signature.key_id.begin());
  const std::uint8_t algorithm = bytes[32];
  if (algorithm != 1 && algorithm != 2) {
    return fail(Rsc::kBadRequest, "signature: unknown algorithm " + std::to_string(algorithm));
  }
  signature.algorithm = static_cast<crypto::Algorithm>(algorithm);
  const std::size_t length = number_at(bytes, 33, 2);
  bytes = bytes.subspan(kSignatureFixedBytes);
  if (length == 0 || length > kMaxSignatureBytes) {
    return fail(Rsc::kBadRequest, "signature: length out of range");
  }
  if (bytes.size() < length) return fail(Rsc::kBadRequest, "signature: cut short");
  signature.value.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
  bytes = bytes.subspan(length);
  return signature;
}

Result<std::vector<Signature>> parse_signatures(ByteView bytes) {
  const std::size_t count = bytes[0];
  if (count == 0 || count > kMaxSignatures) {
    return fail(Rsc::kBadRequest, "signatures: count out of range");
  }
  bytes = bytes.subspan(1);
  std::vector<Signature> out;
  for (std::size_t i = 0; i < count; ++i) {
    Result<Signature> signature = parse_signature(bytes);
    if (!signature) return fail(signature.error());
    out.push_back(*std::move(signature));
  }
  if (!bytes.empty()) return fail(Rsc::kBadRequest, "signatures: bytes left over");
  return out;
}

}  // namespace

Result<std::optional<Header>> parse_header(ByteView front) {
  const std::optional<Header> more_needed;
  const std::size_t magic_seen = std::min(front.size(), kMagic.size());
  if (gatehouse::text_of(front.first(magic_seen)) != kMagic.substr(0, magic_seen)) {
    return fail(Rsc::kBadRequest, "magic: not a GHFW image");
  }
  if (front.size() >= 6 && number_at(front, 4, 2) != kFormatVersion) {
    return fail(Rsc::kBadRequest, "format version: not 1");
  }
  if (front.size() < kFixedBytes) return more_needed;
  const std::size_t manifest_length = number_at(front, 6, 4);
  if (manifest_length == 0 || manifest_length > kMaxManifestBytes) {
    return fail(Rsc::kBadRequest, "manifest length: out of range");
  }
  const std::size_t signatures_at = kFixedBytes + manifest_length + 4;
  if (front.size() < signatures_at) return more_needed;
  const std::size_t signatures_length = number_at(front, signatures_at - 4, 4);
  if (signatures_length == 0 || signatures_length > kMaxSignaturesBytes) {
    return fail(Rsc::kBadRequest, "signatures length: out of range");
  }
  if (front.size() < signatures_at + signatures_length) return more_needed;

  Header header;
  header.manifest_json = gatehouse::text_of(front.subspan(kFixedBytes, manifest_length));
  Result<Manifest> manifest = parse_manifest(header.manifest_json);
  if (!manifest) return fail(manifest.error());
  auto signatures = parse_signatures(front.subspan(signatures_at, signatures_length));
  if (!signatures) return fail(signatures.error());
  header.manifest = *std::move(manifest);
  header.signatures = *std::move(signatures);
  header.header_bytes = signatures_at + signatures_length;
  return std::optional<Header>(std::move(header));
}

Result<Signature> sign_manifest(std::string_view manifest_json, const crypto::SigningKey& key) {
  Result<Bytes> value = key.sign(in_context(kSignatureContext, manifest_json));
  if (!value) return fail(value.error());
  return Signature{key.public_key().key_id(), key.algorithm(), *std::move(value)};
}

bool verify_manifest(std::string_view manifest_json, const Signature& signature,
                     const crypto::PublicKey& key) {
  return signature.key_id == key.key_id() && signature.algorithm == key.algorithm() &&
         key.verify(in_context(kSignatureContext, manifest_json), signature.value);
}

Result<Bytes> encode_header(const Manifest& manifest, const std::vector<Signature>& signatures) {
  const Result<std::string> json = encode_manifest(manifest);
  if (!json) return fail(json.error());
  if (signatures.empty() || signatures.size() > kMaxSignatures) {
    return fail(Rsc::kNotAcceptable, "an image has 1 to 8 signatures");
  }
  Bytes block{static_cast<std::uint8_t>(signatures.size())};
  for (const Signature& signature : signatures) {
    if (signature.value.empty() || signature.value.size() > kMaxSignatureBytes) {
      return fail(Rsc::kNotAcceptable, "a signature is empty or too long");
    }
    append(block, signature.key_id);
    block.push_back(static_cast<std::uint8_t>(signature.algorithm));
    put_number(block, signature.value.size(), 2);
    append(block, signature.value);
  }
  Bytes out = bytes_of(kMagic);
  put_number(out, kFormatVersion, 2);
  put_number(out, json->size(), 4);
  append(out, view_of(*json));
  put_number(out, block.size(), 4);
  append(out, block);
  return out;
}

Result<Bytes> build_image(Manifest manifest, ByteView payload,
                          const std::vector<const crypto::SigningKey*>& keys) {
  manifest.payload_bytes = payload.size();
  manifest.payload_sha256 = crypto::sha256(payload);
  const Result<std::string> json = encode_manifest(manifest);
  if (!json) return fail(json.error());
  std::vector<Signature> signatures;
  for (const crypto::SigningKey* key : keys) {
    Result<Signature> signature = sign_manifest(*json, *key);
    if (!signature) return fail(signature.error());
    signatures.push_back(*std::move(signature));
  }
  Result<Bytes> out = encode_header(manifest, signatures);
  if (out) append(*out, payload);
  return out;
}

Bytes gateway_mac_message(std::string_view manifest_json,
                          const crypto::Sha256Digest& payload_sha256) {
  Bytes message = in_context(kMacContext, manifest_json);
  append(message, payload_sha256);
  return message;
}

crypto::Sha256Digest gateway_mac(ByteView shared_key, std::string_view manifest_json,
                                 const crypto::Sha256Digest& payload_sha256) {
  return crypto::hmac_sha256(shared_key, gateway_mac_message(manifest_json, payload_sha256));
}

}  // namespace gatehouse::image
