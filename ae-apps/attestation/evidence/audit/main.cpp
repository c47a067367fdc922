// gatehouse-audit: checks evidence with no network and no trust in who made it.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "ae-apps/attestation/evidence/operation/audit.h"
#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::evidence {
namespace {

constexpr int kRefused = 1;
constexpr int kWrongUse = 2;
constexpr std::size_t kMaxAnchorBytes = 1u << 20;

struct Options {
  std::string certificate, trust, html, folder;
  std::vector<std::string> older;
};

int wrong_use(const std::string& text) {
  std::cerr << "gatehouse-audit: " << text << '\n';
  return kWrongUse;
}

int refuse(const Error& error) {
  std::cerr << "REFUSED: " << error.detail << '\n';
  return kRefused;
}

Result<TrustAnchors> load_anchors(const std::string& path) {
  const auto text = crypto::read_file(path, kMaxAnchorBytes);
  if (!text) return fail(text.error());
  return parse_anchors(text_of(*text));
}

int audit_operation(const Options& options) {
  const auto anchors = load_anchors(options.trust);
  if (!anchors) return wrong_use(anchors.error().detail);
  const auto text = crypto::read_file(options.certificate, kMaxCertificateBytes);
  if (!text && text.error().rsc == Rsc::kNotFound) return wrong_use(text.error().detail);
  if (!text) return refuse(text.error());
  const auto certificate = parse_certificate(text_of(*text));
  if (!certificate) return refuse(certificate.error());
  const auto report = audit_certificate(*certificate, *anchors);
  if (!report) return refuse(report.error());
  std::cout << to_text(*report);
  if (options.html.empty()) return 0;
  std::ofstream page(options.html, std::ios::binary);
  page << to_html(*report);
  page.close();
  return page ? 0 : wrong_use("cannot write " + options.html);
}

/// A checkpoint, or a receipt that holds one.
Result<SignedCheckpoint> read_older(const std::string& path) {
  const auto text = crypto::read_file(path, 2 * kMaxNoteBytes);
  if (!text) return fail(text.error());
  auto receipt = parse_proof_file(text_of(*text));
  if (receipt) return std::move(receipt->checkpoint);
  return parse_signed_checkpoint(text_of(*text));
}

int audit_folder(const Options& options) {
  const auto anchors = load_anchors(options.trust);
  if (!anchors) return wrong_use(anchors.error().detail);
  const auto medium = RealMedium::for_reading(options.folder);
  if (!medium) return wrong_use(options.folder + ": " + medium.error().detail);
  std::vector<SignedCheckpoint> older;
  for (const std::string& path : options.older) {
    auto one = read_older(path);
    if (!one) return wrong_use(path + ": " + one.error().detail);
    older.push_back(*std::move(one));
  }
  const auto proven = audit_log(**medium, *anchors, older);
  if (!proven) return refuse(proven.error());
  std::cout << "VERIFIED: the whole log\n";
  for (const std::string& line : *proven) std::cout << "  - " << line << '\n';
  return 0;
}

}  // namespace
}  // namespace gatehouse::evidence

int main(int argc, char** argv) {
  using namespace gatehouse::evidence;
  Options options;
  CLI::App app{"Checks evidence offline. Exit code 0: verified, 1: refused, 2: wrong use"};
  app.add_option("certificate", options.certificate, "certificate file of one operation");
  app.add_option("--trust", options.trust, "trust anchors, JSON");
  app.add_option("--html", options.html, "write a report to be printed");
  CLI::App* log = app.add_subcommand("log", "check a whole log");
  log->add_option("folder", options.folder, "folder of the log")->required();
  log->add_option("--trust", options.trust, "trust anchors, JSON");
  log->add_option("--older", options.older, "older checkpoint or receipt; repeatable");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : kWrongUse;
  }
  if (options.trust.empty()) return wrong_use("--trust is needed");
  if (log->parsed()) return audit_folder(options);
  if (options.certificate.empty()) return wrong_use("which certificate?");
  return audit_operation(options);
}
