// TCG Canonical Event Log in its TLV encoding: our own records.
#include "ae-apps/attestation/quote/event_log.h"
#include "ae-apps/attestation/quote/wire.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::uint8_t kNumber = 0;
constexpr std::uint8_t kPcr = 1;
constexpr std::uint8_t kDigests = 3;
constexpr std::size_t kMaxContentBytes = 64u << 10;

Bytes tlv(std::uint8_t type, ByteView value) {
  Writer out;
  out.u8(type).sized32(value);
  return out.take();
}

/// The value of the next field, which must be of this type; makes the reader bad otherwise.
ByteView field(Reader& in, std::uint8_t type) {
  const std::uint8_t found = in.u8();
  const ByteView value = in.sized32();
  if (found != type) in.bytes(in.left() + 1);
  return in.good() ? value : ByteView();
}

/// Empty if all is well.
std::string read_digests(ByteView field_value, Measurement& out) {
  Reader in(field_value);
  while (in.left() > 0) {
    const auto alg = hash_of_number(in.u8());
    const ByteView value = in.sized32();
    if (!in.good()) return "cut off";
    if (!alg) return "a digest of an unknown hash";
    if (value.size() != size_of(*alg)) return "a digest of another length than its hash";
    if (!out.digests.emplace(*alg, Bytes(value.begin(), value.end())).second) return "a bank twice";
    const Bytes content = tlv(kOwnContent, out.content);
    if (digest(*alg, {content}) != out.digests[*alg]) {
      return "its " + std::string(name_of(*alg)) + " digest does not follow from its content";
    }
  }
  return out.digests.empty() ? "no digest" : std::string();
}

/// Empty if all is well.
std::string read_content(Measurement& out) {
  if (out.content.size() > kMaxContentBytes) return "its content is too long";
  const auto json = parse_json(text_of(out.content));
  if (!json) return "its content is no JSON: " + json.error().detail;
  out.kind = json->string_at("type");
  out.name = json->string_at("id");
  if (out.kind.empty()) return "its content names no type";
  // Digests cover the text, so two texts of one meaning must not exist.
  if (to_json(*json) != text_of(out.content)) return "its content is not in the compact form";
  return {};
}

}  // namespace

CelEntry make_cel_entry(std::uint64_t number, unsigned pcr, std::string_view json,
                        const std::vector<HashAlg>& banks) {
  CelEntry out;
  const Bytes content = tlv(kOwnContent, view_of(json));
  Bytes digests;
  for (const HashAlg alg : banks) {
    out.digests[alg] = digest(alg, {content});
    append(digests, tlv(static_cast<std::uint8_t>(alg), out.digests[alg]));
  }
  Writer number_field;
  number_field.u64(number);
  const Bytes pcr_field{static_cast<std::uint8_t>(pcr)};
  append(out.record, tlv(kNumber, number_field.take()));
  append(out.record, tlv(kPcr, pcr_field));
  append(out.record, tlv(kDigests, digests));
  append(out.record, content);
  return out;
}

Result<EventLog> parse_cel(ByteView bytes) {
  EventLog out;
  out.format = LogFormat::kCel;
  Reader in(bytes);
  for (std::size_t number = 0; in.left() > 0; ++number) {
    if (number >= kMaxLogEntries) return fail(bad_entry(number, {}, "too many entries"));
    Measurement entry;
    entry.number = number;
    Reader number_field(field(in, kNumber));
    const std::uint64_t logged_number = number_field.u64();
    Reader pcr_field(field(in, kPcr));
    entry.pcr = pcr_field.u8();
    const ByteView digests = field(in, kDigests);
    const ByteView content = field(in, kOwnContent);
    if (!in.good() || !number_field.finished() || !pcr_field.finished()) {
      return fail(bad_entry(number, {}, "cut off, or fields in another order"));
    }
    entry.content = Bytes(content.begin(), content.end());
    std::string fault = read_content(entry);
    if (fault.empty() && logged_number != number) fault = "out of order";
    if (fault.empty() && entry.pcr >= 24) fault = "a PCR that does not exist";
    if (fault.empty()) fault = read_digests(digests, entry);
    if (!fault.empty()) return fail(bad_entry(number, entry.name, fault));
    const auto& measured = *entry.digests.rbegin();
    entry.measured = {measured.first, measured.second};
    entry.bound = true;
    out.entries.push_back(std::move(entry));
  }
  return out;
}

}  // namespace gatehouse::attest
