#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace gatehouse::mqtt {

/// A folder under the system's temporary one, gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A real mosquitto on a free loopback port. It keeps its port over kill() and start().
class TestBroker {
 public:
  /// Text of the configuration file for that port.
  using Configuration = std::function<std::string(std::uint16_t port)>;

  /// Starts it, and waits until it accepts connections (up to 10 s). Throws std::runtime_error if
  /// it does not.
  /// `openssl_configuration`, if given, is the text of an openssl.cnf for the broker.
  explicit TestBroker(Configuration configuration = plain(),
                      std::string openssl_configuration = {});
  ~TestBroker() { kill(); }
  TestBroker(const TestBroker&) = delete;
  TestBroker& operator=(const TestBroker&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  void kill();   ///< SIGKILL, by its process id: nothing is saved
  void start();  ///< again

  /// Everybody may do everything, nothing is kept.
  static Configuration plain();
  /// The configuration that we ship (mosquitto.conf.in and mosquitto.acl) with certificates and
  /// state in `folder`: broker.pem, broker.key, ca.pem, and revoked.pem if there is a list.
  static Configuration shipped(std::filesystem::path folder);

 private:
  bool try_start();
  bool accepts() const;
  bool ended_within(int milliseconds);

  TemporaryFolder folder_;
  Configuration configuration_;
  std::string openssl_configuration_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

/// A CA and certificates by the openssl program, for P-256 keys: <name>.pem, <name>.key.
class TestCa {
 public:
  TestCa(std::filesystem::path folder, std::string name);
  /// `common_name`: an ID in topic form. `host`: a subjectAltName, for a server.
  void issue(const std::string& file, const std::string& common_name,
             const std::string& host = {}) const;
  std::filesystem::path file() const { return folder_ / (name_ + ".pem"); }

 private:
  std::filesystem::path folder_;
  std::string name_;
};

}  // namespace gatehouse::mqtt
