#include "cse/node/esprim_wiring.h"

#include "bindings/security/psk_table.h"

namespace gatehouse::node {

Result<std::unique_ptr<EsPrimGate>> open_esprim(const NodeSettings& settings,
                                                PrimitiveHandler& next,
                                                const SystemScheduler& scheduler) {
  auto table = PskTable::load(settings.esprim_keys);
  if (!table) return fail(table.error().rsc, "esprim.keys: " + table.error().detail);
  for (const std::string& id : table->identities()) {
    const std::size_t bytes = table->find(id)->key.size();
    if (bytes == 16 || bytes == 32) continue;
    return fail(Rsc::kInternalServerError, "esprim.keys: the key of " + id +
                                               " must have 16 or 32 bytes, for A128GCM or A256GCM");
  }
  EsPrimSettings gate;
  gate.cse_id = settings.cse.cse_id;
  gate.csebase_name = settings.cse.csebase_name;
  gate.sp_id = settings.cse.sp_id;
  const auto find = [table = *std::move(table)](const std::string& id) {
    const PskEntry* entry = table.find(id);
    return entry ? std::optional(PairwiseKey{{entry->identity, entry->key}, entry->originators})
                 : std::nullopt;
  };
  return std::make_unique<EsPrimGate>(gate, next, find, [&scheduler] { return scheduler.now(); });
}

}  // namespace gatehouse::node
