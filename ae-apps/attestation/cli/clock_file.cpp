#include "ae-apps/attestation/cli/clock_file.h"

#include <charconv>
#include <filesystem>

#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxFileBytes = 4096;

std::string written(const ClockMemory& memory) {
  const auto number = [](std::uint64_t n) { return Value(std::to_string(n)); };
  return to_json(Value::object({{"signer", to_hex(memory.qualified_signer)},
                                {"clock", number(memory.clock.clock_ms)},
                                {"reset", number(memory.clock.reset_count)},
                                {"restart", number(memory.clock.restart_count)},
                                {"safe", memory.clock.safe},
                                {"firmware", number(memory.firmware_version)}})) +
         "\n";
}

std::optional<std::uint64_t> number_at(const Value& object, std::string_view name) {
  const std::string text = object.string_at(name);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ClockMemory> read(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return std::nullopt;
  const auto signer = from_hex(json->string_at("signer"));
  const auto clock = number_at(*json, "clock");
  const auto reset = number_at(*json, "reset");
  const auto restart = number_at(*json, "restart");
  const auto firmware = number_at(*json, "firmware");
  if (!signer || !clock || !reset || !restart || !firmware) return std::nullopt;
  return ClockMemory{*signer,
                     {*clock, static_cast<std::uint32_t>(*reset),
                      static_cast<std::uint32_t>(*restart), json->bool_at("safe")},
                     *firmware};
}

std::string_view text_of(ClockChange change) {
  switch (change) {
    case ClockChange::kRunning:
      return "running";
    case ClockChange::kRestarted:
      return "restarted";
    case ClockChange::kReset:
      return "reset";
  }
  return {};
}

}  // namespace

Result<std::string> judge_clock(const std::string& file, const Attest& now) {
  std::string outcome = "first seen";
  if (std::filesystem::exists(file)) {
    const auto text = ota::read_text(file, kMaxFileBytes);
    const auto last = text ? read(*text) : std::nullopt;
    if (!last) {
      return fail(Rsc::kNotAcceptable, "clock: the memory of the last quote cannot be read");
    }
    const auto change = check_clock(*last, now);
    if (!change) return fail(change.error());
    outcome = text_of(*change);
  }
  if (const auto kept = ota::replace_file(std::filesystem::absolute(file), written(memory_of(now)));
      !kept) {
    return fail(kept.error());
  }
  return outcome;
}

}  // namespace gatehouse::attest
