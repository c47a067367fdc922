#pragma once
#include <atomic>
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

/// <mgmtCmd> and <execInstance>: commands to devices. Source: TS-0001 clauses 9.6.16, 9.6.17 and
/// 10.2.8, TS-0004 clauses 7.4.11 and 7.4.12.
///
/// An UPDATE of execEnable (exe) to true makes one <execInstance> for each target: the <node> that
/// execTarget (ext) names, or those of that <group>. It is PENDING until its time (exy; at random
/// up to exy with modes 3 and 4), then the command is written to the node's management object
/// ([reboot], [firmware], [software]) as the creator of the <mgmtCmd> would, execNumber (exn) times
/// every execFrequency (exf) in the modes that repeat, and it is FINISHED with execResult (exr): 0,
/// 1 if the node has no such object or the command no conversion, 2 if the creator may not, else 4.
/// While it is pending an UPDATE of execDisable (exd) cancels it.
///
/// A node without such an object that hosts an AE (hostedAELinks) is managed by that AE over Mca,
/// which is the management technology that the clauses leave open: whoever set exe NOTIFYs the AE
/// of `{"m2m:exin":{…}}`, the instance with its ri and pi, and what the AE answers is the result: 0
/// for success, 2 if it may not or the AE refuses (4005, 4103, 4105, 5207), 5 for arguments that
/// are none (4000, 4102), 1 if it knows no such thing (4001, 5001), else 4.
class Commands final : public CommitListener {
 public:
  static constexpr std::int64_t kMaxRepetitions = 1000;
  static constexpr std::size_t kMaxTargets = 1000;

  /// Adds itself to `cse`, which outlives this. Before cse.start().
  explicit Commands(Cse& cse);
  ~Commands() override { stop(); }
  /// Takes up the instances that are pending in the store.
  void start();
  void stop() { state_->stopped = true; }

  void committed(const Committed& event) override;

 private:
  struct State {
    explicit State(Cse& c) : cse(c) {}
    Cse& cse;
    std::atomic<bool> stopped{false};
  };
  static void wait(const std::shared_ptr<State>& state, const Resource& instance);
  static void run(const std::shared_ptr<State>& state, const ResourceId& id);
  static void settle(const std::shared_ptr<State>& state, const ResourceId& id, int result);

  std::shared_ptr<State> state_;
};

}  // namespace gatehouse
