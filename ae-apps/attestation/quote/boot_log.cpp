// TCG PC Client Platform Firmware Profile, clause 10 (event logging), crypto agile form.
#include <algorithm>

#include "ae-apps/attestation/quote/event_log.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxEventBytes = 1u << 20;
constexpr std::size_t kMaxBanks = 8;
constexpr std::uint32_t kNoAction = 3;
constexpr std::string_view kSpecId{"Spec ID Event03\0", 16};
constexpr std::string_view kStartupLocality{"StartupLocality\0", 16};

/// What the digest of an event is made of: its own content, or something that the log does not hold
/// (a firmware volume, a program).
struct EventType {
  std::uint32_t number;
  const char* name;
  bool of_content;
};
constexpr EventType kEventTypes[] = {
    {0x00000000, "EV_PREBOOT_CERT", false},
    {0x00000001, "EV_POST_CODE", false},
    {0x00000003, "EV_NO_ACTION", false},
    {0x00000004, "EV_SEPARATOR", true},
    {0x00000005, "EV_ACTION", true},
    {0x00000006, "EV_EVENT_TAG", false},
    {0x00000007, "EV_S_CRTM_CONTENTS", false},
    {0x00000008, "EV_S_CRTM_VERSION", true},
    {0x00000009, "EV_CPU_MICROCODE", false},
    {0x0000000A, "EV_PLATFORM_CONFIG_FLAGS", false},
    {0x0000000B, "EV_TABLE_OF_DEVICES", false},
    {0x0000000C, "EV_COMPACT_HASH", false},
    {0x0000000D, "EV_IPL", false},
    {0x0000000E, "EV_IPL_PARTITION_DATA", false},
    {0x0000000F, "EV_NONHOST_CODE", false},
    {0x00000010, "EV_NONHOST_CONFIG", false},
    {0x00000011, "EV_NONHOST_INFO", false},
    {0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS", true},
    {0x00000013, "EV_POST_CODE2", false},
    {0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG", true},
    {0x80000002, "EV_EFI_VARIABLE_BOOT", false},
    {0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION", false},
    {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER", false},
    {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER", false},
    {0x80000006, "EV_EFI_GPT_EVENT", true},
    {0x80000007, "EV_EFI_ACTION", true},
    {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB", false},
    {0x80000009, "EV_EFI_HANDOFF_TABLES", false},
    {0x8000000A, "EV_EFI_PLATFORM_FIRMWARE_BLOB2", false},
    {0x8000000B, "EV_EFI_HANDOFF_TABLES2", false},
    {0x8000000C, "EV_EFI_VARIABLE_BOOT2", false},
    {0x80000010, "EV_EFI_HCRTM_EVENT", false},
    {0x800000E0, "EV_EFI_VARIABLE_AUTHORITY", false},
    {0x800000E1, "EV_EFI_SPDM_FIRMWARE_BLOB", false},
    {0x800000E2, "EV_EFI_SPDM_FIRMWARE_CONFIG", false},
};

const EventType* type_of(std::uint32_t number) {
  for (const EventType& type : kEventTypes) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

using Banks = std::vector<std::pair<std::uint16_t, std::uint16_t>>;  // hash, size in bytes

/// The first record, in the form of TPM 1.2, says which banks the others have.
Result<Banks> read_header(Reader& in) {
  const auto wrong = [](const char* text) { return fail(bad_entry(0, "Spec ID", text)); };
  const std::uint32_t pcr = in.u32();
  const std::uint32_t type = in.u32();
  in.bytes(20);
  const ByteView event = in.sized32();
  Reader body(event, Endian::kLittle);
  if (!in.good() || pcr != 0 || type != kNoAction) return wrong("not the first of a boot log");
  if (text_of(body.bytes(kSpecId.size())) != kSpecId) return wrong("not crypto agile (Event03)");
  body.u32();     // class of the platform
  body.bytes(4);  // version, errata, size of a word
  const std::uint32_t count = body.u32();
  if (!body.good() || count == 0 || count > kMaxBanks) return wrong("an impossible list of banks");
  Banks banks;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint16_t number = body.u16();
    const std::uint16_t size = body.u16();
    const auto alg = hash_of_number(number);
    if (body.good() && (size == 0 || size > 64 || (alg && size_of(*alg) != size))) {
      return wrong("a bank of an impossible size");
    }
    banks.emplace_back(number, size);
  }
  body.bytes(body.u8());  // the vendor's
  if (!body.finished()) return wrong("of an impossible length");
  return banks;
}

/// One digest for each bank of the header. Errors: a sentence.
std::string read_digests(Reader& in, const Banks& banks, Measurement& out) {
  const std::uint32_t count = in.u32();
  if (count != banks.size()) return "not one digest for each bank";
  Banks seen;
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    const std::uint16_t number = in.u16();
    const auto bank =
        std::find_if(banks.begin(), banks.end(), [&](const auto& b) { return b.first == number; });
    if (bank == banks.end()) return "a digest of a bank that the header does not name";
    if (std::find(seen.begin(), seen.end(), *bank) != seen.end()) return "a bank twice";
    seen.push_back(*bank);
    const ByteView value = in.bytes(bank->second);
    if (const auto alg = hash_of_number(number)) {
      out.digests[*alg] = Bytes(value.begin(), value.end());
    }
  }
  return {};
}

/// Texts of an event are ASCII or UCS-2; anything else stays unnamed.
std::string name_in(ByteView event) {
  constexpr std::size_t kMost = 200;
  std::string out;
  for (const std::uint8_t byte : event.first(std::min(event.size(), kMost))) {
    if (byte == 0) continue;
    if (byte < 0x20 || byte > 0x7E) return {};
    out += static_cast<char>(byte);
  }
  return out;
}

/// Empty if all is well.
std::string check_content(const EventType& type, const Measurement& entry) {
  if (!type.of_content) return {};
  for (const auto& [alg, value] : entry.digests) {
    if (digest(alg, {entry.content}) != value) {
      return "its " + std::string(name_of(alg)) + " digest does not follow from its content";
    }
  }
  return {};
}

}  // namespace

Result<EventLog> parse_boot_log(ByteView bytes) {
  Reader in(bytes, Endian::kLittle);
  const auto banks = read_header(in);
  if (!banks) return fail(banks.error());
  EventLog out;
  for (std::size_t number = 1; in.left() > 0; ++number) {
    Measurement entry;
    entry.number = number;
    const std::uint32_t pcr = in.u32();
    const std::uint32_t type_number = in.u32();
    const std::string digest_fault = read_digests(in, *banks, entry);
    if (in.good() && !digest_fault.empty()) return fail(bad_entry(number, {}, digest_fault));
    const ByteView event = in.sized32();
    if (!in.good()) return fail(bad_entry(number, {}, "cut off"));
    const EventType* type = type_of(type_number);
    if (type == nullptr) return fail(bad_entry(number, {}, "an unknown type of event"));
    if (event.size() > kMaxEventBytes) return fail(bad_entry(number, type->name, "too long"));
    if (type_number == kNoAction) {  // not extended
      const std::string_view text = text_of(event);
      if (text.starts_with(kStartupLocality) && event.size() == kStartupLocality.size() + 1) {
        if (!out.entries.empty() || event.back() > 4) {
          return fail(bad_entry(number, "StartupLocality", "not at the beginning, or impossible"));
        }
        out.startup_locality = event.back();
      }
      continue;
    }
    if (pcr >= 24) return fail(bad_entry(number, type->name, "a PCR that does not exist"));
    if (number > kMaxLogEntries) return fail(bad_entry(number, {}, "too many entries"));
    entry.pcr = pcr;
    entry.kind = type->name;
    entry.content = Bytes(event.begin(), event.end());
    entry.name = name_in(event);
    entry.bound = type->of_content;
    if (const std::string fault = check_content(*type, entry); !fault.empty()) {
      return fail(bad_entry(number, type->name, fault));
    }
    const auto best = entry.digests.find(HashAlg::kSha256);
    const auto& measured = best != entry.digests.end() ? *best : *entry.digests.begin();
    if (!entry.digests.empty()) entry.measured = {measured.first, measured.second};
    out.entries.push_back(std::move(entry));
  }
  return out;
}

}  // namespace gatehouse::attest
