#include "cse/node/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace gatehouse::node {
namespace {

TEST(OpenFiles, AreOneForEachConnectionThatMayBeOpen) {
  NodeSettings settings;
  settings.limits.connections = 1'000;
  settings.limits.coap_peers = 10;
  settings.http.enabled = false;
  const std::size_t none = files_needed(settings);

  settings.http.enabled = settings.wss.enabled = settings.coap.secured.enabled = true;

  EXPECT_EQ(files_needed(settings), none + 2'010);
}

TEST(OpenFiles, AreAllowedAsFarAsTheyAreNeeded) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 300;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  NodeSettings settings;
  settings.limits.connections = 100;

  raise_open_files(settings);

  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(after.rlim_cur, std::min<rlim_t>(before.rlim_max, files_needed(settings)));
  EXPECT_EQ(after.rlim_max, before.rlim_max);
}

}  // namespace
}  // namespace gatehouse::node
