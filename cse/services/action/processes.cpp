#include "cse/services/action/processes.h"

#include "cse/core/address.h"

namespace gatehouse {
namespace {

using namespace type_number;

constexpr std::int64_t kDisabled = 1;  // m2m:processStatus
constexpr std::int64_t kEnable = 1;    // m2m:processControl
constexpr const char* kControls[] = {"", "enable", "disable", "pause", "reactivate"};

struct OfConfiguration {
  const char* name;
  const char* long_name;
};
constexpr OfConfiguration kConfiguration[] = {
    {"inst", "initialState"}, {"atcos", "activateConditions"}, {"encos", "endConditions"}};

class Process final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    draft.attributes.set("prst", kDisabled);
    return {};
  }
  Result<void> on_update(const ResourcePtr& before, Value&, const Value& requested,
                         OperationContext& context) const override {
    if (auto sound = check_configuration(*before, requested, context); !sound) return sound;
    if (!requested.contains("prct")) return {};
    const std::int64_t control = requested.integer_at("prct");
    if (control == kEnable)
      return fail(Rsc::kNotImplemented, "prct (processControl): this CSE runs no processes");
    return fail(Rsc::kOperationNotAllowed,
                std::string("prct (processControl): a process that is disabled cannot ") +
                    kControls[control]);
  }

 private:
  static Result<void> check_configuration(const Resource& process, const Value& requested,
                                          OperationContext& context) {
    const bool disabled = process.attributes().integer_at("prst") == kDisabled;
    for (const OfConfiguration& row : kConfiguration) {
      if (disabled || !requested.contains(row.name)) continue;
      return fail(Rsc::kOperationNotAllowed, std::string(row.name) + " (" + row.long_name +
                                                 "): changes only while the process is disabled");
    }
    if (!requested.contains("inst")) return {};
    auto state = find_local(requested.string_at("inst"), context.settings, context.resources);
    if (!state) return fail(state.error());
    if (*state && (*state)->type() == kState && (*state)->parent() == process.id()) return {};
    return fail(Rsc::kInvalidProcessConfiguration, "inst (initialState): \"" +
                                                       requested.string_at("inst") +
                                                       "\" is no <state> of this process");
  }
};

class State final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    draft.attributes.set("sact", false);
    return {};
  }
};

}  // namespace

void add_processes(Cse& cse) {
  cse.behaviours().add(kProcessManagement, std::make_shared<Process>());
  cse.behaviours().add(kState, std::make_shared<State>());
}

}  // namespace gatehouse
