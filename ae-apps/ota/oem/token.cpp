#include "ae-apps/ota/oem/token.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/oem/process.h"

namespace gatehouse::oem {
namespace {

constexpr const char* kSoftHsmModule = "/usr/lib/softhsm/libsofthsm2.so";
constexpr std::size_t kPinBytes = 12;  // 24 digits; the engine reads at most 31 of a file
constexpr std::size_t kMaxLabel = 32;  // PKCS#11: CK_TOKEN_INFO.label
constexpr const char* kPinVariable = "GATEHOUSE_NEW_PIN";
constexpr const char* kSoPinVariable = "GATEHOUSE_NEW_SO_PIN";

Result<void> check_label(const std::string& what, const std::string& text) {
  const auto fits = [](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) || c == '.' || c == '_' || c == '-';
  };
  if (text.empty() || text.size() > kMaxLabel || !std::all_of(text.begin(), text.end(), fits)) {
    return fail(Rsc::kBadRequest, what + ": 1 to 32 letters, digits, '.', '_' or '-'");
  }
  return {};
}

/// A path as part of a URI. Source: RFC 3986 clause 2.1.
std::string percent_encoded(const std::string& path) {
  static constexpr std::string_view kPlain = "/._-~";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<std::uint8_t>(c);
    if ((byte < 128 && std::isalnum(byte) != 0) || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%' + to_hex({&byte, 1});
    }
  }
  return out;
}

std::string module_path() {
  const char* given = std::getenv("PKCS11_MODULE_PATH");
  return given != nullptr ? given : kSoftHsmModule;
}

Result<void> tool(const std::vector<std::string>& arguments, const std::string& pin,
                  const std::string& so_pin) {
  std::vector<std::string> command{"pkcs11-tool", "--module", module_path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command, {{kPinVariable, pin}, {kSoPinVariable, so_pin}});
}

/// The folder with everything but the token itself.
Result<void> prepare(const std::filesystem::path& folder, const std::string& pin,
                     const std::string& so_pin) {
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 || ::mkdir((folder / "tokens").c_str(), 0700) != 0) {
    return std::filesystem::exists(folder, error)
               ? fail(Rsc::kAlreadyExists, "'" + folder.string() + "' exists")
               : fail(Rsc::kInternalServerError, "'" + folder.string() + "' cannot be made");
  }
  std::ofstream configuration(folder / "softhsm2.conf");
  configuration << "directories.tokendir = " << (folder / "tokens").string()
                << "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n";
  if (!configuration.flush()) {
    return fail(Rsc::kInternalServerError, "softhsm2.conf cannot be written");
  }
  if (auto done = crypto::create_secret_file(folder / "pin", view_of(pin)); !done) return done;
  return crypto::create_secret_file(folder / "so-pin", view_of(so_pin));
}

}  // namespace

Result<Token> create_token(const TokenRequest& request) {
  if (auto good = check_label("label", request.label); !good) return fail(good.error());
  if (auto good = check_label("object", request.object); !good) return fail(good.error());
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(request.folder, error);
  crypto::SystemRandom random;
  const std::string pin = to_hex(random.bytes(kPinBytes));
  const std::string so_pin = to_hex(random.bytes(kPinBytes));
  if (auto done = prepare(folder, pin, so_pin); !done) return fail(done.error());

  Token token{folder / "softhsm2.conf", {}};
  ::setenv("SOFTHSM2_CONF", token.configuration_file.c_str(), 1);
  const std::string env_pin = std::string("env:") + kPinVariable;
  const std::string env_so_pin = std::string("env:") + kSoPinVariable;
  const std::vector<std::vector<std::string>> steps = {
      {"--init-token", "--slot-index", "0", "--label", request.label, "--so-pin", env_so_pin},
      {"--token-label", request.label, "--login", "--login-type", "so", "--so-pin", env_so_pin,
       "--init-pin", "--pin", env_pin},
      {"--token-label", request.label, "--login", "--pin", env_pin, "--keypairgen", "--key-type",
       "EC:prime256v1", "--label", request.object, "--id", "01", "--usage-sign"}};
  for (const auto& step : steps) {
    if (auto done = tool(step, pin, so_pin); !done) return fail(done.error());
  }
  token.key_uri = "pkcs11:token=" + request.label + ";object=" + request.object +
                  ";type=private?pin-source=file:" + percent_encoded((folder / "pin").string());
  return token;
}

}  // namespace gatehouse::oem
