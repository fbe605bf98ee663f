// Every key of every kind: missing, of another type, out of range, misspelt, and through canonical JSON and back.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/chip_defaults.hpp"
#include "config/config_testing.hpp"
#include "config/writer.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

/// `demo` with every key.
Json complete_chip() {
  Json tree = Json::parse(text_of("chip/demo.json"));
  tree["link"] = {{"beat_groups", 1}};
  for (const auto& [which, key] : kNamedLinks) tree["link"][std::string(key)] = 1;
  return tree;
}

Json complete_recipe() {
  const auto recipe = parse_recipe(text_of("recipe/w3w6.json"), "w3w6");
  Json tree = Json::parse(to_json(recipe.value()));
  tree["base"] = {{"bits", 3}, {"codebook", "kmeans"}};
  tree["description"] = "all keys";
  return tree;
}

/// What a chip with /silicon may leave out.
bool has_default(const std::string& pointer) {
  if (pointer.ends_with("_cycles") || pointer == "/tile/scale_lanes") return true;
  return std::ranges::any_of(chip_defaults(), [&](const ChipDefault& row) {
    return row.pointer == pointer || pointer.starts_with(row.pointer + "/");
  });
}

template <class Config>
void every_key_is_held_to_its_type(const Json& good) {
  ASSERT_EQ(verdict<Config>(good), "");
  for (const auto& field : fields_of<Config>()) {
    const Json::json_pointer pointer(field.pointer);
    ASSERT_TRUE(good.contains(pointer)) << field.pointer;
    Json tree = good;
    tree[pointer] = Json::array({1});
    EXPECT_THAT(verdict<Config>(tree), StartsWith(fmt::format("x: {} is an array; allowed: ", field.pointer)));

    tree = good;
    tree[pointer.parent_pointer()].erase(pointer.back());
    if (field.optional || (std::is_same_v<Config, ChipConfig> && has_default(field.pointer))) {
      EXPECT_EQ(verdict<Config>(tree), "");
    } else {
      EXPECT_THAT(verdict<Config>(tree), StartsWith(fmt::format("x: {} is missing; expected ", field.pointer)));
    }

    tree[pointer.parent_pointer() / (pointer.back() + "x")] = 1;
    EXPECT_THAT(verdict<Config>(tree), HasSubstr(fmt::format("x: {}x is not a known key; the nearest is {}",
                                                             field.pointer, field.pointer.substr(0, 4))));
  }
}

TEST(ConfigKeys, OfAChipAreHeldToTheirTypes) {
  Json good = complete_chip();
  for (const auto& array : kTileArrayNames) good["tiles"][std::string(array)] = Json::object();
  every_key_is_held_to_its_type<ChipConfig>(good);
}
TEST(ConfigKeys, OfAModelAreHeldToTheirTypes) {
  every_key_is_held_to_its_type<ModelConfig>(Json::parse(text_of("model/llama-3.1-8b.json")));
}
TEST(ConfigKeys, OfARecipeAreHeldToTheirTypes) { every_key_is_held_to_its_type<BakeRecipe>(complete_recipe()); }
TEST(ConfigKeys, OfAMachineAreHeldToTheirTypes) {
  const Json good = Json::parse(text_of("machine/taalas-hc1.json"));
  every_key_is_held_to_its_type<ReferenceMachine>(good);
  Json upside_down = good;
  upside_down["tokens_per_s_user_low"] = 20000;
  EXPECT_EQ(verdict<ReferenceMachine>(upside_down),
            "x: /tokens_per_s_user_high is 16960; expected at least /tokens_per_s_user_low, 20000.");
}

TEST(ConfigKeys, OfAGpuAreHeldToTheirTypes) {
  every_key_is_held_to_its_type<GpuSpec>(Json::parse(text_of("gpu/h100-sxm.json")));
}

TEST(ConfigKeys, AGpuHasAPriceOrNone) {
  Json tree = Json::parse(text_of("gpu/h100-sxm.json"));
  const auto price = [&] { return parse_gpu(tree.dump(), "x").value().price_usd_per_h; };
  ASSERT_TRUE(price().has_value());
  EXPECT_EQ(price()->low, tree["price_usd_per_h"]["low"]);
  EXPECT_EQ(price()->high, tree["price_usd_per_h"]["high"]);
  tree["price_usd_per_h"]["low"] = 5;
  EXPECT_EQ(verdict<GpuSpec>(tree), "x: /price_usd_per_h/high is 4.29; expected at least /price_usd_per_h/low, 5.");
  tree["price_usd_per_h"]["low"] = 0;
  EXPECT_THAT(verdict<GpuSpec>(tree), StartsWith("x: /price_usd_per_h/low is 0; allowed: "));
  tree["price_usd_per_h"] = 3;
  EXPECT_EQ(verdict<GpuSpec>(tree), "x: /price_usd_per_h is 3; allowed: an object or null.");
  tree["price_usd_per_h"] = nullptr;
  EXPECT_FALSE(price().has_value());
  tree.erase("price_usd_per_h");
  EXPECT_FALSE(price().has_value());
}

template <class Config>
void integers_stay_in_range(const Json& good) {
  for (const auto& field : fields_of<Config>()) {
    if (!field.integer) continue;
    const Json::json_pointer pointer(field.pointer);
    const auto with = [&](const Json& value) {
      Json tree = good;
      tree[pointer] = value;
      return verdict<Config>(tree);
    };
    const auto refused = [&](const std::string& found) {
      return StartsWith(fmt::format("x: {} is {}; allowed: an integer from {} to {}", field.pointer, found,
                                    field.range.minimum, field.range.maximum));
    };
    const std::uint64_t above = std::uint64_t{field.range.maximum} + 1;
    EXPECT_THAT(with(above), refused(std::to_string(above)));
    const auto below = static_cast<std::int64_t>(field.range.minimum) - 1;
    EXPECT_THAT(with(below), refused(std::to_string(below)));
    EXPECT_THAT(with(1.5), refused("1.5"));
    EXPECT_THAT(with(2.0), refused("2.0"));
    EXPECT_THAT(with(18446744073709551615ULL), refused("18446744073709551615"));
    EXPECT_THAT(with("2"), refused("\"2\""));
    EXPECT_THAT(with(true), refused("true"));
    EXPECT_THAT(with(nullptr), refused("null"));
  }
}

TEST(ConfigKeys, IntegersOfAChipStayInRange) { integers_stay_in_range<ChipConfig>(complete_chip()); }
TEST(ConfigKeys, IntegersOfAModelStayInRange) {
  integers_stay_in_range<ModelConfig>(Json::parse(text_of("model/llama-3.1-8b.json")));
}

TEST(ConfigKeys, EveryChipParameterTakesItsEndsAndComesBackFromCanonicalJson) {
  const Json good = complete_chip();
  for (const auto& parameter : chip_parameters()) {
    for (const std::uint64_t value : {parameter.minimum, parameter.maximum}) {
      Json tree = good;
      tree[Json::json_pointer(parameter.pointer)] = value;
      const auto chip = parse_chip(tree.dump(), "x");
      ASSERT_TRUE(chip.ok()) << chip.error().message;
      EXPECT_EQ(Json::parse(to_json(*chip))[Json::json_pointer(parameter.pointer)], value) << parameter.pointer;
    }
  }
}

TEST(ConfigKeys, EveryChipParameterHasAFieldOfItsOwn) {
  Json tree = complete_chip();
  std::uint64_t value = 2;
  for (const auto& parameter : chip_parameters()) {
    const bool small = parameter.maximum < 100;
    tree[Json::json_pointer(parameter.pointer)] = small ? parameter.maximum : ++value;
  }
  const auto chip = parse_chip(tree.dump(), "x");
  ASSERT_TRUE(chip.ok()) << chip.error().message;
  tree.erase("reasons");
  tree.erase("description");
  EXPECT_EQ(to_json(*chip), tree.dump());
  EXPECT_EQ(chip->kv.banks, tree["kv"]["banks"]);
  EXPECT_EQ(chip->link[config::Link::TreeToVector], tree["link"]["tree_to_vector"]);
}

TEST(ConfigKeys, CanonicalJsonReadsBackAsTheSame) {
  const auto chip = parse_chip(text_of("chip/hc1.json"), "x");
  EXPECT_EQ(to_json(parse_chip(to_json(*chip), "y").value()), to_json(*chip));
  for (const auto* file : {"model/llama-3.1-8b.json", "model/stories260k.json"}) {
    const auto model = parse_model(text_of(file), "x");
    EXPECT_EQ(to_json(parse_model(to_json(*model), "y").value()), to_json(*model));
    EXPECT_EQ(to_json(*model), Json::parse(text_of(file)).dump());
  }
  const auto recipe = parse_recipe(text_of("recipe/w3w6.json"), "x");
  EXPECT_EQ(to_json(parse_recipe(to_json(*recipe), "y").value()), to_json(*recipe));
}

TEST(ConfigKeys, RealsOfAGpuStayInRange) {
  const Json good = Json::parse(text_of("gpu/h100-sxm.json"));
  const auto with = [&](const char* key, const Json& value) {
    Json tree = good;
    tree[Json::json_pointer(key)] = value;
    return verdict<GpuSpec>(tree);
  };
  EXPECT_EQ(with("/engines/vllm/bandwidth_efficiency", 0),
            "x: /engines/vllm/bandwidth_efficiency is 0; allowed: a number above 0, to 1.");
  EXPECT_EQ(with("/engines/vllm/bandwidth_efficiency", 1.01),
            "x: /engines/vllm/bandwidth_efficiency is 1.01; allowed: a number above 0, to 1.");
  EXPECT_EQ(with("/engines/vllm/bandwidth_efficiency", 1), "");
  EXPECT_EQ(with("/engines/vllm/step_overhead_ms", -1),
            "x: /engines/vllm/step_overhead_ms is -1; allowed: a number from 0 to 1000 ms.");
  EXPECT_EQ(with("/memory_gb", "80"), "x: /memory_gb is \"80\"; allowed: a number above 0, to 1000000 GB.");
}

}  // namespace
}  // namespace kiln::config
