#include "ae-apps/ota/gateway/member.h"

#include <algorithm>

#include "ae-apps/ota/clock/time_attestation.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr DecodeLimits kStatusLimits{.max_bytes = 16 * 1024, .max_depth = 4};

Result<Value> parse_status(std::string_view status) {
  Result<Value> tree = parse_json(status, kStatusLimits);
  if (!tree) return fail(Rsc::kNotAcceptable, "the ECU's status is no JSON");
  return tree;
}

}  // namespace

Result<EcuReport> report_of_full(const EcuEntry& entry, const image::SignedReport& report,
                                 ByteView nonce) {
  if (entry.public_key) {
    const auto content = image::verify_report(report, *entry.public_key, nonce);
    if (!content) return fail(content.error());
  }
  return entry_for_server(entry, report, nonce);
}

Result<EcuReport> entry_for_server(const EcuEntry& entry, const image::SignedReport& report,
                                   ByteView nonce) {
  const Result<Value> content = parse_json(report.report_json);
  if (!content || content->string_at("nonce") != to_hex(nonce) ||
      content->string_at("serial") != entry.serial) {
    return fail(Rsc::kNotAcceptable, "the ECU's report answers another challenge");
  }
  return EcuReport{Value::object({{"ecu", entry.serial},
                                  {"alg", report.algorithm},
                                  {"level", entry.level == EcuLevel::kFull ? "full" : "gateway"},
                                  {"report", report.report_json},
                                  {"signature", to_base64(report.signature)},
                                  {"key_id", report.key_id}}),
                   content->string_at("version"), content->string_at("sha256"),
                   content->string_at("attack"), content->string_at("status")};
}

Result<EcuStand> stand_of(const EcuReport& report, std::string_view status) {
  const Result<Value> tree = parse_status(status);
  if (!tree) return fail(tree.error());
  EcuStand out;
  out.runs = report.payload_sha256;
  out.on_trial = report.status == "trial";
  out.held = tree->string_at("held");
  out.held_passed = tree->bool_at("held_passed");
  out.last_error = tree->string_at("last_error");
  return out;
}

Result<EcuFacts> facts_of(const EcuEntry& entry, EcuFacts said, std::string_view status) {
  if (said.serial != entry.serial || said.hardware_id != entry.hardware_id) {
    return fail(Rsc::kOriginatorNotAuthenticated, "another ECU answers at its address: serial " +
                                                      said.serial + ", hardware " +
                                                      said.hardware_id);
  }
  const Result<Value> tree = parse_status(status);
  if (!tree) return fail(tree.error());
  const std::int64_t counter = tree->integer_at("release_counter", -1);
  if (counter < 0) return fail(Rsc::kNotAcceptable, "the ECU's status has no release_counter");
  said.release_counter = static_cast<std::uint64_t>(counter);
  said.last_error = tree->string_at("last_error");
  const auto count = [&](const char* name) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(tree->integer_at(name), 0));
  };
  said.disturbed = {count("unsolicited"), count("refused_frames"), count("failed_unlocks"),
                    count("boots")};
  return said;
}

std::string with_attested_time(const std::string& director, const std::string& nonce,
                               const ota::SecureClock::Ask& ask) {
  if (!ask || !ota::is_time_nonce(nonce)) return director;
  const auto attestation = ask(nonce);
  Result<Value> files = parse_json(director);
  if (!attestation || !files || !files->is_object()) return director;
  files->set("time.json", *attestation);
  return to_json(*files);
}

}  // namespace gatehouse::gateway
