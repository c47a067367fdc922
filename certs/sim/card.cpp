#include "certs/sim/card.h"

#include <algorithm>
#include <array>

namespace gatehouse::sim {
namespace {

constexpr std::uint8_t kChainBit = 0x10;
constexpr std::uint8_t kGetResponse = 0xC0;
constexpr std::size_t kMaxChainBytes = 2048;
constexpr std::size_t kShortMaximum = 256;

// The application identifier with its version. Source: SP 800-73-4 part 1 clause 2.2.
constexpr std::array<std::uint8_t, 11> kAid = {0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
                                               0x00, 0x10, 0x00, 0x01, 0x00};
constexpr std::size_t kRidBytes = 5;
constexpr std::size_t kAidBytesWithoutVersion = 9;

// References and algorithms. Source: SP 800-73-4 part 1 tables 4a, 4b; SP 800-78-4 table 6-2.
constexpr std::uint8_t kPin = 0x80;
constexpr std::uint8_t kPuk = 0x81;
constexpr std::uint8_t kEccP256 = 0x11;
constexpr std::size_t kPinFieldBytes = 8;
constexpr std::size_t kDigestBytes = 32;

// Data objects. Source: SP 800-73-4 part 1 table 3.
constexpr std::uint32_t kDiscovery = 0x7E;
constexpr std::uint32_t kCapabilities = 0x5FC107;
constexpr std::uint32_t kCardHolder = 0x5FC102;
constexpr std::uint32_t kPrintedInformation = 0x5FC109;

/// A PIN as VERIFY carries it: 6 to 8 digits, filled up with FF. nullopt: not of that form.
std::optional<std::string> pin_of(ByteView field) {
  if (field.size() != kPinFieldBytes) return std::nullopt;
  const auto end = std::find(field.begin(), field.end(), 0xFF);
  std::string pin(field.begin(), end);
  const bool filled = std::all_of(end, field.end(), [](std::uint8_t b) { return b == 0xFF; });
  if (!filled || !good_pin(pin)) return std::nullopt;
  return pin;
}

Status tries_left(unsigned tries) {
  return static_cast<Status>(static_cast<unsigned>(Status::kTriesLeft) | tries);
}

void append(Bytes& out, std::initializer_list<std::uint8_t> bytes) { out.insert(out.end(), bytes); }

ByteView text(std::string_view from) {
  return {reinterpret_cast<const std::uint8_t*>(from.data()), from.size()};
}

/// Source: SP 800-73-4 part 1 table 8 (card capability container): that there is nothing but PIV.
Bytes capabilities(const Bytes& serial) {
  Bytes identifier = {0xA0, 0x00, 0x00, 0x01, 0x16};  // registered for this container
  identifier.insert(identifier.end(), serial.begin(), serial.end());
  Bytes out = tlv(0xF0, identifier);
  append(out, {0xF1, 1, 0x21, 0xF2, 1, 0x21, 0xF3, 0, 0xF4, 1, 0, 0xF5, 1, 0x10});
  for (const std::uint8_t empty : {0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE})
    append(out, {empty, 0});
  return out;
}

/// Source: SP 800-73-4 part 1 table 9 (card holder unique identifier). The number of an agency is
/// 9999, "none"; what identifies the card is the GUID.
Bytes card_holder(const Bytes& serial) {
  constexpr std::array<std::uint8_t, 25> kNoAgency = {
      0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D, 0x83, 0x68,
      0x58, 0x21, 0x08, 0x42, 0x10, 0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB};
  Bytes out = tlv(0x30, kNoAgency);
  append_tlv(out, 0x34, serial);
  append_tlv(out, 0x35, text("20991231"));
  append(out, {0x3E, 0, 0xFE, 0});
  return out;
}

}  // namespace

const Card::Instruction Card::kInstructions[] = {
    {0xA4, false, &Card::select},
    {0xCB, false, &Card::get_data},
    {0x20, false, &Card::verify},
    {0x24, false, &Card::change_reference_data},
    {0x2C, false, &Card::reset_retry_counter},
    {0x87, true, &Card::general_authenticate},
};

Bytes Card::answer_to_reset() {
  // Category 80 (compact TLV), tag F with the application identifier: 13 bytes.
  Bytes out = {0x3B, 0x80 | (2 + kAid.size()), 0x80, 0x01, 0x80, 0xF0 | kAid.size()};
  out.insert(out.end(), kAid.begin(), kAid.end());
  std::uint8_t check = 0;
  for (std::size_t i = 1; i < out.size(); ++i) check ^= out[i];
  out.push_back(check);
  return out;
}

void Card::reset() {
  verified_ = verified_just_now_ = false;
  chain_.reset();
  response_.clear();
}

Bytes Card::transmit(ByteView bytes) {
  auto parsed = parse_command(bytes);
  if (const auto* status = std::get_if<Status>(&parsed)) return answer(*status);
  auto& command = std::get<Command>(parsed);
  if (command.cla == 0 && command.ins == kGetResponse && !chain_) {
    if (command.p1 != 0 || command.p2 != 0) return answer(Status::kWrongParameters);
    if (response_.empty()) return answer(Status::kConditions);
    return deliver(command.expected);
  }
  response_.clear();
  const auto expected = command.expected;
  Outcome outcome = perform(std::move(command));
  if (outcome.status != Status::kDone || outcome.data.empty()) return answer(outcome.status);
  response_ = std::move(outcome.data);
  return deliver(expected);
}

/// As many bytes as the reader takes, and how many are left. Source: ISO/IEC 7816-4 clause 5.3.4.
Bytes Card::deliver(std::optional<std::size_t> expected) {
  const std::size_t count = std::min(expected.value_or(0), response_.size());
  const Bytes now(response_.begin(), response_.begin() + static_cast<std::ptrdiff_t>(count));
  response_.erase(response_.begin(), response_.begin() + static_cast<std::ptrdiff_t>(count));
  if (response_.empty()) return answer(now, Status::kDone);
  const unsigned left = response_.size() < kShortMaximum ? unsigned(response_.size()) : 0;
  return answer(now, static_cast<Status>(static_cast<unsigned>(Status::kMoreData) | left));
}

Card::Outcome Card::perform(Command command) {
  if ((command.cla & 0xE0) != 0) return {Status::kWrongClass};
  if ((command.cla & 0x0C) != 0) return {Status::kNoSecureMessaging};
  if ((command.cla & 0x03) != 0) return {Status::kNoLogicalChannel};
  const auto* const instruction =
      std::find_if(std::begin(kInstructions), std::end(kInstructions),
                   [&command](const Instruction& row) { return row.code == command.ins; });
  const bool more = (command.cla & kChainBit) != 0;
  if (chain_) {
    const bool same =
        chain_->ins == command.ins && chain_->p1 == command.p1 && chain_->p2 == command.p2;
    const bool fits = chain_->data.size() + command.data.size() <= kMaxChainBytes;
    if (!same || !fits) {
      chain_.reset();
      return {same ? Status::kWrongLength : Status::kChainExpected};
    }
    chain_->data.insert(chain_->data.end(), command.data.begin(), command.data.end());
    command.data = chain_->data;
  }
  if (instruction == std::end(kInstructions)) return {Status::kWrongInstruction};
  if (more && !instruction->chained) return {Status::kNoChaining};
  if (more) {
    chain_ = std::move(command);
    return {Status::kDone};
  }
  chain_.reset();
  return run(*instruction, command);
}

Card::Outcome Card::run(const Instruction& instruction, const Command& command) {
  const bool just_now = std::exchange(verified_just_now_, false);
  if (instruction.run == &Card::general_authenticate) verified_just_now_ = just_now;
  Outcome out = (this->*instruction.run)(command);
  if (instruction.run == &Card::general_authenticate) verified_just_now_ = false;
  return out;
}

/// The applet is chosen from the start, and is the only one. Source: SP 800-73-4 part 2 clause
/// 3.1.1.
Card::Outcome Card::select(const Command& command) {
  if (command.p1 != 0x04) return {Status::kFileNotFound};  // there are no files
  if (command.p2 != 0x00) return {Status::kWrongParameters};
  const bool whole =
      command.data.size() >= kAidBytesWithoutVersion || command.data.size() == kRidBytes;
  if (!whole || command.data.size() > kAid.size() ||
      !std::equal(command.data.begin(), command.data.end(), kAid.begin())) {
    return {Status::kFileNotFound};
  }
  const ByteView aid(kAid);
  Bytes properties = tlv(0x4F, aid.subspan(kRidBytes));
  append_tlv(properties, 0x79, tlv(0x4F, aid.first(kRidBytes)));
  append_tlv(properties, 0x50, text(state_.label));
  return {Status::kDone, tlv(0x61, properties)};
}

std::optional<Bytes> Card::object(std::uint32_t tag) const {
  if (tag == kDiscovery) {
    Bytes inside = tlv(0x4F, kAid);
    append(inside, {0x5F, 0x2F, 2, 0x40, 0x00});  // the PIN of the applet, no global one
    return tlv(kDiscovery, inside);
  }
  if (tag == kCapabilities) return tlv(0x53, capabilities(state_.serial));
  if (tag == kCardHolder) return tlv(0x53, card_holder(state_.serial));
  if (tag == kPrintedInformation) {
    Bytes inside = tlv(0x01, text(state_.label));
    append(inside, {0xFE, 0});
    return tlv(0x53, inside);
  }
  for (const KeyRow& row : kKeys) {
    if (row.certificate_object != tag) continue;
    for (const CardKey& key : state_.keys) {
      if (key.reference != row.reference) continue;
      Bytes inside = tlv(0x70, key.certificate);
      append(inside, {0x71, 1, 0, 0xFE, 0});  // not compressed; no checksum
      return tlv(0x53, inside);
    }
  }
  return std::nullopt;
}

/// Source: SP 800-73-4 part 2 clause 3.1.2.
Card::Outcome Card::get_data(const Command& command) {
  if (command.p1 != 0x3F || command.p2 != 0xFF) return {Status::kWrongParameters};
  ByteView rest = command.data;
  const auto list = read_tlv(rest);
  if (!list || list->tag != 0x5C || !rest.empty() || list->value.empty() ||
      list->value.size() > 3) {
    return {Status::kWrongData};
  }
  std::uint32_t tag = 0;
  for (const std::uint8_t byte : list->value) tag = tag << 8 | byte;
  if (tag == kPrintedInformation && !verified_) return {Status::kSecurityStatus};
  auto found = object(tag);
  if (!found) return {Status::kFileNotFound};
  return {Status::kDone, *std::move(found)};
}

Status Card::change(Secret State::*secret, Secret value) {
  State next = state_;
  next.*secret = std::move(value);
  if (!save_(next)) return Status::kMemoryFailure;
  state_ = std::move(next);
  return Status::kDone;
}

Status Card::check(Secret State::*secret, std::string_view pin) {
  Secret counted = state_.*secret;
  if (counted.tries_left == 0) return Status::kBlocked;
  --counted.tries_left;
  if (const Status done = change(secret, counted); done != Status::kDone) return done;
  if (!matches(counted, pin)) return tries_left(counted.tries_left);
  counted.tries_left = kMaxTries;
  return change(secret, counted);
}

/// Source: SP 800-73-4 part 2 clause 3.2.1. Without data it tells whether a PIN is needed.
Card::Outcome Card::verify(const Command& command) {
  if (command.p2 != kPin) return {Status::kReferenceNotFound};
  if (command.p1 == 0xFF && command.data.empty()) {
    verified_ = false;
    return {Status::kDone};
  }
  if (command.p1 != 0x00) return {Status::kWrongParameters};
  if (command.data.empty()) {
    if (verified_) return {Status::kDone};
    return {state_.pin.tries_left == 0 ? Status::kBlocked : tries_left(state_.pin.tries_left)};
  }
  const auto pin = pin_of(command.data);
  if (!pin) return {Status::kWrongData};  // no PIN at all: not a try
  const Status status = check(&State::pin, *pin);
  verified_ = verified_just_now_ = status == Status::kDone;
  return {status};
}

/// Source: SP 800-73-4 part 2 clause 3.2.2.
Card::Outcome Card::change_reference_data(const Command& command) {
  if (command.p1 != 0x00) return {Status::kWrongParameters};
  if (command.p2 != kPin && command.p2 != kPuk) return {Status::kReferenceNotFound};
  if (command.data.size() != 2 * kPinFieldBytes) return {Status::kWrongData};
  const auto old = pin_of(ByteView(command.data).first(kPinFieldBytes));
  const auto next = pin_of(ByteView(command.data).last(kPinFieldBytes));
  if (!old || !next) return {Status::kWrongData};
  Secret State::*const secret = command.p2 == kPin ? &State::pin : &State::puk;
  Status status = check(secret, *old);
  if (status == Status::kDone) status = change(secret, make_secret(*next));
  if (command.p2 == kPin) verified_ = status == Status::kDone;
  return {status};
}

/// A new PIN by the PUK. Source: SP 800-73-4 part 2 clause 3.2.3.
Card::Outcome Card::reset_retry_counter(const Command& command) {
  if (command.p1 != 0x00) return {Status::kWrongParameters};
  if (command.p2 != kPin) return {Status::kReferenceNotFound};
  if (command.data.size() != 2 * kPinFieldBytes) return {Status::kWrongData};
  const auto puk = pin_of(ByteView(command.data).first(kPinFieldBytes));
  const auto next = pin_of(ByteView(command.data).last(kPinFieldBytes));
  if (!puk || !next) return {Status::kWrongData};
  Status status = check(&State::puk, *puk);
  if (status == Status::kDone) status = change(&State::pin, make_secret(*next));
  return {status};
}

/// A signature of a digest. Source: SP 800-73-4 part 2 clause 3.2.4, table 7.
Card::Outcome Card::general_authenticate(const Command& command) {
  const auto* const row = std::find_if(kKeys.begin(), kKeys.end(), [&command](const KeyRow& key) {
    return static_cast<std::uint8_t>(key.reference) == command.p2;
  });
  if (row == kKeys.end()) return {Status::kReferenceNotFound};
  if (command.p1 != kEccP256) return {Status::kWrongParameters};
  ByteView rest = command.data;
  const auto request = read_tlv(rest);
  if (!request || request->tag != 0x7C || !rest.empty()) return {Status::kWrongData};
  const auto response = find_tlv(request->value, 0x82);
  const auto digest = find_tlv(request->value, 0x81);
  if (!response || !response->empty() || !digest || digest->size() != kDigestBytes) {
    return {Status::kWrongData};
  }
  if (!(row->pin_always ? verified_just_now_ : verified_)) return {Status::kSecurityStatus};
  const auto signature = sign_digest(state_, row->reference, *digest);
  if (!signature) return {Status::kReferenceNotFound};
  return {Status::kDone, tlv(0x7C, tlv(0x82, *signature))};
}

}  // namespace gatehouse::sim
