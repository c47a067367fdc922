#include "ae-apps/demo/tls_check.h"

#include <fstream>

#include "ae-apps/demo/process.h"

namespace gatehouse::demo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kLimit{10'000};

/// What stands behind the marker, up to one of the ends.
std::string behind(const std::string& text, const std::string& marker, const char* ends = "\n") {
  const std::size_t at = text.find(marker);
  if (at == std::string::npos) return {};
  const std::size_t from = at + marker.size();
  const std::size_t to = text.find_first_of(ends, from);
  return text.substr(from, to == std::string::npos ? to : to - from);
}

}  // namespace

Result<Handshake> shake_hands(const Layout& layout, std::uint16_t port,
                              const std::string& certificate) {
  const Result<std::string> openssl = find_program("openssl");
  const Result<std::string> shell = find_program("sh");
  if (!openssl) return fail(openssl.error());
  if (!shell) return fail(shell.error());
  std::vector<std::string> words = {
      *openssl,    "s_client", "-connect",         "127.0.0.1:" + std::to_string(port),
      "-tls1_3",   "-CAfile",  layout.authority(), "-verify_ip",
      "127.0.0.1", "-ign_eof"};
  if (!certificate.empty()) {
    words.insert(words.end(),
                 {"-cert", layout.certificate(certificate), "-key", layout.key(certificate)});
  }
  // The shell only feeds the request in; the words go through as they are.
  words.insert(words.begin(),
               {*shell, "-c",
                "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' | "
                "\"$@\" 2>&1; exit 0",
                "sh"});
  const auto start = Clock::now();
  const auto log = layout.log("handshakes.log");
  const Result<std::string> said = run_to_end({"openssl s_client", words, {}, log, log}, kLimit);
  if (!said) return fail(said.error());
  std::error_code ignored;
  std::filesystem::remove(log, ignored);  // it holds secrets of the session
  Handshake out;
  out.took = std::chrono::duration_cast<Duration>(Clock::now() - start);
  out.protocol = behind(*said, "New, ", ",");
  out.cipher = behind(*said, "Cipher is ", "\n");
  out.peer = behind(*said, "subject=", "\n");
  out.peer_verified = said->find("Verify return code: 0 (ok)") != std::string::npos;
  out.accepted = said->find("HTTP/1.1 ") != std::string::npos;
  out.alert = behind(*said, "alert ", ":\n");
  return out;
}

}  // namespace gatehouse::demo
