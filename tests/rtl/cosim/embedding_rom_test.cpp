// The embedding ROM in lock step. docs/units/embedding_rom.md
#include <bit>

#include "chip/unit_modules.hpp"
#include "configurations.hpp"
#include "cosim.hpp"
#include "kiln/numerics/vector_ops.hpp"

namespace kiln::rtl {
namespace {

class RowOracle final : public Oracle {
 public:
  RowOracle(const Case& which, base::Random& random)
      : table_(which.image->tensor(config::TensorClass::Embedding).matrix),
        beat_(which.placement->chip().link.beat_elements()),
        random_(random) {}
  void token(const chip::Flight&, const Pins&) override {}

  Exchange exchange(const chip::Flight&, const program::Op&, const Pins&) override {
    const auto id = static_cast<std::uint32_t>(random_.below(table_.rows));
    std::vector<float> row(table_.columns);
    numerics::embedding_row(table_, id, row);
    Exchange result{"id", "row", {Bits(32)}, {}};
    result.in[0].set(0, 32, id);
    for (std::size_t first = 0; first < row.size(); first += beat_) {
      Bits& beat = result.out.emplace_back(32 * std::uint64_t{beat_});
      for (std::size_t i = first; i < std::min(row.size(), first + beat_); ++i)
        beat.set(32 * (i - first), 32, std::bit_cast<std::uint32_t>(row[i]));
    }
    return result;
  }

 private:
  numerics::MatrixView table_;
  std::uint32_t beat_;
  base::Random& random_;
};

Case embedding_case(const Configuration& c, std::size_t index, std::uint64_t seed) {
  config::ModelConfig model;
  model.name = "cosim";
  model.hidden_size = c.at("hidden");
  model.intermediate_size = 32;
  model.layers = model.heads = model.kv_heads = 1;
  model.head_dim = 8;
  model.vocab_size = c.at("vocab");
  model.max_context = 16;
  config::BakeRecipe recipe;
  recipe.name = "cosim";
  recipe.formats[static_cast<std::size_t>(config::TensorClass::Embedding)].bits = static_cast<int>(c.at("bits"));
  config::ChipConfig chip = support::RandomConfigs(seed).chip(model, 16);
  chip.link.beat_groups = c.at("groups");
  chip.embedding = {c.at("read"), c.at("lanes")};
  Case made = make_case(model, recipe, chip, seed);
  made.name = fmt::format("embedding_rom {}", nlohmann::json(c).dump());
  made.unit = program::Unit::EmbeddingRom;
  made.design = embedding_rom(*made.image, *made.placement, fmt::format("c{}", index));
  made.twin = [](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::PlainModule<chip::EmbeddingRom>>(name, stage, program::Unit::EmbeddingRom);
  };
  made.oracle = [](const Case& which, base::Random& random) { return std::make_unique<RowOracle>(which, random); };
  return made;
}

class EmbeddingRomCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(EmbeddingRomCosim, ReadsEveryRowInTheCyclesOfTheModel) {
  const std::uint64_t seed = support::test_seed(20261201 + GetParam());
  std::vector<Case> cases;
  for (const auto& c : group("embedding_rom", GetParam()))
    cases.push_back(embedding_case(c, cases.size(), base::mix(seed, 100 + cases.size())));
  run_in_lock_step(fmt::format("embedding_rom-{}", GetParam()), cases, seed);
}

INSTANTIATE_TEST_SUITE_P(Groups, EmbeddingRomCosim, testing::Range<std::size_t>(0, groups("embedding_rom")));

}  // namespace
}  // namespace kiln::rtl
