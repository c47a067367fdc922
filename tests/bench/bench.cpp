// gatehouse-bench: what a CSE does per second, beside what this machine can do at all, in one run.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "bindings/http/server.h"
#include "cse/codec/json.h"
#include "tests/bench/bindings.h"
#include "tests/bench/load.h"
#include "tests/bench/nginx.h"
#include "tests/bench/report.h"
#include "tests/bench/sizes.h"
#include "tests/faults/cse_process.h"

namespace gatehouse::bench {
namespace {

/// Takes notifications as fast as they come.
class Sink final : public PrimitiveHandler {
 public:
  void handle(Request&& request, Reply reply) override {
    ++received;
    Response response;
    response.request_identifier = request.request_identifier;
    response.release_version = request.release_version;
    reply(std::move(response));
  }
  std::atomic<std::uint64_t> received{0};
};

/// The store's own durable rate in batches of 64, through the same interface that the CSE uses and
/// with rows like those of the CSE: each expires, and each batch changes its container.
double engine_rate(const std::string& program, const std::string& folder, double seconds) {
  const std::string output =
      run_command(program + " --folder " + folder + " --batches 64 --parent --expires --seconds " +
                  std::to_string(seconds));
  const auto report = parse_json(output);
  if (!report) return 0;
  const Value* batches = report->find("inserts");
  if (!batches || !batches->as_array() || batches->size() == 0) return 0;
  const Value* rate = batches->as_array()->front().find("rows_per_s");
  return rate ? rate->as_number().value_or(0) : 0;
}

std::int64_t resident_kilobytes(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  }
  return 0;
}

struct Options {
  double seconds = 4;
  std::int64_t fill = 1'000'000;
  bool sizes = false;
  bool bindings = false;
  std::string only;  ///< of the bindings; empty: all
  std::int64_t largest = 1'000'000;
  std::string json_file;
  std::string programs;  ///< folder of gatehouse-cse and gatehouse-store-bench
};

class Bench {
 public:
  Bench(Options options, std::filesystem::path folder)
      : options_(std::move(options)), folder_(std::move(folder)), cse_(folder_) {}

  int run() {
    ::setenv("GATEHOUSE_CSE", (options_.programs + "/gatehouse-cse").c_str(), 1);
    if (options_.bindings) return run_bindings();
    if (!cse_.start({"log.level=warning"})) {
      std::cerr << "gatehouse-cse does not start; see " << (folder_ / "log") << "\n";
      return 1;
    }
    if (options_.sizes) {
      print(measure_sizes(cse_, options_.largest));
      return 0;
    }
    idle_kb_ = resident_kilobytes(cse_.pid());
    prepare();
    read_scenarios();
    write_scenarios();
    fill_up();
    print(rows_);
    std::printf(
        "\nresident memory: %lld MB idle, %lld MB after %lld contentInstances; start with them: "
        "%.0f ms\n",
        static_cast<long long>(idle_kb_ / 1024), static_cast<long long>(full_kb_ / 1024),
        static_cast<long long>(filled_), start_ms_);
    write_json();
    return 0;
  }

 private:
  int run_bindings() {
    rows_ = measure_bindings(folder_, options_.seconds, options_.only);
    if (rows_.empty()) return 1;
    print(rows_);
    write_json();
    return 0;
  }

  void prepare() {
    post(cse_.url() + "/cse-in", 3, R"({"m2m:cnt":{"rn":"read"}})");
    post(cse_.url() + "/cse-in/read", 4, R"({"m2m:cin":{"con":")" + std::string(100, 'x') + "\"}}");
    post(cse_.url() + "/cse-in", 3, R"({"m2m:cnt":{"rn":"write"}})");
    post(cse_.url() + "/cse-in", 3, R"({"m2m:cnt":{"rn":"told"}})");
    post(cse_.url() + "/cse-in", 3, R"({"m2m:cnt":{"rn":"many"}})");
  }

  void read_scenarios() {
    const std::string answer = get(cse_.url() + "/cse-in/read");
    Nginx nginx(folder_ / "nginx", answer);
    if (!nginx.start()) std::cerr << "nginx does not start: no ceiling for reading\n";
    const Measured ceiling = load({nginx.url() + "/answer.json", 32, options_.seconds, {}});
    const auto against = [&](const std::string& name, const std::string& path, double target) {
      const Measured measured = load({cse_.url() + path, 32, options_.seconds, {}});
      rows_.push_back({name, measured, ceiling.per_second, "nginx, same size", target,
                       "one I/O thread beside the load generator"});
    };
    rows_.push_back({"nginx: file of the same size", ceiling, 0, "", 0, ""});
    against("RETRIEVE container", "/cse-in/read", 0.8);
    against("RETRIEVE latest", "/cse-in/read/la", 0);
  }

  void write_scenarios() {
    const double engine = engine_rate(options_.programs + "/gatehouse-store-bench",
                                      folder_.string(), options_.seconds);
    ::sync();  // what the engine has left for the disk would slow down what is measured next
    const Script create = create_script();
    rows_.push_back({"CREATE contentInstance, durable, 64 conn.",
                     load({cse_.url() + "/cse-in/write", 64, options_.seconds, create}), engine,
                     "store, batches of 64", 0.4, "the write lane's thread, then fsync"});
    Sink sink;
    const Codecs codecs = standard_codecs();
    http::Server listener({}, sink, codecs);
    if (listener.start()) {
      const std::string nu = "http://127.0.0.1:" + std::to_string(listener.port()) + "/notify";
      post(cse_.url() + "/cse-in/told", 23,
           R"({"m2m:sub":{"rn":"sub","nu":[")" + nu + R"("],"enc":{"net":[3]},"nct":1}})");
      rows_.push_back({"CREATE with one HTTP subscriber",
                       load({cse_.url() + "/cse-in/told", 64, options_.seconds, create}), engine,
                       "store, batches of 64", 0,
                       "outbox written with each CREATE; one notification at a time"});
      std::printf("notifications received meanwhile: %llu\n",
                  static_cast<unsigned long long>(sink.received.load()));
      remove(cse_.url() + "/cse-in/told/sub");
    }
    rows_.push_back({"mixed: 90 RETRIEVE, 10 CREATE",
                     load({cse_.url() + "/cse-in/write", 64, options_.seconds, mixed_script()}), 0,
                     "", 0, ""});
  }

  /// Up to options.fill instances, in the container where discovery looks at a page of 100 once it
  /// has 100,000.
  void fill_up() {
    const auto count = [this] {
      const auto content = parse_json(get(cse_.url() + "/cse-in/many"));
      const Value* container = content ? content->find("m2m:cnt") : nullptr;
      return container ? container->integer_at("cni") : 0;
    };
    const auto fill_to = [&](std::int64_t wanted) {
      for (std::int64_t now = count(), before = -1; now < wanted && now > before;) {
        before = now;
        load({cse_.url() + "/cse-in/many", 64, 3, create_script()});
        now = count();
        std::printf("filling: %lld of %lld\r", static_cast<long long>(now),
                    static_cast<long long>(options_.fill));
        std::fflush(stdout);
      }
    };
    fill_to(std::min<std::int64_t>(100'000, options_.fill));
    rows_.push_back({"discovery, page of 100 out of 100,000",
                     load({cse_.url() + "/cse-in/many?fu=1&ty=4&lim=100", 8, options_.seconds, {}}),
                     0, "", 0, "reading 100 rows of the index"});
    fill_to(options_.fill);
    filled_ = count();
    full_kb_ = resident_kilobytes(cse_.pid());
    cse_.kill_now();
    const auto started = std::chrono::steady_clock::now();
    if (cse_.start({"log.level=warning"})) {
      start_ms_ =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started)
              .count();
    }
  }

  void write_json() const {
    if (options_.json_file.empty()) return;
    Value report = Value::object({{"scenarios", to_value(rows_)}});
    if (!options_.bindings)
      report.set("idle_kb", idle_kb_)
          .set("full_kb", full_kb_)
          .set("instances", filled_)
          .set("start_ms", start_ms_);
    std::ofstream(options_.json_file) << to_json(report) << "\n";
    std::printf("written: %s\n", options_.json_file.c_str());
  }

  const Options options_;
  const std::filesystem::path folder_;
  test::CseProcess cse_;
  std::vector<Row> rows_;
  std::int64_t idle_kb_ = 0, full_kb_ = 0, filled_ = 0;
  double start_ms_ = 0;
};

}  // namespace
}  // namespace gatehouse::bench

int main(int argc, char** argv) {
  using namespace gatehouse::bench;
  CLI::App app{
      "Measures gatehouse-cse beside nginx and the storage engine, in one run; prints ratios. "
      "Needs wrk and nginx."};
  Options options;
  app.add_option("--seconds", options.seconds, "time of each scenario");
  app.add_option("--fill", options.fill, "contentInstances for the memory and start-up figures");
  app.add_flag("--sizes", options.sizes,
               "instead: how the time of an operation grows with the size of what it works on");
  app.add_option("--largest", options.largest, "contentInstances in a container for --sizes");
  app.add_flag("--bindings", options.bindings,
               "instead: RETRIEVE and CREATE over each binding, beside the least server or echo of "
               "its protocol");
  app.add_option("--only", options.only, "of the bindings: HTTP, WebSocket, CoAP or MQTT");
  app.add_option("--json", options.json_file, "also write the figures there");
  CLI11_PARSE(app, argc, argv);
  options.programs = std::filesystem::canonical("/proc/self/exe").parent_path().string();
  std::string pattern =
      (std::filesystem::temp_directory_path() / "gatehouse-bench-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const int code = Bench(options, folder).run();
  std::filesystem::remove_all(folder);
  return code;
}
