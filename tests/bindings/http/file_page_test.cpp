#include "bindings/http/file_page.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::http {
namespace {

class FilePage : public testing::Test {
 protected:
  FilePage() {
    std::filesystem::create_directories(folder_.path() / "root" / "sub");
    std::ofstream(folder_.path() / "secret") << "secret";
    std::ofstream(folder_.path() / "root" / "ten") << "0123456789";
    { const std::ofstream empty(folder_.path() / "root" / "empty"); }
    std::ofstream(folder_.path() / "root" / ".hidden") << "hidden";
    std::ofstream(folder_.path() / "root" / "sub" / "x-1.bin") << "x";
    std::filesystem::create_symlink(folder_.path() / "secret", folder_.path() / "root" / "out");
    std::filesystem::create_symlink("ten", folder_.path() / "root" / "in");
  }
  Page get(std::string_view name, std::vector<HeaderField> headers = {},
           std::string_view method = "GET") {
    PageRequest request;
    request.method = method;
    request.headers = &headers;
    return file_page(request, folder_.path() / "root", name);
  }
  static std::string body(const Page& page) {
    std::string text(page.source_bytes, '\0');
    std::size_t at = 0;
    while (page.source && at < text.size()) at += page.source->read(&text[at], text.size() - at);
    return text;
  }
  static std::string field(const Page& page, std::string_view name) {
    for (const auto& [n, v] : page.headers) {
      if (n == name) return v;
    }
    return {};
  }
  gatehouse::testing_support::TemporaryFolder folder_;
};

// RFC 9110 clause 14
TEST_F(FilePage, ServesRanges) {
  struct Case {
    const char* range;
    int status;
    const char* body;
    const char* content_range;
  };
  for (const Case& c :
       {Case{"", 200, "0123456789", ""}, Case{"bytes=2-4", 206, "234", "bytes 2-4/10"},
        Case{"bytes=7-", 206, "789", "bytes 7-9/10"}, Case{"bytes=-3", 206, "789", "bytes 7-9/10"},
        Case{"bytes=-99", 206, "0123456789", "bytes 0-9/10"},
        Case{"bytes=9-99", 206, "9", "bytes 9-9/10"}, Case{"bytes=10-", 416, "", "bytes */10"},
        Case{"bytes=-0", 416, "", "bytes */10"}, Case{"bytes=4-2", 200, "0123456789", ""},
        Case{"bytes=1-2,4-5", 200, "0123456789", ""}, Case{"lines=1-2", 200, "0123456789", ""},
        Case{"bytes=x-2", 200, "0123456789", ""},
        Case{"bytes=1-99999999999999999999", 200, "0123456789", ""}}) {
    const Page page = get("ten", {{"Range", c.range}});
    EXPECT_EQ(page.status, c.status) << c.range;
    EXPECT_EQ(body(page), c.body) << c.range;
    EXPECT_EQ(field(page, "Content-Range"), c.content_range) << c.range;
  }
  EXPECT_EQ(get("empty", {{"Range", "bytes=0-"}}).status, 416);
  EXPECT_EQ(get("empty").status, 200);
}

TEST_F(FilePage, ComparesEntityTags) {
  const std::string etag = field(get("ten"), "ETag");
  EXPECT_EQ(get("ten", {{"Range", "bytes=1-2"}, {"If-Range", etag}}).status, 206);
  EXPECT_EQ(get("ten", {{"Range", "bytes=1-2"}, {"If-Range", "\"old\""}}).status, 200);
  EXPECT_EQ(get("ten", {{"If-None-Match", "\"a\", W/" + etag}}).status, 304);
  std::ofstream(folder_.path() / "root" / "ten") << "012345678";
  EXPECT_NE(field(get("ten"), "ETag"), etag);
}

TEST_F(FilePage, StaysInItsFolder) {
  EXPECT_EQ(get("sub/x-1.bin").status, 200);
  EXPECT_EQ(get("in").status, 200);
  for (const char* name :
       {"../secret", "%2e%2e/secret", "..%2fsecret", "sub/../../secret", "/etc/passwd", "out", "",
        ".hidden", "sub", "sub/", "absent", "a\\b", "ten%00", "sub//x-1.bin", "./ten"}) {
    EXPECT_EQ(get(name).status, 404) << name;
  }
}

TEST_F(FilePage, AllowsReadingOnly) {
  EXPECT_EQ(get("ten", {}, "HEAD").status, 200);
  EXPECT_EQ(get("ten", {}, "PUT").status, 405);
}

}  // namespace
}  // namespace gatehouse::http
