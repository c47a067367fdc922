#include "ae-apps/ota/oem/draft.h"

#include <algorithm>

#include "ae-apps/ota/image/requirements.h"

namespace gatehouse::oem {
namespace {

constexpr std::string_view kMagic = "GHFD";
constexpr std::size_t kFixedBytes = 4 + 2 + 4;
constexpr std::uint16_t kVersion = 1;

void put_number(Bytes& out, std::uint32_t value, int width) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::size_t number_at(ByteView bytes, std::size_t offset, std::size_t width) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

bool begins_with_magic(ByteView file) {
  return file.size() >= kMagic.size() && text_of(file.first(kMagic.size())) == kMagic;
}

Result<Draft> with_payload(Draft draft, ByteView payload) {
  if (payload.size() != draft.manifest.payload_bytes) {
    return fail(Rsc::kBadRequest, "payload: its length is not that of the manifest");
  }
  if (crypto::sha256(payload) != draft.manifest.payload_sha256) {
    return fail(Rsc::kBadRequest, "payload: its hash is not that of the manifest");
  }
  draft.payload.assign(payload.begin(), payload.end());
  return draft;
}

Result<Draft> parse_unsigned(ByteView file) {
  if (file.size() < kFixedBytes) return fail(Rsc::kBadRequest, "draft: cut short");
  if (number_at(file, 4, 2) != kVersion) return fail(Rsc::kBadRequest, "draft: version is not 1");
  const std::size_t length = number_at(file, 6, 4);
  if (length > image::kMaxManifestBytes || length > file.size() - kFixedBytes) {
    return fail(Rsc::kBadRequest, "draft: length of the manifest out of range");
  }
  Draft draft;
  draft.manifest_json = text_of(file.subspan(kFixedBytes, length));
  auto manifest = image::parse_manifest(draft.manifest_json);
  if (!manifest) return fail(manifest.error());
  draft.manifest = *std::move(manifest);
  return with_payload(std::move(draft), file.subspan(kFixedBytes + length));
}

Result<Draft> parse_signed(ByteView file) {
  auto header = image::parse_header(file);
  if (!header) return fail(header.error());
  if (!*header) return fail(Rsc::kBadRequest, "image: cut short");
  const std::size_t payload_at = (*header)->header_bytes;
  Draft draft{std::move((*header)->manifest),
              std::move((*header)->manifest_json),
              std::move((*header)->signatures),
              {}};
  return with_payload(std::move(draft), file.subspan(payload_at));
}

}  // namespace

Result<Draft> make_draft(image::Manifest manifest, Bytes payload) {
  if (payload.empty() || payload.size() > kMaxPayloadBytes) {
    return fail(Rsc::kNotAcceptable, "a payload has 1 byte to 64 MiB");
  }
  if (auto good = image::check_requirements(manifest.requirements); !good) {
    return fail(good.error());
  }
  manifest.payload_bytes = payload.size();
  manifest.payload_sha256 = crypto::sha256(payload);
  auto json = image::encode_manifest(manifest);
  if (!json) return fail(json.error());
  return Draft{std::move(manifest), *std::move(json), {}, std::move(payload)};
}

Result<Bytes> encode(const Draft& draft) {
  if (!draft.signatures.empty()) {
    auto out = image::encode_header(draft.manifest, draft.signatures);
    if (out) append(*out, draft.payload);
    return out;
  }
  Bytes out = bytes_of(kMagic);
  put_number(out, kVersion, 2);
  put_number(out, static_cast<std::uint32_t>(draft.manifest_json.size()), 4);
  append(out, view_of(draft.manifest_json));
  append(out, draft.payload);
  return out;
}

Result<Draft> parse_draft(ByteView file) {
  return begins_with_magic(file) ? parse_unsigned(file) : parse_signed(file);
}

Result<void> sign(Draft& draft, const crypto::SigningKey& key) {
  // A draft of an older tool: no server and no vehicle would take the image.
  if (auto good = image::check_requirements(draft.manifest.requirements); !good) return good;
  const auto is_ours = [&key](const image::Signature& signature) {
    return signature.key_id == key.public_key().key_id();
  };
  if (std::any_of(draft.signatures.begin(), draft.signatures.end(), is_ours)) {
    return fail(Rsc::kConflict, "this key has signed the image already");
  }
  if (draft.signatures.size() >= image::kMaxSignatures) {
    return fail(Rsc::kNotAcceptable, "an image has at most 8 signatures");
  }
  auto signature = image::sign_manifest(draft.manifest_json, key);
  if (!signature) return fail(signature.error());
  if (!image::verify_manifest(draft.manifest_json, *signature, key.public_key())) {
    return fail(Rsc::kInternalServerError, "the key made a signature that does not verify");
  }
  draft.signatures.push_back(*std::move(signature));
  return {};
}

}  // namespace gatehouse::oem
