#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cse/primitive/request.h"

namespace gatehouse {

/// Limits on what a decoder accepts from outside.
struct DecodeLimits {
  std::size_t max_bytes = 8u << 20;  ///< of the encoded text
  std::size_t max_depth = 64;        ///< nested lists and objects
  /// Of any kind together: a list of small numbers takes twenty times its text in memory.
  std::size_t max_values = 1'000'000;
};

/// One serialisation. Stateless and thread-safe. Source: TS-0004 clause 8.
class Codec {
 public:
  virtual ~Codec() = default;
  /// "json", "cbor", "xml": as in MQTT topics and contentSerialization.
  virtual std::string_view name() const = 0;
  /// The content model behind the bytes. Any bytes give a Value or an Error (kBadRequest) that says
  /// where and why.
  virtual Result<Value> decode(std::string_view bytes, const DecodeLimits& limits) const = 0;
  virtual std::string encode(const Value& value) const = 0;
  /// Content of a primitive; uses the ready-made text if this codec is its codec.
  virtual std::string encode(const Content& content) const = 0;
};

/// The codecs of this program. Filled by main(), then only read.
class Codecs {
 public:
  void add(std::unique_ptr<Codec> codec) { codecs_.push_back(std::move(codec)); }
  /// By short name; nullptr if there is none.
  const Codec* by_name(std::string_view name) const;
  /// By media type, parameters ignored: "application/json",
  /// "application/vnd.onem2m-res+json; ty=2". nullptr if there is none.
  const Codec* by_media_type(std::string_view media_type) const;
  const Codec& preferred() const { return *codecs_.front(); }  ///< the first one added
  /// By short name, or the preferred one if there is none of that name.
  const Codec& by_name_or_preferred(std::string_view name) const;
  std::vector<std::string> media_types() const;  ///< "application/json" …, as contentSerialization

 private:
  std::vector<std::unique_ptr<Codec>> codecs_;
};

/// JSON and CBOR, in this order. XML needs the tables of the resource types: a program that has
/// them adds an XmlCodec (cse/codec/xml).
Codecs standard_codecs();

}  // namespace gatehouse
