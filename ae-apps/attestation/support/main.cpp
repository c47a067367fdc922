// gatehouse-support: the software in the device that measures it.
#include <iostream>

#include "ae-apps/attestation/support/support.h"
#include "ae-apps/ota/program/command_line.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

int complain(const Error& error) {
  std::cerr << "gatehouse-support: " << error.detail << std::endl;
  return 1;
}

void add_options(ota::CommandLine& line) {
  line.text("--tcti", "tcti", "the TPM: device:/dev/tpmrm0, swtpm:path=…; none: a software TPM");
  line.text("--state-dir", "state_dir", "logs, answers, receipts, the software TPM's state");
  line.text("--device", "device", "name of this machine, as in its certificate");
  line.text("--cse-url", "cse_url", "URL of the CSE");
  line.text("--broker", "broker", "MQTT broker over which we are notified");
  line.flag("--identity", "show_identity", "Print what a verifier must know of this TPM, and end");
}

int run(const ota::CommandLine& line) {
  const ota::StopSignals stop;
  Value overrides = line.overrides();
  const bool identity = overrides.erase("show_identity");
  Result<SupportSettings> settings = load_configuration(line.config(), overrides);
  if (!settings) return complain(settings.error());
  if (line.check_only()) {
    std::cout << "good" << std::endl;
    return 0;
  }
  auto attester = Attester::open(settings->attester);
  if (!attester) return complain(attester.error());
  if (identity) {
    std::cout << to_json(to_value(attester->identity())) << std::endl;
    return 0;
  }
  if (auto done = take_key_from(*attester, *settings); !done) return complain(done.error());
  auto support = Support::start(*std::move(settings), *attester, std::cout, std::cerr);
  if (!support) return complain(support.error());
  std::cout << "READY assurance=" << (attester->identity().emulator ? "software" : "hardware")
            << std::endl;
  stop.wait();
  (*support)->stop();
  return 0;
}

}  // namespace
}  // namespace gatehouse::attest

int main(int argc, char** argv) {
  gatehouse::ota::CommandLine line("gatehouse-support",
                                   "Measures the machine that it runs on, and says so by its TPM");
  gatehouse::attest::add_options(line);
  if (const auto code = line.parse(argc, argv)) return *code;
  return gatehouse::attest::run(line);
}
