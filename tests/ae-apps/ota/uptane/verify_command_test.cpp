#include "ae-apps/ota/cli/verify_command.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/ae-apps/ota/temporary_folder.h"
#include "tests/ae-apps/ota/uptane/vehicle_world.h"

namespace gatehouse::ota {
namespace {

struct Answer {
  int code;
  std::string line;
  std::string error;
  Value json() const { return *parse_json(std::string_view(line).substr(0, line.size() - 1)); }
};

Answer run(const VerifyOptions& options) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_verify(options, out, err);
  return {code, out.str(), err.str()};
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class VerifyCommand : public testing::Test {
 protected:
  VerifyCommand() {
    options.state = folder / "state";
    options.time = "2030-01-01T00:00:00Z";
    options.director = folder / "director";
    options.images = folder / "images";
    options.director_root = folder / "director-root.json";
    options.images_root = folder / "images-root.json";
    options.ecus = {"GW-1:gateway-hw", "BR-1:brake-hw", "EN-1:engine-hw"};
    std::ofstream(options.director_root) << world.director.files.files.at("1.root.json");
    std::ofstream(options.images_root) << world.images.files.files.at("1.root.json");
    write();
  }
  void write() {
    for (const auto& [maker, path] :
         {std::pair(&world.director, options.director), std::pair(&world.images, options.images)}) {
      std::filesystem::remove_all(path);
      maker->files.write_to(path);
    }
  }
  /// The Image repository as one of plain TUF, of which one target is wanted.
  VerifyOptions download() const {
    VerifyOptions out;
    out.state = options.state;
    out.time = options.time;
    out.tuf = options.images;
    out.tuf_root = options.images_root;
    out.targets = {"engine/e-2"};
    out.download = folder / "downloads";
    return out;
  }

  TemporaryFolder folder;
  uptane::VehicleWorld world;
  VerifyOptions options;
};

TEST_F(VerifyCommand, AcceptsAndSaysOfEachTargetWhatItIs) {
  const Answer answer = run(options);

  ASSERT_EQ(answer.code, kAccepted) << answer.line << answer.error;
  EXPECT_EQ(answer.line.find('\n'), answer.line.size() - 1) << "one line";
  const Value json = answer.json();
  EXPECT_TRUE(json.bool_at("accepted"));
  ASSERT_EQ(json.find("targets")->size(), 3U);
  const Value& engine = json.find("targets")->as_array()->at(1);
  EXPECT_EQ(engine.string_at("name"), "engine/e-2");
  EXPECT_EQ(engine.string_at("outcome"), "accepted");
  EXPECT_EQ(engine.string_at("role"), "supplier");
  EXPECT_EQ(engine.integer_at("release_counter"), 2);
  EXPECT_EQ(json.find("images")->integer_at("targets"), 2);
}

TEST_F(VerifyCommand, NamesReasonRepositoryAndRoleOfARefusal) {
  options.time = "1894147200";  // 2030-01-09
  const Answer answer = run(options);

  EXPECT_EQ(answer.code, kRefused);
  EXPECT_FALSE(answer.json().bool_at("accepted", true));
  EXPECT_EQ(answer.json().string_at("reason"), "expired");
  EXPECT_EQ(answer.json().string_at("repository"), "director");
  EXPECT_EQ(answer.json().string_at("role"), "timestamp");
  EXPECT_FALSE(answer.json().string_at("detail").empty());
}

TEST_F(VerifyCommand, RemembersBetweenCallsAndThenNeedsNoRoot) {
  ASSERT_EQ(run(options).code, kAccepted);
  options.director_root.clear();
  options.images_root.clear();
  EXPECT_EQ(run(options).code, kAccepted);

  world.director.files.files = world.old_director;
  write();
  EXPECT_EQ(run(options).json().string_at("reason"), "rollback");
}

TEST_F(VerifyCommand, SaysThatADownloadCannotBeWritten) {
  std::filesystem::create_directories(folder / "downloads/engine%2Fe-2/in-the-way");

  const Answer answer = run(download());

  EXPECT_EQ(answer.code, kWrongUse);
  EXPECT_EQ(answer.line, "");
  EXPECT_NE(answer.error.find("--download: engine/e-2 cannot be written"), std::string::npos);
}

TEST_F(VerifyCommand, KnowsPlainTufRepositoriesToo) {
  const Answer answer = run(download());

  ASSERT_EQ(answer.code, kAccepted) << answer.line;
  const std::string file = folder / "downloads/engine%2Fe-2";
  EXPECT_EQ(text_of_file(file), uptane::VehicleWorld::content("engine", 2));
  EXPECT_FALSE(std::filesystem::exists(file + ".new"));
}

TEST_F(VerifyCommand, VerifiesForOneEcuInPart) {
  options.partial = true;
  options.images.clear();
  EXPECT_EQ(run(options).code, kWrongUse) << "three ECUs";
  options.ecus = {"BR-1:brake-hw"};
  EXPECT_EQ(run(options).code, kAccepted);
}

struct WrongUse {
  const char* what;
  void (*spoils)(VerifyOptions& options);
};

TEST_F(VerifyCommand, TellsWrongUseFromARefusal) {
  const WrongUse cases[] = {
      {"time", [](VerifyOptions& o) { o.time = "tomorrow"; }},
      {"negative time", [](VerifyOptions& o) { o.time = "-1"; }},
      {"milliseconds", [](VerifyOptions& o) { o.time = "1893456000000"; }},
      {"ecu", [](VerifyOptions& o) { o.ecus = {"GW-1"}; }},
      {"ecu without hardware", [](VerifyOptions& o) { o.ecus = {"GW-1:"}; }},
      {"no director", [](VerifyOptions& o) { o.director.clear(); }},
      {"no images", [](VerifyOptions& o) { o.images.clear(); }},
      {"both kinds", [](VerifyOptions& o) { o.tuf = o.images; }},
      {"no folder", [](VerifyOptions& o) { o.director += "-elsewhere"; }},
      {"no root", [](VerifyOptions& o) { o.director_root.clear(); }},
      {"unreadable root", [](VerifyOptions& o) { o.images_root += "-elsewhere"; }},
      {"state is a file", [](VerifyOptions& o) { o.state = o.director_root; }},
  };
  for (const WrongUse& c : cases) {
    VerifyOptions spoilt = options;
    c.spoils(spoilt);
    const Answer answer = run(spoilt);
    EXPECT_EQ(answer.code, kWrongUse) << c.what;
    EXPECT_TRUE(answer.line.empty()) << c.what;
    EXPECT_FALSE(answer.error.empty()) << c.what;
  }
}

TEST_F(VerifyCommand, DoesNotGoOnFromADamagedState) {
  ASSERT_EQ(run(options).code, kAccepted);
  std::ofstream(folder / "state/uptane.json") << "{";

  EXPECT_EQ(run(options).code, kWrongUse);
}

/// Runs the command in a process that dies when a file would grow beyond `bytes`. True if it died.
bool run_until(const VerifyOptions& options, std::size_t bytes) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none{0, 0};
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);
    std::ostringstream ignored;
    _exit(run_verify(options, ignored, ignored));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

TEST_F(VerifyCommand, KeepsTheOldStateOrTheNewWhereverThePowerFails) {
  const auto release_2 = std::pair(world.director.files.files, world.images.files.files);
  world.director.files.files = world.old_director;
  world.images.files.files = world.old_images;
  write();
  ASSERT_EQ(run(options).code, kAccepted);
  const std::string file = folder / "state/uptane.json";
  const std::string old_state = text_of_file(file);
  world.director.files.files = release_2.first;
  world.images.files.files = release_2.second;
  write();
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, old_state.size() / 2, old_state.size() - 1}) {
    ASSERT_TRUE(run_until(options, bytes)) << bytes;
    EXPECT_EQ(text_of_file(file), old_state) << bytes;
  }

  EXPECT_EQ(run(options).code, kAccepted) << "what the dead processes left does no harm";
  EXPECT_NE(text_of_file(file), old_state);
}

}  // namespace
}  // namespace gatehouse::ota
