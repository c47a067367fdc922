// Remote maintenance after the update: what is not authorised, and the audit.
#include "ae-apps/demo/attestation_steps.h"
#include "ae-apps/ota/crypto/files.h"
#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

constexpr const char* kStray = "CAM-0666";

}  // namespace

Result<void> AttestationSteps::finish() {
  screen_.chapter("", "An unauthorised device, and the audit");
  if (auto done = quarantine(); !done) return done;
  if (auto done = heal(); !done) return done;
  if (auto done = by_tnc(); !done) return done;
  return audit();
}

Result<void> AttestationSteps::try_rights(bool trusted) {
  const Layout& layout = car_.layout();
  CseClient car({layout.mn_url(), layout.certificate("support"), layout.key("support"),
                 layout.authority(), "Csupport"});
  const Answer answer = car.retrieve("/id-in/cse-in/center/bulletins");
  if (is_success(answer.rsc) != trusted) {
    return fail(Rsc::kNotAcceptable, std::string("the car may ") + (trusted ? "not " : "") +
                                         "read bulletins: " + answer.code() + " " + answer.reason);
  }
  const StepLine line{"support",
                      "IN-CSE",
                      "RETRIEVE center/bulletins",
                      answer.code(),
                      {trusted ? "a trusted car may" : answer.reason},
                      answer.took};
  if (trusted) {
    screen_.step('B', line);
  } else {
    screen_.refused('B', line);
  }
  lap_ = Clock::now();
  return {};
}

Result<void> AttestationSteps::quarantine() {
  if (auto done = plug_in(kStray, "spy-1", false); !done) return done;
  if (auto done = maintain("yearly inspection", true); !done) return done;
  const std::string component = std::string("ecu:") + kStray;
  if (before_.recommendation != "quarantined" ||
      before_.components[component].finding != "new-unauthorised") {
    return fail(Rsc::kNotAcceptable, "the stray camera was not quarantined: " + before_.reason);
  }
  const auto certified = await("certified", mark_);
  if (!certified) return fail(certified.error());
  screen_.refused('7',
                  {"Center", "car", "maintenance 2", "closed", {certified->at("outcome")}, lap()});
  certified_.push_back(2);
  return try_rights(false);
}

Result<void> AttestationSteps::heal() {
  begin("pulling out " + std::string(kStray), "center.log");
  if (auto done = pull_out(kStray); !done) return done;
  const Answer command = car_.in().push(kCommands, Value::object({{"attest", kDevice}}));
  if (!is_success(command.rsc)) return fail(command.rsc, command.reason);
  if (const auto attested = await("attested", mark_); !attested) return fail(attested.error());
  const auto verdict = newest_verdict();
  if (!verdict) return fail(verdict.error());
  if (verdict->recommendation != "allowed") return fail(Rsc::kNotAcceptable, verdict->reason);
  screen_.step('6', {"verifier",
                     "Center",
                     "once more, without the camera",
                     verdict->recommendation,
                     {"the car is trusted again"},
                     lap()});
  return try_rights(true);
}

/// The other way: the same support software, evidence and verifier, but PT-TLS in place of oneM2M.
Result<void> AttestationSteps::by_tnc() {
  begin("an attestation by TNC", "tnc.log");
  const Answer command = car_.in().push(kCommands, Value::object({{"tnc", kDevice}}));
  if (!is_success(command.rsc)) return fail(command.rsc, command.reason);
  const auto heard = await("tnc", mark_);
  if (!heard) return fail(heard.error());
  if (heard->at("access") != "allowed") return fail(Rsc::kNotAcceptable, heard->at("reason"));
  screen_.step('5', {"support",
                     "gatehouse-tnc",
                     "PTS over PT-TLS, by the key in its TPM",
                     heard->at("access"),
                     {"the same evidence by the other way, and the same verdict; " +
                      shortened(heard->at("evidence"))},
                     lap()});
  return {};
}

Result<void> AttestationSteps::audit() {
  begin("the audit of the evidence", "tools.log");
  const Layout& layout = car_.layout();
  if (auto done = write_anchors(); !done) return done;
  for (const std::uint64_t operation : certified_) {
    const std::string file = certificate_file(operation);
    const auto said = run("gatehouse-audit",
                          {file, "--trust", layout.file("anchors.json"), "--html", file + ".html"});
    if (!said) return fail(said.error());
    screen_.step('A', {"stranger",
                       "certificate " + std::to_string(operation),
                       "gatehouse-audit, no network",
                       "verified",
                       {std::to_string(whole_file(file).size()) + " bytes in one file; " +
                        shortened(to_hex(crypto::sha256(view_of(whole_file(file)))))},
                       lap()});
    const std::size_t proven = said->find("What is proven");
    if (operation == certified_.front() && proven != std::string::npos) {
      screen_.faint(said->substr(proven));
    }
  }
  // One digit of one record is another: the auditor must see it.
  const std::string good = certificate_file(1);
  std::string text = whole_file(good);
  const std::size_t at = text.find("1.4.0");
  if (at == std::string::npos) return fail(Rsc::kInternalServerError, "no version to be forged");
  text[at] = '2';
  if (auto done = write_file(good + ".forged", text); !done) return done;
  const auto forged =
      run("gatehouse-audit", {good + ".forged", "--trust", layout.file("anchors.json")});
  if (forged) return fail(Rsc::kNotAcceptable, "the auditor accepts a forged certificate");
  const std::string reason = last_lines(layout.log("tools.log"), 1);
  screen_.refused(
      'A',
      {"forger", "certificate 1", "another version in one record", "refused", {reason}, lap()});
  return {};
}

}  // namespace gatehouse::demo
