#include "ae-apps/attestation/quote/structures.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxAttestBytes = 4096;
constexpr std::size_t kMaxBanks = 16;  // TPM2_NUM_PCR_BANKS of the reference code
constexpr std::size_t kMaxNameBytes = 2 + 64;
constexpr std::size_t kMaxNonceBytes = 2 + 64;  // a TPMT_HA
constexpr std::size_t kMaxRsaBytes = 512;
constexpr std::size_t kMaxCoordinateBytes = 66;

std::string hex_number(std::uint32_t number, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "0x";
  for (int i = digits - 1; i >= 0; --i) out += kDigits[number >> (4 * i) & 15];
  return out;
}

Bytes copy(ByteView view) { return Bytes(view.begin(), view.end()); }

/// TPMI_YES_NO.
bool read_flag(Reader& in, std::string& fault) {
  const std::uint8_t value = in.u8();
  if (value > 1) fault = "the flag 'safe' is neither 0 nor 1";
  return value == 1;
}

ClockInfo read_clock(Reader& in, std::string& fault) {
  ClockInfo clock;
  clock.clock_ms = in.u64();
  clock.reset_count = in.u32();
  clock.restart_count = in.u32();
  clock.safe = read_flag(in, fault);
  return clock;
}

PcrSelection read_selection(Reader& in, std::string& fault) {
  PcrSelection out;
  const std::uint32_t count = in.u32();
  if (count > kMaxBanks) {
    fault = "more than 16 PCR banks";
    return out;
  }
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    const std::uint16_t number = in.u16();
    const std::uint8_t size = in.u8();
    const ByteView bits = in.bytes(size);
    if (!in.good()) return out;
    const auto alg = hash_of_number(number);
    if (!alg) {
      fault = "PCR bank of an unknown hash " + hex_number(number, 4);
    } else if (out.bank(*alg) != nullptr) {
      fault = "PCR bank " + std::string(name_of(*alg)) + " twice";
    } else if (size == 0 || size > 4) {
      fault = "a PCR selection of " + std::to_string(size) + " bytes";
    } else {
      std::uint32_t mask = 0;
      for (std::size_t b = 0; b < bits.size(); ++b) mask |= std::uint32_t{bits[b]} << (8 * b);
      out.banks.push_back({*alg, mask});
      continue;
    }
    return out;
  }
  return out;
}

Result<Bytes> read_limited(Reader& in, std::size_t most, const char* what) {
  const ByteView view = in.sized16();
  if (view.size() > most) {
    return fail(Rsc::kBadRequest, std::string("structure: ") + what + " is too long");
  }
  return copy(view);
}

/// The part behind the common head, by type.
Result<void> read_body(Reader& in, std::uint16_t type, Attest& out, std::string& fault) {
  if (type == kAttestQuote) {
    QuoteInfo quote;
    quote.selection = read_selection(in, fault);
    if (!fault.empty()) return {};
    quote.pcr_digest = copy(in.sized16());
    if (in.good() && quote.pcr_digest.size() > 64) fault = "the PCR digest is too long";
    out.body = std::move(quote);
  } else if (type == kAttestCertify) {
    auto name = read_limited(in, kMaxNameBytes, "a name");
    auto qualified = read_limited(in, kMaxNameBytes, "a qualified name");
    if (!name) return fail(name.error());
    if (!qualified) return fail(qualified.error());
    out.body = CertifyInfo{*std::move(name), *std::move(qualified)};
  } else if (type == kAttestNv) {
    auto name = read_limited(in, kMaxNameBytes, "an index name");
    if (!name) return fail(name.error());
    const std::uint16_t offset = in.u16();
    out.body = NvInfo{*std::move(name), offset, copy(in.sized16())};
  } else if (type == kAttestTime) {
    TimeInfo time;
    time.time_ms = in.u64();
    time.clock = read_clock(in, fault);
    time.firmware_version = in.u64();
    out.body = time;
  } else {
    return fail(Rsc::kBadRequest, "type: " + hex_number(type, 4) + " is no attestation known here");
  }
  return {};
}

void write_clock(Writer& out, const ClockInfo& clock) {
  out.u64(clock.clock_ms).u32(clock.reset_count).u32(clock.restart_count).u8(clock.safe ? 1 : 0);
}

void write_body(Writer& out, const Attest& attest) {
  if (const auto* quote = std::get_if<QuoteInfo>(&attest.body)) {
    out.u32(static_cast<std::uint32_t>(quote->selection.banks.size()));
    for (const PcrBank& bank : quote->selection.banks) {
      // PC Client TPMs have 24 PCRs in three bytes; a fourth only where it is needed.
      const std::size_t size = bank.mask >> 24 ? 4 : 3;
      out.u16(static_cast<std::uint16_t>(bank.alg)).u8(static_cast<std::uint8_t>(size));
      for (std::size_t b = 0; b < size; ++b) {
        out.u8(static_cast<std::uint8_t>(bank.mask >> (8 * b)));
      }
    }
    out.sized16(quote->pcr_digest);
  } else if (const auto* certify = std::get_if<CertifyInfo>(&attest.body)) {
    out.sized16(certify->name).sized16(certify->qualified_name);
  } else if (const auto* nv = std::get_if<NvInfo>(&attest.body)) {
    out.sized16(nv->index_name).u16(nv->offset).sized16(nv->contents);
  } else {
    const auto& time = std::get<TimeInfo>(attest.body);
    out.u64(time.time_ms);
    write_clock(out, time.clock);
    out.u64(time.firmware_version);
  }
}

}  // namespace

const PcrBank* PcrSelection::bank(HashAlg alg) const {
  for (const PcrBank& bank : banks) {
    if (bank.alg == alg) return &bank;
  }
  return nullptr;
}

bool PcrSelection::contains(HashAlg alg, unsigned pcr) const {
  const PcrBank* found = bank(alg);
  return found != nullptr && pcr < kPcrCount && (found->mask >> pcr & 1u) != 0;
}

bool PcrSelection::same_pcrs(const PcrSelection& other) const {
  if (banks.size() != other.banks.size()) return false;
  for (const PcrBank& bank : banks) {
    const PcrBank* theirs = other.bank(bank.alg);
    if (theirs == nullptr || theirs->mask != bank.mask) return false;
  }
  return true;
}

std::uint16_t Attest::type() const {
  static constexpr std::uint16_t kTypes[] = {kAttestQuote, kAttestCertify, kAttestNv, kAttestTime};
  return kTypes[body.index()];
}

Result<Attest> parse_attest(ByteView bytes) {
  if (bytes.size() > kMaxAttestBytes) return fail(Rsc::kBadRequest, "structure: too long");
  Reader in(bytes);
  Attest out;
  out.magic = in.u32();
  if (in.good() && out.magic != kAttestMagic) {
    return fail(Rsc::kBadRequest, "magic: " + hex_number(out.magic, 8) + " instead of " +
                                      hex_number(kAttestMagic, 8) + ": not made by a TPM");
  }
  const std::uint16_t type = in.u16();
  auto signer = read_limited(in, kMaxNameBytes, "the qualified signer");
  if (!signer) return fail(signer.error());
  auto extra = read_limited(in, kMaxNonceBytes, "the nonce");
  if (!extra) return fail(extra.error());
  std::string fault;
  out.qualified_signer = *std::move(signer);
  out.extra_data = *std::move(extra);
  out.clock = read_clock(in, fault);
  out.firmware_version = in.u64();
  if (in.good() && fault.empty()) {
    if (const auto body = read_body(in, type, out, fault); !body) return fail(body.error());
  }
  if (!in.good()) return fail(Rsc::kBadRequest, "structure: the attestation is cut off");
  if (!fault.empty()) return fail(Rsc::kBadRequest, "structure: " + fault);
  if (!in.finished()) {
    return fail(Rsc::kBadRequest,
                "structure: " + std::to_string(in.left()) + " bytes behind the attestation");
  }
  return out;
}

Bytes encode(const Attest& attest) {
  Writer out;
  out.u32(attest.magic).u16(attest.type());
  out.sized16(attest.qualified_signer).sized16(attest.extra_data);
  write_clock(out, attest.clock);
  out.u64(attest.firmware_version);
  write_body(out, attest);
  return out.take();
}

std::string_view scheme_name(std::uint16_t scheme) {
  switch (scheme) {
    case kSchemeEcdsa:
      return "ecdsa";
    case kSchemeRsaSsa:
      return "rsassa";
    case kSchemeRsaPss:
      return "rsapss";
    default:
      return {};
  }
}

Result<Signature> parse_signature(ByteView bytes) {
  Reader in(bytes);
  Signature out;
  out.scheme = in.u16();
  if (in.good() && scheme_name(out.scheme).empty()) {
    return fail(Rsc::kBadRequest, "signature: scheme " + hex_number(out.scheme, 4) +
                                      " is neither ECDSA, RSASSA nor RSAPSS");
  }
  const std::uint16_t hash_number = in.u16();
  const auto hash = hash_of_number(hash_number);
  if (in.good() && !hash) {
    return fail(Rsc::kBadRequest, "signature: unknown hash " + hex_number(hash_number, 4));
  }
  if (out.scheme == kSchemeEcdsa) {
    out.r = copy(in.sized16());
    out.s = copy(in.sized16());
  } else {
    out.rsa = copy(in.sized16());
  }
  if (!in.good()) return fail(Rsc::kBadRequest, "signature: cut off");
  if (!in.finished()) {
    return fail(Rsc::kBadRequest,
                "signature: " + std::to_string(in.left()) + " bytes behind the signature");
  }
  out.hash = *hash;
  if (out.r.size() > kMaxCoordinateBytes || out.s.size() > kMaxCoordinateBytes ||
      out.rsa.size() > kMaxRsaBytes) {
    return fail(Rsc::kBadRequest, "signature: too long");
  }
  return out;
}

Bytes encode(const Signature& signature) {
  Writer out;
  out.u16(signature.scheme).u16(static_cast<std::uint16_t>(signature.hash));
  if (signature.scheme == kSchemeEcdsa) {
    out.sized16(signature.r).sized16(signature.s);
  } else {
    out.sized16(signature.rsa);
  }
  return out.take();
}

}  // namespace gatehouse::attest
