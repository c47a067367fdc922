#include "tests/bindings/mqtt/test_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace gatehouse::mqtt {
namespace {

namespace fs = std::filesystem;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(socket);
  return ntohs(address.sin_port);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// mosquitto gives up root for the user named here, who could not read our temporary files.
std::string broker_user() { return ::geteuid() == 0 ? "root" : "mosquitto"; }

void run(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) {
    throw std::runtime_error("failed: " + command);
  }
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "gatehouse-mqtt-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

TestBroker::TestBroker(Configuration configuration, std::string openssl_configuration)
    : configuration_(std::move(configuration)),
      openssl_configuration_(std::move(openssl_configuration)) {
  for (int attempt = 0; attempt < 3; ++attempt) {  // somebody may take the port between
    port_ = free_port();
    if (try_start()) return;
  }
  throw std::runtime_error("mosquitto does not start: " + read_file(folder_ / "log"));
}

void TestBroker::start() {
  if (!try_start()) {
    throw std::runtime_error("mosquitto does not start again: " + read_file(folder_ / "log"));
  }
}

bool TestBroker::try_start() {
  const std::string file = (folder_ / "mosquitto.conf").string();
  const std::string log = (folder_ / "log").string();
  std::ofstream(file) << configuration_(port_);
  const std::string openssl = (folder_ / "openssl.cnf").string();
  std::ofstream(openssl) << openssl_configuration_;
  process_ = ::fork();
  if (process_ == 0) {
    if (!openssl_configuration_.empty()) ::setenv("OPENSSL_CONF", openssl.c_str(), 1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execl("/usr/sbin/mosquitto", "mosquitto", "-c", file.c_str(), nullptr);
    ::_exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (accepts()) return true;
    if (ended_within(5)) {
      process_ = -1;
      return false;
    }
  }
  kill();
  return false;
}

bool TestBroker::accepts() const {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port_);
  const bool connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

bool TestBroker::ended_within(int milliseconds) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process_, 0));
  pollfd waiting{handle, POLLIN, 0};
  ::poll(&waiting, 1, milliseconds);
  ::close(handle);
  return ::waitpid(process_, nullptr, WNOHANG) == process_;
}

void TestBroker::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

TestBroker::Configuration TestBroker::plain() {
  return [](std::uint16_t port) {
    return "user " + broker_user() + "\nlistener " + std::to_string(port) +
           " 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
           "max_inflight_messages 0\nmax_queued_messages 10000\n";
  };
}

TestBroker::Configuration TestBroker::shipped(fs::path folder) {
  return [folder = std::move(folder)](std::uint16_t port) {
    const fs::path source = GATEHOUSE_MQTT_FOLDER;
    std::string text = read_file(source / "mosquitto.conf.in");
    const std::vector<std::pair<std::string, std::string>> words = {
        {"@USER@", broker_user()},
        {"@PORT@", std::to_string(port)},
        {"@ADDRESS@", "127.0.0.1"},
        {"@CERTFILE@", (folder / "broker.pem").string()},
        {"@KEYFILE@", (folder / "broker.key").string()},
        {"@CAFILE@", (folder / "ca.pem").string()},
        {"@TLS_VERSION@", "tlsv1.2"},
        {"@ACL_FILE@", (source / "mosquitto.acl").string()},
        {"@FOLDER@", folder.string()},
    };
    for (const auto& [word, value] : words) replace_all(text, word, value);
    const fs::path revoked = folder / "revoked.pem";
    if (fs::exists(revoked))
      replace_all(text, "# crlfile @CRLFILE@", "crlfile " + revoked.string());
    return text;
  };
}

TestCa::TestCa(fs::path folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)) {
  fs::create_directories(folder_);
  const std::string base = (folder_ / name_).string();
  run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=" +
      name_ + "' -keyout " + base + ".key -out " + base + ".pem");
}

void TestCa::issue(const std::string& file, const std::string& common_name,
                   const std::string& host) const {
  const std::string base = (folder_ / file).string();
  const std::string ca = (folder_ / name_).string();
  std::ofstream(base + ".ext") << "basicConstraints=CA:FALSE\n"
                               << (host.empty() ? "extendedKeyUsage=clientAuth\n"
                                                : "subjectAltName=" + host + "\n");
  run("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=" +
      common_name + "' -keyout " + base + ".key -out " + base + ".csr");
  run("openssl x509 -req -days 2 -in " + base + ".csr -CA " + ca + ".pem -CAkey " + ca +
      ".key -CAcreateserial -extfile " + base + ".ext -out " + base + ".pem");
}

}  // namespace gatehouse::mqtt

// Paho takes its own locks in two orders and keeps a few bytes at the end. It is not built with the
// sanitizers, so its reference counts, by which disconnect() knows that Paho is done, are invisible
// to them.
// NOLINTBEGIN(bugprone-reserved-identifier): the sanitizers look for these names.
extern "C" const char* __tsan_default_suppressions() {
  return "deadlock:libpaho-mqtt3as.so\nrace:libpaho-mqtt3as.so\nrace:libpaho-mqttpp3.so\n";
}
extern "C" const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3as.so\n"; }
// NOLINTEND(bugprone-reserved-identifier)
