// gatehouse-evidence-bench: durable appends per second, and how long a proof of a large log takes;
// prints JSON.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>

#include "ae-apps/attestation/evidence/log/log_lane.h"

namespace gatehouse::evidence {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string folder;
  double seconds = 4;
  std::size_t entry_bytes = 300;
  std::size_t in_flight = 1024;
  std::uint64_t entries = 10'000'000;
  int proofs = 2000;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

NoteSigner signer() {
  return must(NoteSigner::make("bench.example/log", SignatureType::kEd25519,
                               must(crypto::SigningKey::generate(crypto::Algorithm::kEd25519))));
}

/// The real disk without waiting for it: for filling a log that is only read afterwards.
class HastyMedium final : public Medium {
 public:
  explicit HastyMedium(Medium& medium) : medium_(medium) {}
  Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) override {
    return medium_.read(name, max_bytes);
  }
  Result<void> write(const std::string& name, ByteView content) override {
    return medium_.write(name, content);
  }
  Result<void> append(const std::string& name, ByteView bytes) override {
    return name == "journal" ? Result<void>() : medium_.append(name, bytes);
  }
  Result<void> truncate(const std::string& name, std::uint64_t bytes) override {
    return medium_.truncate(name, bytes);
  }
  Result<void> sync(const std::string&) override { return {}; }
  Result<void> sync_folder(const std::string&) override { return {}; }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return medium_.rename(from, to);
  }
  Result<void> remove_folder(const std::string&) override { return {}; }

 private:
  Medium& medium_;
};

void measure_appends(const Options& options) {
  const auto medium = must(RealMedium::for_writing(options.folder + "/appends"));
  crypto::SystemRandom random;
  Log log = must(Log::open(*medium, random, {.origin = "bench.example/log"}, {signer()}));
  std::atomic<std::uint64_t> done{0};
  std::uint64_t sent = 0;
  const auto start = Clock::now();
  {
    LogLane lane(log);
    while (seconds_since(start) < options.seconds) {
      const std::uint64_t so_far = done.load();
      if (sent - so_far >= options.in_flight) {
        done.wait(so_far);
        continue;
      }
      ++sent;
      lane.append(Bytes(options.entry_bytes, 'x'), [&done](Result<std::uint64_t> index) {
        if (!index) std::abort();
        done.fetch_add(1);
        done.notify_one();
      });
    }
  }
  std::printf("  \"durable_appends_per_s\": %.0f,\n",
              static_cast<double>(done.load()) / seconds_since(start));
}

void print_times(const char* name, std::vector<double> took_ms) {
  std::sort(took_ms.begin(), took_ms.end());
  std::printf("  \"%s_p50_ms\": %.3f,\n  \"%s_p99_ms\": %.3f,\n", name, took_ms[took_ms.size() / 2],
              name, took_ms[took_ms.size() * 99 / 100]);
}

void measure_proofs(const Options& options) {
  const auto disk = must(RealMedium::for_writing(options.folder + "/proofs"));
  HastyMedium medium(*disk);
  crypto::SystemRandom random;
  Log log = must(Log::open(medium, random,
                           {.origin = "bench.example/log", .publish_after_entries = 1u << 17},
                           {signer()}));
  const auto filling = Clock::now();
  while (log.size() < options.entries) {
    std::vector<Bytes> batch(std::min<std::uint64_t>(4096, options.entries - log.size()));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      batch[i] = bytes_of(std::to_string(log.size() + i));
    }
    must(log.append(batch));
  }
  const SignedCheckpoint tree = must(log.publish());
  std::printf("  \"entries\": %llu,\n  \"fill_s\": %.1f,\n",
              static_cast<unsigned long long>(log.size()), seconds_since(filling));
  std::minstd_rand dice(7);
  std::vector<double> inclusion_ms, consistency_ms;
  for (int i = 0; i < options.proofs; ++i) {
    const std::uint64_t index = dice() % options.entries;
    auto start = Clock::now();
    const ProofFile file = must(log.prove(index));
    inclusion_ms.push_back(seconds_since(start) * 1e3);
    must(verify_inclusion(leaf_hash(must(log.entry(index))), index, tree.checkpoint.size,
                          file.proof, tree.checkpoint.root));
    start = Clock::now();
    must(log.prove_consistency(index));
    consistency_ms.push_back(seconds_since(start) * 1e3);
  }
  print_times("inclusion_proof", std::move(inclusion_ms));
  print_times("consistency_proof", std::move(consistency_ms));
}

}  // namespace
}  // namespace gatehouse::evidence

int main(int argc, char** argv) {
  gatehouse::evidence::Options options;
  CLI::App app{"Measures the evidence log; prints JSON."};
  app.add_option("--folder", options.folder, "where to put the logs (default: a temporary one)");
  app.add_option("--seconds", options.seconds, "time of appending");
  app.add_option("--entry-bytes", options.entry_bytes, "size of an entry");
  app.add_option("--in-flight", options.in_flight, "appends that wait at a time");
  app.add_option("--entries", options.entries, "size of the log whose proofs are timed");
  CLI11_PARSE(app, argc, argv);
  const bool temporary = options.folder.empty();
  if (temporary) {
    options.folder = std::filesystem::temp_directory_path() /
                     ("gatehouse-evidence-bench-" + std::to_string(::getpid()));
  }
  std::filesystem::create_directories(options.folder);
  int status = 0;
  try {
    std::printf("{\n");
    gatehouse::evidence::measure_appends(options);
    gatehouse::evidence::measure_proofs(options);
    std::printf("  \"entry_bytes\": %zu\n}\n", options.entry_bytes);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gatehouse-evidence-bench: %s\n", e.what());
    status = 1;
  }
  if (temporary) std::filesystem::remove_all(options.folder);
  return status;
}
