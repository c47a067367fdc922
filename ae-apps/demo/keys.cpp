#include "ae-apps/demo/keys.h"

#include "ae-apps/demo/process.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::demo {
namespace {

constexpr std::chrono::milliseconds kToolLimit{30'000};
constexpr std::size_t kSecretBytes = 32;

/// One row per certificate that names a party of oneM2M, or the broker.
struct Certificate {
  const char* kind;
  const char* name;
  const char* identity;  ///< nullptr: none
  bool listens;          ///< then it carries the names of the loopback, too
};
constexpr Certificate kCertificates[] = {
    {"cse", "in", "/id-in", true},
    {"cse", "mn", "/id-mn", true},
    {"cse", "asn", "/id-asn", true},
    {"ae", "lamp-ae", "/id-mn/Clamp", true},
    {"ae", "pump-ae", "/id-asn/Cpump", true},
    {"ae", "server", "/id-in/CotaServer", true},
    {"ae", "gateway", "/id-mn/CotaGateway", false},
    {"ae", "admin", "/id-in/CAdmin", false},
    {"ae", "admin-mn", "/id-mn/CAdmin", false},
    {"ae", "desk", "/id-in/Coem", false},
    {"ae", "support", "/id-mn/Csupport", false},
    {"ae", "center", "/id-in/Ccenter", false},
    {"server", "verifier", nullptr, true},
    {"server", "broker", nullptr, true},
};

/// Runs the project's tools one after the other; the first failure stays.
class Tools {
 public:
  explicit Tools(const Layout& layout) : layout_(layout) {}

  std::string run(const std::string& program, std::vector<std::string> arguments) {
    if (!result_) return {};
    arguments.insert(arguments.begin(), layout_.program(program));
    const auto log = layout_.log("tools.log");
    Result<std::string> said =
        run_to_end({program, std::move(arguments), {}, log, log}, kToolLimit);
    if (said) return *said;
    result_ = fail(said.error());
    return {};
  }
  void secret(const std::string& file) {
    if (!result_) return;
    const std::string hex = to_hex(crypto::SystemRandom().bytes(kSecretBytes));
    result_ = crypto::create_secret_file(file, view_of(hex));
  }
  Result<void> result() const { return result_; }

 private:
  const Layout& layout_;
  Result<void> result_;
};

void issue_certificates(Tools& tools, const Layout& layout) {
  const std::string folder = layout.file("pki");
  tools.run("gatehouse-pki", {"init", folder, "--sp", "gatehouse.example"});
  for (const Certificate& row : kCertificates) {
    std::vector<std::string> words = {"issue", row.kind, row.name, "--dir", folder};
    if (row.identity != nullptr) words.insert(words.end(), {"--id", row.identity});
    if (row.listens) words.insert(words.end(), {"--dns", "localhost", "--ip", "127.0.0.1"});
    tools.run("gatehouse-pki", std::move(words));
  }
}

void make_ecu_keys(Tools& tools, const Layout& layout) {
  tools.run("gatehouse-oem", {"keygen", "--key", gateway_key_file(layout), "--out",
                              gateway_public_key_file(layout)});
  tools.run("gatehouse-oem",
            {"keygen", "--key", time_key_file(layout), "--out", time_public_key_file(layout)});
  for (const EcuPlan& ecu : layout.ecus) {
    if (!ecu.is_node()) tools.secret(access_key_file(layout, ecu));
    if (ecu.constrained) {
      tools.secret(shared_key_file(layout, ecu));
      continue;
    }
    const std::string public_key = report_public_key_file(layout, ecu);
    tools.run("gatehouse-oem",
              {"keygen", "--key", report_key_file(layout, ecu), "--out", public_key});
    tools.run("gatehouse-pki", {"issue", "ecu", ecu.software, "--dir", layout.file("pki"),
                                "--public-key", public_key});
  }
}

/// Keys of the two repositories, and their first drafts. Roots and targets need two signers.
void make_repositories(Tools& tools, const Layout& layout) {
  for (const char* name : {"root-1", "root-2", "release-2", "snapshot", "timestamp", "director"}) {
    tools.run("gatehouse-oem", {"keygen", "--key", repository_key_file(layout, name), "--out",
                                repository_public_key_file(layout, name)});
  }
  const auto key = [&](const char* name) { return repository_public_key_file(layout, name); };
  const std::vector<std::string> root = {"--root-key",  key("root-1"),      "--root-key",
                                         key("root-2"), "--root-threshold", "2"};
  std::vector<std::string> images = {"repo",
                                     "init",
                                     layout.images_repository(),
                                     "--targets-key",
                                     oem_public_key_file(layout),
                                     "--targets-key",
                                     key("release-2"),
                                     "--targets-threshold",
                                     "2",
                                     "--snapshot-key",
                                     key("snapshot"),
                                     "--timestamp-key",
                                     key("timestamp")};
  images.insert(images.end(), root.begin(), root.end());
  tools.run("gatehouse-oem", std::move(images));
  std::vector<std::string> director = {
      "repo",           "init",          layout.director_repository(),
      "--director",     "--targets-key", key("director"),
      "--snapshot-key", key("director"), "--timestamp-key",
      key("director")};
  director.insert(director.end(), root.begin(), root.end());
  tools.run("gatehouse-oem", std::move(director));
  for (const std::string& folder : {layout.images_repository(), layout.director_repository()}) {
    tools.run("gatehouse-oem", {"repo", "sign", folder + "/drafts/root.json", "--key",
                                repository_key_file(layout, "root-1"), "--key",
                                repository_key_file(layout, "root-2")});
  }
  tools.run("gatehouse-oem", {"repo", "publish", layout.director_repository(), "--director"});
}

}  // namespace

std::string report_key_file(const Layout& layout, const EcuPlan& ecu) {
  return layout.file("keys/" + ecu.serial + ".pem");
}
std::string report_public_key_file(const Layout& layout, const EcuPlan& ecu) {
  return ecu.constrained ? gateway_public_key_file(layout)
                         : layout.file("keys/" + ecu.serial + ".pub.pem");
}
std::string gateway_copy_file(const Layout& layout, const EcuPlan& ecu) {
  return layout.file("gateway/" + ecu.serial + ".key");
}

std::string shared_key_file(const Layout& layout, const EcuPlan& ecu) {
  return layout.file("keys/" + ecu.serial + ".shared");
}
std::string access_key_file(const Layout& layout, const EcuPlan& ecu) {
  return layout.file("keys/" + ecu.serial + ".access");
}
std::string gateway_key_file(const Layout& layout) { return layout.file("keys/gateway.pem"); }
std::string gateway_public_key_file(const Layout& layout) {
  return layout.file("keys/gateway.pub.pem");
}
std::string time_key_file(const Layout& layout) { return layout.file("keys/time.pem"); }
std::string time_public_key_file(const Layout& layout) { return layout.file("keys/time.pub.pem"); }
std::string oem_public_key_file(const Layout& layout) { return layout.file("keys/oem.pub.pem"); }
std::string repository_key_file(const Layout& layout, const std::string& name) {
  return layout.file("keys/uptane-" + name + ".pem");
}
std::string repository_public_key_file(const Layout& layout, const std::string& name) {
  return layout.file("keys/uptane-" + name + ".pub.pem");
}

Result<Keys> make_keys(const Layout& layout) {
  Tools tools(layout);
  issue_certificates(tools, layout);
  tools.run("gatehouse-oem",
            {"token", "init", layout.file("desk"), "--out", oem_public_key_file(layout)});
  tools.run("gatehouse-pki", {"issue", "oem", "release", "--dir", layout.file("pki"),
                              "--public-key", oem_public_key_file(layout)});
  make_ecu_keys(tools, layout);
  make_repositories(tools, layout);
  if (const auto done = tools.result(); !done) return fail(done.error());

  Keys keys;
  keys.oem_key_uri =
      "pkcs11:token=oem;object=release;type=private?pin-source=file:" + layout.file("desk/pin");
  keys.token_config = layout.file("desk/softhsm2.conf");
  const auto public_key = crypto::PublicKey::load(oem_public_key_file(layout));
  if (!public_key) return fail(public_key.error());
  keys.oem_key_id = to_hex(public_key->key_id());
  for (const auto& entry : std::filesystem::directory_iterator(layout.work / "pki")) {
    if (entry.path().extension() == ".crt") ++keys.certificates;
  }
  return keys;
}

}  // namespace gatehouse::demo
