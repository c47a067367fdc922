#include "ae-apps/demo/firmware.h"

#include <fstream>

#include "ae-apps/demo/process.h"
#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::demo {
namespace {

constexpr std::chrono::milliseconds kToolLimit{30'000};
constexpr std::size_t kMaxImageBytes = 4u << 20;

/// A program of an ECU: it says which version it is, tests itself, and runs until it is stopped.
/// The digits behind it stand for its calibration data; they are new in every release.
std::string program_text(const Release& release) {
  std::string text = "#!/bin/sh\necho 'version " + release.version + "'\n";
  if (!release.self_test_passes) {
    return text + "echo 'self-test failed: sensor 3 is silent'\nexit 1\n";
  }
  // Whoever runs it reads its output; without a reader it ends by itself.
  text += "echo 'self-test ok'\nwhile sleep 1; do echo alive || exit; done\nexit 0\n";
  crypto::SystemRandom random;
  for (std::size_t i = 0; i < release.data_lines; ++i)
    text += "# " + to_hex(random.bytes(32)) + "\n";
  return text;
}

}  // namespace

Result<std::string> Desk::run(std::vector<std::string> arguments) {
  const std::string what = "gatehouse-oem " + arguments.front();
  arguments.insert(arguments.begin(), layout_.program("gatehouse-oem"));
  const auto log = layout_.log("tools.log");
  return run_to_end({what, std::move(arguments), {{"SOFTHSM2_CONF", keys_.token_config}}, log, log},
                    kToolLimit);
}

Result<Image> Desk::release(const EcuPlan& ecu, const Release& release) {
  Image image;
  image.release = release;
  const std::string stem = layout_.file("desk/" + ecu.software + "-" + release.version);
  image.file = stem + ".ghfw";
  std::ofstream(stem + ".bin", std::ios::binary) << program_text(release);
  std::vector<std::string> words = {
      "make",          "--payload",         stem + ".bin",
      "--name",        ecu.software,        "--version",
      release.version, "--release-counter", std::to_string(release.counter),
      "--hardware-id", ecu.hardware_id,     "--out",
      stem + ".draft"};
  if (!release.requirement.empty()) {
    words.insert(words.end(), {"--requires", release.requirement});
  }
  if (!release.notes.empty()) words.insert(words.end(), {"--notes", release.notes});
  if (!release.unavailable.empty()) {
    words.insert(words.end(), {"--duration-s", "30", "--unavailable", release.unavailable});
  }
  if (const auto made = run(std::move(words)); !made) return fail(made.error());
  if (const auto done =
          run({"sign", stem + ".draft", "--key", keys_.oem_key_uri, "--out", image.file});
      !done) {
    return fail(done.error());
  }
  const auto bytes = crypto::read_file(image.file, kMaxImageBytes);
  if (!bytes) return fail(bytes.error());
  image.bytes = bytes->size();
  image.sha256 = to_hex(crypto::sha256(*bytes));
  return image;
}

Result<std::string> Desk::verify(const EcuPlan& ecu, const Image& image) {
  return run({"verify", image.file, "--oem-key", oem_public_key_file(layout_), "--hardware-id",
              ecu.hardware_id, "--minimum-counter", std::to_string(image.release.counter)});
}

/// Two people sign: one by the OEM's token, one by a key file at another desk.
Result<void> Desk::publish() {
  const std::string folder = layout_.images_repository();
  const std::vector<std::vector<std::string>> steps = {
      {"repo", "sign", folder + "/drafts/targets.json", "--key", keys_.oem_key_uri},
      {"repo", "sign", folder + "/drafts/targets.json", "--key",
       repository_key_file(layout_, "release-2")},
      {"repo", "publish", folder, "--snapshot-key", repository_key_file(layout_, "snapshot"),
       "--timestamp-key", repository_key_file(layout_, "timestamp")}};
  for (const auto& words : steps) {
    if (const auto done = run(words); !done) return fail(done.error());
  }
  return {};
}

Result<void> Desk::open_repository() { return publish(); }

Result<void> Desk::describe(const Image& image) {
  const std::string folder = layout_.images_repository();
  if (const auto added = run({"repo", "add", folder, image.file}); !added) {
    return fail(added.error());
  }
  if (auto done = publish(); !done) return done;
  const auto sent = run({"repo", "send", folder, "--server", layout_.images_url(), "--cert",
                         layout_.certificate("desk"), "--cert-key", layout_.key("desk"), "--ca",
                         layout_.authority()});
  if (!sent) return fail(sent.error());
  return {};
}

Result<void> Desk::upload(const Image& image) {
  const auto done = run({"upload", image.file, "--server", layout_.images_url(), "--cert",
                         layout_.certificate("desk"), "--cert-key", layout_.key("desk"), "--ca",
                         layout_.authority()});
  if (!done) return fail(done.error());
  return {};
}

}  // namespace gatehouse::demo
