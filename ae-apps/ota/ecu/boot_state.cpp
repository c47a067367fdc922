#include "ae-apps/ota/ecu/boot_state.h"

#include "cse/codec/json.h"

namespace gatehouse::ecu {
namespace {

constexpr const char* kStateFile = "boot.json";
constexpr std::size_t kMaxStateBytes = 16 * 1024;

std::optional<Slot> slot_named(std::string_view name) {
  for (const Slot slot : {Slot::kA, Slot::kB, Slot::kNone}) {
    if (name == name_of(slot)) return slot;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Slot slot) {
  if (slot == Slot::kNone) return "none";
  return slot == Slot::kA ? "a" : "b";
}

std::string file_of(Slot slot) { return "slot_" + std::string(name_of(slot)) + ".img"; }

std::string encode_state(const BootState& s) {
  Value out = Value::object({{"active", name_of(s.active)},
                             {"trial", name_of(s.trial)},
                             {"tries_left", s.tries_left},
                             {"release_counter", s.release_counter},
                             {"boots", s.boots},
                             {"failed_boots", s.failed_boots},
                             {"refused_images", s.refused_images},
                             {"changed_images", s.changed_images},
                             {"watchdog_bites", s.watchdog_bites},
                             {"bites_in_a_row", s.bites_in_a_row},
                             {"reports", s.reports},
                             {"failed_unlocks", s.failed_unlocks},
                             {"confirmed_a", s.confirmed[0]},
                             {"confirmed_b", s.confirmed[1]},
                             {"mac_a", s.mac[0]},
                             {"mac_b", s.mac[1]},
                             {"fingerprint", s.fingerprint},
                             {"last_error", s.last_error},
                             {"attack", s.attack}});
  if (!s.installed[0].empty()) out.set("installed_a", s.installed[0]);
  if (!s.installed[1].empty()) out.set("installed_b", s.installed[1]);
  if (!s.held.empty()) out.set("held", s.held).set("held_passed", s.held_passed);
  return to_json(out);
}

Result<BootState> decode_state(std::string_view text) {
  const Result<Value> tree = parse_json(text, {.max_bytes = kMaxStateBytes, .max_depth = 2});
  if (!tree) return fail(Rsc::kBadRequest, "boot state: " + tree.error().detail);
  const auto active = slot_named(tree->string_at("active", "?"));
  const auto trial = slot_named(tree->string_at("trial", "?"));
  if (!active || !trial) return fail(Rsc::kBadRequest, "boot state: no such slot");
  BootState s;
  s.active = *active;
  s.trial = *trial;
  s.tries_left = static_cast<unsigned>(tree->integer_at("tries_left"));
  s.release_counter = static_cast<std::uint64_t>(tree->integer_at("release_counter"));
  s.boots = static_cast<std::uint64_t>(tree->integer_at("boots"));
  s.failed_boots = static_cast<std::uint64_t>(tree->integer_at("failed_boots"));
  s.refused_images = static_cast<std::uint64_t>(tree->integer_at("refused_images"));
  s.changed_images = static_cast<std::uint64_t>(tree->integer_at("changed_images"));
  s.watchdog_bites = static_cast<std::uint64_t>(tree->integer_at("watchdog_bites"));
  s.bites_in_a_row = static_cast<unsigned>(tree->integer_at("bites_in_a_row"));
  s.reports = static_cast<std::uint64_t>(tree->integer_at("reports"));
  s.failed_unlocks = static_cast<unsigned>(tree->integer_at("failed_unlocks"));
  s.confirmed = {tree->bool_at("confirmed_a"), tree->bool_at("confirmed_b")};
  s.held = tree->string_at("held");
  s.held_passed = tree->bool_at("held_passed");
  s.mac = {tree->string_at("mac_a"), tree->string_at("mac_b")};
  s.installed = {tree->string_at("installed_a"), tree->string_at("installed_b")};
  s.fingerprint = tree->string_at("fingerprint");
  s.last_error = tree->string_at("last_error");
  s.attack = tree->string_at("attack");
  // One rule for every member that is missing, of another type or unknown.
  if (encode_state(s) != text) return fail(Rsc::kBadRequest, "boot state: damaged");
  return s;
}

Result<std::optional<BootState>> load_state(Disk& disk) {
  const auto content = disk.read(kStateFile, kMaxStateBytes);
  if (!content) return fail(content.error());
  if (!*content) return std::optional<BootState>();
  Result<BootState> state = decode_state(gatehouse::text_of(**content));
  if (!state) return fail(state.error());
  return std::optional<BootState>(*std::move(state));
}

Result<void> store_state(Disk& disk, const BootState& state) {
  return disk.replace(kStateFile, view_of(encode_state(state)));
}

}  // namespace gatehouse::ecu
