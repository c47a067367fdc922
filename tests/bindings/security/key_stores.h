#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "ae-apps/attestation/tpm/emulator.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::testing_support {

/// Where a node's keys may live. Each takes a key file over and gives what TlsSettings::key_file
/// then says; the file is gone.
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  virtual std::string take(const std::string& key_file) = 0;

 protected:
  /// `environment`: "NAME=value " before it. Throws if the program fails.
  static void run(const std::string& command) {
    if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) {
      throw std::runtime_error("this failed; is it installed? (./gatehouse test does): " + command);
    }
  }
  static void write_private(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file) << text;
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  TemporaryFolder folder_;
  int taken_ = 0;
};

class FileStore final : public KeyStore {
 public:
  std::string take(const std::string& key_file) override {
    const std::string kept = (folder_.path() / (std::to_string(++taken_) + ".key")).string();
    std::filesystem::rename(key_file, kept);
    return "file:" + kept;
  }
};

/// A token of SoftHSM: PKCS#11. Tokens of a process share a folder: the module reads where they are
/// once. Who has opened one stays logged in at it, so each has one of its own.
class TokenStore final : public KeyStore {
 public:
  static constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

  TokenStore() : label_(new_token()) { write_private(folder_.path() / "pin", "1234\n"); }
  std::string take(const std::string& key_file) override {
    const std::string id = "0" + std::to_string(++taken_);
    run("softhsm2-util --import '" + key_file + "' --token " + label_ + " --label key" + id +
        " --id " + id + " --pin 1234");
    std::filesystem::remove(key_file);
    return "pkcs11:token=" + label_ + ";object=key" + id +
           ";type=private?pin-source=file:" + pin_file() + "&module-path=" + kModule;
  }
  std::string pin_file() const { return (folder_.path() / "pin").string(); }
  const std::string& label() const { return label_; }

 private:
  static std::string new_token() {
    static const std::unique_ptr<TemporaryFolder> folder = [] {
      auto made = std::make_unique<TemporaryFolder>();
      const std::filesystem::path conf = made->path() / "softhsm2.conf";
      std::filesystem::create_directories(made->path() / "tokens");
      std::ofstream(conf) << "directories.tokendir = " << (made->path() / "tokens").string()
                          << "\n";
      ::setenv("SOFTHSM2_CONF", conf.c_str(), 1);
      return made;
    }();
    static int number = 0;
    const std::string label = "gatehouse" + std::to_string(++number);
    run("softhsm2-util --init-token --free --label " + label + " --so-pin 5678 --pin 1234");
    return label;
  }
  const std::string label_;
};

/// A software TPM 2.0. Keys are imported: they are the files that a test has certificates for.
class TpmStore final : public KeyStore {
 public:
  TpmStore() : emulator_(start()) {
    tool("createprimary -Q -C o -G ecc -c primary.ctx");
    write_private(folder_.path() / "auth", "secret\n");
  }
  std::string take(const std::string& key_file) override {
    const std::string handle = "0x8100000" + std::to_string(++taken_);
    tool("import -C primary.ctx -G ecc -i '" + key_file +
         "' -u key.pub -r key.priv -p secret "
         "-a 'userwithauth|sign|noda'");
    tool("load -C primary.ctx -u key.pub -r key.priv -c key.ctx");
    tool("evictcontrol -C o -c key.ctx " + handle);
    std::filesystem::remove(key_file);
    return "tpm2:handle=" + handle + ";auth-source=file:" + auth_file() + ";tcti=" + tcti();
  }
  std::string tcti() const { return emulator_.tcti(); }
  std::string auth_file() const { return (folder_.path() / "auth").string(); }

 private:
  static attest::Emulator start() {
    auto started = attest::Emulator::start();
    if (!started) throw std::runtime_error(started.error().detail);
    return *std::move(started);
  }
  /// What a command loads is thrown out after it: there is no resource manager.
  void tool(const std::string& command) const {
    const std::string inside = "cd '" + folder_.path().string() + "' && TSS2_LOG=all+NONE ";
    run(inside + "tpm2_" + command + " -T '" + tcti() + "'");
    run(inside + "tpm2_flushcontext -t -T '" + tcti() + "'");
  }
  attest::Emulator emulator_;
};

/// "file", "pkcs11" or "tpm2".
inline std::unique_ptr<KeyStore> open_key_store(const std::string& kind) {
  if (kind == "pkcs11") return std::make_unique<TokenStore>();
  if (kind == "tpm2") return std::make_unique<TpmStore>();
  return std::make_unique<FileStore>();
}

}  // namespace gatehouse::testing_support
