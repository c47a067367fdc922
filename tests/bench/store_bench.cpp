// Measures the SqliteStore through its interface: durable inserts in batches, with rising
// identifiers, as the write lane does them; then opening, reading and listing what was written.
// Prints one JSON object.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "cse/store/sqlite/sqlite_store.h"

namespace {

using namespace gatehouse;
using Clock = std::chrono::steady_clock;
constexpr int kContainerType = 3;
constexpr int kInstanceType = 4;

struct Options {
  std::string folder;
  std::vector<int> batches{1, 16, 64, 256};
  double seconds = 3;
  std::size_t body_bytes = 300;
  int containers = 8;
  bool names = false;     // names of their own instead of name == id
  bool expires = false;   // a finite expiration time
  bool parent = false;    // each batch replaces its container, as a real CREATE does
  std::int64_t rows = 0;  // if not 0: fills to so many rows before it measures the reads
  SqliteSettings store;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A field of /proc/self/status in kilobytes.
long memory_kilobytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1));
  }
  return -1;
}

/// Writes containers and then instances into them, round robin by batch.
class Load {
 public:
  Load(const Options& options, Store& store) : options_(options), store_(store) {
    auto work = must(store_.begin());
    for (int i = 0; i < options_.containers; ++i) {
      containers_.push_back(made("cnt" + std::to_string(i), {}, kContainerType));
      must(work->put(containers_.back()));
    }
    finish(*work);
  }

  void batch(int size) {
    auto work = must(store_.begin());
    Record& container = containers_[batches_++ % containers_.size()];
    for (int i = 0; i < size; ++i) must(work->put(instance(container)));
    if (options_.parent) {
      ++container.version;
      must(work->put(container));
    }
    finish(*work);
    rows_ += size;
  }

  std::int64_t rows() const { return rows_; }
  const Record& container() const { return containers_.front(); }
  const std::vector<ResourceId>& sample() const { return sample_; }

 private:
  static void finish(Transaction& work) {
    if (const auto failure = work.commit()) throw std::runtime_error(failure->detail);
  }

  Record made(std::string id, const ResourceId& parent, int type) {
    Record record;
    record.name = options_.names && type == kInstanceType ? "n" + id : id;
    record.id = {std::move(id)};
    record.parent = parent;
    record.type = type;
    record.order = ++order_;
    record.version = 1;
    record.expires = {options_.expires ? 1'800'000'000'000'000 + order_ : INT64_MAX};
    record.originator = "CAE1";
    record.body.assign(options_.body_bytes, 'x');
    return record;
  }

  Record instance(const Record& container) {
    char id[32];
    std::snprintf(id, sizeof id, "cin%013lx", static_cast<unsigned long>(order_ + 1) * 37);
    if (order_ % 512 == 0) sample_.push_back({id});
    return made(id, container.id, kInstanceType);
  }

  const Options& options_;
  Store& store_;
  std::vector<Record> containers_;
  std::vector<ResourceId> sample_;
  std::int64_t order_ = 1'700'000'000'000'000;
  std::int64_t rows_ = 0;
  std::size_t batches_ = 0;
};

/// Median time of one write of a page and its fdatasync, in microseconds: what the disk gives at
/// this moment.
double disk_sync_us(const std::string& folder) {
  constexpr int kSyncs = 41;
  const std::string path = folder + "/sync.probe";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  std::vector<double> took_us;
  for (int i = 0; i < kSyncs; ++i) {
    const auto start = Clock::now();
    if (::pwrite(file, page.data(), page.size(), 0) < 0 || ::fdatasync(file) != 0) {
      throw std::runtime_error("the disk probe cannot write");
    }
    took_us.push_back(seconds_since(start) * 1e6);
  }
  ::close(file);
  std::filesystem::remove(path);
  std::nth_element(took_us.begin(), took_us.begin() + kSyncs / 2, took_us.end());
  return took_us[kSyncs / 2];
}

struct Rate {
  int batch;
  double sync_us;  // of the disk, just before
  double rows_per_s;
  double p50_ms, p99_ms, max_ms;
};

Rate measure_batches(Load& load, int size, const Options& options) {
  const double sync_us = disk_sync_us(options.folder);
  const double seconds = options.seconds;
  std::vector<double> took_ms;
  const std::int64_t rows_before = load.rows();
  const auto start = Clock::now();
  while (seconds_since(start) < seconds) {
    const auto one = Clock::now();
    load.batch(size);
    took_ms.push_back(seconds_since(one) * 1e3);
  }
  const double rate = static_cast<double>(load.rows() - rows_before) / seconds_since(start);
  std::sort(took_ms.begin(), took_ms.end());
  return {
      size,          sync_us, rate, took_ms[took_ms.size() / 2], took_ms[took_ms.size() * 99 / 100],
      took_ms.back()};
}

/// Calls per second of `call(i)`.
template <class Call>
double calls_per_second(Call call) {
  constexpr double kSeconds = 0.5;
  const auto start = Clock::now();
  std::size_t calls = 0;
  while (seconds_since(start) < kSeconds) call(calls++);
  return static_cast<double>(calls) / seconds_since(start);
}

void print_reads(Store& store, const Load& load) {
  const auto& ids = load.sample();
  std::minstd_rand random(1);
  const double finds = calls_per_second([&](std::size_t) {
    auto snapshot = must(store.read());
    if (!must(snapshot->find(ids[random() % ids.size()]))) throw std::runtime_error("lost a row");
  });
  const double latest = calls_per_second([&](std::size_t) {
    auto snapshot = must(store.read());
    must(snapshot->children_of_type(load.container().id, kInstanceType,
                                    {.limit = 1, .newest_first = true}));
  });
  const double pages = calls_per_second([&](std::size_t) {
    auto snapshot = must(store.read());
    must(snapshot->children(load.container().id, {.limit = 100}));
  });
  std::printf(
      "  \"find_per_s\": %.0f,\n  \"latest_per_s\": %.0f,\n  \"page_of_100_per_s\": %.0f,\n", finds,
      latest, pages);
}

void run(const Options& options) {
  auto store = must(open_sqlite_store(options.store));
  const long idle_kb = memory_kilobytes("VmRSS");
  Load load(options, *store);
  std::printf("{\n  \"body_bytes\": %zu,\n  \"inserts\": [\n", options.body_bytes);
  for (std::size_t i = 0; i < options.batches.size(); ++i) {
    const Rate r = measure_batches(load, options.batches[i], options);
    std::printf(
        "    {\"batch\": %d, \"disk_sync_us\": %.0f, \"rows_per_s\": %.0f, \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f, "
        "\"max_ms\": %.1f}%s\n",
        r.batch, r.sync_us, r.rows_per_s, r.p50_ms, r.p99_ms, r.max_ms,
        i + 1 < options.batches.size() ? "," : "");
  }
  while (load.rows() < options.rows) load.batch(256);
  std::printf("  ],\n  \"rows\": %ld,\n  \"rss_idle_kb\": %ld,\n  \"rss_kb\": %ld,\n",
              static_cast<long>(load.rows()), idle_kb, memory_kilobytes("VmRSS"));
  store.reset();
  std::printf("  \"bytes_per_row\": %.0f,\n",
              static_cast<double>(std::filesystem::file_size(options.store.path)) /
                  static_cast<double>(load.rows()));
  const auto opening = Clock::now();
  store = must(open_sqlite_store(options.store));
  must(must(store->read())->find(load.container().id));
  std::printf("  \"open_and_find_ms\": %.3f,\n", seconds_since(opening) * 1e3);
  print_reads(*store, load);
  std::printf("  \"rss_reopened_kb\": %ld\n}\n", memory_kilobytes("VmRSS"));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Measures durable inserts and reads of the SQLite store; prints JSON."};
  app.add_option("--folder", options.folder,
                 "where to put the database (default: a temporary one)");
  app.add_option("--batches", options.batches, "rows per commit, one measurement each");
  app.add_option("--seconds", options.seconds, "time of each measurement");
  app.add_option("--body-bytes", options.body_bytes, "size of a record's body");
  app.add_option("--containers", options.containers, "parents that take turns");
  app.add_option("--rows", options.rows, "fill up to so many rows before reading");
  app.add_option("--page-bytes", options.store.page_bytes, "page size of the database");
  app.add_option("--cache-bytes", options.store.cache_bytes, "page cache of the writer");
  app.add_option("--checkpoint-bytes", options.store.checkpoint_bytes, "log size that is copied");
  app.add_flag("--names", options.names, "names that differ from the identifiers");
  app.add_flag("--expires", options.expires, "finite expiration times");
  app.add_flag("--parent", options.parent, "replace the container in each batch");
  CLI11_PARSE(app, argc, argv);

  const bool temporary = options.folder.empty();
  if (temporary) {
    options.folder = std::filesystem::temp_directory_path() /
                     ("gatehouse-store-bench-" + std::to_string(::getpid()));
  }
  std::filesystem::create_directories(options.folder);
  options.store.path = options.folder + "/bench.db";
  int status = 0;
  try {
    run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gatehouse-store-bench: %s\n", e.what());
    status = 1;
  }
  if (temporary) std::filesystem::remove_all(options.folder);
  return status;
}
