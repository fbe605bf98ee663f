// Which key of the second side explains which figure. Private to the compare module.
#pragma once

#include <array>
#include <string_view>

#include "compare/compare.hpp"

namespace kiln::compare {

/// In the order in which people ask for them.
struct MainFigure {
  std::string_view path, brief;
};
inline constexpr std::array kMainFigures = {MainFigure{"tokens_per_s_user", "tokens/s"},
                                            MainFigure{"tokens_per_s_total", "all users"},
                                            MainFigure{"ttft_us", "ttft"},
                                            MainFigure{"area_mm2.typical", "area"},
                                            MainFigure{"power_w.typical", "power"},
                                            MainFigure{"energy_mj_per_token.typical", "energy"},
                                            MainFigure{"kv.capacity_tokens", "KV tokens"},
                                            MainFigure{"verdict.buildable", "buildable"}};

/// A number, or 1 and 0 for yes and no.
std::optional<double> number_of(const json::Value& value);

/// Fills in the effects of the keys, and what is explained by them.
base::Status explain(Comparison& comparison, study::Environment& environment);

}  // namespace kiln::compare
