// Logs that lead to the quoted values, and what has been done to those that do not.
#include <gtest/gtest.h>

#include <functional>

#include "ae-apps/attestation/quote/replay.h"
#include "tests/ae-apps/attestation/boot_log_writer.h"
#include "tests/ae-apps/attestation/software_tpm.h"

namespace gatehouse::attest {
namespace {

using Writer03 = BootLogWriter;

struct Event {
  unsigned pcr;
  std::uint32_t type;
  std::string text;
};
const std::vector<Event> kBoot = {{0, 8, "firmware 1.0"},
                                  {4, Writer03::kIpl, "kernel"},
                                  {0, Writer03::kSeparator, std::string(4, '\0')},
                                  {4, Writer03::kSeparator, std::string(4, '\0')},
                                  {4, Writer03::kAction, "Exit Boot Services"}};
const std::vector<std::string> kPaths = {"/sbin/init", "/bin/sh", "/usr/bin/a file", "/bin/ls"};

Bytes boot_log(const std::vector<Event>& events) {
  Writer03 writer;
  for (const Event& event : events) writer.add(event.pcr, event.type, event.text);
  return writer.take();
}
Bytes file_digest(std::string_view path) { return digest(HashAlg::kSha256, {view_of(path)}); }

/// A TPM that has measured this boot and these files.
SoftwareTpm measured(const std::vector<Event>& events, const std::vector<std::string>& paths) {
  SoftwareTpm tpm;
  for (const Event& event : events) tpm.extend(event.pcr, Writer03::hashed(view_of(event.text)));
  for (const std::string& path : paths) {
    tpm.extend(10, make_ima_entry(HashAlg::kSha256, file_digest(path), path).digests);
  }
  return tpm;
}
std::string ima_ascii(const std::vector<std::string>& paths) {
  std::string out;
  for (const std::string& path : paths) {
    out += make_ima_entry(HashAlg::kSha256, file_digest(path), path).ascii_line;
  }
  return out;
}
Bytes ima_binary(const std::vector<std::string>& paths) {
  Bytes out;
  for (const std::string& path : paths) {
    append(out, make_ima_entry(HashAlg::kSha256, file_digest(path), path).binary);
  }
  return out;
}

/// "" if the logs explain the quote; else the reason.
std::string judged(const SoftwareTpm& tpm, const std::vector<Bytes>& files,
                   const std::string& pcrs = "sha256:0,4,10", bool with_values = true,
                   Replay* out = nullptr) {
  const auto selection = *parse_pcr_list(pcrs);
  const PcrValues values = tpm.values(selection);
  std::vector<EventLog> logs;
  for (const Bytes& file : files) {
    auto log = parse_event_log(file);
    if (!log) return log.error().detail;
    logs.push_back(*std::move(log));
  }
  const auto replayed =
      replay(logs, selection, with_values ? std::optional(values) : std::nullopt, HashAlg::kSha256,
             *composite_digest(HashAlg::kSha256, selection, values));
  if (replayed && out != nullptr) *out = *replayed;
  return replayed ? "" : replayed.error().detail;
}

TEST(Logs, ThatAreTrueExplainTheQuote) {
  const auto tpm = measured(kBoot, kPaths);

  EXPECT_EQ(judged(tpm, {boot_log(kBoot), bytes_of(ima_ascii(kPaths))}), "");
  EXPECT_EQ(judged(tpm, {boot_log(kBoot), ima_binary(kPaths)}), "");
  EXPECT_EQ(judged(tpm, {boot_log(kBoot), ima_binary(kPaths)}, "sha1:0,10+sha256:4"), "");
  EXPECT_EQ(judged(tpm, {boot_log(kBoot), ima_binary(kPaths)}, "sha256:0,4,10", false), "");
}

TEST(Logs, MayHaveGoneOnBehindTheQuote) {
  const auto tpm = measured(kBoot, {kPaths[0], kPaths[1]});
  for (const bool with_values : {true, false}) {
    Replay out;
    EXPECT_EQ(
        judged(tpm, {boot_log(kBoot), ima_binary(kPaths)}, "sha256:0,4,10", with_values, &out), "");
    EXPECT_EQ(out.proven_entries, (std::vector<std::size_t>{5, 2}));
  }
}

struct Tampering {
  std::string name;
  std::function<std::vector<Bytes>()> logs;
  std::string reason;  ///< within what is said
};
class LogTampering : public testing::TestWithParam<Tampering> {};

TEST_P(LogTampering, IsSeenAndNamed) {
  const auto tpm = measured(kBoot, kPaths);

  const std::string reason = judged(tpm, GetParam().logs());

  EXPECT_NE(reason.find(GetParam().reason), std::string::npos) << reason;
  EXPECT_NE(reason, "");
}

std::vector<Event> boot_with(const std::function<void(std::vector<Event>&)>& change) {
  std::vector<Event> events = kBoot;
  change(events);
  return events;
}
std::vector<std::string> files_with(const std::function<void(std::vector<std::string>&)>& change) {
  std::vector<std::string> paths = kPaths;
  change(paths);
  return paths;
}
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

INSTANTIATE_TEST_SUITE_P(
    Boot, LogTampering,
    testing::Values(
        Tampering{"entry_removed",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(boot_with([](auto& e) { e.erase(e.begin() + 1); })),
                        ima_binary(kPaths)};
                  },
                  "PCR 4 (sha256) diverges"},
        Tampering{"last_entry_removed",
                  [] {
                    return std::vector<Bytes>{boot_log(boot_with([](auto& e) { e.pop_back(); })),
                                              ima_binary(kPaths)};
                  },
                  "PCR 4 (sha256) diverges"},
        Tampering{"entry_added",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(boot_with([](auto& e) {
                          e.insert(e.begin() + 2, {4, Writer03::kIpl, "more"});
                        })),
                        ima_binary(kPaths)};
                  },
                  "entry 3 (EV_IPL, more), which was not extended"},
        Tampering{"entries_swapped",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(boot_with([](auto& e) { std::swap(e[3], e[4]); })),
                        ima_binary(kPaths)};
                  },
                  "stands in the place of the next"},
        Tampering{"entry_altered",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(boot_with([](auto& e) { e[1].text = "kernal"; })),
                        ima_binary(kPaths)};
                  },
                  "PCR 4 (sha256) diverges"},
        Tampering{"entry_of_another_pcr",
                  [] {
                    return std::vector<Bytes>{boot_log(boot_with([](auto& e) { e[1].pcr = 0; })),
                                              ima_binary(kPaths)};
                  },
                  "PCR 0 (sha256) diverges: first by entry 2 (EV_IPL, kernel)"},
        Tampering{"type_unknown",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(boot_with([](auto& e) { e[1].type = 0x77; })), ima_binary(kPaths)};
                  },
                  "entry 2: an unknown type of event"},
        Tampering{"type_that_is_not_extended",
                  [] {
                    return std::vector<Bytes>{boot_log(boot_with([](auto& e) { e[4].type = 3; })),
                                              ima_binary(kPaths)};
                  },
                  "PCR 4 (sha256) diverges"},
        Tampering{"digest_kept_content_other",
                  [] {
                    Writer03 writer;
                    for (const Event& event : kBoot) {
                      writer.add(event.pcr, event.type,
                                 event.text == "firmware 1.0" ? "firmware 2.0" : event.text,
                                 Writer03::hashed(view_of(event.text)));
                    }
                    return std::vector<Bytes>{writer.take(), ima_binary(kPaths)};
                  },
                  "entry 1 (EV_S_CRTM_VERSION): its sha1 digest does not follow"},
        Tampering{"prefix_only",
                  [] {
                    return std::vector<Bytes>{boot_log(boot_with([](auto& e) { e.resize(3); })),
                                              ima_binary(kPaths)};
                  },
                  "PCR 4 (sha256) diverges"},
        Tampering{"cut_within",
                  [] {
                    Bytes log = boot_log(kBoot);
                    log.pop_back();
                    return std::vector<Bytes>{log, ima_binary(kPaths)};
                  },
                  "entry 5: cut off"},
        Tampering{"no_log_at_all", [] { return std::vector<Bytes>{ima_binary(kPaths)}; },
                  "PCR 0 (sha256) was extended, but no log explains it"},
        Tampering{"two_logs_for_one_pcr",
                  [] {
                    return std::vector<Bytes>{boot_log(kBoot), boot_log(kBoot), ima_binary(kPaths)};
                  },
                  "two logs for PCR 0"},
        Tampering{"empty",
                  [] {
                    return std::vector<Bytes>{Bytes(), ima_binary(kPaths)};
                  },
                  "empty"},
        Tampering{"of_no_known_format",
                  [] {
                    return std::vector<Bytes>{bytes_of("\x7F"
                                                       "ELF and so on"),
                                              ima_binary(kPaths)};
                  },
                  "neither a TCG boot log"},
        Tampering{"locality_invented",
                  [] {
                    Writer03 writer;
                    writer.add(0, 3, std::string_view("StartupLocality\0\3", 17),
                               {{HashAlg::kSha1, Bytes(20)}, {HashAlg::kSha256, Bytes(32)}});
                    for (const Event& e : kBoot) writer.add(e.pcr, e.type, e.text);
                    return std::vector<Bytes>{writer.take(), ima_binary(kPaths)};
                  },
                  "PCR 0 (sha256) diverges"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Ima, LogTampering,
    testing::Values(
        Tampering{"entry_removed",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(kBoot),
                        ima_binary(files_with([](auto& p) { p.erase(p.begin() + 1); }))};
                  },
                  "PCR 10 (sha256) diverges"},
        Tampering{"entry_added",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(kBoot),
                        ima_binary(files_with([](auto& p) { p.insert(p.begin() + 2, "/tmp/x"); }))};
                  },
                  "first by entry 2 (ima-ng, /tmp/x), which was not extended"},
        Tampering{"entries_swapped",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(kBoot),
                        ima_binary(files_with([](auto& p) { std::swap(p[1], p[2]); }))};
                  },
                  "stands in the place of the next"},
        Tampering{"path_other",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(kBoot),
                        bytes_of(replaced(ima_ascii(kPaths), "/bin/sh", "/bin/sH"))};
                  },
                  "entry 1 (/bin/sH): its template digest does not follow"},
        Tampering{"file_digest_other",
                  [] {
                    std::string log = ima_ascii(kPaths);
                    const std::size_t at = log.find("sha256:") + 7;
                    log[at] = log[at] == '0' ? '1' : '0';
                    return std::vector<Bytes>{boot_log(kBoot), bytes_of(log)};
                  },
                  "entry 0 (/sbin/init): its template digest does not follow"},
        Tampering{"template_other",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(kBoot), bytes_of(replaced(ima_ascii(kPaths), "ima-ng", "ima"))};
                  },
                  "entry 0: a template other than ima-ng"},
        Tampering{"hash_other",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(kBoot),
                        bytes_of(replaced(ima_ascii(kPaths), "sha256:", "sha384:"))};
                  },
                  "entry 0: the file's digest has another length"},
        Tampering{"prefix_only",
                  [] {
                    return std::vector<Bytes>{
                        boot_log(kBoot), ima_binary(files_with([](auto& p) { p.pop_back(); }))};
                  },
                  "PCR 10 (sha256) diverges"},
        Tampering{"line_cut",
                  [] {
                    std::string log = ima_ascii(kPaths);
                    log.pop_back();
                    return std::vector<Bytes>{boot_log(kBoot), bytes_of(log)};
                  },
                  "entry 3: cut off"},
        Tampering{"record_cut",
                  [] {
                    Bytes log = ima_binary(kPaths);
                    log.pop_back();
                    return std::vector<Bytes>{boot_log(kBoot), log};
                  },
                  "entry 3: cut off"},
        Tampering{
            "pcr_other",
            [] {
              std::string log = ima_ascii(kPaths);
              return std::vector<Bytes>{boot_log(kBoot), bytes_of(replaced(log, "10 ", "11 "))};
            },
            "PCR 10 (sha256) diverges"},
        Tampering{
            "pcr_beyond",
            [] {
              std::string log = ima_ascii(kPaths);
              return std::vector<Bytes>{boot_log(kBoot), bytes_of(replaced(log, "10 ", "24 "))};
            },
            "entry 0 (/sbin/init): a PCR that does not exist"},
        Tampering{"violation_invented",
                  [] {
                    std::string log = ima_ascii(kPaths);
                    return std::vector<Bytes>{
                        boot_log(kBoot), bytes_of("10 " + std::string(40, '0') + log.substr(43))};
                  },
                  "PCR 10 (sha256) diverges"}),
    [](const auto& row) { return row.param.name; });

TEST(ImaLog, ShowsWhatWasChangedWhileItWasMeasured) {
  const auto entry = make_ima_entry(HashAlg::kSha256, file_digest("/a"), "/a");
  const std::string violation = "10 " + std::string(40, '0') + entry.ascii_line.substr(43);
  SoftwareTpm tpm;
  tpm.extend(10, {{HashAlg::kSha256, Bytes(32, 0xFF)}});
  Replay out;

  EXPECT_EQ(judged(tpm, {bytes_of(violation)}, "sha256:10", true, &out), "");

  EXPECT_EQ(out.violations, std::vector<std::string>{"entry 0 (violation, /a)"});
}

TEST(ImaLog, IsTheSameInBothForms) {
  const auto ascii = parse_event_log(bytes_of(ima_ascii(kPaths)));
  const auto binary = parse_event_log(ima_binary(kPaths));
  ASSERT_TRUE(ascii && binary);
  ASSERT_EQ(ascii->entries.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(ascii->entries[i].digests, binary->entries[i].digests);
    EXPECT_EQ(ascii->entries[i].name, kPaths[i]);
    EXPECT_EQ(binary->entries[i].name, kPaths[i]);
  }
}

struct Reference {
  std::string name, difference;
  std::function<void(std::vector<std::string>&)> change;
};
class LogReference : public testing::TestWithParam<Reference> {};

TEST_P(LogReference, NamesTheFirstEntryThatDiffers) {
  const auto reference = *parse_event_log(ima_binary(kPaths));
  const auto log = *parse_event_log(ima_binary(files_with(GetParam().change)));

  EXPECT_EQ(first_difference(log, reference), GetParam().difference);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, LogReference,
    testing::Values(
        Reference{"none", "", [](auto&) {}},
        Reference{"altered",
                  "entry 1 (ima-ng, /bin/zsh): the reference has entry 1 (ima-ng, /bin/sh) there",
                  [](auto& p) { p[1] = "/bin/zsh"; }},
        Reference{"missing", "entry 3 (ima-ng, /bin/ls): missing", [](auto& p) { p.pop_back(); }},
        Reference{"more", "entry 4 (ima-ng, /bin/x): not in the reference",
                  [](auto& p) { p.emplace_back("/bin/x"); }}),
    [](const auto& row) { return row.param.name; });

// --- canonical logs -----------------------------------------------------------------------------

Bytes cel_log(SoftwareTpm* tpm, const std::vector<std::string>& contents) {
  Bytes out;
  std::uint64_t number = 0;
  for (const std::string& json : contents) {
    const auto entry = make_cel_entry(number++, 11, json, {HashAlg::kSha256});
    if (tpm != nullptr) tpm->extend(11, entry.digests);
    append(out, entry.record);
  }
  return out;
}
const std::vector<std::string> kEcus = {R"({"type":"ecu","id":"brake","ver":"1.0"})",
                                        R"({"type":"ecu","id":"radio","ver":"2.1"})"};

TEST(CelLog, LeadsToTheQuotedValue) {
  SoftwareTpm tpm;
  const Bytes log = cel_log(&tpm, kEcus);
  EXPECT_EQ(judged(tpm, {log}, "sha256:11"), "");
  EXPECT_EQ(parse_event_log(log)->entries[1].name, "radio");
}

TEST(CelLog, IsRefusedWhenAnyByteIsOther) {
  SoftwareTpm tpm;
  const Bytes log = cel_log(&tpm, kEcus);
  for (std::size_t at = 0; at < log.size(); ++at) {
    Bytes changed = log;
    changed[at] ^= 1;
    EXPECT_NE(judged(tpm, {changed}, "sha256:11"), "") << at;
  }
  for (std::size_t size = 0; size < log.size(); ++size) {
    EXPECT_NE(judged(tpm, {Bytes(log.begin(), log.begin() + static_cast<long>(size))}, "sha256:11"),
              "");
  }
}

TEST(CelLog, IsRefusedOutOfOrderAndInOtherForms) {
  const auto refused = [](const Bytes& log) {
    const auto parsed = parse_event_log(log);
    return parsed ? "" : parsed.error().detail;
  };
  Bytes out_of_order = make_cel_entry(0, 11, kEcus[0], {HashAlg::kSha256}).record;
  append(out_of_order, make_cel_entry(2, 11, kEcus[1], {HashAlg::kSha256}).record);
  EXPECT_EQ(refused(out_of_order), "log: entry 1 (radio): out of order");
  EXPECT_NE(refused(make_cel_entry(0, 24, kEcus[0], {HashAlg::kSha256}).record), "");
  EXPECT_NE(refused(make_cel_entry(0, 11, R"({"id":"no type"})", {HashAlg::kSha256}).record), "");
  EXPECT_NE(refused(make_cel_entry(0, 11, R"({"type": "ecu"})", {HashAlg::kSha256}).record), "");
  EXPECT_NE(refused(make_cel_entry(0, 11, "no JSON", {HashAlg::kSha256}).record), "");
  EXPECT_NE(refused(make_cel_entry(0, 11, kEcus[0], {}).record), "");
}

}  // namespace
}  // namespace gatehouse::attest
