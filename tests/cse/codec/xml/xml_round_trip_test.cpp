#include <gtest/gtest.h>

#include "cse/codec/primitive_codec.h"
#include "tests/cse/codec/random_values.h"
#include "tests/cse/codec/xml/xml_fixture.h"

namespace gatehouse {
namespace {

using test::RandomAttributes;
using test::RandomValues;

class RoundTrips : public test::XmlFixture, public testing::Test {
 protected:
  /// `value` through every serialisation, one after the other, in every order of two.
  void expect_to_survive(const Value& value, const std::string& what) {
    const Codec* codecs[] = {&json_, &cbor_, &xml};
    for (const Codec* first : codecs) {
      for (const Codec* second : codecs) {
        const Value back = through(*second, through(*first, value));
        ASSERT_EQ(back, value) << what << ", " << first->name() << " and " << second->name() << ": "
                               << to_json(value) << "\nnot " << to_json(back);
      }
    }
  }
  Value through(const Codec& codec, const Value& value) {
    const std::string bytes = codec.encode(value);
    const Result<Value> back = codec.decode(bytes, {});
    EXPECT_TRUE(back) << back.error().detail << ": " << bytes;
    if (!back) return {};
    for (const char* wrapper : {"m2m:rqp", "m2m:rsp"}) {  // XML wraps primitives
      if (back->find(wrapper) && !value.contains(wrapper)) return *back->find(wrapper);
    }
    return *back;
  }

  JsonCodec json_;
  CborCodec cbor_;
};

Value create_of(const TypeSchema& schema, const Value& content) {
  return Value::object({{"op", 1},
                        {"to", "cse-in/parent"},
                        {"fr", "CAE1"},
                        {"rqi", "17"},
                        {"rvi", "4"},
                        {"ty", schema.type},
                        {"rt", Value::object({{"rtv", 3}, {"nu", Value::array({"http://a/b"})}})},
                        {"pc", content}});
}

Value response_of(const Value& content) {
  return Value::object({{"rsc", 2000}, {"rqi", "17"}, {"rvi", "4"}, {"pc", content}});
}

Value notification_of(const Value& content) {
  Value event = Value::object({{"rep", content}, {"net", 3}});
  return Value::object(
      {{"op", 5},
       {"to", "CAE1"},
       {"fr", "/id-in"},
       {"rqi", "18"},
       {"pc", Value::object({{"m2m:sgn", Value::object({{"nev", std::move(event)},
                                                        {"sur", "/id-in/sub1"}})}})}});
}

// TS-0004 clause 8
TEST_F(RoundTrips, EveryResourceTypeSurvivesInEveryPairOfSerialisations) {
  RandomAttributes random(20261122);
  for (const TypeSchema* schema : schemas.all()) {
    for (int round = 0; round < 2; ++round) {
      const Value content =
          Value(Value::Object{Member{std::string(schema->root), random.resource(*schema)}});
      const std::string what(schema->root);

      expect_to_survive(content, what);
      expect_to_survive(create_of(*schema, content), what + " in a CREATE");
      expect_to_survive(response_of(content), what + " in a response");
      expect_to_survive(notification_of(content), what + " in a notification");
      if (HasFatalFailure()) return;
    }
  }
}

/// A value of any kind in the place of an attribute of any type.
TEST_F(RoundTrips, EveryResourceTypeSurvivesWithValuesThatDoNotFit) {
  RandomValues random(5);
  for (const TypeSchema* schema : schemas.all()) {
    Value attributes = Value::object();
    for (const AttributeRule& rule : universal_rules()) {
      attributes.set(rule.short_name, random.value(4));
    }
    for (const AttributeRule& rule : schema->rules) {
      attributes.set(rule.short_name, random.value(4));
    }
    attributes.set("ch", random.value(4));
    attributes.set("m2m:cnt", random.value(4));
    expect_to_survive(Value(Value::Object{Member{std::string(schema->root), attributes}}),
                      std::string(schema->root));
    if (HasFatalFailure()) return;
  }
}

TEST_F(RoundTrips, EveryValueSurvives) {
  RandomValues random(20261123);
  for (int round = 0; round < 150; ++round) {
    expect_to_survive(Value::object({{"m2m:foo", random.value()}}), std::to_string(round));
    expect_to_survive(Value::object({{"m2m:sgn", random.value()}}), std::to_string(round));
    expect_to_survive(Value::object({{"m2m:uril", random.value()}}), std::to_string(round));
    if (HasFatalFailure()) return;
  }
}

TEST_F(RoundTrips, ARequestWithAllParametersSurvives) {
  Request request;
  request.operation = Operation::kRetrieve;
  request.to = "cse-in";
  request.from = "CAE1";
  request.request_identifier = "1";
  request.release_version = "4";
  request.result_content = 4;
  request.request_expiration = "5000";
  request.delivery_aggregation = false;
  request.notification_uris.emplace();
  request.filter.emplace();
  request.filter->labels = {"a", "two words"};
  request.filter->resource_types = {3, 4};
  request.filter->content_types = {"text/plain:0"};
  request.filter->semantics_filters = {"SELECT ?a WHERE { ?a ?b ?c }"};
  request.filter->attributes = {{"cnf", "text/*"}, {"rn", "t*"}};
  request.filter->limit = 10;
  request.other.set("tkns", Value::array({"a.b.c", "d.e.f"}));
  request.other.set("tqi", true);

  expect_to_survive(to_value(request), "a request");
}

}  // namespace
}  // namespace gatehouse
