#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "certs/sim/card.h"
#include "certs/sim/reader.h"
#include "tests/certs/pki_fixture.h"

namespace gatehouse::sim {
namespace {

constexpr const char* kPin = "123456";
constexpr const char* kPuk = "87654321";
constexpr const char* kVerify = "0020008008313233343536FFFF";
constexpr const char* kWrong = "0020008008313233343537FFFF";

Bytes bytes(std::string_view hex) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

unsigned status_of(const Bytes& answer) {
  return answer.size() < 2 ? 0 : answer[answer.size() - 2] << 8 | answer.back();
}
Bytes data_of(Bytes answer) {
  answer.resize(answer.size() - 2);
  return answer;
}

/// The command that signs a digest of 32 times the same byte.
Bytes sign_command(KeyReference key, std::uint8_t filler = 7) {
  Bytes request = tlv(0x82, {});
  append_tlv(request, 0x81, Bytes(32, filler));
  const Bytes data = tlv(0x7C, request);
  Bytes out = {0x00, 0x87, 0x11, static_cast<std::uint8_t>(key),
               static_cast<std::uint8_t>(data.size())};
  out.insert(out.end(), data.begin(), data.end());
  out.push_back(0);
  return out;
}

/// One card for all tests: each begins with a copy of it.
const State& new_state() {
  static const State state = *personalise("oem", kPin, kPuk);
  return state;
}

class SimCard : public pki::PkiTest {
 protected:
  unsigned send(const char* hex) { return status_of(card_.transmit(bytes(hex))); }
  unsigned sign(KeyReference key) { return status_of(card_.transmit(sign_command(key))); }
  /// What a reset does to a card whose memory holds what was written last.
  Card after_power_cut() { return Card(memory_, save_); }

  State memory_ = new_state();
  int writes_left_ = 1000;  ///< then the power is gone
  Card::Save save_ = [this](const State& next) -> Result<void> {
    if (writes_left_ == 0) return fail(Rsc::kInternalServerError, "no power");
    --writes_left_;
    memory_ = next;
    return {};
  };
  Card card_{new_state(), save_};
};

struct CommandCase {
  const char* name;
  const char* command;
  unsigned status;
};
class SimCommand : public testing::TestWithParam<CommandCase> {};

// ISO/IEC 7816-4 clauses 5.1 and 5.6, SP 800-73-4 part 2 clause 3
TEST_P(SimCommand, GetsItsStatusFromACardThatWasJustPoweredOn) {
  Card card(new_state(), [](const State&) { return Result<void>(); });

  EXPECT_EQ(status_of(card.transmit(bytes(GetParam().command))), GetParam().status);
}
INSTANTIATE_TEST_SUITE_P(
    Table, SimCommand,
    testing::Values(
        CommandCase{"nothing", "", 0x6700}, CommandCase{"half_a_header", "00A404", 0x6700},
        CommandCase{"less_data_than_said", "00A4040009A000000308", 0x6700},
        CommandCase{"more_data_than_said", "00A4040002A000000308", 0x6700},
        CommandCase{"extended_without_data", "00A404000000", 0x6700},
        CommandCase{"extended_cut", "00A40400000005A00000", 0x6700},
        CommandCase{"extended_expectation_cut", "00A40400000005A0000003080001FF", 0x6700},
        CommandCase{"select", "00A4040009A0000003080000100000", 0x9000},
        CommandCase{"select_by_provider", "00A4040005A00000030800", 0x9000},
        CommandCase{"select_extended", "00A40400000005A0000003080000", 0x9000},
        CommandCase{"select_without_expectation", "00A4040005A000000308", 0x6118},
        CommandCase{"select_other_applet", "00A4040005A000000309", 0x6A82},
        CommandCase{"select_longer_name", "00A404000CA00000030800001000010001", 0x6A82},
        CommandCase{"select_next_of_that_name", "00A4040205A000000308", 0x6A86},
        CommandCase{"select_master_file", "00A40000023F00", 0x6A82},
        CommandCase{"read_binary", "00B0000000", 0x6D00},
        CommandCase{"generate_key", "0047009A05AC0380011100", 0x6D00},
        CommandCase{"put_data", "00DB3FFF095C035FC1055302AABB", 0x6D00},
        CommandCase{"invalid_instruction", "00600000", 0x6D00},
        CommandCase{"proprietary_class", "80CB3FFF", 0x6E00},
        CommandCase{"class_ff", "FFCB3FFF", 0x6E00},
        CommandCase{"logical_channel", "01CB3FFF", 0x6881},
        CommandCase{"secure_messaging", "0CCB3FFF", 0x6882},
        CommandCase{"chain_of_a_command_that_has_none", "10CB3FFF035C017E", 0x6884},
        CommandCase{"discovery", "00CB3FFF035C017E00", 0x9000},
        CommandCase{"absent_object", "00CB3FFF055C035FC10300", 0x6A82},
        CommandCase{"printed_information", "00CB3FFF055C035FC10900", 0x6982},
        CommandCase{"tag_list_without_a_tag", "00CB3FFF025C0000", 0x6A80},
        CommandCase{"tag_of_four_bytes", "00CB3FFF065C045FC1050000", 0x6A80},
        CommandCase{"tag_list_cut", "00CB3FFF035C035F00", 0x6A80},
        CommandCase{"other_object_list", "00CB0000035C017E00", 0x6A86},
        CommandCase{"how_many_tries", "00200080", 0x63C3}, CommandCase{"verify", kVerify, 0x9000},
        CommandCase{"verify_wrong", kWrong, 0x63C2},
        CommandCase{"verify_short_field", "0020008006313233343536", 0x6A80},
        CommandCase{"verify_short_pin", "00200080083132333435FFFFFF", 0x6A80},
        CommandCase{"verify_letters", "0020008008414243444546FFFF", 0x6A80},
        CommandCase{"verify_bad_filling", "0020008008313233343536FF00", 0x6A80},
        CommandCase{"verify_global_pin", "0020000008313233343536FFFF", 0x6A88},
        CommandCase{"verify_other_way", "0020018008313233343536FFFF", 0x6A86},
        CommandCase{"change_cut", "0024008008313233343536FFFF", 0x6A80},
        CommandCase{"unblock_cut", "002C00800838373635343332", 0x6700},
        CommandCase{"get_response_of_nothing", "00C0000000", 0x6985},
        CommandCase{"sign_unknown_key", "0087119B047C02820000", 0x6A88},
        CommandCase{"sign_other_algorithm", "0087079A047C02820000", 0x6A86},
        CommandCase{"sign_nothing", "0087119A047C02820000", 0x6A80},
        CommandCase{"sign_short_digest", "0087119A0A7C08820081040102030400", 0x6A80}),
    [](const auto& test) { return test.param.name; });

// SP 800-73-4 part 1 table 4b
TEST_F(SimCard, SignsAfterAPinWhatThePublicKeyVerifies) {
  EXPECT_EQ(sign(KeyReference::kAuthentication), 0x6982u);
  ASSERT_EQ(send(kVerify), 0x9000u);

  const Bytes answer = card_.transmit(sign_command(KeyReference::kAuthentication));

  ASSERT_EQ(status_of(answer), 0x9000u);
  const Bytes data = data_of(answer);
  const auto signature = find_tlv(*find_tlv(data, 0x7C), 0x82);
  ASSERT_TRUE(signature);
  const auto key =
      pki::public_key_from_pem(*public_key_pem(card_.state(), KeyReference::kAuthentication));
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key->get(), nullptr);
  EVP_PKEY_verify_init(context);
  const Bytes digest(32, 7);
  const Bytes other(32, 8);
  EXPECT_EQ(EVP_PKEY_verify(context, signature->data(), signature->size(), digest.data(), 32), 1);
  EXPECT_EQ(EVP_PKEY_verify(context, signature->data(), signature->size(), other.data(), 32), 0);
  EVP_PKEY_CTX_free(context);
}

TEST_F(SimCard, WantsThePinBeforeEachSignatureOfTheSignatureKeyOnly) {
  ASSERT_EQ(send(kVerify), 0x9000u);
  EXPECT_EQ(sign(KeyReference::kSignature), 0x9000u);
  EXPECT_EQ(sign(KeyReference::kSignature), 0x6982u);
  EXPECT_EQ(sign(KeyReference::kAuthentication), 0x9000u);
  EXPECT_EQ(sign(KeyReference::kAuthentication), 0x9000u);

  ASSERT_EQ(send(kVerify), 0x9000u);
  EXPECT_EQ(send("00CB3FFF035C017E00"), 0x9000u);
  EXPECT_EQ(sign(KeyReference::kSignature), 0x6982u) << "another command came between";
}

TEST_F(SimCard, ForgetsThePinAtAResetAndWhenTold) {
  ASSERT_EQ(send(kVerify), 0x9000u);
  EXPECT_EQ(send("00200080"), 0x9000u);
  EXPECT_EQ(send("00CB3FFF055C035FC10900"), 0x9000u);
  EXPECT_EQ(send("0020FF80"), 0x9000u);
  EXPECT_EQ(sign(KeyReference::kAuthentication), 0x6982u);

  ASSERT_EQ(send(kVerify), 0x9000u);
  card_.reset();
  EXPECT_EQ(sign(KeyReference::kAuthentication), 0x6982u);
}

TEST_F(SimCard, IsBlockedByThreeWrongPinsAlsoAfterARestart) {
  EXPECT_EQ(send(kWrong), 0x63C2u);
  EXPECT_EQ(send(kVerify), 0x9000u) << "the right one gives all tries back";
  EXPECT_EQ(send(kWrong), 0x63C2u);
  EXPECT_EQ(send(kWrong), 0x63C1u);
  card_ = after_power_cut();
  EXPECT_EQ(send(kWrong), 0x63C0u);
  EXPECT_EQ(send(kVerify), 0x6983u);
  card_ = after_power_cut();
  EXPECT_EQ(send(kVerify), 0x6983u);
  EXPECT_EQ(send("00200080"), 0x6983u);
  EXPECT_EQ(sign(KeyReference::kAuthentication), 0x6982u);
}

TEST_F(SimCard, IsUnblockedByThePukAndChangesItsPins) {
  for (int i = 0; i < 3; ++i) send(kWrong);
  EXPECT_EQ(send("002C008010"
                 "3131313131313131"
                 "393939393939FFFF"),
            0x63C2u);
  EXPECT_EQ(send("002C008010"
                 "3837363534333231"
                 "3939FFFFFFFFFFFF"),
            0x6A80u);
  EXPECT_EQ(send("002C008010"
                 "3837363534333231"
                 "393939393939FFFF"),
            0x9000u);
  EXPECT_EQ(send(kVerify), 0x63C2u);
  EXPECT_EQ(send("0020008008"
                 "393939393939FFFF"),
            0x9000u);
  EXPECT_EQ(send("0024008010"
                 "393939393939FFFF"
                 "313233343536FFFF"),
            0x9000u);
  EXPECT_EQ(send("0024008110"
                 "3837363534333231"
                 "3131313131313131"),
            0x9000u);
  card_ = after_power_cut();
  EXPECT_EQ(send(kVerify), 0x9000u);
  for (const unsigned status : {0x63C2u, 0x63C1u, 0x63C0u, 0x6983u}) {
    EXPECT_EQ(send("002C008010"
                   "3837363534333231"
                   "393939393939FFFF"),
              status);
  }
}

TEST_F(SimCard, TellsNothingOfAPinWhoseTryIsNotWritten) {
  for (const char* command : {kWrong, kVerify}) {
    card_ = after_power_cut();
    writes_left_ = 0;
    EXPECT_EQ(send(command), 0x6581u) << command;
    EXPECT_EQ(sign(KeyReference::kAuthentication), 0x6982u);
  }
  EXPECT_EQ(memory_, new_state());
}

TEST_F(SimCard, LosesATryAtMostWhenThePowerIsCutAfterTheRightPin) {
  writes_left_ = 1;  // the try is counted; giving it back is not written

  EXPECT_EQ(send(kVerify), 0x6581u);

  EXPECT_EQ(sign(KeyReference::kAuthentication), 0x6982u);
  card_ = after_power_cut();
  EXPECT_EQ(send("00200080"), 0x63C2u);
  EXPECT_EQ(memory_.pin.hash, new_state().pin.hash);
}

// ISO/IEC 7816-4 clause 5.3.4
TEST_F(SimCard, GivesALongObjectInPiecesOrAsAWhole) {
  const Bytes whole = card_.transmit(bytes("00CB3FFF0000055C035FC1050000"));
  ASSERT_EQ(status_of(whole), 0x9000u);
  Bytes answer = card_.transmit(bytes("00CB3FFF055C035FC10508"));
  Bytes pieces = data_of(answer);
  EXPECT_EQ(pieces.size(), 8u);

  for (int i = 0; i < 10 && status_of(answer) >> 8 == 0x61; ++i) {
    answer = card_.transmit(bytes("00C0000040"));
    const Bytes piece = data_of(answer);
    pieces.insert(pieces.end(), piece.begin(), piece.end());
  }

  EXPECT_EQ(status_of(answer), 0x9000u);
  EXPECT_EQ(pieces, data_of(whole));
  const auto object = find_tlv(pieces, 0x53);
  ASSERT_TRUE(object);
  const auto certificate = find_tlv(*object, 0x70);
  ASSERT_TRUE(certificate);
  EXPECT_TRUE(std::ranges::equal(*certificate, new_state().keys[0].certificate));
}

TEST_F(SimCard, DropsTheRestOfAnAnswerAtTheNextCommand) {
  EXPECT_EQ(send("00CB3FFF055C035FC10508") >> 8, 0x61u);
  EXPECT_EQ(send("00200080"), 0x63C3u);
  EXPECT_EQ(send("00C0000000"), 0x6985u);
}

// ISO/IEC 7816-4 clause 5.3.3
TEST_F(SimCard, TakesACommandInAChain) {
  const Bytes whole = sign_command(KeyReference::kSignature);
  const ByteView data = ByteView(whole).subspan(5, whole[4]);
  Bytes first = {0x10, 0x87, 0x11, 0x9C, 10};
  first.insert(first.end(), data.begin(), data.begin() + 10);
  Bytes last = {0x00, 0x87, 0x11, 0x9C, static_cast<std::uint8_t>(data.size() - 10)};
  last.insert(last.end(), data.begin() + 10, data.end());
  last.push_back(0);
  ASSERT_EQ(send(kVerify), 0x9000u);

  EXPECT_EQ(status_of(card_.transmit(first)), 0x9000u);
  EXPECT_EQ(status_of(card_.transmit(last)), 0x9000u);

  EXPECT_EQ(status_of(card_.transmit(first)), 0x9000u);
  EXPECT_EQ(send(kVerify), 0x6883u) << "in the middle of a chain";
  EXPECT_EQ(status_of(card_.transmit(last)), 0x6A80u) << "the first piece is gone";
}

TEST_F(SimCard, EndsAChainThatIsTooLong) {
  Bytes piece = {0x10, 0x87, 0x11, 0x9C, 0xFF};
  piece.resize(piece.size() + 0xFF);
  unsigned status = 0x9000;
  int pieces = 0;
  for (; status == 0x9000 && pieces < 100; ++pieces) status = status_of(card_.transmit(piece));

  EXPECT_EQ(status, 0x6700u);
  EXPECT_LT(pieces, 20);
  EXPECT_EQ(send(kVerify), 0x9000u);
}

TEST_F(SimCard, GivesItsPrivateKeysToNoCommand) {
  std::vector<Bytes> secrets;
  for (const CardKey& key : new_state().keys) {
    const unsigned char* at = key.private_key.data();
    const pki::Handle<EVP_PKEY> opened(
        d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(key.private_key.size())));
    BIGNUM* number = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(opened.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    Bytes secret(32);
    BN_bn2binpad(number, secret.data(), 32);
    BN_clear_free(number);
    secrets.push_back(secret);
  }
  std::vector<Bytes> commands;
  for (unsigned i = 0; i < 256; ++i) {  // each instruction at each key, each object
    const auto byte = static_cast<std::uint8_t>(i);
    for (const std::uint8_t key : {0x9A, 0x9C}) {
      commands.push_back({0x00, byte, 0x11, key, 0, 0, 0});
      commands.push_back({0x00, byte, 0x3F, 0xFF, 0, 0, 3, 0x5C, 0x01, key, 0, 0});
    }
    commands.push_back({0x00, 0xCB, 0x3F, 0xFF, 0, 0, 3, 0x5C, 0x01, byte, 0, 0});
    for (const std::uint8_t group : {0xC1, 0xFF}) {
      commands.push_back({0x00, 0xCB, 0x3F, 0xFF, 0, 0, 5, 0x5C, 0x03, 0x5F, group, byte, 0, 0});
    }
  }
  std::size_t answered = 0;
  for (const Bytes& command : commands) {
    send(kVerify);
    const Bytes answer = card_.transmit(command);
    answered += answer.size() > 2 ? 1 : 0;
    for (const Bytes& secret : secrets) {
      EXPECT_EQ(std::search(answer.begin(), answer.end(), secret.begin(), secret.end()),
                answer.end());
    }
  }
  EXPECT_EQ(answered, 6u) << "discovery, capabilities, holder, printed information, certificates";
}

TEST_F(SimCard, AnswersAnyBytesWithAStatus) {
  std::mt19937 random(7);
  const std::array<std::uint8_t, 8> likely = {0xA4, 0xCB, 0x20, 0x24, 0x2C, 0x87, 0xC0, 0x47};
  for (int i = 0; i < 5000; ++i) {
    Bytes command(random() % 40);
    for (auto& byte : command) byte = static_cast<std::uint8_t>(random());
    if (command.size() > 4 && i % 4 != 0) {
      command[0] = i % 8 == 1 ? 0x10 : 0x00;
      command[1] = likely[random() % likely.size()];
      if (i % 3 == 0) command[4] = static_cast<std::uint8_t>(command.size() - 5);
    }
    const Bytes answer = card_.transmit(command);
    ASSERT_GE(answer.size(), 2u);
    const unsigned first = status_of(answer) >> 8;
    ASSERT_TRUE(first == 0x90 || (first >= 0x61 && first <= 0x6E)) << first;
  }
  EXPECT_EQ(card_.state().keys, new_state().keys);
}

TEST_F(SimCard, KeepsItsStateInAFileForItsOwnerAlone) {
  const auto path = scratch_ / "sim";
  {
    const auto folder = StateFolder::create(path, new_state());
    ASSERT_TRUE(folder) << folder.error().detail;
    EXPECT_EQ(StateFolder::open(path).error().rsc, Rsc::kConflict) << "one reader at a time";
    EXPECT_EQ(StateFolder::create(path, new_state()).error().rsc, Rsc::kAlreadyExists);
    std::ofstream(path / "card.new") << "torn";  // what a power cut leaves
    State next = new_state();
    next.pin.tries_left = 1;
    ASSERT_TRUE(folder->save(next));
  }
  EXPECT_EQ(mode(path), 0700u);
  EXPECT_EQ(mode(path / "card"), 0600u);
  const auto again = StateFolder::open(path)->load();
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->pin.tries_left, 1u);
  EXPECT_EQ(again->keys, new_state().keys);
  EXPECT_EQ(StateFolder::open(scratch_ / "none").error().rsc, Rsc::kNotFound);
}

TEST(SimState, IsRefusedWhenAnyOfItIsMissingOrAltered) {
  const std::string text = to_text(new_state());
  ASSERT_EQ(*state_from_text(text), new_state());

  for (std::size_t size = 0; size < text.find("key "); ++size) {
    EXPECT_FALSE(state_from_text(text.substr(0, size))) << size;
  }
  for (const auto& [what, by] :
       std::vector<std::pair<std::string, std::string>>{{"pin 3", "pin 9"},
                                                        {"gatehouse-sim 1", "gatehouse-sim 2"},
                                                        {"label oem", "label a b"},
                                                        {"serial ", "serial x"},
                                                        {"key signature", "key other"}}) {
    std::string altered = text;
    altered.replace(altered.find(what), what.size(), by);
    EXPECT_FALSE(state_from_text(altered)) << by;
  }
}

TEST(SimState, IsMadeOfGoodNamesAndPinsOnly) {
  EXPECT_FALSE(personalise("", kPin, kPuk));
  EXPECT_FALSE(personalise("a;object=b", kPin, kPuk));
  EXPECT_FALSE(personalise("oem", "12345", kPuk));
  EXPECT_FALSE(personalise("oem", "123456789", kPuk));
  EXPECT_FALSE(personalise("oem", kPin, "abcdef"));
  EXPECT_TRUE(good_pin(random_pin()));
}

TEST_F(SimCard, TakesACertificateOfAnAuthorityForItsOwnKeyOnly) {
  const auto authority = make_authority();
  pki::Request request;
  request.kind = pki::Kind::kOem;
  request.name = "release";
  request.public_key_pem = *public_key_pem(memory_, KeyReference::kSignature);
  ASSERT_TRUE(authority.issue(request));

  EXPECT_TRUE(set_certificate(memory_, KeyReference::kSignature, content("release.crt")));
  EXPECT_FALSE(set_certificate(memory_, KeyReference::kAuthentication, content("release.crt")));
  EXPECT_FALSE(set_certificate(memory_, KeyReference::kSignature, "no certificate"));
  EXPECT_NE(memory_.keys[1].certificate, new_state().keys[1].certificate);
}

// ISO/IEC 7816-3 clause 8.2
TEST(SimReader, IsToldWhichAppletTheCardHas) {
  const Bytes reset = Card::answer_to_reset();

  std::uint8_t check = 0;
  for (std::size_t i = 1; i < reset.size(); ++i) check ^= reset[i];
  EXPECT_EQ(check, 0);
  EXPECT_EQ(reset.size(), 4u + (reset[1] & 15u) + 1u);
  const Bytes applet = bytes("A000000308");
  EXPECT_NE(std::search(reset.begin(), reset.end(), applet.begin(), applet.end()), reset.end());
}

TEST(SimReader, IsNamedByHostAndPort) {
  EXPECT_EQ(reader_address("localhost:35963")->host, "localhost");
  EXPECT_EQ(reader_address("[::1]:35963")->host, "::1");
  for (const char* bad : {"", "localhost", "localhost:", ":35963", "localhost:x", "a:1234567"}) {
    EXPECT_FALSE(reader_address(bad)) << bad;
  }
}

/// The listening side of a reader, on a free port.
class SimWire : public testing::Test {
 protected:
  SimWire() {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    address_.port = std::to_string(ntohs(address.sin_port));
  }
  ~SimWire() override { ::close(listener_); }

  /// What the card says to these bytes, after which the reader hangs up; and how the card ends.
  std::pair<Bytes, bool> exchange(const Bytes& sent) {
    Bytes got;
    std::thread reader([&] {
      const int wire = ::accept(listener_, nullptr, nullptr);
      EXPECT_EQ(::send(wire, sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
      ::shutdown(wire, SHUT_WR);
      std::uint8_t byte = 0;
      while (::recv(wire, &byte, 1, 0) == 1) got.push_back(byte);
      ::close(wire);
    });
    Card card(new_state(), [](const State&) { return Result<void>(); });
    const bool good = stay_in_reader(card, address_).has_value();
    reader.join();
    return {got, good};
  }

  int listener_;
  ReaderAddress address_;
};

TEST_F(SimWire, CarriesControlsAndCommands) {
  const auto [got, good] =
      exchange(bytes("000101"
                     "000104"
                     "000400200080"
                     "000102"
                     "000109"
                     "000100"));

  Bytes wanted = {0, static_cast<std::uint8_t>(Card::answer_to_reset().size())};
  const Bytes reset = Card::answer_to_reset();
  wanted.insert(wanted.end(), reset.begin(), reset.end());
  for (const std::uint8_t byte : {0x00, 0x02, 0x63, 0xC3}) wanted.push_back(byte);
  EXPECT_EQ(got, wanted);
  EXPECT_TRUE(good) << "taken out between two messages";
}

TEST_F(SimWire, EndsAtMessagesThatAreNone) {
  for (const char* bad : {"00", "0000", "000500A4", "FFFF00"}) {
    const auto [got, good] = exchange(bytes(bad));
    EXPECT_TRUE(got.empty()) << bad;
    EXPECT_FALSE(good) << bad;
  }
}

TEST_F(SimWire, SaysWhenThereIsNoReader) {
  ::close(listener_);
  listener_ = -1;
  Card card(new_state(), [](const State&) { return Result<void>(); });

  const auto done = stay_in_reader(card, address_);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().rsc, Rsc::kTargetNotReachable);
}

}  // namespace
}  // namespace gatehouse::sim
