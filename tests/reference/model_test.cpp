// The fp32 Llama against golden logits of a trained model, and against a slower double-precision one written here.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/random.hpp"
#include "reference/naive_llama.hpp"
#include "reference/reference.hpp"
#include "support/development_data.hpp"
#include "support/seed.hpp"

namespace kiln::reference {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;

config::ModelConfig small_config() {
  config::ModelConfig c;
  c.name = "small";
  c.hidden_size = 30;  // no multiple of a vector's width
  c.intermediate_size = 43;
  c.layers = 3;
  c.heads = 6;
  c.kv_heads = 2;
  c.head_dim = 6;
  c.vocab_size = 37;
  c.max_context = 64;
  return c;
}

std::vector<base::TokenId> random_tokens(std::size_t count, std::uint32_t vocabulary) {
  base::Random random(support::test_seed(3));
  std::vector<base::TokenId> ids(count);
  for (auto& id : ids) id = static_cast<base::TokenId>(random.below(vocabulary));
  return ids;
}

Model load(const Checkpoint& checkpoint, base::ThreadPool& pool) {
  auto model = Model::load(checkpoint, pool);
  EXPECT_TRUE(model) << model.error().message;
  return std::move(*model);
}

std::vector<std::vector<float>> logits_of(Model& model, std::span<const base::TokenId> tokens) {
  std::vector<std::vector<float>> all;
  model.forward(tokens, [&](std::size_t index, std::span<const float> logits) {
    EXPECT_EQ(index, all.size());
    all.emplace_back(logits.begin(), logits.end());
  });
  return all;
}

void expect_like_naive(const config::ModelConfig& config, std::size_t tokens) {
  const auto checkpoint = checkpoint::synthetic(config, 11);
  base::ThreadPool pool(2);
  Model model = load(*checkpoint, pool);
  Naive naive(*checkpoint);
  const auto ids = random_tokens(tokens, config.vocab_size);
  const auto logits = logits_of(model, ids);
  ASSERT_EQ(logits.size(), ids.size());
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const auto expected = naive.next(ids[t]);
    for (std::size_t v = 0; v < expected.size(); ++v)
      ASSERT_NEAR(static_cast<double>(logits[t][v]), expected[v], 2e-5) << "position " << t << ", id " << v;
  }
}

TEST(Model, AgreesWithOneTokenAtATimeInDouble) { expect_like_naive(small_config(), 45); }

/// Several tiles of tokens and of rows, and blocks of queries, each with a rest.
config::ModelConfig large_config() {
  auto config = small_config();
  config.hidden_size = 97;
  config.intermediate_size = 401;
  config.layers = 1;
  config.vocab_size = 391;
  config.max_context = 1024;
  return config;
}

TEST(Model, AgreesWhereTheWorkIsCut) { expect_like_naive(large_config(), 260); }

TEST(Model, AgreesWhenEmbeddingsAreTiedAndHeadsAreNotShared) {
  auto config = small_config();
  config.tied_embeddings = true;
  config.kv_heads = 6;
  config.head_dim = 8;
  expect_like_naive(config, 9);
}

TEST(Model, AgreesWithLinearRopeScaling) {
  auto config = small_config();
  config.rope_scaling.kind = config::RopeScalingKind::Linear;
  config.rope_scaling.factor = 4;
  expect_like_naive(config, 20);
}

TEST(Model, AgreesWithLlama3RopeScaling) {
  auto config = small_config();
  config.head_dim = 16;
  config.rope_theta = 500;
  config.rope_scaling = {config::RopeScalingKind::Llama3, 8, 1, 4, 64};  // all three ranges of wavelengths occur
  expect_like_naive(config, 20);
}

/// Products of other sizes add in another order.
TEST(Model, TokensOneByOneAreTokensInABlock) {
  const auto checkpoint = checkpoint::synthetic(small_config(), 5);
  base::ThreadPool pool(1);
  Model model = load(*checkpoint, pool);
  const auto ids = random_tokens(530, 37);  // more than a block
  const auto together = logits_of(model, ids);
  for (const std::size_t step : {1U, 7U, 513U}) {
    model.reset();
    std::vector<std::vector<float>> parts;
    for (std::size_t first = 0; first < ids.size(); first += step)
      for (auto& row : logits_of(model, std::span(ids).subspan(first, std::min(step, ids.size() - first))))
        parts.push_back(std::move(row));
    ASSERT_EQ(parts.size(), together.size());
    for (std::size_t t = 0; t < parts.size(); ++t)
      EXPECT_THAT(parts[t], testing::Pointwise(testing::FloatNear(2e-5F), together[t])) << step << " " << t;
  }
}

TEST(Model, ResultsDoNotDependOnThreads) {
  const auto checkpoint = checkpoint::synthetic(large_config(), 5);
  base::ThreadPool one(1);
  base::ThreadPool three(3);
  Model a = load(*checkpoint, one);
  Model b = load(*checkpoint, three);
  const auto ids = random_tokens(300, 391);
  EXPECT_EQ(logits_of(a, ids), logits_of(b, ids));
}

TEST(Model, RefusesWhatMemoryCannotHold) {
  const auto checkpoint = checkpoint::synthetic(small_config(), 5);
  base::ThreadPool pool(1);
  const auto model = Model::load(*checkpoint, pool, {}, 1000);
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message,
              testing::AllOf(testing::HasSubstr("synthetic:small:5"), testing::HasSubstr("at most 1000")));
}

TEST(Model, LoadingStopsWhenAsked) {
  const auto checkpoint = checkpoint::synthetic(small_config(), 5);
  base::ThreadPool pool(1);
  std::stop_source source;
  source.request_stop();
  base::Progress progress;
  progress.stop = source.get_token();
  const auto model = Model::load(*checkpoint, pool, progress);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message, "interrupted");
}

TEST(Model, AStopEndsATextBeforeItsNextLogits) {
  const auto checkpoint = checkpoint::synthetic(small_config(), 5);
  base::ThreadPool pool(1);
  Model model = load(*checkpoint, pool);
  const auto ids = random_tokens(200, 37);  // more than have their logits in memory together
  model.reset();
  const auto expected = logits_of(model, ids);
  std::stop_source source;
  std::size_t passed = 0;
  const auto sink = [&](std::size_t /*index*/, std::span<const float> /*logits*/) {
    ++passed;
    source.request_stop();
  };
  model.reset();
  model.forward(ids, sink, source.get_token());
  EXPECT_EQ(passed, 128U);
  model.reset();
  model.forward(ids, sink, source.get_token());
  EXPECT_EQ(passed, 128U);
  model.reset();
  EXPECT_EQ(logits_of(model, ids), expected);
}

TEST(Model, ATokenAboveTheVocabularyIsABug) {
  const auto checkpoint = checkpoint::synthetic(small_config(), 5);
  base::ThreadPool pool(1);
  Model model = load(*checkpoint, pool);
  const std::vector<base::TokenId> ids = {37};
  EXPECT_THROW(model.forward(ids, [](std::size_t, std::span<const float>) {}), base::BugError);
}

// --- golden logits of a trained model (float64, by an independent implementation)
// --------------------------------------

struct Form {
  const char* path;
  double tolerance;  ///< of a logit; BF16 rounds the weights themselves by up to 2^-9
  bool same_argmax;
};
class Golden : public testing::TestWithParam<Form> {};

TEST_P(Golden, LogitsAgree) {
  const auto data = test::shared_data("data/stories260K");
  KILN_NEEDS_DATA(data);
  const auto& dir = data.path;
  std::ifstream json_file(dir / "golden.json");
  const auto golden = nlohmann::json::parse(json_file);
  const auto ids = golden.at("tokens").get<std::vector<base::TokenId>>();
  const auto argmax = golden.at("argmax").get<std::vector<std::size_t>>();
  std::vector<float> expected(256 * 512);
  std::ifstream file(dir / "golden_logits.f32", std::ios::binary);
  file.read(reinterpret_cast<char*>(expected.data()), static_cast<std::streamsize>(expected.size() * 4));
  ASSERT_TRUE(file.good());

  const auto opened = checkpoint::open((dir / GetParam().path).string());
  ASSERT_TRUE(opened) << opened.error().message;
  base::ThreadPool pool(2);
  Model model = load(**opened, pool);
  const auto logits = logits_of(model, ids);
  ASSERT_EQ(logits.size(), 256U);
  for (std::size_t t = 0; t < 256; ++t) {
    for (std::size_t v = 0; v < 512; ++v)
      ASSERT_NEAR(logits[t][v], expected[t * 512 + v], GetParam().tolerance) << t << " " << v;
    const auto best =
        static_cast<std::size_t>(std::max_element(logits[t].begin(), logits[t].end()) - logits[t].begin());
    if (GetParam().same_argmax) {
      EXPECT_EQ(best, argmax[t]) << t;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Stories260K, Golden,
                         testing::Values(Form{"stories260K.gguf", 1e-3, true}, Form{"hf-f32", 1e-3, true},
                                         Form{"hf-f32-sharded", 1e-3, true}, Form{"hf-bf16", 0.25, false}),
                         [](const auto& p) {
                           std::string name = p.param.path;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace kiln::reference
