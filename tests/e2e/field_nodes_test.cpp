// Two kinds of field node, as they are deployed: an application dedicated node that speaks CoAP
// over DTLS to the MN-CSE, and an ASN-CSE that hosts its own [firmware], updated through Mcc.
// Source: TS-0001 clause 6.2.
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/image/image.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"
#include "tests/e2e/three_cses.h"

namespace gatehouse::test {
namespace {

constexpr const char* kManager = "/id-in/Cmanager";
constexpr const char* kImages = "/id-mn/cse-mn/Cdepot/images";

/// gatehouse-ota-node with an environment of its own; ended with the test.
class NodeProgram {
 public:
  NodeProgram(std::vector<std::string> arguments, std::vector<std::string> environment,
              const std::string& log) {
    arguments.insert(arguments.begin(), std::getenv("GATEHOUSE_OTA_NODE"));
    environment.emplace_back("PATH=/usr/bin:/bin");
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> out;
      for (std::string& text : texts) out.push_back(text.data());
      out.push_back(nullptr);
      return out;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    EXPECT_EQ(posix_spawn(&pid_, arguments[0].c_str(), &actions, nullptr,
                          pointers(arguments).data(), pointers(environment).data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~NodeProgram() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  NodeProgram(const NodeProgram&) = delete;
  NodeProgram& operator=(const NodeProgram&) = delete;

 private:
  pid_t pid_ = 0;
};

class FieldNodes : public testing::Test {
 protected:
  FieldNodes()
      : coaps_port_(free_port()),
        world_({{"mn", {"coaps.enabled=true", "coaps.port=" + std::to_string(coaps_port_)}}}) {
    EXPECT_TRUE(ecu::ecu_key().save(file("node.pem")));
    std::ofstream(file("oem.pem")) << ecu::oem_key().public_key().to_pem();
    std::ofstream(file("factory.ghfw"), std::ios::binary) << text_of(release("1.0.0", 1));
    const auto route =
        world_.as("/id-in/CAdmin", "in").retrieve_at_last("CAdmin", "/id-asn/cse-asn");
    EXPECT_EQ(route.rsc, Rsc::kOk) << why(route);
    make_ae("in", "Cmanager", {});
    make_ae("mn", "Cdepot", {"/id-mn/Clamp", "/id-asn/Cpump"});
  }
  std::string file(const std::string& name) { return world_.folder / name; }
  std::string log_of(const std::string& name) {
    std::ifstream in(file(name + ".log"));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static Bytes release(const std::string& version, std::uint64_t counter) {
    return ecu::image_of({.version = version,
                          .release_counter = counter,
                          .payload = "#!/bin/sh\necho version " + version +
                                     "\necho self-test ok\nexec sleep 600\n#" +
                                     std::string(20'000, 'x')});
  }
  /// An AE with a container "images" that `readers` may look into.
  void make_ae(const std::string& cse, const std::string& stem,
               const std::vector<std::string>& readers) {
    auto ae = world_.as("/id-" + cse + "/" + stem, cse);
    const std::string base = "cse-" + cse + "/" + stem;
    const auto rule = [](Value who, int what) {
      return Value::object({{"acor", std::move(who)}, {"acop", what}});
    };
    Value others = Value::array();
    for (const std::string& reader : readers) others.push_back(reader);
    Value rules = Value::array({rule(Value::array({stem, "/id-" + cse + "/" + stem}), 63)});
    if (!readers.empty()) rules.push_back(rule(std::move(others), 2 + 32));
    const std::tuple<const char*, int, const char*, Value> steps[] = {
        {"", 2, "m2m:ae",
         Value::object(
             {{"rn", stem}, {"api", "Ntest"}, {"rr", false}, {"srv", Value::array({"3"})}})},
        {stem.c_str(), 1, "m2m:acp",
         Value::object({{"rn", "acp"},
                        {"pv", Value::object({{"acr", rules}})},
                        {"pvs", Value::object({{"acr", rules}})}})},
        {stem.c_str(), 3, "m2m:cnt",
         Value::object({{"rn", "images"}, {"acpi", Value::array({base + "/acp"})}})}};
    for (const auto& [below, type, root, content] : steps) {
      const Response made = ae.create(stem, *below == 0 ? "cse-" + cse : base, type, root, content);
      ASSERT_EQ(made.rsc, Rsc::kCreated) << root << ": " << why(made);
    }
  }
  std::unique_ptr<NodeProgram> start_node(const std::string& stem, const std::string& cse,
                                          const std::string& url,
                                          std::vector<std::string> more_arguments,
                                          std::vector<std::string> more_environment) {
    const TlsSettings tls = world_.certificates.of("/id-" + cse + "/" + stem);
    std::vector<std::string> arguments = {
        "--state",        file(stem),      "--serial",        stem,
        "--hardware-id",  "demo-ecu",      "--key",           file("node.pem"),
        "--oem-key",      file("oem.pem"), "--manager",       kManager,
        "--images",       kImages,         "--initial-image", file("factory.ghfw"),
        "--self-test-ms", "20000"};
    arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
    std::vector<std::string> environment = {"GATEHOUSE_CSE_URL=" + url,
                                            "GATEHOUSE_CSE_ID=/id-" + cse,
                                            "GATEHOUSE_CSEBASE=cse-" + cse,
                                            "GATEHOUSE_AE_ID=" + stem,
                                            "GATEHOUSE_TLS_CERTIFICATE=" + tls.certificate_file,
                                            "GATEHOUSE_TLS_KEY=" + tls.key_file,
                                            "GATEHOUSE_TLS_CA=" + tls.ca_file};
    environment.insert(environment.end(), more_environment.begin(), more_environment.end());
    return std::make_unique<NodeProgram>(arguments, environment, file(stem + ".log"));
  }
  Value firmware(const std::string& address) {
    return attributes(world_.as(kManager, "in").retrieve("/id-in/Cmanager", address));
  }
  /// Waits until the [firmware] says so.
  bool says(const std::string& address, const std::function<bool(const Value&)>& what) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!what(firmware(address))) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // other processes: only to ask
    }
    return true;
  }
  void put_whole(const Bytes& image) {
    const Response put = world_.as("/id-mn/Cdepot", "mn")
                             .create("Cdepot", "cse-mn/Cdepot/images", 4, "m2m:cin",
                                     Value::object({{"con", to_base64(image)}}));
    ASSERT_EQ(put.rsc, Rsc::kCreated) << why(put);
  }
  /// As ae-apps/ota/node/image_chunks.h says, at the IN-CSE.
  void put_in_chunks(const Bytes& image) {
    constexpr std::size_t kChunk = 4'000;
    const std::string sha256 = to_hex(crypto::sha256(image));
    std::uint64_t chunks = 0;
    const auto put = [&](Value content) {
      const Response made =
          world_.as("/id-in/Cdepot", "in")
              .create("Cdepot", "cse-in/Cdepot/images", 4, "m2m:cin", std::move(content));
      ASSERT_EQ(made.rsc, Rsc::kCreated) << why(made);
    };
    for (ByteView rest = image; !rest.empty(); ++chunks) {
      const ByteView part = rest.first(std::min(kChunk, rest.size()));
      rest = rest.subspan(part.size());
      put(Value::object(
          {{"rn", sha256.substr(0, 16) + "-" + std::to_string(chunks)},
           {"con",
            Value::object({{"chunk", chunks}, {"of", sha256}, {"data", to_base64(part)}})}}));
    }
    put(Value::object({{"con", Value::object({{"image", sha256},
                                              {"bytes", image.size()},
                                              {"chunks", chunks},
                                              {"chunk_bytes", kChunk}})}}));
  }
  /// From order to proof, as the management server at the IN-CSE sees it.
  void update(const std::string& stem, const std::string& address,
              const std::string& images = kImages, bool in_chunks = false) {
    ASSERT_TRUE(says(address, [](const Value& f) { return f.string_at("vr") == "1.0.0"; }))
        << log_of(stem);
    in_chunks ? put_in_chunks(release("1.1.0", 2)) : put_whole(release("1.1.0", 2));
    Request order;
    order.operation = Operation::kUpdate;
    order.from = kManager;
    order.to = address;
    order.content = Value::object(
        {{"m2m:fwr", Value::object({{"url", images}, {"vr", "1.1.0"}, {"ud", true}})}});
    const Response ordered = world_.as(kManager, "in").ask(std::move(order));
    ASSERT_EQ(ordered.rsc, Rsc::kUpdated) << why(ordered);
    EXPECT_TRUE(says(address,
                     [](const Value& f) {
                       const Value* uds = f.find("uds");
                       return f.string_at("vr") == "1.1.0" && !f.bool_at("ud", true) &&
                              uds != nullptr && uds->integer_at("sus") == 1;
                     }))
        << to_json(firmware(address)) << log_of(stem) << world_.log("mn") << world_.log("asn");
  }

  int coaps_port_;
  World world_;
};

TEST_F(FieldNodes, AnApplicationDedicatedNodeIsUpdatedOverCoapWithDtls) {
  const auto lamp = start_node("Clamp", "mn", "coaps://127.0.0.1:" + std::to_string(coaps_port_),
                               {"--coap-listen", "127.0.0.1"}, {});
  update("Clamp", "/id-mn/cse-mn/node-Clamp/firmware");
}

// A device that has nothing but MQTT: requests, notifications and the image in chunks.
TEST_F(FieldNodes, AnApplicationDedicatedNodeIsUpdatedOverMqttAlone) {
  make_ae("in", "Cdepot", {"/id-in/Cmeter"});
  const auto meter =
      start_node("Cmeter", "in", world_.broker_url(), {"--images", "/id-in/cse-in/Cdepot/images"},
                 {"GATEHOUSE_TRUST_BROKER_ACL=true"});
  update("Cmeter", "/id-in/cse-in/node-Cmeter/firmware", "/id-in/cse-in/Cdepot/images", true);
  EXPECT_NE(log_of("Cmeter").find("event=chunks of=6 fetched=6"), std::string::npos)
      << log_of("Cmeter");
}

TEST_F(FieldNodes, AnAsnCseIsUpdatedThroughMcc) {
  const auto pump =
      start_node("Cpump", "asn", world_.url("asn"), {}, {"GATEHOUSE_LISTEN=127.0.0.1:0"});
  update("Cpump", "/id-asn/cse-asn/node-Cpump/firmware");
}

}  // namespace
}  // namespace gatehouse::test
