#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <map>

#include "bindings/http/client.h"
#include "certs/authority.h"
#include "cse/codec/json.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/faults/cse_process.h"

namespace gatehouse::test {

constexpr std::chrono::seconds kPatience{40};  ///< for what must happen

/// A port that was free just now: a CSE must know its own for its point of access.
inline int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(probe);
  return ntohs(address.sin_port);
}

/// The certificates of one service provider.
class Certificates {
 public:
  explicit Certificates(const std::filesystem::path& folder)
      : folder_(folder), authority_(*pki::Authority::create(folder, "gatehouse.example")) {}

  /// `identity`: "/id-in" or "/id-in/CAE1".
  TlsSettings of(const std::string& identity) {
    std::string name = identity.substr(1);
    std::replace(name.begin(), name.end(), '/', '-');
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    TlsSettings tls;
    tls.certificate_file = folder_ / (name + ".crt");
    tls.key_file = folder_ / (name + ".key");
    tls.ca_file = folder_ / "ca.crt";
    if (std::filesystem::exists(tls.certificate_file)) return tls;
    pki::Request request;
    request.kind = identity.find('/', 1) == std::string::npos ? pki::Kind::kCse : pki::Kind::kAe;
    request.name = name;
    request.identities = {identity};
    request.hosts = {"localhost"};
    request.addresses = {"127.0.0.1"};
    const auto issued = authority_.issue(request);
    EXPECT_TRUE(issued) << issued.error().detail;
    return tls;
  }
  /// Under the names that TestBroker::shipped() wants.
  void issue_broker(const std::filesystem::path& to) {
    pki::Request request;
    request.kind = pki::Kind::kServer;
    request.name = "broker";
    request.hosts = {"localhost"};
    request.addresses = {"127.0.0.1"};
    const auto issued = authority_.issue(request);
    ASSERT_TRUE(issued) << issued.error().detail;
    std::filesystem::copy_file(folder_ / "broker.crt", to / "broker.pem");
    std::filesystem::copy_file(folder_ / "broker.key", to / "broker.key");
    std::filesystem::copy_file(folder_ / "ca.crt", to / "ca.pem");
  }

 private:
  const std::filesystem::path folder_;
  const pki::Authority authority_;
};

/// Asks over HTTPS with one certificate, and waits.
class TlsAsker {
 public:
  TlsAsker(std::string url, std::optional<TlsSettings> tls)
      : url_(std::move(url)),
        codecs_(standard_codecs()),
        client_(settings(std::move(tls)), codecs_) {}

  Response ask(Request request) {
    static std::atomic<int> number{0};
    request.request_identifier = "e2e" + std::to_string(++number);
    request.release_version = "3";
    auto answer = std::make_shared<std::promise<Response>>();
    auto waiting = answer->get_future();
    client_.send(url_, "", std::move(request),
                 [answer](Response response) { answer->set_value(std::move(response)); });
    return waiting.get();  // the client has a deadline of its own
  }
  Response retrieve(const std::string& from, const std::string& to) {
    Request request;
    request.from = from;
    request.to = to;
    return ask(std::move(request));
  }
  Response create(const std::string& from, const std::string& to, int type, const std::string& root,
                  Value attributes) {
    Request request;
    request.operation = Operation::kCreate;
    request.from = from;
    request.to = to;
    request.resource_type = type;
    request.content = Value::object({{root, std::move(attributes)}});
    return ask(std::move(request));
  }
  /// Asks again until it is there, or time is up.
  Response retrieve_at_last(const std::string& from, const std::string& to) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      Response response = retrieve(from, to);
      if (response.rsc == Rsc::kOk || std::chrono::steady_clock::now() > deadline) return response;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // other processes: only to ask
    }
  }

 private:
  static http::ClientSettings settings(std::optional<TlsSettings> tls) {
    http::ClientSettings made;
    made.tls = std::move(tls);
    return made;
  }
  const std::string url_;
  const Codecs codecs_;
  http::Client client_;
};

inline Value attributes(const Response& response) {
  auto tree = tree_of(response.content);
  if (!tree || !tree->as_object() || tree->as_object()->empty()) return {};
  return tree->as_object()->front().value;
}
inline std::string why(const Response& response) {
  auto tree = tree_of(response.content);
  return std::to_string(static_cast<int>(response.rsc)) + " " +
         (tree ? tree->string_at("m2m:dbg") : "");
}

/// IN ◀── MN ◀── ASN, each a process of its own, mutual TLS everywhere, and a broker beside the IN
/// that binds topics to certificates. Plain HTTP is off.
class World {
 public:
  /// `more`: further settings of a CSE, by its name.
  explicit World(std::map<std::string, std::vector<std::string>> more = {})
      : certificates(folder / "pki"),
        broker(mqtt::TestBroker::shipped(broker_folder())),
        more_(std::move(more)) {
    start("in", 1, "");
    start("mn", 2, "in");
    start("asn", 3, "mn");
  }
  std::string url(const std::string& name) const { return processes_.at(name)->url(); }
  std::string broker_url() const { return "mqtts://127.0.0.1:" + std::to_string(broker.port()); }
  void kill(const std::string& name) { processes_.at(name)->kill_now(); }
  void start_again(const std::string& name) {
    ASSERT_TRUE(processes_.at(name)->start(settings_.at(name))) << log(name);
  }
  std::string log(const std::string& name) {
    std::ifstream file(folder / name / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// As `identity` ("/id-in/CAE1"), at the CSE `name`.
  TlsAsker as(const std::string& identity, const std::string& name) {
    return TlsAsker(url(name), certificates.of(identity));
  }

  mqtt::TemporaryFolder folder;
  Certificates certificates;
  mqtt::TestBroker broker;

 private:
  std::filesystem::path broker_folder() {
    std::filesystem::create_directories(folder / "broker");
    certificates.issue_broker(folder / "broker");
    return folder / "broker";
  }
  void start(const std::string& name, int type, const std::string& registrar) {
    static constexpr const char* kTypes[] = {"", "in", "mn", "asn"};
    const TlsSettings tls = certificates.of("/id-" + name);
    ports_[name] = free_port();
    auto& s = settings_[name];
    s = {std::string("cse.type=") + kTypes[type],
         "cse.id=/id-" + name,
         "cse.name=cse-" + name,
         "http.enabled=false",
         "https.enabled=true",
         "https.port=" + std::to_string(ports_[name]),
         "credentials.certificate=" + tls.certificate_file,
         "credentials.key=" + tls.key_file,
         "credentials.ca=" + tls.ca_file,
         "log.level=warning"};
    if (!registrar.empty()) {
      s.push_back("registrar.cse_id=/id-" + registrar);
      s.push_back("registrar.name=cse-" + registrar);
      s.push_back("registrar.url=" + url(registrar));
      s.push_back("registrar.retry_seconds=1");
    } else {
      s.push_back("mqtt.broker=" + broker_url());
      s.push_back("mqtt.trust_broker_acl=true");
    }
    s.insert(s.end(), more_[name].begin(), more_[name].end());
    std::filesystem::create_directories(folder / name);
    processes_[name] = std::make_unique<CseProcess>(folder / name);
    EXPECT_TRUE(processes_[name]->start(s)) << log(name);
  }

  std::map<std::string, std::vector<std::string>> more_;
  std::map<std::string, std::unique_ptr<CseProcess>> processes_;
  std::map<std::string, std::vector<std::string>> settings_;
  std::map<std::string, int> ports_;
};

}  // namespace gatehouse::test
