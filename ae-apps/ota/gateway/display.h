#pragma once
#include <functional>
#include <string>

#include "ae-apps/ota/coding/form.h"
#include "ae-apps/ota/gateway/board.h"
#include "ae-apps/ota/gateway/consent.h"
#include "ae-apps/ota/gateway/job.h"
#include "ae-apps/ota/gateway/refused_answers.h"
#include "ae-apps/ota/gateway/settings.h"
#include "bindings/http/page.h"

namespace gatehouse::gateway {

/// What the display shows and changes. All outlive the pages.
struct DisplayParts {
  const GatewaySettings& settings;
  const JobJournal& journal;
  ConsentDesk& desk;
  const Board& board;
  const std::string& csrf_token;
  /// The user wants to know whether there is an update; false: that is being asked already.
  std::function<bool(const std::string& by)> check;
  RefusedAnswers& refused;
};

/// The vehicle's display: `GET /` (a page for people), `GET /state` (the same as JSON), `GET
/// /sbom/SERIAL` (the bill of materials of what an ECU runs), `POST /consent` (form: job, decision
/// accept|decline|postpone, token), `POST /check` (form: token; asks the server for updates). A
/// request whose Host is a name other than localhost is refused (421), so that no web site can get
/// at it by DNS; a wrong token is 403, a question that is no longer open 409. Each refused answer
/// is told and counted. No scripts, no assets from elsewhere.
http::PageHandler display_pages(DisplayParts parts);

/// The bill of materials of what an ECU runs, if it came with its image.
std::optional<coding::Sbom> sbom_of(const GatewaySettings& settings, const std::string& serial);

/// The page of `GET /`.
std::string display_html(const DisplayParts& parts);

}  // namespace gatehouse::gateway
