// GGUF files: what opens, and the sentence for what does not.
#include <gmock/gmock.h>

#include "base/random.hpp"
#include "checkpoint/files.hpp"
#include "support/seed.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::HasSubstr;

TEST(Gguf, GivesRowsInRotateHalfOrder) {
  for (const std::uint32_t version : {2U, 3U}) {
    auto builder = tiny_gguf();
    builder.version = version;
    const auto checkpoint = opened_gguf(builder);
    ASSERT_NE(checkpoint, nullptr);
    EXPECT_EQ(checkpoint->kind(), "gguf");
    EXPECT_EQ(checkpoint->config().head_dim, 4U);
    EXPECT_EQ(checkpoint->config().vocab_size, 10U);
    EXPECT_EQ(checkpoint->config().rope_theta, 10000.0);
    EXPECT_EQ(checkpoint->config().name, "llama-1.16k");
    EXPECT_FALSE(checkpoint->config().tied_embeddings);
    EXPECT_FALSE(checkpoint->tokenizer());
    expect_tiny_weights(*checkpoint);
    const TensorInfo* q = checkpoint->find(Role::Q);
    std::vector<float> row(8);
    ASSERT_TRUE(checkpoint->read_rows(*q, 6, 1, row));
    EXPECT_EQ(row[0], tiny_weights(*q)[6 * 8]);
  }
}

TEST(Gguf, IsCalledAsItSays) {
  auto builder = tiny_gguf();
  builder.text("general.name", "A name");
  const auto checkpoint = opened_gguf(builder);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->config().name, "A name");
}

TEST(Gguf, WithoutAnOutputMatrixIsTied) {
  const auto checkpoint = opened_gguf(tiny_gguf(true));
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_TRUE(checkpoint->config().tied_embeddings);
  EXPECT_EQ(checkpoint->find(Role::LmHead), nullptr);
}

TEST(Gguf, HonoursItsAlignment) {
  auto builder = tiny_gguf();
  builder.alignment = 256;
  builder.u32("general.alignment", 256);
  auto checkpoint = opened_gguf(builder);
  ASSERT_NE(checkpoint, nullptr);
  expect_tiny_weights(*checkpoint);
  for (const std::uint32_t bad : {0U, 48U, 1U << 31}) {
    builder.u32("general.alignment", bad);
    EXPECT_THAT(gguf_error(builder), HasSubstr("general.alignment"));
  }
  builder = tiny_gguf();
  builder.tensors[1].offset = 321;
  EXPECT_THAT(gguf_error(builder), HasSubstr("a multiple of 32"));
}

TEST(Gguf, ReadsRopeSettings) {
  auto builder = tiny_gguf();
  builder.f32("llama.rope.freq_base", 500000.0F);
  builder.text("llama.rope.scaling.type", "linear");
  builder.f32("llama.rope.scaling.factor", 4.0F);
  builder.tensors.push_back({"rope_freqs.weight", {2}, 0, raw_floats({1.0F, 8.0F}), {}});
  auto checkpoint = opened_gguf(builder);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->config().rope_theta, 500000.0);
  EXPECT_EQ(checkpoint->config().rope_scaling.kind, config::RopeScalingKind::Linear);
  EXPECT_EQ(checkpoint->config().rope_scaling.factor, 4.0);
  EXPECT_THAT(checkpoint->rope_factors(), testing::ElementsAre(1.0F, 8.0F));

  builder.tensors.back().data = raw_floats({1.0F, 0.0F});
  EXPECT_THAT(gguf_error(builder), HasSubstr("rope_freqs.weight: element 1"));
  builder.tensors.back().data = raw_floats({1.0F, std::numeric_limits<float>::infinity()});
  EXPECT_THAT(gguf_error(builder), HasSubstr("rope_freqs.weight: element 1"));
  builder.tensors.back().dimensions = {1};
  EXPECT_THAT(gguf_error(builder), HasSubstr("rope_freqs.weight: 2 numbers"));
  builder = tiny_gguf();
  builder.text("llama.rope.scaling.type", "yarn");
  EXPECT_THAT(gguf_error(builder), HasSubstr("yarn"));
}

TEST(Gguf, HeadWidthMayDifferFromWidthOverHeads) {
  auto builder = tiny_gguf();
  builder.u32("llama.attention.key_length", 4);
  builder.u32("llama.attention.value_length", 4);
  EXPECT_NE(opened_gguf(builder), nullptr);
  builder.u32("llama.attention.key_length", 2);
  EXPECT_THAT(gguf_error(builder), HasSubstr("llama.attention.value_length"));
  builder.u32("llama.attention.value_length", 2);
  EXPECT_THAT(gguf_error(builder), HasSubstr("blk.0.attn_q.weight has the shape [8, 8]; the metadata ask for [8, 4]"));
}

TEST(Gguf, ShapesMayEndInOnes) {
  auto builder = tiny_gguf();
  builder.tensor("output_norm.weight").dimensions = {8, 1};
  builder.tensor("token_embd.weight").dimensions = {8, 10, 1};
  builder.tensor("blk.0.attn_q.weight").dimensions = {8, 8, 1, 1};
  const auto checkpoint = opened_gguf(builder);
  ASSERT_NE(checkpoint, nullptr);
  expect_tiny_weights(*checkpoint);
  builder.tensor("output_norm.weight").dimensions = {4, 2};
  EXPECT_THAT(gguf_error(builder), HasSubstr("output_norm.weight has the shape [4, 2]; the metadata ask for [8]"));
  builder = tiny_gguf();
  builder.tensor("token_embd.weight").dimensions = {8, 5, 2};
  EXPECT_THAT(gguf_error(builder), HasSubstr("token_embd.weight: a matrix"));
}

struct BadKey {
  const char* name;
  void (*spoil)(GgufBuilder&);
  const char* error;
};
class GgufMetadata : public testing::TestWithParam<BadKey> {};
TEST_P(GgufMetadata, IsRefusedByName) {
  auto builder = tiny_gguf();
  GetParam().spoil(builder);
  EXPECT_THAT(gguf_error(builder), HasSubstr(GetParam().error));
}
INSTANTIATE_TEST_SUITE_P(
    All, GgufMetadata,
    testing::Values(
        BadKey{"Architecture", [](GgufBuilder& b) { b.text("general.architecture", "qwen2"); }, "architecture qwen2"},
        BadKey{"NoArchitecture", [](GgufBuilder& b) { b.erase("general.architecture"); }, "architecture"},
        BadKey{"Adapter", [](GgufBuilder& b) { b.text("general.type", "adapter"); }, "general.type is \"adapter\""},
        BadKey{"Split", [](GgufBuilder& b) { b.u32("split.count", 3); }, "split"},
        BadKey{"Experts", [](GgufBuilder& b) { b.u32("llama.expert_count", 8); }, "mixture of experts"},
        BadKey{"MissingLayers", [](GgufBuilder& b) { b.erase("llama.block_count"); }, "llama.block_count is missing"},
        BadKey{"MissingEpsilon", [](GgufBuilder& b) { b.erase("llama.attention.layer_norm_rms_epsilon"); }, "epsilon"},
        BadKey{"NanEpsilon",
               [](GgufBuilder& b) {
                 b.f32("llama.attention.layer_norm_rms_epsilon", std::numeric_limits<float>::quiet_NaN());
               },
               "a finite number"},
        BadKey{"TextForNumber", [](GgufBuilder& b) { b.text("llama.block_count", "2"); }, "llama.block_count"},
        BadKey{"NumberForText", [](GgufBuilder& b) { b.u32("general.architecture", 2); }, "a string is expected"},
        BadKey{"NoHeads", [](GgufBuilder& b) { b.u32("llama.attention.head_count", 0); }, "head_count"},
        BadKey{"NoWidth", [](GgufBuilder& b) { b.u32("llama.embedding_length", 0); },
               "llama.embedding_length: at least 1 is expected"},
        BadKey{"HeadsThatDoNotDivide", [](GgufBuilder& b) { b.u32("llama.embedding_length", 1); },
               "llama.embedding_length: 1 is no multiple of the 2 heads"},
        BadKey{"LargestInteger",
               [](GgufBuilder& b) { b.set("llama.block_count", raw<std::uint32_t>(10) + raw(~0ULL)); },
               "an integer from 0 to 9223372036854775807 is expected"},
        BadKey{"UnevenLayers",
               [](GgufBuilder& b) {
                 b.integers("llama.attention.head_count_kv", {1, 2});
               },
               "differs from layer to layer"},
        BadKey{"FewerThanLayers", [](GgufBuilder& b) { b.integers("llama.attention.head_count_kv", {1}); },
               "llama.attention.head_count_kv has 1 elements; one for each of 2 layers is expected"},
        BadKey{"MoreThanLayers",
               [](GgufBuilder& b) {
                 b.integers("llama.feed_forward_length", {12, 12, 12});
               },
               "llama.feed_forward_length has 3 elements; one for each of 2 layers is expected"},
        BadKey{"PartOfTheHead", [](GgufBuilder& b) { b.u32("llama.rope.dimension_count", 2); }, "RoPE on 2 of 4"},
        BadKey{"Vocabulary", [](GgufBuilder& b) { b.u32("llama.vocab_size", 11); }, "llama.vocab_size asks for 11"},
        BadKey{
            "NestedArray",
            [](GgufBuilder& b) { b.set("x", raw<std::uint32_t>(9) + raw<std::uint32_t>(9) + raw<std::uint64_t>(0)); },
            "arrays"},
        BadKey{"UnknownType", [](GgufBuilder& b) { b.set("x", raw<std::uint32_t>(13)); }, "unknown metadata type 13"},
        BadKey{"TwiceTheKey", [](GgufBuilder& b) { b.values.push_back(b.values[1]); },
               "llama.block_count stands twice"},
        BadKey{"KeyNoUtf8", [](GgufBuilder& b) { b.u32("a\xFF", 1); }, "not UTF-8"},
        BadKey{"TextNoUtf8", [](GgufBuilder& b) { b.text("general.name", "a\xFF"); }, "UTF-8"},
        BadKey{"LongString", [](GgufBuilder& b) { b.set("x", raw<std::uint32_t>(8) + raw<std::uint64_t>(~0ULL)); },
               "18446744073709551615"},
        BadKey{"LongArray",
               [](GgufBuilder& b) {
                 b.set("x", raw<std::uint32_t>(9) + raw<std::uint32_t>(4) + raw<std::uint64_t>(1ULL << 62));
               },
               "4611686018427387904 values"}),
    [](const auto& p) { return p.param.name; });

class GgufTensors : public testing::TestWithParam<BadKey> {};
TEST_P(GgufTensors, AreRefusedByName) {
  auto builder = tiny_gguf();
  GetParam().spoil(builder);
  EXPECT_THAT(gguf_error(builder), HasSubstr(GetParam().error));
}
INSTANTIATE_TEST_SUITE_P(
    All, GgufTensors,
    testing::Values(
        BadKey{"Missing", [](GgufBuilder& b) { b.erase_tensor("blk.1.ffn_up.weight"); },
               "blk.1.ffn_up.weight is missing"},
        BadKey{"NoEmbedding", [](GgufBuilder& b) { b.erase_tensor("token_embd.weight"); },
               "token_embd.weight is missing"},
        BadKey{"Extra",
               [](GgufBuilder& b) {
                 b.tensors.push_back({"blk.0.attn_q.bias", {1}, 0, "1234", {}});
               },
               "attn_q.bias has no place"},
        BadKey{"Twice", [](GgufBuilder& b) { b.tensors.push_back(b.tensors[3]); }, "stands twice"},
        BadKey{"Shape",
               [](GgufBuilder& b) {
                 b.tensor("blk.0.ffn_up.weight").dimensions = {12, 8};
               },
               "[12, 8]; the metadata ask for [8, 12]"},
        BadKey{"Rank",
               [](GgufBuilder& b) {
                 b.tensor("blk.0.ffn_up.weight").dimensions = {1, 1, 1, 1, 1};
               },
               "the rank 5"},
        BadKey{"NoRank", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").dimensions = {}; }, "the rank 0"},
        BadKey{"Overflow",
               [](GgufBuilder& b) {
                 b.tensor("blk.0.ffn_up.weight").dimensions = {1ULL << 40, 1ULL << 40};
               },
               "2^64 bytes"},
        BadKey{"RowOverflow",
               [](GgufBuilder& b) {
                 b.tensor("blk.0.ffn_up.weight").dimensions = {8, 1ULL << 40, 1ULL << 40};
               },
               "2^64 rows"},
        BadKey{"UnknownType", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").type = 99; }, "unknown type 99"},
        BadKey{"Iq4", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").type = 23; }, "a multiple of 256 (IQ4_XS)"},
        BadKey{"Nvfp4", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").type = 40; }, "NVFP4"},
        BadKey{"F64", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").type = 28; }, "F64"},
        BadKey{"I8", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").type = 24; }, "the type I8"},
        BadKey{"Mxfp4", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").type = 39; }, "MXFP4"},
        BadKey{"PartOfABlock", [](GgufBuilder& b) { b.tensor("blk.0.ffn_up.weight").type = 8; },
               "a multiple of 32 (Q8_0)"},
        BadKey{"Outside", [](GgufBuilder& b) { b.tensors.back().offset = 1ULL << 40; }, "leaves the file"},
        BadKey{"FarOutside", [](GgufBuilder& b) { b.tensors.back().offset = ~0ULL - 31; }, "leaves the file"},
        BadKey{"Overlap", [](GgufBuilder& b) { b.tensors.back().offset = 0; }, "overlap"}),
    [](const auto& p) { return p.param.name; });

TEST(Gguf, WrongMagicVersionAndCountsAreRefused) {
  const auto dir = folder();
  const std::string good = tiny_gguf().bytes();
  const auto error_with = [&](std::size_t at, const std::string& bytes) {
    std::string bad = good;
    bad.replace(at, bytes.size(), bytes);
    write(dir / "bad.gguf", bad);
    return error_of((dir / "bad.gguf").string());
  };
  EXPECT_THAT(error_with(0, "GGML"), HasSubstr("no GGUF file"));
  EXPECT_THAT(error_with(4, raw<std::uint32_t>(1)), HasSubstr("version 1"));
  EXPECT_THAT(error_with(4, raw<std::uint32_t>(4)), HasSubstr("version 4"));
  EXPECT_THAT(error_with(4, raw<std::uint32_t>(3U << 24)), HasSubstr("big-endian"));
  EXPECT_THAT(error_with(8, raw<std::uint64_t>(~0ULL)), HasSubstr("tensors do not fit"));
  EXPECT_THAT(error_with(16, raw<std::uint64_t>(~0ULL)), HasSubstr("metadata values do not fit"));
}

TEST(Gguf, EveryTruncationIsRefused) {
  const auto dir = folder();
  const std::string good = tiny_gguf().bytes();
  const std::size_t last = good.size() - 32;  // the last tensor's padding may be missing
  for (std::size_t size = 0; size < last; size += size < 600 ? 7 : 97) {
    write(dir / "cut.gguf", good.substr(0, size));
    EXPECT_FALSE(error_of((dir / "cut.gguf").string()).empty());
  }
}

TEST(Gguf, DamagedFilesNeverCrash) {
  base::Random random(support::test_seed(1));
  const auto dir = folder();
  const std::string good = tiny_gguf().bytes();
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    for (std::uint64_t n = random.between(1, 3); n > 0; --n)
      bad[random.below(2000)] = static_cast<char>(random.below(256));
    write(dir / "bad.gguf", bad);
    const auto result = open((dir / "bad.gguf").string());
    if (!result) continue;
    for (const auto& t : (*result)->tensors()) {
      std::vector<float> values(t.rows * t.columns);
      (void)(*result)->read_rows(t, 0, t.rows, values).ok();
    }
  }
}

TEST(Gguf, NanWeightsAreFoundWhenRead) {
  auto builder = tiny_gguf();
  builder.tensor("blk.1.ffn_down.weight").data.replace(4 * 13, 4, raw(std::numeric_limits<float>::quiet_NaN()));
  const auto checkpoint = opened_gguf(builder);
  ASSERT_NE(checkpoint, nullptr);
  const TensorInfo* down = checkpoint->find(Role::Down, base::LayerId{1});
  std::vector<float> values(8 * 12);
  const auto read = checkpoint->read_rows(*down, 0, 8, values);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, testing::AllOf(HasSubstr("blk.1.ffn_down.weight"), HasSubstr("row 1, column 1")));
}

}  // namespace
}  // namespace kiln::checkpoint::test
