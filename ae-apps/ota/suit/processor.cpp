#include "ae-apps/ota/suit/processor.h"

#include <algorithm>

#include "ae-apps/ota/suit/cbor.h"
#include "ae-apps/ota/suit/numbers.h"

namespace gatehouse::suit {
namespace {

constexpr std::uint64_t kLargestPolicy = 15;

/// What was set for one component.
struct Parameters {
  std::optional<Uuid> vendor, device_class, device;
  std::optional<crypto::Sha256Digest> digest;
  std::optional<std::uint64_t> size, slot, source;
  std::optional<std::string> uri;
  Bytes content, arguments;
};

/// How a sequence ended.
enum class End : std::uint8_t {
  kDone,
  kSoft,  ///< a condition did not hold, and that is no failure here
};

class Processor {
 public:
  Processor(const VerifiedEnvelope& envelope, Device& device, const ProcessorLimits& limits)
      : envelope_(envelope),
        manifest_(envelope.manifest),
        device_(device),
        limits_(limits),
        parameters_(manifest_.components.size()) {}

  /// One section of the manifest, behind the shared sequence.
  Result<void> run_section(const std::optional<Commands>& section) {
    if (!section) return {};
    parameters_.assign(manifest_.components.size(), {});
    for (const auto* commands : {&manifest_.shared, &section}) {
      if (!*commands) continue;
      chosen_ = {0};
      soft_failure_ = false;
      const auto end = run(**commands, 0);
      if (!end) return fail(end.error());
    }
    return {};
  }

 private:
  Result<End> run(const Commands& commands, int depth) {
    if (depth > limits_.max_depth) {
      return fail(Rsc::kNotAcceptable, "sequences are nested too deeply");
    }
    CborReader in(commands);
    const auto items = in.array();
    if (!items || *items == 0 || *items % 2 != 0) {
      return fail(Rsc::kBadRequest, "a command sequence is no list of pairs");
    }
    for (std::uint64_t i = 0; i < *items; i += 2) {
      const auto command = in.number();
      const auto argument = in.item();
      if (!command || !argument) return fail(Rsc::kBadRequest, "a command is malformed");
      if (++carried_out_ > limits_.max_commands) {
        return fail(Rsc::kNotAcceptable, "too many commands");
      }
      const Result<End> end = carry_out(*command, *argument, depth);
      if (!end || *end == End::kSoft) return end;
    }
    if (!in.at_end()) return fail(Rsc::kBadRequest, "bytes behind a command sequence");
    return End::kDone;
  }

  Result<End> carry_out(std::int64_t command, ByteView argument, int depth) {
    switch (command) {
      case kDirectiveSetComponentIndex:
        return choose(argument);
      case kDirectiveTryEach:
        return try_each(argument, depth);
      case kDirectiveRunSequence:
        return run_sequence(argument, depth);
      case kDirectiveOverrideParameters:
        return for_each([&](std::size_t i) -> Result<void> { return set(argument, i); });
      default:
        break;
    }
    CborReader in(argument);
    const auto policy = in.unsigned_number();
    if (!policy || *policy > kLargestPolicy) {
      return fail(Rsc::kBadRequest, name_of(command) + ": no reporting policy");
    }
    if (is_condition(command)) return check_all(command);
    return for_each([&](std::size_t i) { return direct(command, i); });
  }

  static bool is_condition(std::int64_t command) {
    constexpr std::int64_t kConditions[] = {
        kConditionVendor,       kConditionClass, kConditionImageMatch, kConditionComponentSlot,
        kConditionCheckContent, kConditionAbort, kConditionDevice};
    return std::find(std::begin(kConditions), std::end(kConditions), command) !=
           std::end(kConditions);
  }
  static std::string name_of(std::int64_t command) { return "command " + std::to_string(command); }

  template <class Act>
  Result<End> for_each(Act act) {
    for (const std::size_t i : chosen_) {
      if (const Result<void> done = act(i); !done) return fail(done.error());
    }
    return End::kDone;
  }

  // --- flow ----------------------------------------------------------------------------------

  Result<End> choose(ByteView argument) {
    CborReader in(argument);
    std::vector<std::size_t> chosen;
    const auto take = [&](std::optional<std::uint64_t> index) {
      if (!index || *index >= manifest_.components.size()) return false;
      chosen.push_back(static_cast<std::size_t>(*index));
      return true;
    };
    bool good = true;
    if (in.peek() == Major::kUnsigned) {
      good = take(in.unsigned_number());
    } else if (in.peek() == Major::kArray) {
      const auto count = in.array();
      good = count && *count != 0;
      for (std::uint64_t i = 0; good && i < *count; ++i) good = take(in.unsigned_number());
    } else {
      good = in.truth() == true;
      for (std::size_t i = 0; i < manifest_.components.size(); ++i) chosen.push_back(i);
    }
    if (!good) return fail(Rsc::kBadRequest, "set-component-index: names no component");
    chosen_ = std::move(chosen);
    return End::kDone;
  }

  Result<End> try_each(ByteView argument, int depth) {
    CborReader in(argument);
    const auto count = in.array();
    if (!count || *count < 2) return fail(Rsc::kBadRequest, "try-each: fewer than two sequences");
    const bool outer = soft_failure_;
    for (std::uint64_t i = 0; i < *count; ++i) {
      if (in.null()) return End::kDone;  // none of them is fine, too
      const auto commands = in.bytes();
      if (!commands) return fail(Rsc::kBadRequest, "try-each: holds something else");
      soft_failure_ = true;
      const auto end = run(Commands(commands->begin(), commands->end()), depth + 1);
      soft_failure_ = outer;
      if (!end) return end;
      if (*end == End::kDone) return end;
    }
    return no_success("try-each: " + last_condition_);
  }

  Result<End> run_sequence(ByteView argument, int depth) {
    CborReader in(argument);
    const auto commands = in.bytes();
    if (!commands) return fail(Rsc::kBadRequest, "run-sequence: no sequence");
    const bool outer = std::exchange(soft_failure_, false);
    const auto end = run(Commands(commands->begin(), commands->end()), depth + 1);
    soft_failure_ = outer;
    if (!end) return end;
    return End::kDone;  // one that ended softly was asked to
  }

  Result<End> no_success(const std::string& why) {
    last_condition_ = why;
    if (soft_failure_) return End::kSoft;
    return fail(Rsc::kNotAcceptable, why);
  }

  // --- parameters ----------------------------------------------------------------------------

  Result<void> set(ByteView argument, std::size_t index) {
    CborReader in(argument);
    const auto count = in.map();
    if (!count || *count == 0) return fail(Rsc::kBadRequest, "override-parameters: no map");
    std::optional<std::int64_t> last;
    for (std::uint64_t i = 0; i < *count && in.good(); ++i) {
      const auto key = in.number();
      if (!key) break;
      if (last && *key <= *last) return fail(Rsc::kBadRequest, "parameters: keys do not rise");
      last = key;
      if (!set_one(*key, in, parameters_[index])) {
        if (!in.good()) break;
        return fail(Rsc::kNotImplemented, "unknown parameter " + std::to_string(*key));
      }
    }
    if (!in.good()) return fail(Rsc::kBadRequest, "parameters: " + in.fault());
    return {};
  }

  static void read_uuid(CborReader& in, std::optional<Uuid>& out) {
    const auto bytes = in.bytes();
    if (!bytes) return;
    if (bytes->size() != 16) return in.fail_with("a UUID has 16 bytes");
    out.emplace();
    std::copy(bytes->begin(), bytes->end(), out->begin());
  }

  static void read_digest(CborReader& in, std::optional<crypto::Sha256Digest>& out) {
    const auto bytes = in.bytes();
    if (!bytes) return;
    CborReader inner(*bytes);
    const bool sha256 = inner.array() == 2u && inner.number() == kSha256;
    const auto digest = inner.bytes();
    if (!sha256 || !digest || digest->size() != 32) return in.fail_with("a digest is no SHA-256");
    out.emplace();
    std::copy(digest->begin(), digest->end(), out->begin());
  }

  static void read_bytes(CborReader& in, Bytes& out) {
    if (const auto bytes = in.bytes()) out.assign(bytes->begin(), bytes->end());
  }

  /// False: there is no such parameter, or it is malformed (then the reader says so).
  bool set_one(std::int64_t key, CborReader& in, Parameters& out) {
    switch (key) {
      case kParameterVendor:
        read_uuid(in, out.vendor);
        break;
      case kParameterClass:
        read_uuid(in, out.device_class);
        break;
      case kParameterDevice:
        read_uuid(in, out.device);
        break;
      case kParameterImageDigest:
        read_digest(in, out.digest);
        break;
      case kParameterImageSize:
        out.size = in.unsigned_number();
        break;
      case kParameterComponentSlot:
        out.slot = in.unsigned_number();
        break;
      case kParameterSourceComponent:
        out.source = in.unsigned_number();
        break;
      case kParameterUri:
        out.uri = in.text();
        break;
      case kParameterContent:
        read_bytes(in, out.content);
        break;
      case kParameterInvokeArguments:
        read_bytes(in, out.arguments);
        break;
      case kParameterStrictOrder:
        (void)in.truth();  // everything here happens in order
        break;
      case kParameterSoftFailure:
        if (const auto soft = in.truth()) soft_failure_ = *soft;
        break;
      default:
        return false;
    }
    return in.good();
  }

  // --- conditions ----------------------------------------------------------------------------

  Result<End> check_all(std::int64_t command) {
    for (const std::size_t i : chosen_) {
      Result<std::string> why = check(command, i);
      if (!why) return fail(why.error());
      if (!why->empty()) return no_success(*why + " (component " + std::to_string(i) + ")");
    }
    return End::kDone;
  }

  /// Empty: it holds.
  Result<std::string> check(std::int64_t command, std::size_t index) {
    const Parameters& has = parameters_[index];
    const ComponentId& component = manifest_.components[index];
    const auto compare = [](const std::optional<Uuid>& wanted, const Uuid& own,
                            const char* what) -> std::string {
      if (!wanted) return std::string("no ") + what + " is given";
      return *wanted == own ? std::string() : std::string("for another ") + what;
    };
    switch (command) {
      case kConditionVendor:
        return compare(has.vendor, device_.vendor(), "vendor");
      case kConditionClass:
        return compare(has.device_class, device_.device_class(), "class of devices");
      case kConditionDevice:
        return compare(has.device, device_.device(), "device");
      case kConditionComponentSlot:
        if (has.slot && *has.slot == device_.slot(component)) return std::string();
        return std::string("for another slot");
      case kConditionImageMatch:
        return check_image(has, component);
      case kConditionCheckContent: {
        const Result<Bytes> content = device_.content(component, has.content.size() + 1);
        if (!content) return fail(content.error());
        return *content == has.content ? std::string() : std::string("the content differs");
      }
      default:
        return std::string("the manifest gives up by itself");
    }
  }

  Result<std::string> check_image(const Parameters& has, const ComponentId& component) {
    if (!has.digest) return std::string("no digest of the image is given");
    // Without a size: all that is there.
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    const auto digest = device_.digest(component, has.size.value_or(kAll));
    if (!digest) return fail(digest.error());
    return *digest == *has.digest ? std::string() : std::string("the image has another digest");
  }

  // --- directives ----------------------------------------------------------------------------

  Result<void> direct(std::int64_t command, std::size_t index) {
    const Parameters& has = parameters_[index];
    const ComponentId& component = manifest_.components[index];
    switch (command) {
      case kDirectiveWrite:
        return device_.write(component, has.content);
      case kDirectiveFetch:
        return fetch(has, component);
      case kDirectiveCopy:
      case kDirectiveSwap: {
        if (!has.source || *has.source >= manifest_.components.size() || *has.source == index) {
          return fail(Rsc::kBadRequest, name_of(command) + ": no source component");
        }
        const ComponentId& source = manifest_.components[static_cast<std::size_t>(*has.source)];
        return command == kDirectiveCopy ? device_.copy(component, source)
                                         : device_.swap(component, source);
      }
      case kDirectiveInvoke:
        return device_.invoke(component, has.arguments);
      default:
        return fail(Rsc::kNotImplemented, "unknown " + name_of(command));
    }
  }

  Result<void> fetch(const Parameters& has, const ComponentId& component) {
    if (!has.uri) return fail(Rsc::kBadRequest, "fetch: no uri is given");
    const std::uint64_t size = has.size.value_or(limits_.max_image_bytes);
    if (size > limits_.max_image_bytes) {
      return fail(Rsc::kNotAcceptable, "fetch: the image is larger than what is taken");
    }
    const auto payload = envelope_.payloads.find(*has.uri);
    if (payload == envelope_.payloads.end()) return device_.fetch(component, *has.uri, size);
    if (payload->second.size() > size) {
      return fail(Rsc::kNotAcceptable, "fetch: the payload is longer than the manifest says");
    }
    return device_.write(component, payload->second);
  }

  const VerifiedEnvelope& envelope_;
  const Manifest& manifest_;
  Device& device_;
  const ProcessorLimits& limits_;
  std::vector<Parameters> parameters_;  ///< by component
  std::vector<std::size_t> chosen_;
  bool soft_failure_ = false;
  int carried_out_ = 0;
  std::string last_condition_;  ///< that did not hold
};

}  // namespace

Result<void> process(const VerifiedEnvelope& envelope, Procedure procedure,
                     std::uint64_t minimum_sequence_number, Device& device,
                     const ProcessorLimits& limits) {
  const Manifest& manifest = envelope.manifest;
  if (manifest.sequence_number < minimum_sequence_number) {
    return fail(Rsc::kNotAcceptable,
                "the manifest is older (" + std::to_string(manifest.sequence_number) +
                    ") than what is accepted (" + std::to_string(minimum_sequence_number) + ")");
  }
  if (manifest.components.empty()) return fail(Rsc::kBadRequest, "the manifest has no components");
  for (const ComponentId& component : manifest.components) {
    if (!device.has(component)) {
      return fail(Rsc::kNotAcceptable, "the device has no such component");
    }
  }
  Processor processor(envelope, device, limits);
  const bool update = procedure == Procedure::kUpdate;
  const std::optional<Commands>* const sections[] = {
      update ? &manifest.fetch : &manifest.validate, update ? &manifest.install : &manifest.load,
      update ? &manifest.validate : &manifest.invoke};
  for (const auto* section : sections) {
    if (const auto done = processor.run_section(*section); !done) return done;
  }
  return {};
}

}  // namespace gatehouse::suit
