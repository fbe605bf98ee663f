// The KV SRAM alone: KvStepReads of src/chip/kv_sram and kiln_kv_sram in lock step. Words are written at random, whole
// and in part; then all rows of a region are read, and each cycle must bring what the model's arbitration says, with
// the bytes that were written last. docs/units/kv_sram.md
#include "chip/timing/kv_sram.hpp"

#include <bit>
#include <optional>
#include <set>

#include "configurations.hpp"
#include "cosim.hpp"

namespace kiln::rtl {
namespace {

/// What the ports and this test derive from a configuration.
struct KvShape {
  explicit KvShape(const Configuration& configuration) : c(configuration) {
    config::ModelConfig model;
    model.hidden_size = model.intermediate_size = model.vocab_size = 16;
    model.layers = c.at("layers");
    model.heads = model.kv_heads = c.at("kv_heads");
    model.head_dim = c.at("head_dim");
    model.max_context = 64;
    config::ChipConfig chip = support::RandomConfigs(1).chip(model, c.at("context"));
    chip.attention.heads_parallel = c.at("heads_parallel");
    chip.attention.tokens_parallel = c.at("tokens_parallel");
    chip.kv = {c.at("banks"), c.at("ports"), c.at("width_bytes"), 1, c.at("read"), 1, c.at("pad")};
    const std::uint64_t row_words = base::ceil_div(model.head_dim, chip.kv.width_bytes);
    const std::uint64_t words = (model.kv_heads * row_words + chip.kv.row_pad_words) * c.at("context");
    chip.kv.depth_words = static_cast<std::uint32_t>(base::ceil_div(2 * words, chip.kv.banks));
    auto placed = program::Placement::create(model, {}, chip);
    base::check(placed.ok(), placed.ok() ? "" : placed.error().message);
    placement = std::make_unique<program::Placement>(std::move(placed).value());
    capacity = placement->kv().capacity_tokens;
    tokens = std::min<std::uint64_t>(c.at("tokens_parallel"), capacity);
    heads = std::min(c.at("heads_parallel"), c.at("kv_heads"));
    lanes = std::min<std::uint64_t>(tokens * heads, std::uint64_t{c.at("banks")} * c.at("ports"));
    write_words = std::min(c.at("write_words"), c.at("banks"));
    width = 8 * c.at("width_bytes");
  }
  static unsigned index_bits(std::uint64_t values) {
    return values > 1 ? static_cast<unsigned>(std::bit_width(values - 1)) : 1;
  }
  [[nodiscard]] unsigned token_bits() const { return index_bits(tokens); }
  [[nodiscard]] unsigned head_bits() const { return index_bits(heads); }

  [[nodiscard]] UnitDesign design() const {
    UnitDesign d;
    d.module = "kiln_kv_sram";
    d.parameter("KvHeads", c.at("kv_heads"));
    d.parameter("HeadDim", c.at("head_dim"));
    d.parameter("Layers", c.at("layers"));
    d.parameter("Capacity", capacity);
    d.parameter("TokensParallel", c.at("tokens_parallel"));
    d.parameter("HeadsParallel", c.at("heads_parallel"));
    d.parameter("Banks", c.at("banks"));
    d.parameter("Ports", c.at("ports"));
    d.parameter("WidthBytes", c.at("width_bytes"));
    d.parameter("DepthWords", placement->chip().kv.depth_words);
    d.parameter("ReadCycles", c.at("read"));
    d.parameter("RowPadWords", c.at("pad"));
    d.parameter("WriteWords", write_words);
    for (const auto& [name, bits] :
         std::initializer_list<std::pair<const char*, std::uint64_t>>{{"layer_i", 16},
                                                                      {"write_i", 1},
                                                                      {"write_values_i", 1},
                                                                      {"write_word_i", 32},
                                                                      {"write_data_i", write_words * width},
                                                                      {"write_bytes_i", write_words * width / 8},
                                                                      {"read_i", 1},
                                                                      {"read_values_i", 1},
                                                                      {"read_tokens_i", 32}})
      d.input(name, bits);
    for (const auto& [name, bits] : std::initializer_list<std::pair<const char*, std::uint64_t>>{
             {"valid_o", 1},
             {"last_o", 1},
             {"begin_o", 1},
             {"block_o", index_bits(base::ceil_div(capacity, tokens))},
             {"head_block_o", index_bits(base::ceil_div(c.at("kv_heads"), heads))},
             {"word_o", index_bits(placement->kv().row_words)},
             {"lane_valid_o", lanes},
             {"lane_token_o", lanes * token_bits()},
             {"lane_head_o", lanes * head_bits()},
             {"lane_word_o", lanes * width}})
      d.output(name, bits);
    return d;
  }

  Configuration c;
  std::unique_ptr<program::Placement> placement;
  std::uint64_t capacity = 0, tokens = 0, heads = 0, lanes = 0, write_words = 0, width = 0;
};

class KvLane {
 public:
  KvLane(Model& model, std::size_t index, const Configuration& c, std::uint64_t seed)
      : shape_(c),
        name_("kv_sram " + nlohmann::json(c).dump()),
        pins_(model, fmt::format("c{}_", index)),
        random_(seed),
        region_words_(shape_.capacity * shape_.placement->kv().token_words),
        bytes_(2 * region_words_ * c.at("layers") * c.at("width_bytes"), 0) {}

  [[nodiscard]] bool done() const { return words_read_ >= transactions_wanted() && !walk_; }
  [[nodiscard]] std::uint64_t words() const { return words_read_; }

  bool cycle(std::uint64_t now) {
    pins_["write_i"].set(std::uint64_t{0});
    pins_["read_i"].set(std::uint64_t{0});
    if (!outputs(now)) return false;
    if (walk_ || done()) return true;
    if (filled_ < 2 * region_words_ * shape_.c.at("layers") || random_.below(8) != 0) {
      write();
    } else {
      start(now);
    }
    return true;
  }

 private:
  [[nodiscard]] std::uint8_t* bytes_of(std::uint64_t layer, std::uint64_t region, std::uint64_t word) {
    return bytes_.data() + ((layer * 2 + region) * region_words_ + word) * shape_.c.at("width_bytes");
  }

  /// One after the other until every word was written, then anywhere.
  void write() {
    std::uint64_t at = filled_;
    const std::uint64_t all = 2 * region_words_ * shape_.c.at("layers");
    const bool filling = filled_ < all;
    if (!filling) at = random_.below(all);
    const std::uint64_t word = at % region_words_, region = at / region_words_ % 2, layer = at / region_words_ / 2;
    const std::uint64_t count = std::min(shape_.write_words, region_words_ - word);
    if (filling) filled_ += count;
    Bits data(shape_.write_words * shape_.width), enables(shape_.write_words * shape_.width / 8);
    for (std::uint64_t i = 0; i < data.size() / 8; ++i) data.set(8 * i, 8, random_.next());
    const bool part = !filling && random_.below(2) == 0;
    for (std::uint64_t i = 0; i < count * shape_.width / 8; ++i) {
      if (part && random_.below(2) == 0) continue;
      enables.set(i, 1, 1);
      bytes_of(layer, region, word)[i] = static_cast<std::uint8_t>(data.get(8 * i, 8));
    }
    pins_["layer_i"].set(layer);
    pins_["write_i"].set(1);
    pins_["write_values_i"].set(region);
    pins_["write_word_i"].set(word);
    pins_["write_data_i"].set(data);
    pins_["write_bytes_i"].set(enables);
  }

  void start(std::uint64_t now) {
    layer_ = random_.below(shape_.c.at("layers"));
    region_ = random_.below(2);
    context_ = 1 + random_.below(shape_.capacity);
    walk_.emplace(*shape_.placement, context_);
    token_ = head_ = word_ = 0;
    step_end_ = now + 1 + shape_.c.at("read");  // the first words come out
    begin_step();
    pins_["layer_i"].set(layer_);
    pins_["read_i"].set(1);
    pins_["read_values_i"].set(region_);
    pins_["read_tokens_i"].set(context_);
  }

  void begin_step() {
    step_begin_ = step_end_;
    const auto cycles = walk_->step();
    if (!cycles) return walk_.reset();
    step_end_ += *cycles;
    waiting_.clear();
    for (std::uint64_t t = token_; t < std::min(context_, token_ + shape_.tokens); ++t) {
      for (std::uint64_t h = head_; h < std::min<std::uint64_t>(shape_.c.at("kv_heads"), head_ + shape_.heads); ++h)
        waiting_.emplace(t - token_, h - head_);
    }
  }

  bool outputs(std::uint64_t now) {
    const bool valid = walk_ && now >= step_begin_;
    if (!same(now, "valid_o", valid)) return false;
    if (!valid) return true;
    const bool last_of_step = now + 1 == step_end_;
    const bool row_ends = word_ + 1 == shape_.placement->kv().row_words;
    const bool heads_end = head_ + shape_.heads >= shape_.c.at("kv_heads");
    const bool last = last_of_step && row_ends && heads_end && token_ + shape_.tokens >= context_;
    if (!same(now, "last_o", last) || !same(now, "word_o", word_) || !same(now, "block_o", token_ / shape_.tokens) ||
        !same(now, "head_block_o", head_ / shape_.heads) || !same(now, "begin_o", token_ == 0 && now == step_begin_) ||
        !lanes(now))
      return false;
    if (!last_of_step) return true;
    if (!waiting_.empty()) {
      ADD_FAILURE() << fmt::format("{}, cycle {}: {} rows of the step never came", name_, now, waiting_.size());
      return false;
    }
    word_ = row_ends ? 0 : word_ + 1;
    if (row_ends) head_ = heads_end ? 0 : head_ + shape_.heads;
    if (row_ends && heads_end) token_ += shape_.tokens;
    begin_step();
    return true;
  }

  bool lanes(std::uint64_t now) {
    Bits valid, tokens, heads, words;
    pins_["lane_valid_o"].get(valid);
    pins_["lane_token_o"].get(tokens);
    pins_["lane_head_o"].get(heads);
    pins_["lane_word_o"].get(words);
    const program::KvPlan& plan = shape_.placement->kv();
    for (std::uint64_t l = 0; l < shape_.lanes; ++l) {
      if (valid.get(l, 1) == 0) continue;
      const std::uint64_t t = tokens.get(l * shape_.token_bits(), shape_.token_bits());
      const std::uint64_t h = heads.get(l * shape_.head_bits(), shape_.head_bits());
      if (waiting_.erase({t, h}) == 0) {
        ADD_FAILURE() << fmt::format(
            "{}, cycle {}, signal lane_valid_o: lane {} has token {}, head {} of the blocks, "
            "which nobody waits for",
            name_, now, l, t, h);
        return false;
      }
      const std::uint64_t address = (token_ + t) * plan.token_words + (head_ + h) * plan.row_words + word_;
      const std::uint8_t* expected = bytes_of(layer_, region_, address);
      for (std::uint64_t b = 0; b < shape_.width / 8; ++b) {
        const std::uint64_t seen = words.get(l * shape_.width + 8 * b, 8);
        if (seen == expected[b]) continue;
        ADD_FAILURE() << fmt::format("{}, cycle {}, signal lane_word_o: word {}, byte {}: expected {}, RTL has {}",
                                     name_, now, address, b, expected[b], seen);
        return false;
      }
      ++words_read_;
    }
    return true;
  }

  bool same(std::uint64_t now, const std::string& signal, std::uint64_t expected) {
    const std::uint64_t seen = pins_[signal].get();
    if (seen == expected) return true;
    ADD_FAILURE() << fmt::format("{}, cycle {}, signal {}: model has {}, RTL has {}", name_, now, signal, expected,
                                 seen);
    return false;
  }

  KvShape shape_;
  std::string name_;
  Pins pins_;
  base::Random random_;
  std::uint64_t region_words_;
  std::vector<std::uint8_t> bytes_;  ///< [layer][keys, values][word][byte]
  std::uint64_t filled_ = 0, words_read_ = 0;
  // the walk under way, and where its outputs are
  std::optional<chip::KvStepReads> walk_;
  std::uint64_t layer_ = 0, region_ = 0, context_ = 0, token_ = 0, head_ = 0, word_ = 0, step_begin_ = 0, step_end_ = 0;
  std::set<std::pair<std::uint64_t, std::uint64_t>> waiting_;  ///< token and head in their blocks
};

class KvSramCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(KvSramCosim, ServesEveryStepInTheCyclesOfTheModel) {
  std::vector<UnitDesign> designs;
  const auto configured = group("kv_sram", GetParam());
  for (const auto& c : configured) designs.push_back(KvShape(c).design());
  const auto model = loaded(fmt::format("kv_sram-{}", GetParam()), designs);
  std::vector<std::unique_ptr<KvLane>> lanes;
  const std::uint64_t seed = support::test_seed(20261204 + GetParam());
  for (const auto& c : configured)
    lanes.push_back(std::make_unique<KvLane>(*model, lanes.size(), c, base::mix(seed, lanes.size())));
  std::uint64_t now = 0, words = 0;
  const auto all_done = [&] { return std::ranges::all_of(lanes, [](const auto& lane) { return lane->done(); }); };
  for (; !all_done(); ++now) {
    for (const auto& lane : lanes) {
      if (!lane->cycle(now)) return;
    }
    model->tick();
  }
  for (const auto& lane : lanes) words += lane->words();
  std::cout << fmt::format("{} configurations, {} words, {} cycles compared\n", lanes.size(), words,
                           now * lanes.size());
}

INSTANTIATE_TEST_SUITE_P(Groups, KvSramCosim, testing::Range<std::size_t>(0, groups("kv_sram")));

}  // namespace
}  // namespace kiln::rtl
