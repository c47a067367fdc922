// gatehouse-pki: the certificate authority of a service provider, on the command line.
#include <CLI/CLI.hpp>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>

#include "certs/authority.h"

namespace {

using namespace gatehouse;

constexpr std::size_t kMaxKeyFileBytes = 64 * 1024;

struct Options {
  std::string folder = "pki";
  std::string sp;
  int authority_days = pki::kAuthorityLifetime.count();
  std::string kind;
  pki::Request request;
  std::string public_key_file;
  int days = pki::kLeafLifetime.count();
  std::string name;
  std::string ocsp_request_file;
};

int report(const Error& error) {
  std::cerr << "gatehouse-pki: " << error.detail << '\n';
  return 1;
}

std::string date(pki::Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

int init(const Options& options) {
  const auto authority =
      pki::Authority::create(options.folder, options.sp, pki::Days{options.authority_days});
  if (!authority) return report(authority.error());
  std::cout << options.folder << "/ca.crt\n";
  return 0;
}

int issue(Options& options, const pki::Authority& authority) {
  options.request.kind = *pki::kind_named(options.kind);
  options.request.lifetime = pki::Days{options.days};
  if (!options.public_key_file.empty()) {
    std::ifstream in(options.public_key_file, std::ios::binary);
    options.request.public_key_pem.assign(std::istreambuf_iterator<char>(in), {});
    if (options.request.public_key_pem.empty() ||
        options.request.public_key_pem.size() > kMaxKeyFileBytes) {
      return report({Rsc::kBadRequest, "'" + options.public_key_file + "' holds no public key"});
    }
  }
  const auto issued = authority.issue(options.request);
  if (!issued) return report(issued.error());
  std::cout << issued->certificate.string() << '\n';
  if (!issued->key.empty()) std::cout << issued->key.string() << '\n';
  return 0;
}

int renew(const Options& options, const pki::Authority& authority) {
  const auto issued = authority.renew(options.name, pki::Days{options.days});
  if (!issued) return report(issued.error());
  std::cout << issued->certificate.string() << '\n';
  if (!issued->key.empty()) std::cout << issued->key.string() << '\n';
  return 0;
}

int show(const Options& options, const pki::Authority& authority) {
  if (!options.name.empty()) {
    const auto text = authority.describe(options.name);
    if (!text) return report(text.error());
    std::cout << *text;
    return 0;
  }
  const auto index = authority.index();
  if (!index) return report(index.error());
  std::cout << "service provider " << authority.service_provider() << '\n';
  for (const pki::Entry& entry : index->entries) {
    std::cout << entry.name << "  " << pki::profile_of(entry.kind).name << "  "
              << (entry.identity.empty() ? "-" : entry.identity) << "  until "
              << date(entry.expires) << (entry.revoked ? "  revoked " + date(*entry.revoked) : "")
              << "  " << entry.serial << '\n';
  }
  return 0;
}

/// NAME.ocsp, or the answer to a request on standard output: what a web server's script needs.
int ocsp(const Options& options, const pki::Authority& authority) {
  if (options.name.empty() == options.ocsp_request_file.empty()) {
    return report({Rsc::kBadRequest, "give a name, or --request FILE"});
  }
  if (options.ocsp_request_file.empty()) {
    const auto file = authority.write_ocsp(options.name);
    if (!file) return report(file.error());
    std::cout << file->string() << '\n';
    return 0;
  }
  std::ifstream in(options.ocsp_request_file, std::ios::binary);
  std::string request(kMaxKeyFileBytes, '\0');
  in.read(request.data(), static_cast<std::streamsize>(request.size()));
  request.resize(static_cast<std::size_t>(in.gcount()));
  const auto answer = authority.answer_ocsp(request);
  if (!answer) return report(answer.error());
  std::cout << *answer;
  return 0;
}

void describe_issue(CLI::App& command, Options& options) {
  command.add_option("kind", options.kind, "cse, ae, node, ecu, oem or server")
      ->required()
      ->check(CLI::IsMember({"cse", "ae", "node", "ecu", "oem", "tester", "server"}));
  command.add_option("name", options.request.name, "filed as NAME.crt and NAME.key")->required();
  command.add_option("--id", options.request.identities,
                     "oneM2M identity: /id-in, /id-mn/Cgw or Sfoo (repeatable)");
  command.add_option("--dns", options.request.hosts, "host name (repeatable)");
  command.add_option("--ip", options.request.addresses, "IP address (repeatable)");
  command.add_option("--public-key", options.public_key_file,
                     "certify this public key (PEM file) rather than make a new one");
  command.add_option("--ocsp", options.request.ocsp_url,
                     "http URL of the responder that answers for this certificate");
  command.add_option("--days", options.days, "lifetime")->capture_default_str();
  command.add_flag("--replace", options.request.replace,
                   "supersede and revoke the certificate of that name");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"The certificate authority of a oneM2M service provider"};
  app.require_subcommand(1);

  CLI::App* init_command = app.add_subcommand("init", "make a new authority in an empty folder");
  init_command->add_option("folder", options.folder, "made with mode 0700")->required();
  init_command->add_option("--sp", options.sp, "domain name of the service provider")->required();
  init_command->add_option("--days", options.authority_days, "lifetime")->capture_default_str();

  CLI::App* issue_command = app.add_subcommand("issue", "issue a certificate");
  describe_issue(*issue_command, options);
  CLI::App* show_command = app.add_subcommand("show", "list the certificates, or print one");
  show_command->add_option("name", options.name, "NAME, or ca");
  CLI::App* revoke_command =
      app.add_subcommand("revoke", "revoke a certificate and publish the list");
  revoke_command->add_option("name", options.name)->required();
  CLI::App* crl_command = app.add_subcommand("crl", "publish the revocation list afresh");
  CLI::App* renew_command =
      app.add_subcommand("renew", "replace a certificate by one that says the same");
  renew_command->add_option("name", options.name)->required();
  renew_command->add_option("--days", options.days, "lifetime")->capture_default_str();
  CLI::App* ocsp_command = app.add_subcommand(
      "ocsp", "write NAME.ocsp, a response to staple; or answer a responder's request");
  ocsp_command->add_option("name", options.name, "NAME");
  ocsp_command->add_option("--request", options.ocsp_request_file,
                           "file of the request (DER); the answer goes to standard output");
  for (CLI::App* command :
       {issue_command, renew_command, show_command, revoke_command, crl_command, ocsp_command}) {
    command->add_option("--dir", options.folder, "the authority's folder")
        ->envname("GATEHOUSE_PKI")
        ->capture_default_str();
  }
  CLI11_PARSE(app, argc, argv);

  if (init_command->parsed()) return init(options);
  const auto authority = pki::Authority::open(options.folder);
  if (!authority) return report(authority.error());
  if (issue_command->parsed()) return issue(options, *authority);
  if (renew_command->parsed()) return renew(options, *authority);
  if (show_command->parsed()) return show(options, *authority);
  if (revoke_command->parsed()) {
    const auto done = authority->revoke(options.name);
    return done ? 0 : report(done.error());
  }
  if (ocsp_command->parsed()) return ocsp(options, *authority);
  const auto crl = authority->publish_crl();
  if (!crl) return report(crl.error());
  std::cout << crl->string() << '\n';
  return 0;
}
