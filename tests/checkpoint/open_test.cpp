// checkpoint::open() and the synthetic checkpoint; real files where they are available.
#include <gmock/gmock.h>

#include <cmath>

#include "checkpoint/files.hpp"
#include "support/development_data.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::HasSubstr;

TEST(Open, NamesWhatIsNotThere) {
  EXPECT_THAT(error_of("/no/such/file.gguf"), HasSubstr("cannot open"));
  EXPECT_THAT(error_of("/no/model.safetensors"), HasSubstr("expected the directory"));
  EXPECT_THAT(error_of("synthetic:llama"), HasSubstr("no file to open"));
  const auto dir = folder();
  write(dir / "empty.gguf", "");
  EXPECT_THAT(error_of((dir / "empty.gguf").string()), HasSubstr("the file ends before the magic"));
}

TEST(Synthetic, SourcesAreParsed) {
  const auto plain = parse_synthetic("synthetic:llama-3.1-8b");
  ASSERT_TRUE(plain && *plain);
  EXPECT_EQ((*plain)->model, "llama-3.1-8b");
  EXPECT_EQ((*plain)->seed, 1U);
  const auto seeded = parse_synthetic("synthetic:llama-3.1-8b:18446744073709551615");
  ASSERT_TRUE(seeded && *seeded);
  EXPECT_EQ((*seeded)->seed, ~0ULL);
  const auto other = parse_synthetic("model.gguf");
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other);
  for (const char* bad : {"synthetic:", "synthetic::1", "synthetic:m:", "synthetic:m:x", "synthetic:m:-1",
                          "synthetic:m:18446744073709551616"}) {
    const auto parsed = parse_synthetic(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error().message, HasSubstr(bad));
  }
}

TEST(Synthetic, ValuesDoNotDependOnTheOrderOfReading) {
  const auto checkpoint = synthetic(tiny_config(), 7);
  for (const auto& t : checkpoint->tensors()) {
    std::vector<float> all(t.rows * t.columns);
    std::vector<float> row(t.columns);
    ASSERT_TRUE(checkpoint->read_rows(t, 0, t.rows, all));
    for (std::uint64_t r = t.rows; r-- > 0;) {
      ASSERT_TRUE(checkpoint->read_rows(t, r, 1, row));
      EXPECT_TRUE(std::equal(row.begin(), row.end(), all.begin() + static_cast<long>(r * t.columns))) << t.name;
    }
  }
}

TEST(Synthetic, SeedAndTensorChangeTheWeights) {
  const auto a = synthetic(tiny_config(), 1);
  const auto b = synthetic(tiny_config(), 2);
  const auto first = [](const Checkpoint& c, Role role, std::uint32_t layer) {
    const TensorInfo* t = c.find(role, base::LayerId{layer});
    std::vector<float> row(t->columns);
    EXPECT_TRUE(c.read_rows(*t, 0, 1, row));
    return row;
  };
  EXPECT_EQ(first(*a, Role::Q, 0), first(*synthetic(tiny_config(), 1), Role::Q, 0));
  EXPECT_NE(first(*a, Role::Q, 0), first(*b, Role::Q, 0));
  EXPECT_NE(first(*a, Role::Q, 0), first(*a, Role::Q, 1));
  EXPECT_NE(first(*a, Role::Q, 0), first(*a, Role::K, 0));
}

TEST(Synthetic, WeightsHaveUnitGain) {
  auto config = tiny_config(true);
  config.vocab_size = 4096;
  config.hidden_size = 64;
  const auto checkpoint = synthetic(config, 3);
  EXPECT_EQ(checkpoint->find(Role::LmHead), nullptr);
  const TensorInfo* t = checkpoint->find(Role::Embedding);
  std::vector<float> all(t->rows * t->columns);
  ASSERT_TRUE(checkpoint->read_rows(*t, 0, t->rows, all));
  double sum = 0;
  double squares = 0;
  for (const float v : all) {
    sum += static_cast<double>(v);
    squares += static_cast<double>(v) * static_cast<double>(v);
  }
  const auto n = static_cast<double>(all.size());
  EXPECT_NEAR(sum / n * 8, 0, 0.01);  // five standard errors of 262,144 numbers
  EXPECT_NEAR(std::sqrt(squares / n) * 8, 1, 0.01);
  const TensorInfo* norm = checkpoint->find(Role::FinalNorm);
  std::vector<float> gamma(64);
  ASSERT_TRUE(checkpoint->read_rows(*norm, 0, 1, gamma));
  for (const float g : gamma) EXPECT_NEAR(g, 1.0F, 0.2F);
}

// The generator is part of every result that names a synthetic model: these numbers never change.
TEST(Synthetic, ValuesArePinned) {
  const auto checkpoint = synthetic(tiny_config(), 1);
  std::vector<float> row(8);
  ASSERT_TRUE(checkpoint->read_rows(checkpoint->tensors()[0], 0, 1, row));
  row.resize(4);
  EXPECT_THAT(row, testing::ElementsAre(0x1.7d3d7a0000000p-2F, 0x1.39444c0000000p-3F, 0x1.3021080000000p-2F,
                                        -0x1.ee7da20000000p-6F));
}

TEST(SharedFiles, AllFourFormsOfOneModelHoldTheSameWeights) {
  const auto data = kiln::test::shared_data("data/stories260K");
  KILN_NEEDS_DATA(data);
  const fs::path& dir = data.path;
  const auto gguf = open((dir / "stories260K.gguf").string());
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_EQ((*gguf)->config().max_context, 128U);
  ASSERT_TRUE((*gguf)->tokenizer());
  EXPECT_EQ((*gguf)->tokenizer()->tokens.size(), 512U);
  for (const char* name : {"hf-f32", "hf-f32-sharded"}) {
    const auto hf = open((dir / name).string());
    ASSERT_TRUE(hf) << hf.error().message;
    EXPECT_TRUE((*hf)->config().tied_embeddings);
    EXPECT_FALSE((*hf)->tokenizer());
    for (const auto& t : (*hf)->tensors()) {
      const TensorInfo* other = (*gguf)->find(t.role, t.layer);
      ASSERT_NE(other, nullptr);
      std::vector<float> a(t.rows * t.columns);
      std::vector<float> b(a.size());
      ASSERT_TRUE((*hf)->read_rows(t, 0, t.rows, a));
      ASSERT_TRUE((*gguf)->read_rows(*other, 0, t.rows, b));
      EXPECT_EQ(a, b) << t.name;
    }
  }
}

// The same model in nine quantised types: weights stay near those of the F16 file.
TEST(SharedFiles, QuantisedWeightsAreNearTheOriginal) {
  const auto data = kiln::test::shared_data("data/gguf");
  KILN_NEEDS_DATA(data);
  const fs::path& dir = data.path;
  const auto original = open((dir / "F16.gguf").string());
  ASSERT_TRUE(original) << original.error().message;
  const std::vector<std::pair<std::string, double>> files = {// relative root mean square error: about 2^-bits and below
                                                             {"Q8_0", 0.01},   {"Q6_K", 0.04}, {"Q5_K_M", 0.08},
                                                             {"Q4_K_M", 0.15}, {"Q4_1", 0.15}, {"Q4_0", 0.15},
                                                             {"Q3_K_M", 0.3},  {"Q2_K", 0.5}};
  for (const auto& [name, bound] : files) {
    const auto quantised = open((dir / (name + ".gguf")).string());
    ASSERT_TRUE(quantised) << quantised.error().message;
    for (const auto& t : (*quantised)->tensors()) {
      if (is_norm(t.role)) continue;
      std::vector<float> a(t.rows * t.columns);
      std::vector<float> b(a.size());
      ASSERT_TRUE((*quantised)->read_rows(t, 0, t.rows, a));
      ASSERT_TRUE((*original)->read_rows(*(*original)->find(t.role, t.layer), 0, t.rows, b));
      double difference = 0;
      double squares = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(static_cast<double>(a[i] - b[i]), 2);
        squares += std::pow(static_cast<double>(b[i]), 2);
      }
      EXPECT_LT(std::sqrt(difference / squares), bound) << name << " " << t.name << " " << t.format;
    }
  }
}

}  // namespace
}  // namespace kiln::checkpoint::test
