#include "cse/node/wire_table.h"

#include <gtest/gtest.h>

#include "cse/codec/xml/xml.h"

namespace gatehouse::node {
namespace {

TEST(WireTable, NamesEverySerialisationThatTheProgramHasForEveryBinding) {
  const Schemas schemas;
  Codecs codecs = standard_codecs();
  codecs.add(std::make_unique<XmlCodec>(schemas));

  for (const WireBinding& binding : wire_bindings()) {
    ASSERT_EQ(binding.serialisations.size(), codecs.media_types().size()) << binding.protocol;
    for (const WireSerialisation& each : binding.serialisations) {
      EXPECT_NE(codecs.by_name(each.codec), nullptr) << binding.protocol << " " << each.codec;
    }
  }
}

TEST(WireTable, IsShownAsAPageThatTellsWhatIsMissing) {
  const std::string page = wire_page(standard_codecs());

  EXPECT_NE(page.find("sub-protocol oneM2M.cbor, binary"), std::string::npos);
  EXPECT_NE(page.find("not in this program"), std::string::npos);
  EXPECT_EQ(page.find("oneM2M.xml"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::node
