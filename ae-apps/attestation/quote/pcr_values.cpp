#include "ae-apps/attestation/quote/pcr_values.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

// The C structures of tpm2-tss that tpm2-tools write as they lie in memory.
constexpr std::size_t kSelections = 16;
constexpr std::size_t kSelectionBytes = 8;  // u16 hash, u8 size, 4 bytes of bits, 1 of padding
constexpr std::size_t kDigestsPerList = 8;
constexpr std::size_t kDigestBytes = 64;
constexpr std::uint32_t kMaxLists = 48;  // 16 banks of 24 PCRs

tl::unexpected<Error> wrong(std::string text) {
  return fail(Rsc::kBadRequest, "PCR values: " + std::move(text));
}

template <class Visit>
void each_pcr(const PcrSelection& selection, const Visit& visit) {
  for (const PcrBank& bank : selection.banks) {
    for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
      if ((bank.mask >> pcr & 1u) != 0) visit(bank.alg, pcr);
    }
  }
}

Result<PcrSelection> read_selections(Reader& in) {
  PcrSelection out;
  const std::uint32_t count = in.u32();
  if (count > kSelections) return wrong("neither the format 'serialized' nor 'values'");
  for (std::uint32_t i = 0; i < kSelections; ++i) {
    const auto alg = hash_of_number(in.u16());
    const std::uint8_t size = in.u8();
    std::uint32_t mask = in.u32();
    in.u8();  // padding
    if (i >= count) continue;
    if (!alg || size > 4) return wrong("an unknown bank");
    if (size < 4) mask &= (1u << (8 * size)) - 1;
    out.banks.push_back({*alg, mask});
  }
  return out;
}

Result<std::vector<Bytes>> read_digests(Reader& in) {
  std::vector<Bytes> out;
  const std::uint32_t lists = in.u32();
  if (lists > kMaxLists) return wrong("too many lists of digests");
  for (std::uint32_t list = 0; list < lists && in.good(); ++list) {
    const std::uint32_t count = in.u32();
    if (count > kDigestsPerList) return wrong("more than 8 digests in a list");
    for (std::uint32_t i = 0; i < kDigestsPerList; ++i) {
      const std::uint16_t size = in.u16();
      const ByteView buffer = in.bytes(kDigestBytes);
      if (i >= count || !in.good()) continue;
      if (size > kDigestBytes) return wrong("a digest longer than its place");
      out.emplace_back(buffer.begin(), buffer.begin() + size);
    }
  }
  if (!in.finished()) return wrong(in.good() ? "bytes behind the end" : "cut off");
  return out;
}

Result<PcrValues> read_serialized(ByteView file, const PcrSelection& selection) {
  Reader in(file, Endian::kLittle);
  const auto theirs = read_selections(in);
  if (!theirs) return fail(theirs.error());
  const auto digests = read_digests(in);
  if (!digests) return fail(digests.error());
  if (!theirs->same_pcrs(selection)) {
    return wrong("they are of " + to_text(*theirs) + ", the quote is of " + to_text(selection));
  }
  PcrValues out;
  std::size_t at = 0;
  bool fit = true;
  each_pcr(*theirs, [&](HashAlg alg, unsigned pcr) {
    fit = fit && at < digests->size() && (*digests)[at].size() == size_of(alg);
    if (fit) out[{alg, pcr}] = (*digests)[at++];
  });
  if (!fit || at != digests->size()) return wrong("not one digest for each PCR");
  return out;
}

}  // namespace

Result<PcrValues> read_pcr_values(ByteView file, const PcrSelection& selection) {
  auto serialized = read_serialized(file, selection);
  if (serialized) return serialized;
  std::size_t size = 0;
  each_pcr(selection, [&](HashAlg alg, unsigned) { size += size_of(alg); });
  if (file.size() != size) return serialized;
  PcrValues out;
  Reader in(file);
  each_pcr(selection, [&](HashAlg alg, unsigned pcr) {
    const ByteView value = in.bytes(size_of(alg));
    out[{alg, pcr}] = Bytes(value.begin(), value.end());
  });
  return out;
}

Bytes write_serialized(const PcrSelection& selection, const PcrValues& values) {
  Writer out(Endian::kLittle);
  out.u32(static_cast<std::uint32_t>(selection.banks.size()));
  for (const PcrBank& bank : selection.banks) {
    out.u16(static_cast<std::uint16_t>(bank.alg)).u8(3).u32(bank.mask).u8(0);
  }
  out.zeros((kSelections - selection.banks.size()) * kSelectionBytes);
  std::vector<Bytes> digests;
  each_pcr(selection, [&](HashAlg alg, unsigned pcr) {
    const auto found = values.find({alg, pcr});
    digests.push_back(found == values.end() ? Bytes(size_of(alg)) : found->second);
  });
  const std::size_t lists = (digests.size() + kDigestsPerList - 1) / kDigestsPerList;
  out.u32(static_cast<std::uint32_t>(lists));
  for (std::size_t list = 0; list < lists; ++list) {
    const std::size_t first = list * kDigestsPerList;
    const std::size_t count = std::min(kDigestsPerList, digests.size() - first);
    out.u32(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < kDigestsPerList; ++i) {
      const Bytes value = i < count ? digests[first + i] : Bytes();
      out.u16(static_cast<std::uint16_t>(value.size())).bytes(value);
      out.zeros(kDigestBytes - value.size());
    }
  }
  return out.take();
}

Bytes write_plain(const PcrSelection& selection, const PcrValues& values) {
  Bytes out;
  each_pcr(selection, [&](HashAlg alg, unsigned pcr) {
    const auto found = values.find({alg, pcr});
    append(out, found == values.end() ? Bytes(size_of(alg)) : found->second);
  });
  return out;
}

Result<Bytes> composite_digest(HashAlg hash, const PcrSelection& selection,
                               const PcrValues& values) {
  std::string missing;
  each_pcr(selection, [&](HashAlg alg, unsigned pcr) {
    if (missing.empty() && !values.contains({alg, pcr})) {
      missing = std::string(name_of(alg)) + ":" + std::to_string(pcr);
    }
  });
  if (!missing.empty()) return wrong("no value of " + missing);
  return digest(hash, {write_plain(selection, values)});
}

Bytes initial_value(HashAlg alg, unsigned pcr) {
  const bool dynamic_launch = pcr >= 17 && pcr <= 22;
  return Bytes(size_of(alg), dynamic_launch ? 0xFF : 0x00);
}

}  // namespace gatehouse::attest
