#include "ae-apps/ota/uds/authentication.h"

#include <algorithm>

namespace gatehouse::uds {
namespace {

constexpr std::size_t kChallengeBytes = 32;
constexpr std::string_view kProofPrefix = "GATEHOUSE-UDS-29";

/// A field with two bytes of length before it; nullopt if it is cut. Moves on behind it.
std::optional<ByteView> take_field(ByteView& data) {
  if (data.size() < 2) return std::nullopt;
  const auto length = static_cast<std::size_t>(number_in(data.first(2)));
  if (data.size() - 2 < length) return std::nullopt;
  const ByteView out = data.subspan(2, length);
  data = data.subspan(2 + length);
  return out;
}

void append_field(Bytes& out, ByteView field) {
  append_number(out, field.size(), 2);
  append(out, field);
}

Nrc nrc_of(crypto::CertificateFault fault) {
  switch (fault) {
    case crypto::CertificateFault::kTime:
      return Nrc::kCertificateInvalidTimePeriod;
    case crypto::CertificateFault::kSignature:
      return Nrc::kCertificateInvalidSignature;
    case crypto::CertificateFault::kChain:
      return Nrc::kCertificateInvalidChain;
    case crypto::CertificateFault::kUsage:
      return Nrc::kCertificateInvalidType;
    case crypto::CertificateFault::kFormat:
      return Nrc::kCertificateInvalidFormat;
    case crypto::CertificateFault::kRevoked:
      break;
  }
  return Nrc::kCertificateRevoked;
}

}  // namespace

Bytes proof_input(ByteView challenge) {
  Bytes out = bytes_of(kProofPrefix);
  out.push_back(0);
  append(out, challenge);
  return out;
}

Bytes encode_certificate_request(ByteView certificate_der) {
  Bytes data{0};
  append_field(data, certificate_der);
  append_field(data, {});
  return encode_subfunction(Sid::kAuthentication,
                            static_cast<std::uint8_t>(AuthenticationTask::kVerifyCertificate),
                            data);
}

Bytes encode_proof_request(ByteView proof) {
  Bytes data;
  append_field(data, proof);
  append_field(data, {});
  return encode_subfunction(Sid::kAuthentication,
                            static_cast<std::uint8_t>(AuthenticationTask::kProofOfOwnership), data);
}

std::optional<Bytes> challenge_in(ByteView data) {
  if (data.empty() ||
      data[0] != static_cast<std::uint8_t>(AuthenticationReturn::kOwnershipToBeProven)) {
    return std::nullopt;
  }
  data = data.subspan(1);
  const auto challenge = take_field(data);
  const auto ephemeral_key = take_field(data);
  if (!challenge || challenge->size() < 16 || !ephemeral_key || !data.empty()) return std::nullopt;
  return Bytes(challenge->begin(), challenge->end());
}

tl::expected<Bytes, Nrc> Authentication::verify_certificate(ByteView data) {
  drop();
  if (data.empty()) return tl::make_unexpected(Nrc::kIncorrectLength);
  const std::uint8_t configuration = data[0];
  data = data.subspan(1);
  const auto certificate = take_field(data);
  const auto challenge = take_field(data);
  if (!certificate || certificate->empty() || !challenge || !data.empty()) {
    return tl::make_unexpected(Nrc::kIncorrectLength);
  }
  if (configuration != 0) return tl::make_unexpected(Nrc::kRequestOutOfRange);
  auto holder = settings_.anchors.verify(*certificate, settings_.unix_time(), crypto::kTesterUsage);
  if (!holder) return tl::make_unexpected(nrc_of(holder.error()));
  const auto& known = settings_.testers;
  if (!known.empty() && std::find(known.begin(), known.end(), holder->common_name) == known.end()) {
    return tl::make_unexpected(Nrc::kCertificateInvalidScope);
  }
  claimed_ = *std::move(holder);
  challenge_ = random_.bytes(kChallengeBytes);
  Bytes out{static_cast<std::uint8_t>(AuthenticationReturn::kOwnershipToBeProven)};
  append_field(out, challenge_);
  append_field(out, {});
  return out;
}

tl::expected<Bytes, Nrc> Authentication::check_proof(ByteView data) {
  const auto proof = take_field(data);
  const auto ephemeral_key = take_field(data);
  if (!proof || !ephemeral_key || !data.empty()) return tl::make_unexpected(Nrc::kIncorrectLength);
  const auto claimed = std::exchange(claimed_, std::nullopt);  // one try for a challenge
  if (!claimed) return tl::make_unexpected(Nrc::kRequestSequenceError);
  if (!claimed->key.verify(proof_input(challenge_), *proof)) {
    return tl::make_unexpected(Nrc::kOwnershipVerificationFailed);
  }
  authenticated_ = true;
  tester_ = claimed->common_name;
  Bytes out{static_cast<std::uint8_t>(AuthenticationReturn::kComplete)};
  append_field(out, {});
  return out;
}

void Authentication::drop() {
  claimed_.reset();
  challenge_.clear();
  authenticated_ = false;
  tester_.clear();
}

}  // namespace gatehouse::uds
