#include <gtest/gtest.h>

#include "cse/codec/codec.h"

namespace gatehouse {
namespace {

// TS-0004 clause 6.7 (media types of oneM2M)
TEST(Codecs, AreFoundByMediaTypeWithoutItsParameters) {
  const Codecs codecs = standard_codecs();

  for (const char* type :
       {"application/json", "Application/JSON", "application/vnd.onem2m-res+json; ty=2",
        "application/vnd.onem2m-ntfy+json", " application/json ;charset=utf-8"}) {
    const Codec* codec = codecs.by_media_type(type);
    ASSERT_NE(codec, nullptr) << type;
    EXPECT_EQ(codec->name(), "json") << type;
  }
}

TEST(Codecs, AreNotGuessed) {
  const Codecs codecs = standard_codecs();

  for (const char* type : {"", ";", "json", "text/json", "application/", "application/jsonx",
                           "application/vnd.onem2m-res", "application/vnd.onem2m-res+yaml",
                           "application/vnd.other+json"}) {
    EXPECT_EQ(codecs.by_media_type(type), nullptr) << type;
  }
}

TEST(Codecs, AreFoundByShortName) {
  const Codecs codecs = standard_codecs();

  EXPECT_EQ(codecs.by_name("json"), &codecs.preferred());
  ASSERT_NE(codecs.by_name("cbor"), nullptr);
  EXPECT_EQ(codecs.by_media_type("application/vnd.onem2m-ntfy+cbor"), codecs.by_name("cbor"));
  EXPECT_EQ(codecs.by_name("JSON"), nullptr);
  EXPECT_EQ(codecs.by_name(""), nullptr);
}

}  // namespace
}  // namespace gatehouse
