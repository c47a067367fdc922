#pragma once
#include <functional>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace CLI {
class App;
}

namespace gatehouse::attest {

/// How a command ends; also the exit code of the program.
enum class Exit : int {
  kAccepted = 0,
  kRefused = 1,   ///< with the reason on standard error
  kWrongUse = 2,  ///< nothing was judged
};

/// What a command says of its end: empty for kAccepted.
struct Outcome {
  Exit exit = Exit::kAccepted;
  std::string reason;
};

/// Nothing was judged: an option or a file of the user's own is wrong.
Outcome wrong_use(std::string reason);
Outcome refused(const Error& error);

/// Replaces the file, durable on return; kWrongUse if it cannot be written.
Outcome write_out(const std::string& file, ByteView content);

using Command = std::function<Outcome()>;

// Each adds its subcommand and returns what to do if it was chosen.
Command add_verify_quote(CLI::App& app);
Command add_quote(CLI::App& app);
Command add_make_credential(CLI::App& app);
Command add_activate_credential(CLI::App& app);
Command add_public_keys(CLI::App& app);

}  // namespace gatehouse::attest
