#include "ae-apps/attestation/evidence/log/note.h"

#include <gtest/gtest.h>

#include "ae-apps/attestation/evidence/log/checkpoint.h"

namespace gatehouse::evidence {
namespace {

constexpr const char* kDash = "\xE2\x80\x94 ";

struct Published {
  std::string name, vkey, note;
};

/// Notes that others have signed: the examples of C2SP signed-note and of Go's sumdb/note, and a
/// checkpoint of Go's checksum database.
class NotesOfOthers : public testing::TestWithParam<Published> {};

// C2SP signed-note
TEST_P(NotesOfOthers, AreGoodAsTheyStandAndRefusedOnceAltered) {
  const auto key = VerifierKey::parse(GetParam().vkey);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->to_text(), GetParam().vkey);
  const auto note = parse_note(GetParam().note);
  ASSERT_TRUE(note);
  EXPECT_EQ(to_text(*note), GetParam().note);

  const auto good = check_signatures(*note, {*key});

  ASSERT_TRUE(good);
  EXPECT_EQ(good->size(), 1U);
  Note altered = *note;
  altered.text[0] ^= 1;
  EXPECT_FALSE(check_signatures(altered, {*key}));
}

INSTANTIATE_TEST_SUITE_P(
    Known, NotesOfOthers,
    testing::Values(
        Published{"c2sp_example",
                  "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                  "This is an example message.\n\n" + std::string(kDash) +
                      "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZ"
                      "XsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"},
        Published{"go_example",
                  "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                  "If you think cryptography is the answer to your problem,\n"
                  "then you don't know what your problem is.\n\n" +
                      std::string(kDash) +
                      "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNX"
                      "gKvqfqdngotpRZb6KE6RyyBwJnAM=\n"},
        Published{"go_checksum_database",
                  "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
                  "go.sum database tree\n15067302\n"
                  "gJyioq6dwR9n+NjEWORfYmH+ubeYm3kH42BBQ0bTpYI=\n\n" +
                      std::string(kDash) +
                      "sum.golang.org Az3grp1rvWOs5NKlr/xR4GLN/CDyzzakmt1o61uSxYKpK1SerqOP2ClbX/peK"
                      "UZjYnyomH5Xz7GZG3TpB7OeKn4E2ww=\n"}),
    [](const auto& one) { return one.param.name; });

TEST(VerifierKeyText, IsRefusedWithAnyCharacterCutOffOrAltered) {
  const std::string good = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(VerifierKey::parse(good.substr(0, i)));
    EXPECT_FALSE(VerifierKey::parse(good.substr(i + 1)));
    std::string altered = good;
    ++altered[i];
    EXPECT_FALSE(VerifierKey::parse(altered)) << altered;
  }
}

NoteSigner signer(const std::string& name, SignatureType type = SignatureType::kEd25519) {
  auto key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  return *NoteSigner::make(name, type, *std::move(key));
}

TEST(NoteForm, IsRefusedUnlessExact) {
  const std::string line = to_text(*signer("log.example/1").sign("a\n"));
  for (const std::string& bad : std::vector<std::string>{
           std::string(), std::string("a\n"), std::string("a\n\n"), "a\n" + line, "a" + line,
           "a\n\n" + line.substr(0, line.size() - 1), "a\n\n" + line + "x\n",
           "a\n\n- log.example/1 AAAAAAAA\n", "a\n\n" + std::string(kDash) + "log AAAA\n",
           "a\n\n" + std::string(kDash) + "lo+g AAAAAAAA\n", "\x01\n\n" + line, "\xff\n\n" + line,
           "a\r\n\n" + line, std::string(kMaxNoteBytes, 'a') + "\n\n" + line}) {
    EXPECT_FALSE(parse_note(bad)) << bad;
  }
  std::string many = "a\n\n";
  for (std::size_t i = 0; i <= kMaxNoteSignatures; ++i) many += line;
  EXPECT_FALSE(parse_note(many));
  EXPECT_TRUE(parse_note("a\n\nb\n\n" + line)) << "a text may have empty lines";
}

// C2SP tlog-cosignature
TEST(Cosignature, HoldsForItsTimeItsTextAndItsType) {
  const NoteSigner witness = signer("witness.example/w1", SignatureType::kCosignature);
  Note note{"log.example/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", {}};
  note.signatures.push_back(*witness.sign(note.text, 1'700'000'000));

  const auto good = check_signatures(note, {witness.verifier()});

  ASSERT_TRUE(good);
  EXPECT_EQ(good->at(0).time_s, 1'700'000'000U);
  Note later = note;
  later.signatures[0].signature[7] ^= 1;
  EXPECT_FALSE(check_signatures(later, {witness.verifier()}));
  Note timeless = note;
  timeless.signatures[0] = *witness.sign(note.text, 0);
  EXPECT_FALSE(check_signatures(timeless, {witness.verifier()}));
}

TEST(CheckSignatures, PassesOverStrangersAndRefusesForgers) {
  const NoteSigner log = signer("log.example/1");
  const NoteSigner stranger = signer("stranger.example");
  const NoteSigner forger = signer("log.example/1");
  Note note{"text\n", {*stranger.sign("text\n"), *log.sign("text\n")}};
  EXPECT_EQ(check_signatures(note, {log.verifier()})->size(), 1U);
  EXPECT_EQ(check_signatures(note, {forger.verifier()})->size(), 0U) << "same name, other id";
  note.signatures[0] = *log.sign("other\n");
  EXPECT_FALSE(check_signatures(note, {log.verifier()}));
}

TEST(CheckpointForm, IsRefusedUnlessExact) {
  const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  EXPECT_TRUE(parse_checkpoint("o\n0\n" + root + "\n"));
  EXPECT_TRUE(parse_checkpoint("o\n9223372036854775807\n" + root + "\nmore\n"));
  for (const std::string& bad : std::vector<std::string>{
           "o\n0\n" + root, "\n0\n" + root + "\n", "o\n00\n" + root + "\n", "o\n-1\n" + root + "\n",
           "o\n+1\n" + root + "\n", "o\n9223372036854775808\n" + root + "\n", "o\n\n" + root + "\n",
           "o\n1\nAAAA\n", "o\n1\n" + root + "\n\n", "o\n1\n" + root + "\nmore",
           std::string("o\n")}) {
    EXPECT_FALSE(parse_checkpoint(bad)) << bad;
  }
}

// C2SP tlog-proof
TEST(ProofFile, ReadsBackWithAndWithoutExtraData) {
  const NoteSigner log = signer("log.example/1");
  const auto checkpoint = sign_checkpoint({"log.example/1", 3, Hash{7}, {}}, {log});
  for (const Proof& proof : {Proof(), Proof{Hash{1}, Hash{2}}}) {
    const ProofFile file{2, proof, *checkpoint};
    std::string text = to_text(file);
    EXPECT_EQ(*parse_proof_file(text), file);
    text.insert(text.find("index"), "extra AAAA\n");
    EXPECT_EQ(*parse_proof_file(text), file);
    EXPECT_FALSE(parse_proof_file(text.substr(1)));
    EXPECT_FALSE(parse_proof_file(text.substr(0, text.find("index"))));
  }
  const ProofFile long_one{2, Proof(kMaxProofHashes + 1), *checkpoint};
  EXPECT_FALSE(parse_proof_file(to_text(long_one)));
}

}  // namespace
}  // namespace gatehouse::evidence
