#pragma once
#include <string>

#include "ae-apps/ota/campaign/updates.h"
#include "ae-apps/ota/server/director.h"

namespace gatehouse::ota_server {

/// The Director as campaigns see it. Only verified reports make an ECU run something. Threading: as
/// the Director's.
class CampaignPort final : public campaign::Updates {
 public:
  /// `director` outlives it.
  CampaignPort(Director& director, std::string images_url)
      : director_(director), images_url_(std::move(images_url)) {}
  /// Of what is ordered from now on.
  void set_time(Timestamp now) { now_ = now; }

  std::optional<campaign::Image> image(const std::string& sha256) const override;
  campaign::Standing standing(const std::string& serial, const std::string& sha256,
                              const campaign::Terms& terms) const override;
  std::optional<campaign::Shown> shown(const std::string& serial) const override;
  std::string offer(const std::string& serial, const std::string& sha256,
                    const campaign::Terms& terms) override;
  void ask(const std::string& vehicle) override;
  void withdraw(const std::string& serial, const std::string& sha256) override;
  void forgive(const std::string& serial, const std::string& sha256) override;

 private:
  Director& director_;
  const std::string images_url_;
  Timestamp now_;
};

}  // namespace gatehouse::ota_server
