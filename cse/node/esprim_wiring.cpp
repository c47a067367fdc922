#include "cse/node/esprim_wiring.h"

namespace gatehouse::node {
namespace {

bool encrypts(const PskEntry& entry) { return entry.key.size() == 16 || entry.key.size() == 32; }

/// The keys of the file; null: there is none.
Result<std::shared_ptr<PskSource>> keys_of(const std::string& file) {
  if (file.empty()) return std::shared_ptr<PskSource>();
  auto table = PskTable::load(file);
  if (!table) return fail(table.error().rsc, "esprim.keys: " + table.error().detail);
  for (const std::string& id : table->identities()) {
    if (encrypts(*table->find(id))) continue;
    return fail(Rsc::kInternalServerError, "esprim.keys: the key of " + id +
                                               " must have 16 or 32 bytes, for A128GCM or A256GCM");
  }
  return std::make_shared<FixedPskSource>(*std::move(table));
}

}  // namespace

Result<std::unique_ptr<EsPrimGate>> open_esprim(const NodeSettings& settings,
                                                PrimitiveHandler& next,
                                                const SystemScheduler& scheduler,
                                                std::shared_ptr<PskSource> maf) {
  auto file = keys_of(settings.esprim_keys);
  if (!file) return fail(file.error());
  EsPrimSettings gate;
  gate.cse_id = settings.cse.cse_id;
  gate.csebase_name = settings.cse.csebase_name;
  gate.sp_id = settings.cse.sp_id;
  const auto find = [file = *std::move(file),
                     maf = std::move(maf)](const std::string& id) -> std::optional<PairwiseKey> {
    for (PskSource* source : {file.get(), maf.get()}) {
      const auto entry = source ? source->find(id) : std::nullopt;
      if (entry && encrypts(*entry)) {
        return PairwiseKey{{entry->identity, entry->key}, entry->originators};
      }
    }
    return std::nullopt;
  };
  return std::make_unique<EsPrimGate>(gate, next, find, [&scheduler] { return scheduler.now(); });
}

}  // namespace gatehouse::node
