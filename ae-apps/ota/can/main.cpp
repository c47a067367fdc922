#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "ae-apps/ota/can/bus_server.h"

namespace {

namespace can = gatehouse::can;

int run(const can::BusServerSettings& settings) {
  // Taken by sigwait below; blocked before any thread starts.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  auto bus = can::BusServer::start(settings);
  if (!bus) {
    std::cerr << "gatehouse-can: " << bus.error().detail << std::endl;
    return 1;
  }
  std::cout << "CAN bus at virtual:" << settings.path << std::endl;
  int signal = 0;
  sigwait(&stop_signals, &signal);
  (*bus)->stop();
  const can::BusCounters& counters = (*bus)->counters();
  std::cout << "frames=" << counters.frames << " lost=" << counters.lost
            << " bit_errors=" << counters.bit_errors << " bus_off=" << counters.bus_off
            << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A virtual CAN bus for processes of one machine", "gatehouse-can"};
  can::BusServerSettings settings;
  app.add_option("--socket", settings.path, "Path of the Unix socket; each connection is a node")
      ->required();
  const auto rate = CLI::Range(1'000u, 20'000'000u);
  app.add_option("--bit-rate", settings.bus.rates.nominal, "bit/s")
      ->check(rate)
      ->capture_default_str();
  app.add_option("--data-bit-rate", settings.bus.rates.data, "bit/s of the data of CAN FD")
      ->check(rate)
      ->capture_default_str();
  const auto share = CLI::Range(0u, 1'000'000u);
  app.add_option("--lose", settings.bus.faults.lost, "Frames of a million that a receiver misses")
      ->check(share);
  app.add_option("--bit-errors", settings.bus.faults.bit_errors,
                 "Frames of a million that an error frame destroys")
      ->check(share);
  app.add_option("--seed", settings.bus.faults.seed, "Of the faults")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return run(settings);
}
