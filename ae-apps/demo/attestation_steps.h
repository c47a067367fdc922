#pragma once
#include <map>
#include <string>
#include <vector>

#include "ae-apps/demo/story.h"
#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::demo {

/// Remote maintenance around the update: measured before, changed, measured after, provable to a
/// stranger. Its processes are the support software in the car, the verifier, the Center, and two
/// witnesses of the Center's log. Threading: one thread.
class AttestationSteps {
 public:
  static constexpr const char* kDevice = "car-1";  ///< the car's name at the Center
  static constexpr const char* kCommands = "cse-in/center/commands";

  AttestationSteps(Car& car, Crew& crew, Screen& screen)
      : car_(car), crew_(crew), screen_(screen) {}

  /// Starts the processes, enrols the car, and attests it.
  Result<void> prepare();
  /// prepare(), then it plugs in an authorised sensor and opens a maintenance:
  /// steps 1 to 8.
  Result<void> before();
  /// What the story of the update has to tell us: new releases go into the white list; after the
  /// update come steps 11 to 13.
  StoryHooks hooks();
  /// An unauthorised sensor, and the audit of all evidence without a network.
  Result<void> finish();

  // For operations beside the story.
  /// What the ECU runs is to be replaced by the image: one is superseded, the other allowed.
  Result<void> replace(const EcuPlan& ecu, const Image& image);
  /// Only that version of the ECU is allowed from now on.
  Result<void> settle(const EcuPlan& ecu, const std::string& version);
  /// Orders a maintenance. Errors: those of the IN-CSE.
  Result<Answer> order(const std::string& reason);
  /// Orders an attestation without maintenance. Errors: as order().
  Result<void> attest();
  std::string certificate_file(std::uint64_t operation) const;
  /// What gatehouse-audit says of that operation's certificate, without a network. Errors: its
  /// refusal.
  Result<std::string> audited(std::uint64_t operation);
  /// The same for the whole log, and that it holds what the receipts in the car say.
  Result<std::string> audited_log();

  const std::string& where() const { return where_; }
  const std::filesystem::path& log() const { return log_; }

 private:
  using Clock = std::chrono::steady_clock;
  /// A component of a verdict.
  struct Found {
    std::string finding, version, reason;
    bool spoken_for = false;
  };
  struct Verdict {
    std::string recommendation, reason, white_list, assurance;
    std::map<std::string, Found> components;
  };
  struct Reference {
    std::string version, digest;
    std::string standing = "allowed";
  };

  // Setting up (attestation_setup.cpp).
  Result<void> start_witnesses();
  Result<void> start_verifier();
  Result<void> start_tnc();
  Result<void> start_support();
  Result<void> start_center();
  Result<void> begin_white_list();
  Result<void> issue_white_list();
  Result<void> write_anchors();
  Result<std::string> run(const std::string& program, std::vector<std::string> arguments);
  Result<void> start(const std::string& name, const std::string& program,
                     std::vector<std::string> arguments);
  Value support_configuration() const;
  Value verifier_configuration() const;
  Value center_configuration(bool with_witnesses) const;

  // The steps (attestation_steps.cpp).
  Result<void> first_attestation();
  Result<void> plug_in(const std::string& label, const std::string& model, bool authorised);
  Result<void> pull_out(const std::string& label);
  Result<void> maintain(const std::string& reason, bool with_murder = false);
  /// Center and verifier die in the middle of an operation.
  Result<void> murder();
  Result<void> await_inventory(std::size_t mark);
  Result<void> released(const EcuPlan& ecu, const Image& image);
  Result<void> after();
  Result<void> quarantine();
  Result<void> heal();
  Result<void> by_tnc();
  Result<void> audit();
  /// What the car's support software may do at the IN-CSE, as it finds out by trying.
  Result<void> try_rights(bool trusted);
  void print_side_by_side();

  Result<StepEvent> await(const std::string& event, std::size_t& mark);
  Result<Verdict> newest_verdict();
  Duration lap();
  void begin(const std::string& where, const std::string& log);

  Car& car_;
  Crew& crew_;
  Screen& screen_;
  std::string where_ = "the beginning of the attestation";
  std::filesystem::path log_;
  Clock::time_point lap_ = Clock::now();
  std::size_t mark_ = 0;  ///< in the feed

  std::vector<std::string> witness_keys_, witness_urls_;
  std::string log_key_, center_key_, ek_name_;
  std::uint16_t verifier_port_ = 0;
  std::uint64_t bundle_ = 0;
  std::map<std::string, std::vector<Reference>> references_;  ///< by component
  Verdict before_, after_;
  std::vector<std::uint64_t> certified_;
};

}  // namespace gatehouse::demo
