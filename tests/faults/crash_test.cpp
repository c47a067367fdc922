// A CSE that is killed in the middle of writes, again and again, loses no acknowledged write and
// keeps no half one.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>

#include "bindings/http/client.h"
#include "cse/codec/json.h"
#include "tests/faults/cse_process.h"

namespace gatehouse::test {
namespace {

constexpr int kKills = 200;
constexpr int kInFlight = 24;
constexpr int kContainers = 4;

/// A client that keeps `kInFlight` CREATEs on their way and notes which were acknowledged.
class Writer {
 public:
  explicit Writer(std::string url)
      : url_(std::move(url)), codecs_(standard_codecs()), client_(settings(), codecs_) {}
  ~Writer() { client_.stop(); }

  Response ask(Request request) {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Response> answer;
    send(std::move(request), [&](Response response) {
      const std::lock_guard lock(mutex);
      answer = std::move(response);
      ready.notify_one();
    });
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return answer.has_value(); });
    return *answer;
  }

  void start_writing(int round) {
    round_ = round;
    for (int i = 0; i < kInFlight; ++i) write_next();
  }
  /// Stops and waits for the answers that are still to come; most are failures once the CSE is
  /// dead.
  std::set<std::string> stop_writing() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    idle_.wait(lock, [this] { return in_flight_ == 0; });
    return acknowledged_;
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    idle_.wait_for(lock, std::chrono::seconds(10), [&] { return acknowledged_.size() >= count; });
  }

  static Request request(Operation operation, std::string to) {
    static std::atomic<int> number{0};
    Request made;
    made.operation = operation;
    made.to = std::move(to);
    made.from = "CAdmin";
    made.request_identifier = "crash" + std::to_string(++number);
    made.release_version = "4";
    return made;
  }

 private:
  static http::ClientSettings settings() {
    http::ClientSettings s;
    s.max_connections_per_host = kInFlight;
    s.request_timeout = std::chrono::milliseconds(5'000);
    return s;
  }
  void send(Request request, Reply reply) {
    client_.send(url_, "/id-in", std::move(request), std::move(reply));
  }

  void write_next() {
    std::string name;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      ++in_flight_;
      name = "r" + std::to_string(round_) + "n" + std::to_string(written_++);
    }
    const std::string container = "cse-in/c" + std::to_string(written_ % kContainers);
    Request create = request(Operation::kCreate, container);
    create.resource_type = 4;
    create.content = Value::object(
        {{"m2m:cin", Value::object({{"rn", name}, {"con", name + std::string(200, 'x')}})}});
    send(std::move(create), [this, path = container + "/" + name](Response response) {
      bool go_on = false;
      {
        const std::lock_guard lock(mutex_);
        --in_flight_;
        go_on = response.rsc == Rsc::kCreated;
        if (go_on) acknowledged_.insert(path);
        idle_.notify_all();
      }
      if (go_on) write_next();
    });
  }

  const std::string url_;
  const Codecs codecs_;
  http::Client client_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::set<std::string> acknowledged_;
  std::atomic<int> written_{0};
  int round_ = 0, in_flight_ = 0;
  bool stopping_ = false;
};

/// Everything below a container, and its counters: they were committed together or not at all.
std::set<std::string> check_container(Writer& reader, const std::string& container) {
  std::set<std::string> present;
  const Value attributes =
      *tree_of(reader.ask(Writer::request(Operation::kRetrieve, container)).content)
           ->find("m2m:cnt");
  for (std::int64_t offset = 1;; offset += 1000) {
    Request discover = Writer::request(Operation::kRetrieve, container);
    discover.filter = FilterCriteria{};
    discover.filter->filter_usage = 1;
    discover.filter->limit = 1000;
    discover.filter->offset = offset;
    const auto page = tree_of(reader.ask(discover).content)->strings_at("m2m:uril");
    present.insert(page.begin(), page.end());
    if (page.size() < 1000) break;
  }
  EXPECT_EQ(attributes.integer_at("cni"), static_cast<std::int64_t>(present.size())) << container;
  EXPECT_EQ(attributes.integer_at("st"), static_cast<std::int64_t>(present.size())) << container;
  std::int64_t bytes = 0;
  for (const std::string& path : present)
    bytes += 200 + static_cast<std::int64_t>(path.size() - container.size() - 1);
  EXPECT_EQ(attributes.integer_at("cbs"), bytes) << container;
  return present;
}

class Crash : public testing::Test {
 protected:
  Crash() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gatehouse-crash-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~Crash() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
};

TEST_F(Crash, LosesNoAcknowledgedWriteAndKeepsNoHalfOne) {
  CseProcess cse(folder);
  ASSERT_TRUE(cse.start());
  {
    Writer setup(cse.url());
    for (int i = 0; i < kContainers; ++i) {
      Request create = Writer::request(Operation::kCreate, "cse-in");
      create.resource_type = 3;
      create.content =
          Value::object({{"m2m:cnt", Value::object({{"rn", "c" + std::to_string(i)}})}});
      ASSERT_EQ(setup.ask(create).rsc, Rsc::kCreated);
    }
  }
  std::mt19937 random(20261121);
  std::set<std::string> acknowledged;
  for (int round = 0; round < kKills; ++round) {
    Writer writer(cse.url());
    writer.start_writing(round);
    writer.wait_for(1 +
                    random() % 100);  // the moment of the kill: in the middle of what is on its way
    cse.kill_now();
    const std::set<std::string> done = writer.stop_writing();
    ASSERT_FALSE(done.empty()) << "round " << round;
    acknowledged.insert(done.begin(), done.end());
    ASSERT_TRUE(cse.start()) << "does not start again after kill " << round;
  }
  Writer reader(cse.url());
  std::set<std::string> present;
  for (int i = 0; i < kContainers; ++i)
    present.merge(check_container(reader, "cse-in/c" + std::to_string(i)));
  for (const std::string& path : acknowledged)
    EXPECT_TRUE(present.contains(path)) << "lost: " << path;
  EXPECT_GT(acknowledged.size(), static_cast<std::size_t>(kKills));
  RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
  std::printf("%d kills, %zu acknowledged writes, %zu present\n", kKills, acknowledged.size(),
              present.size());
}

}  // namespace
}  // namespace gatehouse::test
