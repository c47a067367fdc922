// PCR lists as text.
#include <charconv>

#include "ae-apps/attestation/quote/structures.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr unsigned kNamedPcrs = 24;  // of a PC Client TPM

Result<PcrBank> parse_bank(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return fail(Rsc::kBadRequest, "PCR list: no ':' in '" + printable(text) + "'");
  }
  const auto alg = hash_named(text.substr(0, colon));
  if (!alg) {
    return fail(Rsc::kBadRequest, "PCR list: no bank '" + printable(text.substr(0, colon)) + "'");
  }
  std::string_view rest = text.substr(colon + 1);
  if (rest == "all") return PcrBank{*alg, (1u << kNamedPcrs) - 1};
  PcrBank bank{*alg, 0};
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    unsigned pcr = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), pcr);
    if (item.empty() || error != std::errc() || end != item.data() + item.size() ||
        pcr >= kNamedPcrs) {
      return fail(Rsc::kBadRequest,
                  "PCR list: '" + printable(item) + "' is no number from 0 to 23");
    }
    if ((bank.mask >> pcr & 1u) != 0) {
      return fail(Rsc::kBadRequest, "PCR list: " + std::to_string(pcr) + " twice");
    }
    bank.mask |= 1u << pcr;
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return bank;
}

}  // namespace

Result<PcrSelection> parse_pcr_list(std::string_view text) {
  PcrSelection out;
  for (bool more = true; more;) {
    const std::size_t plus = text.find('+');
    const auto bank = parse_bank(text.substr(0, plus));
    if (!bank) return fail(bank.error());
    if (out.bank(bank->alg) != nullptr) {
      return fail(Rsc::kBadRequest, "PCR list: bank " + std::string(name_of(bank->alg)) + " twice");
    }
    out.banks.push_back(*bank);
    more = plus != std::string_view::npos;
    if (more) text.remove_prefix(plus + 1);
  }
  return out;
}

std::string to_text(const PcrSelection& selection) {
  std::string out;
  for (const PcrBank& bank : selection.banks) {
    if (!out.empty()) out += '+';
    out += name_of(bank.alg);
    out += ':';
    bool first = true;
    for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
      if ((bank.mask >> pcr & 1u) == 0) continue;
      if (!first) out += ',';
      out += std::to_string(pcr);
      first = false;
    }
    if (first) out += "none";
  }
  return out.empty() ? "none" : out;
}

}  // namespace gatehouse::attest
