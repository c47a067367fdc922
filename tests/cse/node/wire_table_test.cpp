#include "cse/node/wire_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cse/codec/xml/xml.h"
#include "cse/node/wire_list.h"

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

// Golden rows: the numbers and names of TS-0008 table 6.2.2.4-1 and TS-0009 clause 6.4.
TEST(WireList, NamesEachParameterInBothProtocols) {
  const std::string list = wire_list();

  for (const char* row : {
           "| X-M2M-Origin | oneM2M-FR, 279 (Release 2: 256) |",
           "| X-M2M-RI | oneM2M-RQI, 283 (Release 2: 257) |",
           "| X-M2M-RVI | oneM2M-RVI, 271 (Release 2: 271) |",
           "| X-M2M-OT | oneM2M-OT, 259 (Release 2: 259) |",
           "| X-M2M-RET | oneM2M-RQET, 291 (Release 2: 260) |",
           "| X-M2M-RST | oneM2M-RSET, 295 (Release 2: 261) |",
           "| X-M2M-OET | oneM2M-OET, 299 (Release 2: 262) |",
           "| X-M2M-EC | oneM2M-EC, 303 (Release 2: 264) |",
           "| X-M2M-GID | oneM2M-GID, 311 (Release 2: 266) |",
           "| X-M2M-VSI | oneM2M-VSI, 331 (Release 2: 272) |",
           "| X-M2M-RTU | oneM2M-RTURI, 263 (Release 2: 263) |",
           "| X-M2M-GTM | oneM2M-GTM, 335 (Release 2: 273) |",
           "| X-M2M-AS | oneM2M-AUS, 339 (Release 2: 274) |",
           "| X-M2M-RSC | oneM2M-RSC, 307 (Release 2: 265) |",
           "| X-M2M-CTS | oneM2M-CTS, 323 (Release 2: 269) |",
           "| X-M2M-CTO | oneM2M-CTO, 319 (Release 2: 268) |",
           "| X-M2M-ASRI | oneM2M-ASRI, 275 (Release 2: 275) |",
           "| X-M2M-ATI | oneM2M-ATI, 327 (Release 2: 270) |",
           "| Content-Type: …;ty= | oneM2M-TY, 267 (Release 2: 267) |",
           "oneM2M.cbor, binary",
       }) {
    EXPECT_THAT(list, testing::HasSubstr(row));
  }
  for (const char* key :
       {"`rt`", "`rp`", "`rcn`", "`da`", "`drt`", "`rids`", "`tids`", "`ltids`", "`tqi`", "`asi`",
        "`auri`", "`sqi`", "`crb`", "`atrl`", "`ofst`", "`gmty`"}) {
    EXPECT_THAT(list, testing::HasSubstr(key));
  }
}

}  // namespace
}  // namespace gatehouse::node
