#pragma once
#include <string>

#include "ae-apps/attestation/evidence/log/log.h"

namespace gatehouse::evidence {

inline NoteSigner make_signer(const std::string& name,
                              SignatureType type = SignatureType::kEd25519) {
  auto key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  return *NoteSigner::make(name, type, *std::move(key));
}

inline Bytes numbered_entry(std::uint64_t number) {
  return bytes_of("entry " + std::to_string(number));
}

inline std::vector<Bytes> numbered_entries(std::uint64_t first, std::uint64_t count) {
  std::vector<Bytes> batch;
  for (std::uint64_t i = 0; i < count; ++i) batch.push_back(numbered_entry(first + i));
  return batch;
}

inline Hash root_of_numbered(std::uint64_t size) {
  Frontier frontier;
  for (std::uint64_t i = 0; i < size; ++i) frontier.add(leaf_hash(numbered_entry(i)));
  return frontier.root();
}

/// A log on a simulated disk.
struct LogOnDisk {
  explicit LogOnDisk(std::uint64_t seed = 1) : medium(seed), random(seed) {}
  Result<Log> open() { return Log::open(medium, random, settings, {signer}); }

  SimulatedMedium medium;
  crypto::SeededRandom random;
  NoteSigner signer = make_signer("log.example/1");
  LogSettings settings{
      .origin = "log.example/1", .publish_after_entries = 600, .journal_bytes = 3000};
};

}  // namespace gatehouse::evidence
