#pragma once
#include <array>
#include <string>

#include "ae-apps/ota/ecu/disk.h"

namespace gatehouse::ecu {

enum class Slot : std::uint8_t { kA, kB, kNone };
std::string_view name_of(Slot slot);  ///< "a", "b", "none"
std::string file_of(Slot slot);       ///< "slot_a.img"
inline Slot other(Slot slot) { return slot == Slot::kA ? Slot::kB : Slot::kA; }
inline std::size_t index_of(Slot slot) { return slot == Slot::kB ? 1 : 0; }  ///< in BootState

/// All that a boot loader must remember over a loss of power. Kept as boot.json, replaced as a
/// whole.
struct BootState {
  Slot active = Slot::kNone;  ///< boots, unless a trial is due
  Slot trial = Slot::kNone;   ///< boots next, and becomes active if its self-test is good
  unsigned tries_left = 0;    ///< of the trial, counted down before each
  /// The trial counts only once somebody outside confirms it: SHA-256 of its payload, hexadecimal.
  /// Without that word the next boot is one of the active slot again. Empty: no such trial.
  std::string held;
  bool held_passed = false;           ///< its self-test
  std::uint64_t release_counter = 0;  ///< of the newest image that was confirmed; never falls
  std::uint64_t boots = 0;
  std::uint64_t failed_boots = 0;
  std::uint64_t refused_images = 0;
  std::uint64_t changed_images = 0;  ///< found at a boot: not what was verified when it came
  std::uint64_t watchdog_bites = 0;
  unsigned bites_in_a_row =
      0;  ///< of the active image, without a boot in between that was asked for
  std::uint64_t reports = 0;
  unsigned failed_unlocks = 0;
  std::array<bool, 2> confirmed{};  ///< the image of the slot passed its self-test once
  std::array<std::string, 2> mac;   ///< hexadecimal; of a gateway, for a constrained ECU
  /// SHA-256 of the payload that was installed, hexadecimal: another genuine one is none. Empty:
  /// not known (nothing there, or a state of an older version).
  std::array<std::string, 2> installed;
  std::string fingerprint;      ///< hexadecimal; who programmed last
  std::string last_error;       ///< empty: none since the last good update
  std::string attack = "none";  ///< name of the last refusal

  friend bool operator==(const BootState&, const BootState&) = default;
};

std::string encode_state(const BootState& state);
/// Errors: kBadRequest for anything that encode_state would not write.
Result<BootState> decode_state(std::string_view text);

/// nullopt: none was ever stored.
Result<std::optional<BootState>> load_state(Disk& disk);
Result<void> store_state(Disk& disk, const BootState& state);

}  // namespace gatehouse::ecu
