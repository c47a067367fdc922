#include "ae-apps/attestation/tnc/canonical.h"

#include <algorithm>

#include "ae-apps/attestation/quote/event_log.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::AttestationEvidence;
using attest::Challenge;
using attest::EventLog;
using attest::HashAlg;
using attest::Measurement;
using attest::PcrValues;
using attest::Reader;
using attest::Writer;

constexpr std::uint32_t kIta = 0x00902A;  // vendor id of HSR, of strongSwan's names
constexpr std::size_t kClockBytes = 17, kFirmwareBytes = 8;
constexpr std::size_t kMaxPathBytes = 4096;

/// What the TCG and strongSwan call what is measured into a PCR. Source: PTS Protocol: Binding to
/// TNC IF-M clause 5.3; TCG PC Client Platform Firmware Profile clause 3.3.4 (use of the PCRs).
struct NameRow {
  unsigned pcr;
  ComponentName name;
};
constexpr NameRow kNames[] = {{0, {kTcg, 0x01, 1}},    // CRTM
                              {1, {kTcg, 0x01, 4}},    // motherboard
                              {2, {kTcg, 0x01, 6}},    // option ROMs
                              {4, {kTcg, 0x01, 5}},    // initial program loader
                              {10, {kIta, 0x22, 3}}};  // Linux IMA

/// The others have names of ours: the number of the PCR.
ComponentName name_of(unsigned pcr) {
  for (const NameRow& row : kNames) {
    if (row.pcr == pcr) return row.name;
  }
  return {kOwnVendor, 0, pcr};
}

bool wanted(const PtsQuestions& asked, const ComponentName& name) {
  return std::ranges::any_of(asked.components, [&](const ComponentRequest& request) {
    const ComponentName& of = request.name;
    const bool qualified =
        (of.qualifier & kEveryQualifier) == kEveryQualifier || of.qualifier == name.qualifier;
    return of.vendor == name.vendor && qualified && (of.name == 0 || of.name == name.name);
  });
}

tl::unexpected<Error> unsayable(const char* text) {
  return fail(Rsc::kNotAcceptable, std::string("PTS: the evidence cannot be said: ") + text);
}

/// Logs that cannot be read have no entries here: the verifier says what is wrong with them.
std::vector<EventLog> logs_of(const AttestationEvidence& evidence) {
  std::vector<EventLog> out;
  for (const Bytes& bytes : evidence.logs) {
    auto log = attest::parse_event_log(bytes);
    if (!log) return {};
    out.push_back(*std::move(log));
  }
  return out;
}

// --- components --------------------------------------------------------------------------------

/// The extensions of one PCR up to what was quoted; all of them if they do not lead to it, which is
/// for the verifier to say. A PCR without any is said once, as it is.
std::vector<ComponentEvidence> extensions_of(const std::vector<EventLog>& logs, HashAlg alg,
                                             unsigned pcr, const Bytes& quoted) {
  std::vector<ComponentEvidence> out;
  Bytes value = attest::initial_value(alg, pcr);
  for (const EventLog& log : logs) {
    if (pcr == 0 && log.startup_locality != 0) {
      value.back() = static_cast<std::uint8_t>(log.startup_locality);
    }
  }
  for (const EventLog& log : logs) {
    for (const Measurement& entry : log.entries) {
      const auto digest = entry.digests.find(alg);
      if (entry.pcr != pcr || digest == entry.digests.end() || value == quoted) continue;
      Bytes after = attest::digest(alg, {value, digest->second});
      out.push_back({name_of(pcr), pcr, pts_bit(alg), value, after, digest->second});
      value = std::move(after);
    }
  }
  if (out.empty()) {
    out.push_back({name_of(pcr), pcr, pts_bit(alg), value, quoted, Bytes(attest::size_of(alg))});
  }
  out.back().after = quoted;
  return out;
}

Result<void> add_components(const std::vector<EventLog>& logs,
                            const attest::PcrSelection& selection, const PcrValues& values,
                            const PtsQuestions& asked, std::vector<PaAttribute>& out) {
  std::size_t entries = 0;
  for (const EventLog& log : logs) entries += log.entries.size();
  if (entries > kMaxComponents) return unsayable("too many entries of logs");
  for (const attest::PcrBank& bank : selection.banks) {
    for (unsigned pcr = 0; pcr < attest::kPcrCount; ++pcr) {
      if (!selection.contains(bank.alg, pcr) || !wanted(asked, name_of(pcr))) continue;
      const auto value = values.find({bank.alg, pcr});
      if (value == values.end()) return unsayable("the value of a PCR is missing");
      for (const auto& each : extensions_of(logs, bank.alg, pcr, value->second)) {
        out.push_back(encode(each));
      }
    }
  }
  return {};
}

FileMeasurements files_of(const std::vector<EventLog>& logs, const FileRequest& request) {
  FileMeasurements out;
  out.id = request.id;
  const std::string below = request.path.ends_with('/') ? request.path : request.path + "/";
  for (const EventLog& log : logs) {
    if (log.format != attest::LogFormat::kImaAscii && log.format != attest::LogFormat::kImaBinary) {
      continue;
    }
    for (const Measurement& entry : log.entries) {
      if (!entry.measured || entry.measured->first != HashAlg::kSha256) continue;
      const bool asked =
          entry.name == request.path || (request.directory && entry.name.starts_with(below));
      if (asked && entry.name.size() <= kMaxPathBytes) {
        out.files.emplace_back(entry.measured->second, entry.name);
      }
    }
  }
  return out;
}

// --- the quote ---------------------------------------------------------------------------------

/// A quote's message in its pieces. The nonce is left out: both sides know it.
Result<EvidenceFinal> final_of(const AttestationEvidence& evidence, const attest::Attest& quote) {
  EvidenceFinal out;
  out.pcr_digest = std::get<attest::QuoteInfo>(quote.body).pcr_digest;
  const auto signature = attest::parse_signature(evidence.signature);
  if (!signature) return fail(signature.error());
  if (signature->scheme != attest::kSchemeEcdsa || signature->r.size() != signature->s.size()) {
    return unsayable("its signature is not two numbers of one length");
  }
  out.hash = pts_bit(signature->hash);
  out.signature = signature->r;
  append(out.signature, signature->s);
  out.qualified_signer = quote.qualified_signer;
  Reader in(evidence.message);
  in.bytes(6);  // magic and type
  in.sized16();
  in.sized16();
  const auto take = [&in](std::size_t count) {
    const ByteView view = in.bytes(count);
    return Bytes(view.begin(), view.end());
  };
  out.clock_info = take(kClockBytes);
  out.firmware = take(kFirmwareBytes);
  out.selection = take(in.left() - 2 - out.pcr_digest.size());
  return out;
}

Bytes message_of(const EvidenceFinal& said, ByteView nonce) {
  Writer out;
  out.u32(attest::kAttestMagic).u16(attest::kAttestQuote).sized16(said.qualified_signer);
  out.sized16(nonce).bytes(said.clock_info).bytes(said.firmware).bytes(said.selection);
  return out.sized16(said.pcr_digest).take();
}

Bytes signature_of(const EvidenceFinal& said) {
  const std::size_t half = said.signature.size() / 2;
  attest::Signature out;
  out.hash = *hash_of_bit(said.hash);
  out.r = Bytes(said.signature.begin(), said.signature.begin() + static_cast<long>(half));
  out.s = Bytes(said.signature.begin() + static_cast<long>(half), said.signature.end());
  return attest::encode(out);
}

/// What PTS' attributes do not say, as the same canonical text with those members empty.
std::string remainder_of(AttestationEvidence evidence) {
  evidence.message.clear();
  evidence.signature.clear();
  evidence.pcr_values.clear();
  evidence.exchange.reset();
  return attest::encode(evidence);
}

Result<std::vector<PaAttribute>> attributes_of(const AttestationEvidence& evidence,
                                               const PtsQuestions& asked) {
  const auto quote = attest::parse_attest(evidence.message);
  if (!quote) return fail(quote.error());
  const auto* info = std::get_if<attest::QuoteInfo>(&quote->body);
  if (info == nullptr) return unsayable("it is no quote");
  const auto values = attest::read_pcr_values(evidence.pcr_values, info->selection);
  if (!values) return fail(values.error());
  const auto said = final_of(evidence, *quote);
  if (!said) return fail(said.error());
  const std::vector<EventLog> logs = logs_of(evidence);
  std::vector<PaAttribute> out;
  if (auto done = add_components(logs, info->selection, *values, asked, out); !done) {
    return fail(done.error());
  }
  if (asked.files) out.push_back(encode(files_of(logs, *asked.files)));
  out.push_back(encode(*said));
  out.push_back(own(OwnType::kRemainder, remainder_of(evidence), false));
  return out;
}

// --- joining -----------------------------------------------------------------------------------

bool is(const PaAttribute& attribute, PtsType type) {
  return attribute.vendor == kTcg && attribute.type == static_cast<std::uint32_t>(type);
}
bool is(const PaAttribute& attribute, OwnType type) {
  return attribute.vendor == kOwnVendor && attribute.type == static_cast<std::uint32_t>(type);
}

bool is_part(const PaAttribute& attribute) {
  return is(attribute, PtsType::kComponent) || is(attribute, PtsType::kFiles) ||
         is(attribute, PtsType::kEvidenceFinal) || is(attribute, OwnType::kRemainder);
}

tl::unexpected<PaFault> refused(const PaAttribute& at, std::string text) {
  return tl::unexpected<PaFault>(fault_in(at, std::move(text)));
}

/// The parts in their order, each read once.
struct Parts {
  const PaAttribute* final_at = nullptr;
  EvidenceFinal said;
  PcrValues values;
  AttestationEvidence evidence;
  bool complete = false;  ///< our own attribute is there
  std::vector<const PaAttribute*> all;
};

PaResult<void> read_part(const PaAttribute& at, Parts& out) {
  out.all.push_back(&at);
  if (is(at, PtsType::kComponent)) {
    const auto component = parse_component(at.value);
    if (!component) return refused(at, component.error().detail);
    out.values[{*hash_of_bit(component->hash), component->pcr}] = component->after;
  } else if (is(at, PtsType::kFiles)) {
    if (const auto files = parse_files(at.value); !files) return refused(at, files.error().detail);
  } else if (is(at, PtsType::kEvidenceFinal)) {
    auto said = parse_final(at.value);
    if (!said) return refused(at, said.error().detail);
    if (out.final_at != nullptr) return refused(at, "PTS: a second quote");
    out.final_at = &at;
    out.said = *std::move(said);
  } else {
    auto remainder = attest::parse_evidence(text_of(at.value));
    if (!remainder) return refused(at, "PTS: remainder: " + remainder.error().detail);
    if (out.complete) return refused(at, "PTS: a second remainder");
    if (text_of(at.value) != remainder_of(*remainder)) {
      return refused(at, "PTS: remainder: it says what other attributes say");
    }
    out.complete = true;
    out.evidence = *std::move(remainder);
  }
  return {};
}

/// Whatever is said twice must be the same.
PaResult<void> check_agreement(const Parts& parts, const PtsQuestions& asked) {
  const auto should = attributes_of(parts.evidence, asked);
  if (!should) return refused(*parts.final_at, should.error().detail);
  for (std::size_t i = 0; i < std::max(should->size(), parts.all.size()); ++i) {
    const bool both = i < should->size() && i < parts.all.size();
    if (both && (*should)[i] == *parts.all[i]) continue;
    const PaAttribute& at = i < parts.all.size() ? *parts.all[i] : *parts.final_at;
    return refused(at, "PTS: the attributes do not say the same: number " + std::to_string(i + 1) +
                           " does not follow from the logs");
  }
  return {};
}

}  // namespace

PtsQuestions all_questions() {
  PtsQuestions out;
  for (const std::uint32_t vendor : {kTcg, kIta, kOwnVendor}) {
    ComponentRequest request;
    request.name = {vendor, kEveryQualifier, 0};
    out.components.push_back(request);
  }
  out.files = FileRequest{true, 1, '/', "/"};
  return out;
}

Result<std::vector<PaAttribute>> split(const AttestationEvidence& evidence,
                                       const Challenge& challenge, const PtsQuestions& asked) {
  auto out = attributes_of(evidence, asked);
  if (!out) return out;
  const auto again = join(PaMessage{0, *out}, challenge, asked);
  if (!again) return fail(Rsc::kNotAcceptable, again.error().detail);
  if (*again != evidence) return unsayable("it would come out another");
  return out;
}

PaResult<AttestationEvidence> join(const PaMessage& answer, const Challenge& challenge,
                                   const PtsQuestions& asked) {
  Parts parts;
  for (const PaAttribute& at : answer.attributes) {
    if (!is_part(at)) continue;
    if (const auto read = read_part(at, parts); !read) return tl::unexpected(read.error());
  }
  if (parts.final_at == nullptr) return refused({}, "PTS: there is no quote");
  AttestationEvidence& out = parts.evidence;
  out.exchange = challenge.exchange;
  Challenge of = challenge;
  out.message = message_of(parts.said, attest::quote_nonce(of, out.inventory));
  out.signature = signature_of(parts.said);
  const auto quote = attest::parse_attest(out.message);
  if (!quote) return refused(*parts.final_at, "PTS: " + quote.error().detail);
  const auto& selection = std::get<attest::QuoteInfo>(quote->body).selection;
  for (const attest::PcrBank& bank : selection.banks) {
    for (unsigned pcr = 0; pcr < attest::kPcrCount; ++pcr) {
      if (selection.contains(bank.alg, pcr) && !parts.values.contains({bank.alg, pcr})) {
        return refused(*parts.final_at,
                       "PTS: no component says what PCR " + std::to_string(pcr) + " holds");
      }
    }
  }
  out.pcr_values = attest::write_serialized(selection, parts.values);
  if (parts.complete) {
    if (const auto same = check_agreement(parts, asked); !same) return tl::unexpected(same.error());
  }
  return std::move(out);
}

std::optional<PaFault> fault_of(const PaAttribute& attribute, const FileRequest& request) {
  if (request.delimiter != '/') {
    return fault_in(attribute, PtsErrorCode::kDelimiter, {}, "PTS: a path is divided by '/'");
  }
  if (!request.path.starts_with('/') || request.path.size() > kMaxPathBytes) {
    return fault_in(attribute, PtsErrorCode::kInvalidPath, {}, "PTS: a path begins with '/'");
  }
  return std::nullopt;
}

std::optional<PaFault> fault_of(const PaAttribute& attribute,
                                const std::vector<ComponentRequest>& requests) {
  for (const ComponentRequest& request : requests) {
    if ((request.name.qualifier & kFamilyBits) == 0) continue;
    return fault_in(attribute, PtsErrorCode::kNameFamily, {},
                    "PTS: a component of another family than that of the TCG's");
  }
  return std::nullopt;
}

}  // namespace gatehouse::tnc
