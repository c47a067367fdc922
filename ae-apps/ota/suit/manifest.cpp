#include "ae-apps/ota/suit/manifest.h"

#include "ae-apps/ota/crypto/uuid.h"
#include "ae-apps/ota/suit/cbor.h"
#include "ae-apps/ota/suit/numbers.h"

namespace gatehouse::suit {
namespace {

tl::unexpected<Error> malformed(const std::string& what, const CborReader& in) {
  return fail(Rsc::kBadRequest, what + ": " + (in.good() ? "more than expected" : in.fault()));
}
tl::unexpected<Error> untrusted(const std::string& what) {
  return fail(Rsc::kOriginatorNotAuthenticated, what);
}

/// Keys of a map must rise, so that none comes twice.
class KeyOrder {
 public:
  bool takes(std::int64_t key) {
    if (last_ && key <= *last_) return false;
    last_ = key;
    return true;
  }

 private:
  std::optional<std::int64_t> last_;
};

/// [algorithm, digest]; nullopt if it is no SHA-256.
std::optional<ByteView> read_digest(ByteView bytes) {
  CborReader in(bytes);
  if (in.array() != 2u || in.number() != kSha256) return std::nullopt;
  const auto digest = in.bytes();
  if (!digest || digest->size() != 32 || !in.at_end()) return std::nullopt;
  return digest;
}

bool is_digest_of(ByteView digest, ByteView content) {
  const crypto::Sha256Digest own = crypto::sha256(content);
  return std::equal(digest.begin(), digest.end(), own.begin(), own.end());
}

/// The members of an envelope, not yet believed.
struct RawEnvelope {
  ByteView wrapper, manifest;
  std::map<std::int64_t, ByteView> severed;  ///< the whole bstr, whose digest is in the manifest
  std::map<std::int64_t, Bytes> severed_content;
  std::map<std::string, Bytes> payloads;
};

Result<RawEnvelope> read_envelope(ByteView bytes) {
  CborReader in(bytes);
  if (in.peek() == Major::kTag && in.tag() != kEnvelopeTag) {
    return fail(Rsc::kBadRequest, "envelope: has another tag than 107");
  }
  const auto members = in.map();
  if (!members) return malformed("envelope", in);
  RawEnvelope out;
  KeyOrder order;
  for (std::uint64_t i = 0; i < *members && in.good(); ++i) {
    if (in.peek() == Major::kText) {
      const auto name = in.text();
      const auto payload = in.bytes();
      if (!name || !payload) break;
      if (!out.payloads.emplace(*name, Bytes(payload->begin(), payload->end())).second) {
        return fail(Rsc::kBadRequest, "envelope: a payload comes twice");
      }
      continue;
    }
    const auto key = in.number();
    if (!key) break;
    if (!order.takes(*key)) return fail(Rsc::kBadRequest, "envelope: keys do not rise");
    const auto item = in.item();
    if (!item) break;
    CborReader value(*item);
    const auto content = value.bytes();
    if (!content) return malformed("envelope: member " + std::to_string(*key), value);
    if (*key == kAuthenticationWrapper) {
      out.wrapper = *content;
    } else if (*key == kManifest) {
      out.manifest = *content;
    } else if (*key == kPayloadFetch || *key == kInstall || *key == kText) {
      out.severed.emplace(*key, *item);
      out.severed_content.emplace(*key, Bytes(content->begin(), content->end()));
    } else {
      return fail(Rsc::kNotImplemented, "envelope: unknown member " + std::to_string(*key));
    }
  }
  if (!in.good() || !in.at_end()) return malformed("envelope", in);
  if (out.wrapper.empty() || out.manifest.empty()) {
    return fail(Rsc::kBadRequest, "envelope: no authentication wrapper, or no manifest");
  }
  return out;
}

Result<void> read_components(CborReader& in, const Limits& limits, Manifest& out) {
  const auto count = in.array();
  if (!count) return {};
  if (*count == 0 || *count > limits.max_components) {
    return fail(Rsc::kBadRequest, "manifest: too many components, or none");
  }
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto parts = in.array();
    if (!parts || *parts > limits.max_components) return malformed("manifest: component", in);
    ComponentId id;
    for (std::uint64_t j = 0; j < *parts; ++j) {
      const auto part = in.bytes();
      if (!part) return malformed("manifest: component", in);
      id.emplace_back(part->begin(), part->end());
    }
    out.components.push_back(std::move(id));
  }
  return {};
}

Result<void> read_common(ByteView bytes, const Limits& limits, Manifest& out) {
  CborReader in(bytes);
  KeyOrder order;
  const auto members = in.map();
  for (std::uint64_t i = 0; members && i < *members && in.good(); ++i) {
    const auto key = in.number();
    if (!key) break;
    if (!order.takes(*key)) return fail(Rsc::kBadRequest, "common: keys do not rise");
    if (*key == kComponents) {
      if (const auto done = read_components(in, limits, out); !done) return done;
    } else if (*key == kSharedSequence) {
      if (const auto commands = in.bytes())
        out.shared = Commands(commands->begin(), commands->end());
    } else {
      return fail(Rsc::kNotImplemented, "common: unknown member " + std::to_string(*key));
    }
  }
  if (!in.good() || !in.at_end()) return malformed("common", in);
  return {};
}

/// Reads a manifest whose digest is proven.
class ManifestReader {
 public:
  ManifestReader(const RawEnvelope& envelope, const Limits& limits)
      : envelope_(envelope), limits_(limits) {}

  Result<Manifest> read() {
    CborReader in(envelope_.manifest);
    KeyOrder order;
    const auto members = in.map();
    for (std::uint64_t i = 0; members && i < *members && in.good(); ++i) {
      const auto key = in.number();
      if (!key) break;
      if (!order.takes(*key)) return fail(Rsc::kBadRequest, "manifest: keys do not rise");
      if (const auto done = read_member(*key, in); !done) return fail(done.error());
    }
    if (!in.good() || !in.at_end()) return malformed("manifest", in);
    if (version_ != 1u) return fail(Rsc::kNotImplemented, "manifest: its version is not 1");
    if (!has_sequence_number_ || !has_common_) {
      return fail(Rsc::kBadRequest, "manifest: no sequence number, or no common part");
    }
    if (used_ != envelope_.severed.size()) {
      return untrusted("envelope: a severed member is not named in the manifest");
    }
    return std::move(out_);
  }

 private:
  Result<void> read_member(std::int64_t key, CborReader& in) {
    switch (key) {
      case kManifestVersion:
        version_ = in.unsigned_number();
        return {};
      case kSequenceNumber:
        has_sequence_number_ = true;
        out_.sequence_number = in.unsigned_number().value_or(0);
        return {};
      case kCommon: {
        has_common_ = true;
        const auto common = in.bytes();
        return common ? read_common(*common, limits_, out_) : Result<void>();
      }
      case kReferenceUri:
        out_.reference_uri = in.text().value_or("");
        return {};
      case kValidate:
        return read_commands(in, out_.validate);
      case kLoad:
        return read_commands(in, out_.load);
      case kInvoke:
        return read_commands(in, out_.invoke);
      case kPayloadFetch:
        return read_severable(key, in, out_.fetch);
      case kInstall:
        return read_severable(key, in, out_.install);
      case kText: {
        std::optional<Commands> text;  // for people; only proven to be genuine
        return read_severable(key, in, text);
      }
      default:
        return fail(Rsc::kNotImplemented, "manifest: unknown member " + std::to_string(key));
    }
  }

  static Result<void> read_commands(CborReader& in, std::optional<Commands>& out) {
    if (const auto commands = in.bytes()) out = Commands(commands->begin(), commands->end());
    return {};
  }

  /// The commands themselves, or the digest of what is in the envelope.
  Result<void> read_severable(std::int64_t key, CborReader& in, std::optional<Commands>& out) {
    if (in.peek() == Major::kBytes) return read_commands(in, out);
    const auto item = in.item();
    const auto digest = item ? read_digest(*item) : std::nullopt;
    if (!digest) return malformed("manifest: member " + std::to_string(key), in);
    const auto severed = envelope_.severed.find(key);
    if (severed == envelope_.severed.end()) return {};  // somebody has no need of it
    ++used_;
    if (!is_digest_of(*digest, severed->second)) {
      return untrusted("envelope: the severed member " + std::to_string(key) +
                       " has another digest than the manifest says");
    }
    out = envelope_.severed_content.at(key);
    return {};
  }

  const RawEnvelope& envelope_;
  const Limits& limits_;
  Manifest out_;
  std::optional<std::uint64_t> version_;
  bool has_sequence_number_ = false, has_common_ = false;
  std::size_t used_ = 0;
};

}  // namespace

Result<VerifiedEnvelope> verify_envelope(ByteView bytes, const std::vector<crypto::PublicKey>& keys,
                                         const Limits& limits) {
  if (bytes.size() > limits.max_envelope_bytes) {
    return fail(Rsc::kNotAcceptable, "the envelope is larger than what is taken");
  }
  Result<RawEnvelope> envelope = read_envelope(bytes);
  if (!envelope) return fail(envelope.error());
  if (envelope->manifest.size() > limits.max_manifest_bytes) {
    return fail(Rsc::kNotAcceptable, "the manifest is larger than what is taken");
  }
  CborReader wrapper(envelope->wrapper);
  const auto blocks = wrapper.array();
  if (!blocks || *blocks == 0 || *blocks > limits.max_signatures + 1) {
    return malformed("authentication wrapper", wrapper);
  }
  const auto signed_digest = wrapper.bytes();
  const auto digest = signed_digest ? read_digest(*signed_digest) : std::nullopt;
  if (!digest) return fail(Rsc::kBadRequest, "authentication wrapper: no SHA-256 digest");
  // The digest is over the manifest as it stands in the envelope, with its bstr header.
  const Bytes whole_manifest = CborWriter().bytes(envelope->manifest).out();
  if (!is_digest_of(*digest, whole_manifest)) {
    return untrusted("the manifest has another digest than was signed");
  }
  const crypto::PublicKey* signer = nullptr;
  for (std::uint64_t i = 1; i < *blocks; ++i) {
    const auto block = wrapper.bytes();
    if (!block) return malformed("authentication wrapper", wrapper);
    if (signer == nullptr) signer = signer_of(*block, *signed_digest, keys);
  }
  if (!wrapper.at_end()) return malformed("authentication wrapper", wrapper);
  if (signer == nullptr) return untrusted("no signature by a key that is trusted");
  Result<Manifest> manifest = ManifestReader(*envelope, limits).read();
  if (!manifest) return fail(manifest.error());
  VerifiedEnvelope out;
  out.manifest = *std::move(manifest);
  std::copy(digest->begin(), digest->end(), out.manifest_digest.begin());
  out.signer = signer->key_id();
  out.payloads = std::move(envelope->payloads);
  return out;
}

Uuid uuid5(const Uuid& name_space, std::string_view name) {
  return crypto::uuid5(name_space, name);
}

Uuid vendor_uuid(std::string_view domain) {
  constexpr Uuid kDns = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                         0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  return uuid5(kDns, domain);
}

}  // namespace gatehouse::suit
