#include "ae-apps/ota/suit/maker.h"

#include "ae-apps/ota/suit/cbor.h"
#include "ae-apps/ota/suit/numbers.h"

namespace gatehouse::suit {
namespace {

constexpr const char* kIntegratedUri = "#image";
constexpr std::uint64_t kReportAll = 15, kReportFailure = 2;

Bytes digest_item(ByteView content) {
  return CborWriter().array(2).number(kSha256).bytes(crypto::sha256(content)).out();
}

Bytes shared_sequence(const EnvelopeDraft& draft) {
  return CborWriter()
      .array(6)
      .number(kDirectiveOverrideParameters)
      .map(4)
      .number(kParameterVendor)
      .bytes(draft.vendor)
      .number(kParameterClass)
      .bytes(draft.device_class)
      .number(kParameterImageDigest)
      .bytes(digest_item(draft.image))
      .number(kParameterImageSize)
      .unsigned_number(draft.image.size())
      .number(kConditionVendor)
      .unsigned_number(kReportAll)
      .number(kConditionClass)
      .unsigned_number(kReportAll)
      .out();
}

Bytes install_sequence(const EnvelopeDraft& draft) {
  return CborWriter()
      .array(6)
      .number(kDirectiveOverrideParameters)
      .map(1)
      .number(kParameterUri)
      .text(draft.uri.empty() ? kIntegratedUri : draft.uri)
      .number(kDirectiveFetch)
      .unsigned_number(kReportFailure)
      .number(kConditionImageMatch)
      .unsigned_number(kReportAll)
      .out();
}

Bytes one_command(std::int64_t command, std::uint64_t policy) {
  return CborWriter().array(2).number(command).unsigned_number(policy).out();
}

/// {"en": {1: description}}
Bytes text_map(const std::string& description) {
  return CborWriter().map(1).text("en").map(1).number(1).text(description).out();
}

Bytes common(const EnvelopeDraft& draft) {
  CborWriter out;
  out.map(2).number(kComponents).array(1).array(draft.component.size());
  for (const Bytes& part : draft.component) out.bytes(part);
  return out.number(kSharedSequence).bytes(shared_sequence(draft)).out();
}

Bytes manifest(const EnvelopeDraft& draft, ByteView severed_text) {
  CborWriter out;
  out.map(severed_text.empty() ? 6 : 7)
      .number(kManifestVersion)
      .unsigned_number(1)
      .number(kSequenceNumber)
      .unsigned_number(draft.sequence_number)
      .number(kCommon)
      .bytes(common(draft))
      .number(kValidate)
      .bytes(one_command(kConditionImageMatch, kReportAll))
      .number(kInvoke)
      .bytes(one_command(kDirectiveInvoke, kReportFailure))
      .number(kInstall)
      .bytes(install_sequence(draft));
  if (!severed_text.empty()) out.number(kText).raw(digest_item(severed_text));
  return out.out();
}

}  // namespace

Result<Bytes> make_envelope(const EnvelopeDraft& draft, const crypto::SigningKey& key) {
  const Bytes text =
      draft.description.empty() ? Bytes() : CborWriter().bytes(text_map(draft.description)).out();
  const Bytes whole_manifest = CborWriter().bytes(manifest(draft, text)).out();
  const Bytes digest = digest_item(whole_manifest);
  const Result<Bytes> signature = sign1(digest, key);
  if (!signature) return signature;
  const Bytes wrapper = CborWriter().array(2).bytes(digest).bytes(*signature).out();
  CborWriter out;
  out.tag(kEnvelopeTag)
      .map(2u + (text.empty() ? 0 : 1) + (draft.uri.empty() ? 1 : 0))
      .number(kAuthenticationWrapper)
      .bytes(wrapper)
      .number(kManifest)
      .raw(whole_manifest);
  if (!text.empty()) out.number(kText).raw(text);
  if (draft.uri.empty()) out.text(kIntegratedUri).bytes(draft.image);
  return out.out();
}

}  // namespace gatehouse::suit
