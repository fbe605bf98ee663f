#include "study/rtl_run.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "kiln/config/load.hpp"
#include "rtl/rtl.hpp"

namespace kiln::study {
namespace {

/// Models that were verilated once are kept: the compiler takes longer than most runs.
std::filesystem::path kept_models() {
  for (const auto& [variable, below] :
       {std::pair("KILN_CACHE", ""), {"XDG_CACHE_HOME", "kiln"}, {"HOME", ".cache/kiln"}}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return std::filesystem::path(value) / below / "rtl";
  }
  return std::filesystem::temp_directory_path() / "kiln-rtl";
}

}  // namespace

base::Result<RtlFigures> run_in_rtl(const rom::RomImage& image, const program::Placement& placement,
                                    const chip::UserRequest& user, const chip::RunOutcome& systemc,
                                    const Environment& environment) {
  const std::string key =
      image.content_hash().substr(0, 16) + "-" + config::config_hash(config::to_json(placement.chip())).substr(0, 16);
  rtl::RtlRequest request;
  request.user = user;
  request.stop = environment.progress.stop;
  const auto& progress = environment.progress;
  request.on_progress = [&progress](std::uint64_t done, std::uint64_t total) {
    progress("running the RTL", done, total);
  };
  progress("verilating and compiling the RTL", 0, 1);
  const auto ran = rtl::run(image, placement, request, (kept_models() / key).string());
  if (!ran) return ran.error();
  RtlFigures figures;
  figures.tokens = ran->commits.size();
  figures.cycles_total = ran->total.count();
  figures.mismatch = rtl::difference(*ran, systemc);
  figures.build_s = ran->build_s;
  figures.run_s = ran->run_s;
  return figures;
}

}  // namespace kiln::study
