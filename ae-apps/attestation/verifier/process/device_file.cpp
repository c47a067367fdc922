#include "ae-apps/attestation/verifier/process/device_file.h"

#include <charconv>

#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxStateBytes = 16u << 20;

Value clock_value(const ClockMemory& memory) {
  return Value::object({{"signer", to_hex(memory.qualified_signer)},
                        {"clock", memory.clock.clock_ms},
                        {"resets", memory.clock.reset_count},
                        {"restarts", memory.clock.restart_count},
                        {"safe", memory.clock.safe},
                        {"firmware", std::to_string(memory.firmware_version)}});
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Result<ClockMemory> clock_from(const Value& value) {
  ClockMemory out;
  auto signer = from_hex(value.string_at("signer"));
  if (!signer || signer->empty()) return fail(Rsc::kNotAcceptable, "state: clock");
  out.qualified_signer = *std::move(signer);
  out.clock.clock_ms = static_cast<std::uint64_t>(value.integer_at("clock"));
  out.clock.reset_count = static_cast<std::uint32_t>(value.integer_at("resets"));
  out.clock.restart_count = static_cast<std::uint32_t>(value.integer_at("restarts"));
  out.clock.safe = value.bool_at("safe");
  out.firmware_version = number_in(value.string_at("firmware"));
  return out;
}

Value issued_value(const Issued& issued) {
  return Value::object({{"challenge", encode(issued.challenge)},
                        {"at", to_text(issued.at)},
                        {"place", issued.place},
                        {"record", issued.record},
                        {"used_by", issued.used_by}});
}

Result<Issued> issued_from(const Value& value) {
  auto challenge = parse_challenge(value.string_at("challenge"));
  const auto at = parse_timestamp(value.string_at("at"));
  if (!challenge || !at) return fail(Rsc::kNotAcceptable, "state: challenge");
  return Issued{*std::move(challenge), *at, value.string_at("place"), value.string_at("record"),
                value.string_at("used_by", "unknown")};
}

}  // namespace

Value to_value(const DeviceState& state) {
  Value out = Value::object({{"revoked", state.revoked}, {"counter", state.last_counter}});
  if (state.identity) out.set("identity", to_value(*state.identity));
  if (state.applying) out.set("applying", to_value(*state.applying));
  out.set("secret", state.secret_hash).set("enrol_nonce", state.enrol_nonce);
  if (state.last) out.set("last", clock_value(*state.last));
  if (state.known) out.set("known", Value::Array(state.known->begin(), state.known->end()));
  if (state.issued) out.set("issued", issued_value(*state.issued));
  if (state.judged) {
    out.set("judged", Value::object({{"nonce", state.judged->nonce},
                                     {"evidence", state.judged->evidence_hash},
                                     {"verdict", state.judged->verdict},
                                     {"record", state.judged->record}}));
  }
  return out;
}

Result<DeviceState> state_from(const Value& value) {
  DeviceState out;
  out.revoked = value.bool_at("revoked", true);
  out.last_counter = static_cast<std::uint64_t>(value.integer_at("counter"));
  out.secret_hash = value.string_at("secret");
  out.enrol_nonce = value.string_at("enrol_nonce");
  for (const auto& [name, to] :
       {std::pair("identity", &out.identity), std::pair("applying", &out.applying)}) {
    const Value* member = value.find(name);
    if (member == nullptr) continue;
    auto identity = identity_from(*member);
    if (!identity) return fail(Rsc::kNotAcceptable, "state: " + identity.error().detail);
    *to = *std::move(identity);
  }
  if (const Value* last = value.find("last")) {
    auto memory = clock_from(*last);
    if (!memory) return fail(memory.error());
    out.last = *std::move(memory);
  }
  if (value.contains("known")) {
    const std::vector<std::string> known = value.strings_at("known");
    out.known.emplace(known.begin(), known.end());
  }
  if (const Value* issued = value.find("issued")) {
    auto read = issued_from(*issued);
    if (!read) return fail(read.error());
    out.issued = *std::move(read);
  }
  if (const Value* judged = value.find("judged")) {
    out.judged = Judged{judged->string_at("nonce"), judged->string_at("evidence"),
                        judged->string_at("verdict"), judged->string_at("record")};
  }
  return out;
}

Result<DeviceState> DeviceFiles::load(const std::string& device) const {
  const auto text = ota::read_text(folder_ / ("device-" + device + ".json"), kMaxStateBytes);
  if (!text) return fail(text.error());
  if (text->empty()) return DeviceState{};
  const auto tree = parse_json(*text, {.max_bytes = kMaxStateBytes, .max_depth = 5});
  if (!tree) return fail(Rsc::kNotAcceptable, "state of " + device + ": " + tree.error().detail);
  return state_from(*tree);
}

Result<void> DeviceFiles::store(const std::string& device, const DeviceState& state) const {
  return ota::replace_file(folder_ / ("device-" + device + ".json"), to_json(to_value(state)));
}

Result<std::uint64_t> DeviceFiles::highest_bundle() const {
  const auto text = ota::read_text(folder_ / "highest-bundle", 32);
  if (!text) return fail(text.error());
  return number_in(*text);
}

Result<void> DeviceFiles::keep_highest_bundle(std::uint64_t number) const {
  return ota::replace_file(folder_ / "highest-bundle", std::to_string(number));
}

}  // namespace gatehouse::attest
