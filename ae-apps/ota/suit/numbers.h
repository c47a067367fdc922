#pragma once
#include <cstdint>

/// The numbers of draft-ietf-suit-manifest (34 to 37). Internal to this folder.
namespace gatehouse::suit {

inline constexpr std::uint64_t kEnvelopeTag = 107;
inline constexpr std::int64_t kSha256 = -16;

enum EnvelopeKey : std::int64_t { kAuthenticationWrapper = 2, kManifest = 3 };
enum ManifestKey : std::int64_t {
  kManifestVersion = 1,
  kSequenceNumber = 2,
  kCommon = 3,
  kReferenceUri = 4,
  kValidate = 7,
  kLoad = 8,
  kInvoke = 9,
  kPayloadFetch = 16,
  kInstall = 20,
  kText = 23,
};
enum CommonKey : std::int64_t { kComponents = 2, kSharedSequence = 4 };
enum Command : std::int64_t {
  kConditionVendor = 1,
  kConditionClass = 2,
  kConditionImageMatch = 3,
  kConditionComponentSlot = 5,
  kConditionCheckContent = 6,
  kDirectiveSetComponentIndex = 12,
  kConditionAbort = 14,
  kDirectiveTryEach = 15,
  kDirectiveWrite = 18,
  kDirectiveOverrideParameters = 20,
  kDirectiveFetch = 21,
  kDirectiveCopy = 22,
  kDirectiveInvoke = 23,
  kConditionDevice = 24,
  kDirectiveSwap = 31,
  kDirectiveRunSequence = 32,
};
enum Parameter : std::int64_t {
  kParameterVendor = 1,
  kParameterClass = 2,
  kParameterImageDigest = 3,
  kParameterComponentSlot = 5,
  kParameterStrictOrder = 12,
  kParameterSoftFailure = 13,
  kParameterImageSize = 14,
  kParameterContent = 18,
  kParameterUri = 21,
  kParameterSourceComponent = 22,
  kParameterInvokeArguments = 23,
  kParameterDevice = 24,
  kParameterFetchArguments = 25,
};

}  // namespace gatehouse::suit
