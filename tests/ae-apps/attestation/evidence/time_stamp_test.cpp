#include "ae-apps/attestation/evidence/trust/time_stamp.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ae-apps/attestation/evidence/trust/certified_key.h"
#include "tests/ae-apps/attestation/evidence/child_process.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::evidence {
namespace {

constexpr std::int64_t kFrom = 1'790'000'000;
constexpr std::int64_t kNow = kFrom + 86'400;

struct Stamping : testing::Test {
  StampAuthority authority_at(std::int64_t time_s) {
    return *StampAuthority::make(identity.chain_pem, identity.key,
                                 {.clock = [time_s] { return time_s; }});
  }
  Bytes stamp(std::string_view data) {
    request = *stamp_request(view_of(data), random);
    return *authority_at(kNow).answer(request);
  }

  crypto::SystemRandom random;
  StampIdentity identity = *make_stamp_identity("Stamps of the test", kFrom, 10);
  Bytes request;
};

// RFC 3161 clause 2.4
TEST_F(Stamping, SaysWhenTheDataWasThere) {
  const Bytes response = stamp("checkpoint\n");

  const auto verified = verify_stamp(response, view_of("checkpoint\n"), identity.anchor_pem);

  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_EQ(verified->time_s, kNow);
  EXPECT_EQ(verified->authority, "Stamps of the test");
  EXPECT_EQ(verified->policy, "1.3.6.1.4.1.99999.1.1");
  EXPECT_TRUE(match_response(response, request));
}

TEST_F(Stamping, IsRefusedForOtherDataAnotherAnchorOrOutOfItsTime) {
  const Bytes response = stamp("checkpoint\n");
  const StampIdentity other = *make_stamp_identity("Other", kFrom, 10);
  EXPECT_FALSE(verify_stamp(response, view_of("checkpoinT\n"), identity.anchor_pem));
  EXPECT_FALSE(verify_stamp(response, view_of("checkpoint\n"), other.anchor_pem));
  EXPECT_FALSE(verify_stamp(response, view_of("checkpoint\n"), ""));
  const Bytes late = *authority_at(kFrom + 11 * 86'400).answer(request);
  EXPECT_FALSE(verify_stamp(late, view_of("checkpoint\n"), identity.anchor_pem));
}

TEST_F(Stamping, IsRefusedWithAnyByteAlteredOrCutOff) {
  const Bytes response = stamp("checkpoint\n");
  const auto whole = *verify_stamp(response, view_of("checkpoint\n"), identity.anchor_pem);
  for (std::size_t i = 0; i < response.size(); ++i) {
    Bytes altered = response;
    altered[i] ^= 0x01;
    const auto verified = verify_stamp(altered, view_of("checkpoint\n"), identity.anchor_pem);
    // Unsigned hints of the token may change; what it says may not.
    EXPECT_TRUE(!verified || *verified == whole) << "byte " << i;
  }
  for (std::size_t i = 0; i < response.size(); i += 17) {
    const Bytes cut(response.begin(), response.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(verify_stamp(cut, view_of("checkpoint\n"), identity.anchor_pem));
  }
  Bytes longer = response;
  longer.push_back(0);
  EXPECT_FALSE(verify_stamp(longer, view_of("checkpoint\n"), identity.anchor_pem));
}

TEST_F(Stamping, OfAnotherRequestDoesNotMatch) {
  const Bytes first = stamp("a\n");
  const Bytes again = *stamp_request(view_of("a\n"), random);
  EXPECT_FALSE(match_response(first, again)) << "other nonce";
  EXPECT_FALSE(match_response(Bytes{1, 2}, again));
}

TEST_F(Stamping, OfGarbageIsARefusalAndNoStamp) {
  StampAuthority authority = authority_at(kNow);
  for (const Bytes& garbage : {Bytes(), Bytes{0x30, 0x00}, Bytes(100, 0xff)}) {
    const auto response = authority.answer(garbage);
    ASSERT_TRUE(response);
    EXPECT_FALSE(verify_stamp(*response, view_of("a"), identity.anchor_pem));
  }
}

TEST_F(Stamping, NeedsACertificateForStampingAlone) {
  EXPECT_FALSE(
      StampAuthority::make(identity.anchor_pem, identity.key, {.clock = [] { return kNow; }}));
  const auto other = *make_stamp_identity("Other", kFrom, 10);
  EXPECT_FALSE(StampAuthority::make(other.chain_pem, identity.key, {.clock = [] { return kNow; }}));
}

TEST_F(Stamping, HasACertificateThatLeadsToItsAnchor) {
  EXPECT_EQ(verify_certificate(identity.chain_pem, identity.anchor_pem, kNow)->common_name,
            "Stamps of the test");
  EXPECT_FALSE(verify_certificate(identity.chain_pem, identity.anchor_pem, kFrom - 1));
  EXPECT_FALSE(verify_certificate("", identity.anchor_pem, kNow));
}

void write(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// OpenSSL's own tool reads our stamps, and we read its.
TEST_F(Stamping, IsUnderstoodByTheToolOfOpenssl) {
  const TemporaryFolder folder;
  const Bytes response = stamp("checkpoint\n");
  write(folder / "data", "checkpoint\n");
  write(folder / "response.tsr", text_of(response));
  write(folder / "request.tsq", text_of(request));
  write(folder / "anchor.pem", identity.anchor_pem);
  write(folder / "chain.pem", identity.chain_pem);
  ASSERT_TRUE(identity.key.save(folder / "key.pem"));
  const std::vector<std::string> verify = {"/usr/bin/openssl",
                                           "ts",
                                           "-verify",
                                           "-in",
                                           folder / "response.tsr",
                                           "-CAfile",
                                           folder / "anchor.pem",
                                           "-attime",
                                           std::to_string(kNow)};
  int code = -1;
  for (const auto& [option, file] :
       {std::pair("-data", "data"), std::pair("-queryfile", "request.tsq")}) {
    std::vector<std::string> command = verify;
    command.insert(command.end(), {option, folder / file});
    output_of(command, code);
    EXPECT_EQ(code, 0) << option;
  }
  write(folder / "data", "other\n");
  std::vector<std::string> command = verify;
  command.insert(command.end(), {"-data", folder / "data"});
  output_of(command, code);
  EXPECT_NE(code, 0);
}

TEST_F(Stamping, ByTheToolOfOpensslIsUnderstood) {
  const TemporaryFolder folder;
  const auto now_s = static_cast<std::int64_t>(::time(nullptr));
  const StampIdentity fresh = *make_stamp_identity("Tool", now_s - 100, 2);
  write(folder / "request.tsq", text_of(*stamp_request(view_of("x\n"), random)));
  write(folder / "chain.pem", fresh.chain_pem);
  write(folder / "serial", "01\n");
  write(folder / "tsa.cnf", "[tsa]\ndefault_tsa=t\n[t]\nserial=" + (folder / "serial") +
                                "\ndefault_policy=1.2.3.4\nother_policies=1.2.3.5\ndigests="
                                "sha256\nsigner_digest=sha256\n");
  ASSERT_TRUE(fresh.key.save(folder / "key.pem"));
  int code = -1;
  output_of({"/usr/bin/openssl", "ts", "-reply", "-queryfile", folder / "request.tsq", "-signer",
             folder / "chain.pem", "-inkey", folder / "key.pem", "-config", folder / "tsa.cnf",
             "-out", folder / "response.tsr"},
            code);
  ASSERT_EQ(code, 0);
  std::ifstream in(folder / "response.tsr", std::ios::binary);
  const std::string response{std::istreambuf_iterator<char>(in), {}};
  const auto verified = verify_stamp(view_of(response), view_of("x\n"), fresh.anchor_pem);
  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_EQ(verified->policy, "1.2.3.4");
}

}  // namespace
}  // namespace gatehouse::evidence
