// gatehouse-time-server: signs what time it is, for whoever asks with a nonce.
#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/ota/clock/time_page.h"
#include "ae-apps/ota/program/command_line.h"
#include "bindings/http/server.h"

namespace {

using gatehouse::Timestamp;

class NoPrimitives final : public gatehouse::PrimitiveHandler {
 public:
  void handle(gatehouse::Request&& request, gatehouse::Reply reply) override {
    reply(gatehouse::error_response(request, {gatehouse::Rsc::kNotFound, "here is the time only"}));
  }
};

Timestamp system_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

int serve(const gatehouse::http::ServerSettings& settings,
          const gatehouse::crypto::SigningKey& key) {
  const gatehouse::ota::StopSignals stop;
  NoPrimitives nobody;
  const gatehouse::Codecs codecs = gatehouse::standard_codecs();
  gatehouse::http::Server server(settings, nobody, codecs);
  server.set_pages(gatehouse::ota::time_pages(key, system_now));
  if (const auto started = server.start(); !started) {
    std::cerr << "gatehouse-time-server: " << started.error().detail << '\n';
    return 1;
  }
  std::cout << "READY time=http://" << settings.address << ':' << server.port() << "/time/"
            << std::endl;
  stop.wait();
  server.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Signs what time it is, for whoever asks with a nonce: GET /time/NONCE"};
  std::string key_source;
  gatehouse::http::ServerSettings settings;
  settings.address = "127.0.0.1";
  settings.port = 8123;
  settings.max_connections = 1'000;
  app.add_option("--key", key_source, "PEM file or pkcs11: URI; used for nothing else")->required();
  app.add_option("--address", settings.address)->capture_default_str();
  app.add_option("--port", settings.port, "0: a free one")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto key = gatehouse::crypto::SigningKey::load(key_source);
  if (!key) {
    std::cerr << "gatehouse-time-server: " << key.error().detail << '\n';
    return 1;
  }
  return serve(settings, *key);
}
