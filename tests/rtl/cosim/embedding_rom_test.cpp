// Embedding ROM: one id a transaction, a row of elements after it.
#include "numerics/vector_ops.hpp"
#include "support.hpp"

namespace kiln::rtl {
namespace {

class EmbeddingOracle final : public Oracle {
 public:
  EmbeddingOracle(const Case& which, base::Random& random) : case_(which), random_(random) {}
  void token(const chip::TokenInFlight&, const Pins&) override {}
  Exchange exchange(const chip::TokenInFlight&, const program::Op&, const Pins&) override {
    const auto& table = case_.image->tensor(config::TensorClass::Embedding).matrix;
    const auto id = static_cast<std::uint32_t>(random_.below(table.rows));
    std::vector<float> row(table.columns);
    numerics::embedding_row(table, id, row);
    Exchange e{"id", "row", {Bits(32)}, {}};
    e.in[0].set(0, 32, id);
    append_elements(e.out, row, case_.placement->chip().link.beat_elements());
    return e;
  }

 private:
  const Case& case_;
  base::Random& random_;
};

Case embedding_case(const Configuration& c, std::uint64_t seed) {
  const auto model = support::model_of({"cosim", c.at("hidden"), 8, 1, 1, 1, 4, 50});
  config::ChipConfig chip;
  chip.link.beat_groups = c.at("beat_groups");
  chip.embedding = {c.at("read_cycles"), c.at("elements_per_cycle")};
  Case made = make_case(model, recipe_of(static_cast<int>(c.at("bits"))), chip, seed);
  made.unit = program::Unit::EmbeddingRom;
  made.design = embedding_rom(*made.image, *made.placement, fmt::format("e{:x}", seed));
  made.twin = [](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::PlainModule<chip::EmbeddingRom>>(name, stage, program::Unit::EmbeddingRom);
  };
  made.oracle = [](const Case& which, base::Random& random) {
    return std::make_unique<EmbeddingOracle>(which, random);
  };
  return made;
}

KILN_COSIM(EmbeddingRom, "embedding_rom", embedding_case);

}  // namespace
}  // namespace kiln::rtl
