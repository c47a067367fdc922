#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse::coding {

/// A file that belongs to an image and is described with it: its name is its SHA-256.
struct Attachment {
  std::uint64_t length = 0;
  std::string sha256;  ///< hexadecimal
};

/// A coded image (coded_image.h) in which a whole image may come, too. `custom` of a target in the
/// Image repository lists them, signed with all the rest:
/// "forms": [{"length","sha256","base":SHA-256 of the image it is a delta from,"for":[key ids]}].
struct Form : Attachment {
  std::string base_sha256;           ///< empty: no delta
  std::vector<std::string> key_ids;  ///< encrypted for these; empty: for everybody
  /// "sealed-delta", "sealed", "delta" or "compressed".
  std::string name() const;
};

Value value_of(const std::vector<Form>& forms);
/// Of a target's `custom`; absent: none. Errors: kContentsUnacceptable.
Result<std::vector<Form>> forms_of(const Value& custom);
/// "encryptedOnly": true: the image goes to nobody in the clear; anything but false or absent
/// counts as true.
bool encrypted_only(const Value& custom);
/// "sbom": {"length","sha256"}, the bill of materials; absent or without a length: nullopt.
std::optional<Attachment> sbom_of(const Value& custom);

/// What the one who fetches has.
struct Means {
  std::string base_sha256;  ///< of the image that is there; empty: none
  std::string key_id;       ///< of the key for which it may be encrypted; empty: none
};
/// The smallest form that can be undone and is smaller than the whole; what is encrypted for this
/// key is taken before all others, whatever its length. nullopt: the whole image.
std::optional<Form> choose(const std::vector<Form>& forms, const Means& means,
                           std::uint64_t whole_bytes);

/// A component of a bill of materials (CycloneDX 1.x, JSON).
struct Component {
  std::string name, version, licence;
};
struct Sbom {
  std::string spec_version;
  std::vector<Component> components;  ///< the first kMaxComponents
  std::size_t total = 0;              ///< of all
};
inline constexpr std::size_t kMaxSbomBytes = 16U << 20;
inline constexpr std::size_t kMaxComponents = 1000;
/// Errors: kContentsUnacceptable if it is no CycloneDX.
Result<Sbom> parse_sbom(std::string_view text);

}  // namespace gatehouse::coding
