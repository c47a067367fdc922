#include "ae-apps/attestation/evidence/log/log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "ae-apps/attestation/evidence/log/log_lane.h"
#include "tests/ae-apps/attestation/evidence/log_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::evidence {
namespace {

// C2SP tlog-tiles
TEST(TilePath, IsOfGroupsOfThreeDigits) {
  EXPECT_EQ(tile_path(0, 0), "tile/0/000");
  EXPECT_EQ(tile_path(3, 1234067), "tile/3/x001/x234/067");
  EXPECT_EQ(tile_path(1, 999, 17), "tile/1/999.p/17");
  EXPECT_EQ(bundle_path(1000, 1), "tile/entries/x001/000.p/1");
}

// The example of C2SP tlog-tiles: a tree of 70,000 entries.
TEST(TileCounts, AreThoseOfTheSpecification) {
  EXPECT_EQ(full_tiles(70'000, 0), 273U);
  EXPECT_EQ(partial_width(70'000, 0), 112U);
  EXPECT_EQ(full_tiles(70'000, 1), 1U);
  EXPECT_EQ(partial_width(70'000, 1), 17U);
  EXPECT_EQ(partial_width(70'000, 2), 1U);
  EXPECT_EQ(partial_width(256, 0), 0U);
  EXPECT_EQ(partial_width(256, 1), 1U);
}

TEST(EvidenceLog, ProvesEveryEntryAndEveryGrowthAfterItWasOpenedAgain) {
  LogOnDisk disk;
  std::uint64_t size = 0;
  for (const std::uint64_t more : {1, 5, 250, 1, 255, 300, 700}) {
    Log log = *disk.open();
    ASSERT_EQ(log.size(), size);
    EXPECT_EQ(*log.append(numbered_entries(size, more)), size);
    const std::uint64_t before = log.published().checkpoint.size;
    const Hash old_root = log.published().checkpoint.root;
    const auto published = log.publish();
    ASSERT_TRUE(published);
    size += more;
    EXPECT_EQ(published->checkpoint.size, size);
    EXPECT_EQ(published->checkpoint.root, root_of_numbered(size));
    const auto growth = log.prove_consistency(before);
    EXPECT_TRUE(verify_consistency(before, size, *growth, old_root, published->checkpoint.root));
  }
  const Log log = *disk.open();
  for (std::uint64_t i = 0; i < size; i += 7) {
    EXPECT_EQ(*log.entry(i), numbered_entry(i));
    const auto file = log.prove(i);
    ASSERT_TRUE(file);
    EXPECT_TRUE(verify_inclusion(leaf_hash(numbered_entry(i)), i, size, file->proof,
                                 file->checkpoint.checkpoint.root));
  }
  EXPECT_FALSE(log.prove(size));
  EXPECT_FALSE(log.entry(size));
}

TEST(EvidenceLog, WritesNoPartialTileThatAFullOneReplaces) {
  LogOnDisk disk;
  Log log = *disk.open();
  ASSERT_TRUE(log.append(numbered_entries(0, 10)));
  ASSERT_TRUE(log.publish());
  EXPECT_TRUE(disk.medium.contents().contains("tile/0/000.p/10"));
  ASSERT_TRUE(log.append(numbered_entries(10, 250)));
  ASSERT_TRUE(log.publish());

  const auto files = disk.medium.contents();

  EXPECT_FALSE(files.contains("tile/0/000.p/10"));
  EXPECT_EQ(files.at("tile/0/000").size(), 8192U);
  EXPECT_EQ(files.at("tile/0/001.p/4").size(), 128U);
  EXPECT_EQ(files.at("tile/1/000.p/1").size(), 32U);
  EXPECT_TRUE(files.contains("tile/entries/000"));
}

TEST(EvidenceLog, RefusesWhatNoBundleCanHold) {
  LogOnDisk disk;
  Log log = *disk.open();
  EXPECT_FALSE(log.append({}));
  EXPECT_FALSE(log.append({Bytes(kMaxEntryBytes + 1)}));
  EXPECT_TRUE(log.append({Bytes(kMaxEntryBytes), Bytes()}));
  ASSERT_TRUE(log.publish());
  EXPECT_EQ(log.entry(0)->size(), kMaxEntryBytes);
}

TEST(EvidenceLog, OfLargeEntriesPublishesBeforeTheJournalIsLarge) {
  LogOnDisk disk;
  Log log = *disk.open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(log.append({Bytes(5'000)}));
  EXPECT_GE(log.published().checkpoint.size, 10U);
  EXPECT_LT(disk.medium.contents().at("journal").size(), 16U * 3'000 + 6'000);
}

TEST(EvidenceLog, OfAnotherKeyOrNameIsNotOpened) {
  LogOnDisk disk;
  ASSERT_TRUE(disk.open());
  const NoteSigner other = make_signer("log.example/1");
  EXPECT_EQ(Log::open(disk.medium, disk.random, disk.settings, {other}).error().rsc,
            Rsc::kOriginatorHasNoPrivilege);
  EXPECT_TRUE(
      Log::open(disk.medium, disk.random, disk.settings, {other}, {disk.signer.verifier()}));
  EXPECT_FALSE(Log::open(disk.medium, disk.random, {.origin = "log.example/2"},
                         {make_signer("log.example/2")}));
}

/// Every acknowledged entry is there, no half one is, and the log goes on from any published state.
void expect_whole(LogOnDisk& disk, std::uint64_t acknowledged, const Checkpoint& last) {
  auto log = disk.open();
  ASSERT_TRUE(log) << log.error().detail;
  ASSERT_GE(log->size(), acknowledged);
  ASSERT_GE(log->published().checkpoint.size, last.size);
  const std::uint64_t size = log->size();
  ASSERT_TRUE(log->append(numbered_entries(size, 3)));
  const auto published = log->publish();
  ASSERT_TRUE(published) << published.error().detail;
  EXPECT_EQ(published->checkpoint.root, root_of_numbered(size + 3));
  const auto growth = log->prove_consistency(last.size);
  EXPECT_TRUE(
      verify_consistency(last.size, size + 3, *growth, last.root, published->checkpoint.root));
  for (std::uint64_t i = 0; i < size + 3; ++i) ASSERT_EQ(*log->entry(i), numbered_entry(i));
}

/// Appends and publishes until the power goes; false: it did not go.
bool work_until_cut(LogOnDisk& disk, std::uint64_t& acknowledged, Checkpoint& last) {
  try {
    auto log = disk.open();
    if (!log) return true;
    for (const std::uint64_t more : {3, 200, 60, 1, 300, 100}) {
      if (!log->append(numbered_entries(log->size(), more))) return true;
      acknowledged = log->size();
      if (more == 60) continue;
      if (const auto published = log->publish()) last = published->checkpoint;
    }
  } catch (const PowerCut&) {
    return true;
  }
  return false;
}

TEST(EvidenceLogPowerCut, AtAnyWriteLosesNothingAcknowledged) {
  for (std::uint64_t point = 1;; ++point) {
    LogOnDisk disk(point);
    std::uint64_t acknowledged = 0;
    Checkpoint last{"log.example/1", 0, empty_root(), {}};
    disk.medium.cut_power_at(point);
    if (!work_until_cut(disk, acknowledged, last)) {
      EXPECT_GT(point, 60U) << "the cuts have reached all writes";
      break;
    }
    disk.medium.power_cut();
    expect_whole(disk, acknowledged, last);
    if (HasFatalFailure()) FAIL() << "power cut at write " << point;
  }
}

// The partial tiles of upper levels stay the same over many publications.
TEST(EvidenceLogPowerCut, InALogOfSeveralTilesLeavesWhatWasPublishedReadable) {
  constexpr std::size_t kBefore = 300;
  for (std::uint64_t point = 1;; ++point) {
    LogOnDisk disk(point);
    Checkpoint last;
    bool cut = true;
    {
      Log log = *disk.open();
      ASSERT_TRUE(log.append(numbered_entries(0, kBefore)));
      last = log.publish()->checkpoint;
      disk.medium.cut_power_at(point);
      try {
        ASSERT_TRUE(log.append(numbered_entries(kBefore, 2)));
        ASSERT_TRUE(log.publish());
        cut = false;
      } catch (const PowerCut&) {
      }
    }
    if (!cut) {
      EXPECT_GT(point, 8U) << "the cuts have reached all writes";
      break;
    }
    disk.medium.power_cut();
    expect_whole(disk, kBefore, last);
    if (HasFatalFailure()) FAIL() << "power cut at write " << point;
  }
}

TEST(EvidenceLogPowerCut, TwiceInARowDuringRecovery) {
  for (std::uint64_t point = 10; point < 60; point += 7) {
    for (std::uint64_t second = 1; second < 12; ++second) {
      LogOnDisk disk(point * 100 + second);
      std::uint64_t acknowledged = 0;
      Checkpoint last{"log.example/1", 0, empty_root(), {}};
      disk.medium.cut_power_at(point);
      ASSERT_TRUE(work_until_cut(disk, acknowledged, last));
      disk.medium.power_cut();
      disk.medium.cut_power_at(second);
      try {
        static_cast<void>(disk.open());
      } catch (const PowerCut&) {
      }
      disk.medium.power_cut();
      expect_whole(disk, acknowledged, last);
      if (HasFatalFailure()) FAIL() << point << " " << second;
    }
  }
}

TEST(EvidenceLog, OnAFullDiskRefusesTheBatchAndGoesOnLater) {
  LogOnDisk disk;
  Log log = *disk.open();
  ASSERT_TRUE(log.append(numbered_entries(0, 5)));
  disk.medium.fail_append_at(1);
  EXPECT_FALSE(log.append(numbered_entries(5, 5)));
  EXPECT_EQ(*log.append(numbered_entries(5, 2)), 5U);
  EXPECT_EQ(log.publish()->checkpoint.root, root_of_numbered(7));
  EXPECT_EQ(disk.open()->size(), 7U);
}

/// One bit in any file of the log is noticed when it is opened, or when what it holds is used.
TEST(EvidenceLog, WithAnyFileTamperedIsNotOpenedOrProvesNothing) {
  LogOnDisk disk;
  {
    Log log = *disk.open();
    ASSERT_TRUE(log.append(numbered_entries(0, 300)));
    ASSERT_TRUE(log.publish());
    ASSERT_TRUE(log.append(numbered_entries(300, 4)));
    ASSERT_TRUE(log.append(numbered_entries(304, 4)));
  }
  for (const auto& [name, content] : disk.medium.contents()) {
    const bool edge = name == "checkpoint" || name == "journal" || name.find(".p/") != name.npos;
    for (std::size_t at = 0; at < content.size(); at += content.size() / 13 + 1) {
      Bytes altered = content;
      altered[at] ^= 0x04;
      disk.medium.tamper(name, altered);
      const auto log = disk.open();
      if (edge) {
        // The last batch of a journal looks torn if it is altered; all else is refused.
        const bool torn = name == "journal" && log && log->size() == 304;
        EXPECT_TRUE(!log || torn) << name << " " << at;
      } else {
        ASSERT_TRUE(log);
        const auto file = log->prove(3);
        const auto entry = log->entry(3);
        EXPECT_FALSE(file && entry &&
                     verify_inclusion(leaf_hash(*entry), 3, 300, file->proof,
                                      log->published().checkpoint.root) &&
                     name != "tile/entries/000" && name != "tile/0/000")
            << name << " " << at;
      }
      disk.medium.tamper(name, content);
    }
    disk.medium.lose(name);
    const auto log = disk.open();
    EXPECT_TRUE(!log || !log->prove(3) || !log->entry(3)) << name;
    disk.medium.tamper(name, content);
  }
  EXPECT_EQ(disk.open()->size(), 308U);
}

TEST(EvidenceLog, HasOneWriter) {
  const TemporaryFolder folder;
  auto first = RealMedium::for_writing(folder.path());
  ASSERT_TRUE(first);
  EXPECT_EQ(RealMedium::for_writing(folder.path()).error().rsc, Rsc::kConflict);
  EXPECT_TRUE(RealMedium::for_reading(folder.path()));
  first->reset();
  EXPECT_TRUE(RealMedium::for_writing(folder.path()));
}

TEST(EvidenceLog, OnARealDiskIsTheSame) {
  const TemporaryFolder folder;
  const NoteSigner signer = make_signer("log.example/1");
  crypto::SystemRandom random;
  for (int round = 0; round < 3; ++round) {
    const auto medium = *RealMedium::for_writing(folder.path());
    Log log =
        *Log::open(*medium, random, {.origin = "log.example/1", .journal_bytes = 100}, {signer});
    ASSERT_TRUE(log.append(numbered_entries(log.size(), 400)));
    ASSERT_TRUE(log.publish());
    EXPECT_EQ(log.published().checkpoint.root, root_of_numbered(log.size()));
    ASSERT_TRUE(log.append(numbered_entries(log.size(), 1)));
  }
}

/// What the child process does until it is killed: appends, and tells each acknowledged size.
[[noreturn]] void append_forever(const std::string& folder, const NoteSigner& signer, int pipe) {
  crypto::SystemRandom random;
  const auto medium = RealMedium::for_writing(folder);
  if (!medium) ::_exit(1);
  auto log = Log::open(
      **medium, random,
      {.origin = "log.example/1", .publish_after_entries = 300, .journal_bytes = 5000}, {signer});
  if (!log) ::_exit(2);
  for (std::uint64_t size = log->size();; size = log->size()) {
    if (!log->append(numbered_entries(size, 1 + size % 40))) ::_exit(3);
    size = log->size();
    if (::write(pipe, &size, sizeof size) != sizeof size) ::_exit(4);
  }
}

TEST(EvidenceLogCrash, OfAProcessKilledAtAnyMomentLosesNothingAcknowledged) {
  const TemporaryFolder folder;
  const NoteSigner signer = make_signer("log.example/1");
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 6; ++round) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) append_forever(folder.path(), signer, ends[1]);
    ::close(ends[1]);
    std::uint64_t told = 0;
    for (int i = 0; i < 20 + 17 * round && ::read(ends[0], &told, sizeof told) == sizeof told;
         ++i) {
      acknowledged = told;
    }
    ::kill(child, SIGKILL);
    while (::read(ends[0], &told, sizeof told) == sizeof told) acknowledged = told;
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    crypto::SystemRandom random;
    const auto medium = *RealMedium::for_writing(folder.path());
    auto log = Log::open(*medium, random, {.origin = "log.example/1"}, {signer});
    ASSERT_TRUE(log) << log.error().detail;
    ASSERT_GE(log->size(), acknowledged);
    ASSERT_TRUE(log->publish());
    EXPECT_EQ(log->published().checkpoint.root, root_of_numbered(log->size()));
  }
  EXPECT_GT(acknowledged, 100U);
}

TEST(LogLane, AcknowledgesInOrderWhatManyThreadsAppend) {
  LogOnDisk disk;
  Log log = *disk.open();
  std::atomic<int> bad{0};
  std::uint64_t next = 0;
  {
    LogLane lane(log);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&lane, &bad, &next] {
        for (int i = 0; i < 200; ++i) {
          lane.append(bytes_of("x"), [&bad, &next](Result<std::uint64_t> index) {
            if (!index || *index != next++) ++bad;  // one thread calls back
          });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    lane.append(Bytes(kMaxEntryBytes + 1), [&bad](Result<std::uint64_t> index) {
      if (index) ++bad;
    });
    lane.publish([&bad](Result<SignedCheckpoint> checkpoint) {
      if (!checkpoint || checkpoint->checkpoint.size != 800) ++bad;
    });
  }
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(log.size(), 800U);
}

TEST(LogLane, RefusesMoreThanMayWait) {
  LogOnDisk disk;
  Log log = *disk.open();
  LogLane lane(log, {.max_waiting_entries = 0});
  bool refused = false;
  lane.append(bytes_of("x"), [&refused](Result<std::uint64_t> index) { refused = !index; });
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace gatehouse::evidence
