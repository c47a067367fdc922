#pragma once
#include <set>

#include "tests/ae-apps/attestation/tnc/evidence_fixture.h"

namespace gatehouse::tnc {

enum class Layer : std::uint8_t { kPt, kPb, kPa };

/// A field of a stream that says how long something is, or how many there are.
struct LengthField {
  std::size_t at = 0, width = 0;
  Layer layer = Layer::kPt;
  std::string name;
  std::uint64_t value = 0;
};

/// Finds them by the layouts of the RFCs and of PTS; knows nothing of our readers.
class LengthFieldFinder {
 public:
  explicit LengthFieldFinder(const Bytes& stream) : stream_(stream) {
    for (std::size_t at = 0; at < stream_.size();) {
      const std::uint64_t type = number(at + 4, 4);
      const std::size_t end = at + note(at + 8, 4, Layer::kPt, "PT message");
      if (type == static_cast<std::uint64_t>(PtType::kPbBatch)) walk_batch(at + 16, end);
      at = end;
    }
  }
  std::vector<LengthField> take() { return std::move(fields_); }

 private:
  std::uint64_t number(std::size_t at, std::size_t width) const {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < width; ++i) out = out << 8 | stream_.at(at + i);
    return out;
  }
  std::size_t note(std::size_t at, std::size_t width, Layer layer, const std::string& name) {
    fields_.push_back({at, width, layer, name, number(at, width)});
    return fields_.back().value;
  }

  void walk_batch(std::size_t at, std::size_t end) {
    note(at + 4, 4, Layer::kPb, "PB batch");
    for (at += 8; at < end;) {
      const std::uint64_t type = number(at + 4, 4);
      const std::size_t size = note(at + 8, 4, Layer::kPb, "PB message " + std::to_string(type));
      if (type == static_cast<std::uint64_t>(PbType::kPa)) walk_pa(at + 24, at + size);
      if (type == static_cast<std::uint64_t>(PbType::kReason)) {
        const std::size_t text = note(at + 12, 4, Layer::kPb, "reason");
        note(at + 16 + text, 1, Layer::kPb, "language of the reason");
      }
      at += size;
    }
  }

  void walk_pa(std::size_t at, std::size_t end) {
    for (at += 8; at < end;) {
      const std::uint64_t vendor = number(at + 1, 3), type = number(at + 4, 4);
      const std::string name = "attribute " + std::to_string(vendor) + "/" + std::to_string(type);
      const std::size_t size = note(at + 8, 4, Layer::kPa, name);
      if (vendor == kTcg) walk_pts(static_cast<PtsType>(type), at + 12, name);
      at += size;
    }
  }

  void walk_pts(PtsType type, std::size_t at, const std::string& name) {
    if (type == PtsType::kNonce) note(at + 3, 1, Layer::kPa, name + ": nonce");
    if (type == PtsType::kNonceFinish) note(at + 1, 1, Layer::kPa, name + ": nonce");
    if (type == PtsType::kComponent) note(at + 40, 2, Layer::kPa, name + ": PCR");
    if (type == PtsType::kEvidenceFinal) {
      at += 4;
      at += 4 + note(at, 4, Layer::kPa, name + ": digest");
      for (const char* part : {": signer", ": clock", ": firmware", ": selection"}) {
        at += 2 + note(at, 2, Layer::kPa, name + part);
      }
      note(at, 4, Layer::kPa, name + ": signature");
    }
    if (type == PtsType::kFiles) {
      const std::size_t count = note(at, 8, Layer::kPa, name + ": count");
      const std::size_t digest = note(at + 10, 2, Layer::kPa, name + ": digest");
      at += 12;
      for (std::size_t i = 0; i < count; ++i) {
        at += digest;
        at += 2 + note(at, 2, Layer::kPa, name + ": path");
      }
    }
  }

  const Bytes& stream_;
  std::vector<LengthField> fields_;
};

inline std::vector<LengthField> length_fields(const Bytes& stream) {
  return LengthFieldFinder(stream).take();
}

/// One less, one more, none and the most.
inline std::set<std::uint64_t> wrong_values(const LengthField& field) {
  const std::uint64_t most =
      field.width == 8 ? UINT64_MAX : (std::uint64_t{1} << (8 * field.width)) - 1;
  std::set<std::uint64_t> out = {(field.value - 1) & most, (field.value + 1) & most, 0, most};
  out.erase(field.value);
  return out;
}

inline Bytes with(Bytes stream, const LengthField& field, std::uint64_t value) {
  for (std::size_t i = 0; i < field.width; ++i) {
    stream.at(field.at + field.width - 1 - i) = static_cast<std::uint8_t>(value >> (8 * i));
  }
  return stream;
}

}  // namespace gatehouse::tnc
