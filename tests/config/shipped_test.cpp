// The configs in configs/ load, are named as their files and hold what public sources say.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/mapped_file.hpp"
#include "config/writer.hpp"
#include "kiln/base/units.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {
namespace {

const std::string kConfigs = std::string(KILN_SOURCE_DIR) + "/configs";

ConfigPath path() { return ConfigPath(kConfigs, ""); }

template <class Config>
Config shipped(std::string_view kind, const std::string& name,
               base::Result<Config> (*load)(const std::string&, const std::vector<Override>&)) {
  const auto file = path().find(kind, name);
  EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
  auto config = load(file.value(), {});
  EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message);
  EXPECT_EQ(config->name, name);
  return config.value();
}

TEST(Shipped, EveryConfigLoadsAndIsNamedAsItsFile) {
  for (const auto& name : path().list("chip")) shipped("chip", name, load_chip);
  for (const auto& name : path().list("model")) shipped("model", name, load_model);
  for (const auto& name : path().list("recipe")) shipped("recipe", name, load_recipe);
  for (const auto& name : path().list("gpu")) shipped("gpu", name, load_gpu);
  for (const auto& name : path().list("machine")) shipped("machine", name, load_machine);
  for (const auto& name : path().list("tech")) shipped("tech", name, load_tech);
  for (const auto& name : path().list("economics")) shipped("economics", name, load_economics);
}

// Sweeps are specs over configs.
TEST(Shipped, NoFileStandsOutsideTheKinds) {
  const std::set<std::string> kinds = {"chip", "model", "recipe", "gpu", "machine", "tech", "economics", "sweep"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kConfigs)) {
    if (!entry.is_regular_file() || entry.path().filename() == "README.md") continue;
    EXPECT_EQ(entry.path().extension(), ".json") << entry.path();
    EXPECT_TRUE(kinds.contains(entry.path().parent_path().filename().string())) << entry.path();
  }
}

TEST(Shipped, TheNamesThatTheCommandLinePromisesAreThere) {
  using testing::ElementsAre;
  using testing::IsSupersetOf;
  EXPECT_THAT(path().list("chip"), IsSupersetOf({"demo", "demo-bit-serial", "demo-rom-mac", "hc1", "hc1-pipelined",
                                                 "hc1-x10", "hnlpu", "roma"}));
  EXPECT_THAT(path().list("model"), IsSupersetOf({"llama-3.1-8b", "llama-3.1-70b", "llama-3.2-1b", "llama-3.2-3b",
                                                  "gpt-oss-120b-dense", "stories260k", "kiln-stories-1m"}));
  EXPECT_THAT(path().list("recipe"), IsSupersetOf({"w8", "w4", "w3w6", "w2"}));
  EXPECT_THAT(path().list("gpu"), ElementsAre("a100-40-sxm", "a100-80-sxm", "b200", "gh200", "h100-pcie", "h100-sxm",
                                              "h200", "l4", "l40s", "mi300x", "rtx-3090", "rtx-4090", "rtx-5090"));
  EXPECT_THAT(path().list("machine"), IsSupersetOf({"cerebras-wse-3", "gaudi2", "groq", "sambanova", "taalas-hc1",
                                                    "tenstorrent-n300", "tpu-v6e"}));
}

TEST(Shipped, GpusAndMachinesSayTheirSourceAndPricesTheirs) {
  for (const auto& name : path().list("gpu")) {
    const GpuSpec gpu = shipped("gpu", name, load_gpu);
    EXPECT_THAT(gpu.source, testing::ContainsRegex("(data sheet|white paper).*20[0-9][0-9]")) << name;
    EXPECT_EQ(gpu.source.find("Price:") != std::string::npos, gpu.price_usd_per_h.has_value()) << name;
    EXPECT_LE(gpu.single_measurements, gpu.measurements) << name;
  }
  for (const auto& name : path().list("machine")) {
    const ReferenceMachine machine = shipped("machine", name, load_machine);
    EXPECT_THAT(machine.date, testing::ContainsRegex("^20[0-9][0-9]-[0-9][0-9]|^not stated$")) << name;
    EXPECT_NE(machine.source, "") << name;
  }
}

/// A shipped chip's file, then those that it extends.
std::vector<nlohmann::json> files_of_chip(const std::string& name) {
  std::vector<nlohmann::json> files;
  for (std::string next = name; !next.empty();) {
    const auto text = base::read_text_file(KILN_SOURCE_DIR "/configs/chip/" + next + ".json");
    files.push_back(nlohmann::json::parse(text.value()));
    next = files.back().value("extends", "");
  }
  return files;
}

/// What the first of them that says anything of it says.
nlohmann::json said_of(const std::vector<nlohmann::json>& files, const nlohmann::json::json_pointer& at) {
  for (const auto& file : files)
    if (file.contains(at)) return file[at];
  return nullptr;
}

TEST(Shipped, EveryChipParameterHasAReason) {
  for (const auto& name : path().list("chip")) {
    const ChipConfig chip = shipped("chip", name, load_chip);
    const auto files = files_of_chip(name);
    for (const auto& field : fields_of<ChipConfig>()) {
      if (field.unit == "text" || field.unit == "sentences" || field.unit == "object") continue;
      const auto said = said_of(files, nlohmann::json::json_pointer(field.pointer));
      if (said.is_null() || said == "auto") continue;  // what is found needs no reason but its formula
      bool given = false;                              // of the key, or of an object that it is in
      for (std::string above = field.pointer; !above.empty(); above = above.substr(0, above.rfind('/')))
        given = given || chip.reasons.contains(above);
      EXPECT_TRUE(given) << name << " gives no reason for " << field.pointer;
    }
  }
}

TEST(Shipped, Llama31Has7505MillionActiveWeights) {
  const ModelConfig model = shipped("model", "llama-3.1-8b", load_model);
  EXPECT_EQ(model.active_matrix_weights(), 7'504'658'432U);
  EXPECT_EQ(model.rope_scaling.kind, RopeScalingKind::Llama3);
  EXPECT_EQ(model.rope_scaling.factor, 8.0);
  EXPECT_FALSE(model.tied_embeddings);
}

TEST(Shipped, Llama32IsTiedAndScaledBy32) {
  for (const auto* name : {"llama-3.2-1b", "llama-3.2-3b"}) {
    const ModelConfig model = shipped("model", name, load_model);
    EXPECT_TRUE(model.tied_embeddings);
    EXPECT_EQ(model.rope_scaling.factor, 32.0);
  }
}

/// Words between a token's keys and the next token's, in one layer.
std::uint64_t token_words(const ChipConfig& chip, const ModelConfig& model) {
  return model.kv_heads * base::ceil_div(model.head_dim, chip.kv.width_bytes) + chip.kv.row_pad_words;
}

/// Tokens whose keys and values a layer's KV SRAM holds.
std::uint64_t capacity(const ChipConfig& chip, const ModelConfig& model) {
  return std::uint64_t{chip.kv.banks} * chip.kv.depth_words / (2 * token_words(chip, model));
}

/// Words that the fullest bank gives to one read of heads_parallel x tokens_parallel words (bank = address mod banks).
std::size_t words_in_fullest_bank(const ChipConfig& chip, const ModelConfig& model) {
  std::map<std::uint64_t, std::size_t> words;
  std::size_t most = 0;
  const std::uint32_t heads = std::min(chip.attention.heads_parallel, model.kv_heads);
  for (std::uint64_t t = 0; t < chip.attention.tokens_parallel; ++t)
    for (std::uint64_t h = 0; h < heads; ++h) {
      const std::uint64_t row = base::ceil_div(model.head_dim, chip.kv.width_bytes);
      most = std::max(most, ++words[(t * token_words(chip, model) + h * row) % chip.kv.banks]);
    }
  return most;
}

TEST(Shipped, Hc1Holds6144TokensOfLlama31AndReadsThemWithoutConflicts) {
  const ChipConfig chip = shipped("chip", "hc1", load_chip);
  const ModelConfig model = shipped("model", "llama-3.1-8b", load_model);
  EXPECT_GE(capacity(chip, model), 6144U);
  EXPECT_LE(words_in_fullest_bank(chip, model), chip.kv.ports);
}

TEST(Shipped, TheStandInForGptOssHasItsWeights) {
  const ModelConfig model = shipped("model", "gpt-oss-120b-dense", load_model);
  // 36 layers of 128 experts of (2880 x 5760 + 2880 x 2880), attention of 64 query and 8 KV heads of 64, and the head.
  constexpr std::uint64_t kExperts = 36ULL * 128 * (2880 * 5760 + 2880 * 2880);
  constexpr std::uint64_t kAttention = 36ULL * 2880 * (2 * 4096 + 2 * 512);
  EXPECT_EQ(model.active_matrix_weights(), kExperts + kAttention + 201088ULL * 2880);
}

TEST(Shipped, HnlpuAndRomaHaveThePublishedSram) {
  const ChipConfig hnlpu = shipped("chip", "hnlpu", load_chip);
  const std::uint64_t bank = std::uint64_t{hnlpu.kv.depth_words} * hnlpu.kv.width_bytes;
  EXPECT_EQ(bank, 16U * 1024);
  EXPECT_EQ(base::ceil_div(std::uint64_t{20'000} * hnlpu.chips.count, std::uint64_t{36}), hnlpu.kv.banks);
  const ChipConfig roma = shipped("chip", "roma", load_chip);
  const std::uint64_t kv = 32ULL * roma.kv.banks * roma.kv.depth_words * roma.kv.width_bytes;
  ASSERT_TRUE(roma.lora.has_value());
  EXPECT_EQ(kv + 1024ULL * roma.lora->sram_kib, 304ULL << 20);
}

TEST(Shipped, DemoHoldsTheContextOfTheSmallModelsAndReadsThemWithoutConflicts) {
  const ChipConfig chip = shipped("chip", "demo", load_chip);
  for (const auto* name : {"stories260k", "kiln-stories-1m"}) {
    const ModelConfig model = shipped("model", name, load_model);
    EXPECT_GE(capacity(chip, model), std::uint64_t{model.max_context});
    EXPECT_LE(words_in_fullest_bank(chip, model), chip.kv.ports);
  }
}

TEST(Shipped, ChipsWithOtherTilesAreTheDemoOtherwise) {
  auto demo = nlohmann::json::parse(to_json(shipped("chip", "demo", load_chip)));
  for (const auto* word : {"bit_serial", "rom_mac"}) {
    std::string name = std::string("demo-") + word;
    std::replace(name.begin(), name.end(), '_', '-');
    auto other = nlohmann::json::parse(to_json(shipped("chip", name, load_chip)));
    EXPECT_EQ(other["tile"]["microarchitecture"], word);
    EXPECT_EQ(other["tile"][word], demo["tile"][word]);
    for (const auto* key : {"rows", "columns", "scale_lanes", "accumulate_cycles"})
      EXPECT_EQ(other["tile"][key], demo["tile"][key]) << key;
    for (const auto* key : {"name", "tile"}) other[key] = demo[key];
    EXPECT_EQ(other, demo);
  }
}

TEST(Shipped, EmbeddedModelIsTheCheckpointInModels) {
  const std::string folder = std::string(KILN_SOURCE_DIR) + "/models/kiln-stories-1m";
  const auto text = base::read_text_file(folder + "/config.json");
  ASSERT_TRUE(text.ok()) << text.error().message;
  // The checkpoint's file has more keys than a model's config, so only those of the config are compared.
  auto checkpoint = nlohmann::json::parse(text.value());
  const auto ours = nlohmann::json::parse(to_json(shipped("model", "kiln-stories-1m", load_model)));
  checkpoint["name"] = "kiln-stories-1m";
  for (const auto& item : ours.items()) EXPECT_EQ(item.value(), checkpoint[item.key()]) << item.key();
}

TEST(Shipped, RecipesSayTheirWidths) {
  const BakeRecipe w8 = shipped("recipe", "w8", load_recipe);
  const BakeRecipe w4 = shipped("recipe", "w4", load_recipe);
  const BakeRecipe w2 = shipped("recipe", "w2", load_recipe);
  const BakeRecipe mixed = shipped("recipe", "w3w6", load_recipe);
  const std::set<TensorClass> six = {TensorClass::Embedding, TensorClass::K, TensorClass::V, TensorClass::LmHead};
  for (std::size_t c = 0; c < kTensorClasses; ++c) {
    const auto tensor = static_cast<TensorClass>(c);
    EXPECT_EQ(w8.of(tensor).bits, 8);
    EXPECT_EQ(w8.of(tensor).codebook, CodebookKind::Uniform);
    EXPECT_EQ(w4.of(tensor).bits, 4);
    EXPECT_EQ(w4.of(tensor).codebook, CodebookKind::KMeans);
    EXPECT_EQ(w2.of(tensor).bits, 2);
    EXPECT_EQ(w2.of(tensor).codebook, CodebookKind::KMeans);
    EXPECT_EQ(mixed.of(tensor).bits, six.contains(tensor) ? 6 : 3);
    EXPECT_EQ(mixed.of(tensor).codebook, six.contains(tensor) ? CodebookKind::Uniform : CodebookKind::KMeans);
  }
}

}  // namespace
}  // namespace kiln::config
