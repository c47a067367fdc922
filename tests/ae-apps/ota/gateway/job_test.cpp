#include "ae-apps/ota/gateway/job.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ae-apps/ota/program/step_log.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::gateway {
namespace {

Job example(const std::string& id) {
  Job job;
  job.id = id;
  job.ecu = "ECU-1";
  job.state = JobState::kFailed;
  job.url = "https://h/images/x";
  job.version = "1.1.0";
  job.from_version = "1.0.0";
  job.notes = "faster\n\"brakes\"";
  job.image_bytes = 4711;
  job.offered_at = "20261121T120000," + id;
  job.failure = Failure{"verify", "wrong"};
  job.report = Value::object({{"ecu", "ECU-1"}});
  return job;
}

TEST(Job, ReadsBackAsItWasWritten) {
  Job job = example("00");
  job.set_aside = true;
  job.reach_by = "20261121T121000,000000";
  job.waits = "the server cannot be reached";

  const auto copy = decode_job(encode_job(job));

  ASSERT_TRUE(copy) << copy.error().detail;
  EXPECT_EQ(encode_job(*copy), encode_job(job));
  EXPECT_EQ(copy->failure, job.failure);
  EXPECT_TRUE(copy->set_aside);
  EXPECT_EQ(copy->reach_by, job.reach_by);
  EXPECT_EQ(copy->waits, job.waits);
  EXPECT_EQ(copy->state, JobState::kFailed);
}

TEST(Job, RefusesWhatItWouldNotWrite) {
  const std::string good = encode_job(example("00"));
  for (const char* text : {"", "{}", "[]", "{\"state\":\"offered\"}"}) {
    EXPECT_FALSE(decode_job(text)) << text;
  }
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(decode_job(good.substr(0, length))) << length;
  }
  std::string other_state = good;
  other_state.replace(other_state.find("failed"), 6, "flying");
  EXPECT_FALSE(decode_job(other_state));
}

TEST(JobJournal, FindsItsJobsAgain) {
  TemporaryFolder folder;
  {
    const auto journal = JobJournal::open(folder / "state").value();
    ASSERT_TRUE(journal->save(example("01")));
    ASSERT_TRUE(journal->save(example("00")));
  }

  const auto journal = JobJournal::open(folder / "state").value();

  ASSERT_EQ(journal->jobs().size(), 2u);
  EXPECT_EQ(journal->jobs()[0].id, "00") << "oldest first";
  EXPECT_TRUE(journal->find("01"));
  EXPECT_FALSE(journal->find("02"));
  EXPECT_EQ(journal->open_job_of("ECU-1")->id, "00");
  EXPECT_FALSE(journal->open_job_of("ECU-2"));
}

TEST(JobJournal, SetsADamagedFileAside) {
  TemporaryFolder folder;
  std::ofstream(folder / "job-aa.json") << "{\"state\":";

  const auto journal = JobJournal::open(folder.path()).value();

  EXPECT_TRUE(journal->jobs().empty());
  EXPECT_TRUE(std::filesystem::exists(folder / "job-aa.json.damaged"));
}

TEST(JobJournal, ForgetsOldClosedJobsOnly) {
  TemporaryFolder folder;
  const auto journal = JobJournal::open(folder.path()).value();
  ASSERT_TRUE(journal->save(example("open")));
  for (std::size_t i = 0; i < JobJournal::kMaxClosed + 5; ++i) {
    Job job = example(std::to_string(100 + i));
    job.state = JobState::kReported;
    ASSERT_TRUE(journal->save(job));
  }

  EXPECT_EQ(journal->jobs().size(), JobJournal::kMaxClosed + 1);
  EXPECT_TRUE(journal->find("open"));
  EXPECT_FALSE(journal->find("104"));
  EXPECT_TRUE(journal->find("105"));
  EXPECT_FALSE(std::filesystem::exists(folder / "job-104.json"));
}

TEST(StepLog, QuotesWhatAProgramCouldMisread) {
  std::ostringstream steps, log;
  ota::StepLog out(steps, log);

  out.step('E', "refused", {{"ecu", "ECU-1"}, {"reason", "a \"b\"\nSTEP H"}, {"empty", ""}});

  EXPECT_EQ(steps.str(),
            "STEP E event=refused ecu=ECU-1 reason=\"a \\\"b\\\"\\nSTEP H\" empty=\"\"\n");
}

}  // namespace
}  // namespace gatehouse::gateway
