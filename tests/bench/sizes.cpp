#include "tests/bench/sizes.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "tests/bench/driver.h"

namespace gatehouse::bench {
namespace {

constexpr std::int64_t kSamples = 200;
constexpr const char* kBase = "cse-in";

std::string numbered(const std::string& prefix, std::int64_t number) {
  return prefix + std::to_string(number);
}

/// Every thousandth thing carries a label of its own, for discovery to find.
Value with_label(Value attributes, std::int64_t i) {
  if (i % 1000 == 7) attributes.set("lbl", Value::array({numbered("mark", i)}));
  return attributes;
}

Request discover(const std::string& to, int type, std::int64_t limit, std::string label = {}) {
  Request request = retrieve(to);
  request.filter.emplace();
  request.filter->filter_usage = 1;
  request.filter->resource_types = {type};
  request.filter->limit = limit;
  if (!label.empty()) request.filter->labels = {std::move(label)};
  return request;
}

/// Measures each operation after each stage of growth.
class Growth {
 public:
  struct Operation {
    std::string name;
    std::int64_t samples;
    /// (number that rises over all stages, size) ⇒ request
    std::function<Request(std::int64_t, std::int64_t)> make;
    bool each_member = false;  ///< the time is given for each of `size`
  };

  Growth(Driver& driver, std::string of, std::vector<std::int64_t> sizes)
      : driver_(driver), of_(std::move(of)), sizes_(std::move(sizes)) {}

  std::vector<SizeRow> measure(const std::function<void(std::int64_t, std::int64_t)>& grow,
                               const std::vector<Operation>& operations) {
    std::vector<SizeRow> rows;
    for (const Operation& operation : operations) rows.push_back({of_, operation.name, sizes_, {}});
    std::int64_t before = 0, number = 0;
    for (const std::int64_t size : sizes_) {
      std::printf("%s: growing to %lld\n", of_.c_str(), static_cast<long long>(size));
      std::fflush(stdout);
      grow(before, size);
      before = size;
      for (std::size_t i = 0; i < operations.size(); ++i) {
        const Operation& operation = operations[i];
        const double us = driver_.median_us(
            number, operation.samples, [&](std::int64_t n) { return operation.make(n, size); });
        number += operation.samples;
        rows[i].median_us.push_back(operation.each_member ? us / static_cast<double>(size) : us);
      }
    }
    return rows;
  }

 private:
  Driver& driver_;
  const std::string of_;
  const std::vector<std::int64_t> sizes_;
};

std::vector<std::int64_t> powers(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> sizes;
  for (; from <= to; from *= 10) sizes.push_back(from);
  return sizes;
}

Value instance(std::int64_t i) {
  return Value::object(
      {{"m2m:cin",
        with_label(Value::object({{"rn", numbered("i", i)}, {"con", std::string(40, 'x')}}), i)}});
}

Value nameless_instance() {
  return Value::object({{"m2m:cin", Value::object({{"con", std::string(40, 'x')}})}});
}

std::vector<SizeRow> instances(Driver& driver, std::int64_t largest) {
  const std::string container = std::string(kBase) + "/big";
  const auto named = [](const char* name, std::int64_t most) {
    return Value::object({{"m2m:cnt", Value::object({{"rn", name}, {"mni", most}})}});
  };
  driver.all(0, 1, [&](auto) { return create(kBase, 3, named("big", 1'000'000'000)); });
  // A second one that is always full, so that each CREATE evicts the oldest.
  const std::string full = std::string(kBase) + "/full";
  driver.all(0, 1, [&](auto) { return create(kBase, 3, named("full", 1'000'000'000)); });
  std::int64_t in_full = 0;
  const auto grow = [&](std::int64_t from, std::int64_t to) {
    driver.all(from, to, [&](std::int64_t i) { return create(container, 4, instance(i)); });
    const std::int64_t filled = std::min<std::int64_t>(to, 1'000'000);
    driver.all(in_full, filled, [&](auto) { return create(full, 4, nameless_instance()); });
    in_full = filled;
    driver.all(0, 1, [&](auto) {
      return update(full, Value::object({{"m2m:cnt", Value::object({{"mni", filled}})}}));
    });
  };
  auto rows =
      Growth(driver, "instances in a container", powers(1000, largest))
          .measure(
              grow,
              {{"RETRIEVE latest", kSamples,
                [&](auto, auto) { return retrieve(container + "/la"); }},
               {"RETRIEVE oldest", kSamples,
                [&](auto, auto) { return retrieve(container + "/ol"); }},
               {"RETRIEVE by name", kSamples,
                [&](auto n, auto size) {
                  return retrieve(container + "/" + numbered("i", n * 7919 % size));
                }},
               {"CREATE", kSamples,
                [&](auto, auto) { return create(container, 4, nameless_instance()); }},
               {"CREATE that evicts (to 1,000,000)", kSamples,
                [&](auto, auto) { return create(full, 4, nameless_instance()); }},
               {"discovery, 20 of all", 50, [&](auto, auto) { return discover(container, 4, 20); }},
               {"discovery by label, 1 found", 50, [&](auto n, auto size) {
                  return discover(kBase, 4, 20, numbered("mark", n % (size / 1000) * 1000 + 7));
                }}});
  return rows;
}

Request create_ae(const std::string& name, std::int64_t i) {
  return create(kBase, 2,
                Value::object({{"m2m:ae", with_label(Value::object({{"rn", name},
                                                                    {"api", "Nbench"},
                                                                    {"rr", false},
                                                                    {"srv", Value::array({"4"})}}),
                                                     i)}}),
                "C" + name);
}

std::vector<SizeRow> applications(Driver& driver) {
  const auto name = [](std::int64_t i) { return std::string(kBase) + "/" + numbered("ae", i); };
  return Growth(driver, "AEs", powers(1000, 100'000))
      .measure(
          [&](std::int64_t from, std::int64_t to) {
            driver.all(from, to, [](std::int64_t i) { return create_ae(numbered("ae", i), i); });
          },
          {{"RETRIEVE", kSamples,
            [&](auto n, auto size) { return retrieve(name(n * 7919 % size)); }},
           {"CREATE (register)", kSamples,
            [](auto n, auto) { return create_ae(numbered("late", n), 0); }},
           {"UPDATE", kSamples,
            [&](auto n, auto size) {
              return update(
                  name(n * 7919 % size),
                  Value::object({{"m2m:ae", Value::object({{"apn", numbered("n", n)}})}}));
            }},
           {"discovery by label, 1 found", 50, [](auto n, auto size) {
              return discover(kBase, 2, 20, numbered("mark", n % (size / 1000) * 1000 + 7));
            }}});
}

/// A hundred containers; subscriptions go round robin among them. They ask for a DELETE of the
/// container, so none fires: what is measured is the finding of those that match.
std::vector<SizeRow> subscriptions(Driver& driver) {
  const auto container = [](std::int64_t i) {
    return std::string(kBase) + "/" + numbered("sub", i % 100);
  };
  driver.all(0, 1, [](auto) { return create_ae("listener", 0); });
  driver.all(0, 100, [](std::int64_t i) {
    return create(kBase, 3,
                  Value::object({{"m2m:cnt", Value::object({{"rn", numbered("sub", i)}})}}),
                  "Clistener");
  });
  const auto subscribe = [container](std::int64_t i, const std::string& name) {
    return create(
        container(i), 23,
        Value::object(
            {{"m2m:sub", Value::object({{"rn", numbered(name, i)},
                                        {"nu", Value::array({"/id-in/Clistener"})},
                                        {"enc", Value::object({{"net", Value::array({2})}})}})}}),
        "Clistener");
  };
  return Growth(driver, "subscriptions in a tree", powers(1000, 100'000))
      .measure(
          [&](std::int64_t from, std::int64_t to) {
            driver.all(from, to, [&](std::int64_t i) { return subscribe(i, "s"); });
          },
          {{"CREATE contentInstance beside them", kSamples,
            [&](auto n, auto) {
              Request request = create(container(n), 4, nameless_instance());
              request.from = "Clistener";
              return request;
            }},
           {"CREATE subscription", kSamples, [&](auto n, auto) { return subscribe(n, "late"); }}});
}

std::vector<SizeRow> group_members(Driver& driver) {
  const auto grow = [&](auto, std::int64_t to) {
    Value members = Value::array();
    for (std::int64_t i = 0; i < to; ++i)
      members.push_back(std::string(kBase) + "/" + numbered("ae", i));
    driver.all(0, 1, [&](auto) {
      return create(kBase, 9,
                    Value::object({{"m2m:grp", Value::object({{"rn", numbered("group", to)},
                                                              {"mt", 2},
                                                              {"mnm", 20'000},
                                                              {"mid", members}})}}));
    });
  };
  const auto group = [](std::int64_t size) {
    return std::string(kBase) + "/" + numbered("group", size);
  };
  return Growth(driver, "members of a group", powers(10, 10'000))
      .measure(
          grow,
          {{"RETRIEVE fanOutPoint, each member", 5,
            [&](auto, auto size) { return retrieve(group(size) + "/fopt"); }, true},
           {"UPDATE of the group's labels", 50, [&](auto n, auto size) {
              return update(
                  group(size),
                  Value::object(
                      {{"m2m:grp", Value::object({{"lbl", Value::array({numbered("l", n)})}})}}));
            }}});
}

std::vector<SizeRow> depth(Driver& driver) {
  std::vector<std::string> paths = {kBase};
  const auto grow = [&](std::int64_t from, std::int64_t to) {
    driver.median_us(
        from, to - from, [&](std::int64_t) {  // one after the other: each needs the one before
          Request request =
              create(paths.back(), 3, Value::object({{"m2m:cnt", Value::object({{"rn", "d"}})}}));
          paths.push_back(paths.back() + "/d");
          return request;
        });
  };
  return Growth(driver, "levels of a tree", {1, 10, 100})
      .measure(grow, {{"RETRIEVE the lowest", kSamples,
                       [&](auto, auto) { return retrieve(paths.back()); }},
                      {"CREATE in the lowest", kSamples,
                       [&](auto, auto) { return create(paths.back(), 4, nameless_instance()); }}});
}

}  // namespace

std::vector<SizeRow> measure_sizes(const test::CseProcess& cse, std::int64_t largest) {
  Driver driver(cse.url());
  std::vector<SizeRow> rows;
  const auto add = [&rows](std::vector<SizeRow> more) {
    rows.insert(rows.end(), more.begin(), more.end());
  };
  add(depth(driver));
  add(applications(driver));
  add(group_members(driver));
  add(subscriptions(driver));
  add(instances(driver, largest));
  return rows;
}

void print(const std::vector<SizeRow>& rows) {
  std::string of;
  for (const SizeRow& row : rows) {
    if (row.of != of) {
      std::printf("\n%-36s", row.of.c_str());
      for (const std::int64_t size : row.sizes)
        std::printf(" %11lld", static_cast<long long>(size));
      std::printf(" %9s\n", "growth");
      of = row.of;
    }
    std::printf("  %-34s", row.operation.c_str());
    for (const double us : row.median_us) std::printf(" %8.1f us", us);
    std::printf(" %9.2f\n", row.growth());
  }
}

}  // namespace gatehouse::bench
