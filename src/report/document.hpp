// The head that every JSON document of Kiln has, and its parts that several documents share. Private to the report
// module.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"
#include "report/run_report.hpp"

namespace kiln::report {

using Json = nlohmann::ordered_json;

inline constexpr int kSchemaVersion = 2;

/// schema_version, version, git_revision, command.
Json document(std::string_view command);
/// document(), and what runs or is written: rom_hash (where there is a ROM), model, recipe, chip, chip_config_hash.
Json chip_document(std::string_view command, const std::optional<std::string>& rom_hash,
                   const program::Placement& placement, const config::BakeRecipe& recipe);
Json model_json(const config::ModelConfig& model);
Json recipe_json(const config::BakeRecipe& recipe);
Json host_json(const study::HostFigures& host);
/// The `baseline` list; with the chip's rate each entry has its speedup, which is null unless the chip can be built.
Json baseline_list(const study::BaselineRows& rows, std::optional<double> chip_tokens_per_s, bool buildable);
/// "max_tokens", "end_of_text", "kv_full", "interrupted", "refused", "cancelled"
std::string_view finish_name(chip::Finish finish);
std::string dump(const Json& json);

}  // namespace kiln::report
