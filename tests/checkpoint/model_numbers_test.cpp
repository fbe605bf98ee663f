// Numbers of a GGUF that no model has: refused when it is opened, by the key that the file has for them. The same of a
// config.json is in hf_test.cpp, of a model config in tests/config/errors_test.cpp.
#include <gmock/gmock.h>

#include "checkpoint/files.hpp"

namespace kiln::checkpoint::test {
namespace {

struct OddNumber {
  const char* name;
  void (*spoil)(GgufBuilder&);
  const char* error;
};
class GgufNumber : public testing::TestWithParam<OddNumber> {};

TEST_P(GgufNumber, IsRefusedByItsKey) {
  auto builder = tiny_gguf();
  GetParam().spoil(builder);
  EXPECT_THAT(error_of(write_gguf(folder(), builder)), testing::HasSubstr(GetParam().error));
}

void scale(GgufBuilder& file, const char* key, float factor) {
  file.text("llama.rope.scaling.type", "linear");
  file.f32(key, factor);
}

INSTANTIATE_TEST_SUITE_P(
    All, GgufNumber,
    testing::Values(OddNumber{"Layers", [](GgufBuilder& f) { f.u32("llama.block_count", 5000); },
                              ": metadata llama.block_count is 5000; expected 1 to 1024"},
                    OddNumber{"Context", [](GgufBuilder& f) { f.u32("llama.context_length", 0); },
                              ": metadata llama.context_length is 0; expected 1 to 16777216"},
                    OddNumber{"TinyTheta", [](GgufBuilder& f) { f.f32("llama.rope.freq_base", 1e-45F); },
                              ": metadata llama.rope.freq_base is 1.4"},
                    OddNumber{"HugeTheta", [](GgufBuilder& f) { f.f32("llama.rope.freq_base", 1e30F); },
                              ": metadata llama.rope.freq_base is 1"},
                    OddNumber{"NoTheta", [](GgufBuilder& f) { f.f32("llama.rope.freq_base", 0); },
                              ": metadata llama.rope.freq_base is 0; expected 1 to 1000000000000"},
                    OddNumber{"HugeEps", [](GgufBuilder& f) { f.f32("llama.attention.layer_norm_rms_epsilon", 1e5F); },
                              ": metadata llama.attention.layer_norm_rms_epsilon is 100000; expected 1e-30 to 1"},
                    OddNumber{"TinyFactor", [](GgufBuilder& f) { scale(f, "llama.rope.scaling.factor", 1e-30F); },
                              ": metadata llama.rope.scaling.factor is 1"},
                    OddNumber{"HugeFactor", [](GgufBuilder& f) { scale(f, "llama.rope.scaling.factor", 1e30F); },
                              ": metadata llama.rope.scaling.factor is 1"},
                    OddNumber{"OlderFactor", [](GgufBuilder& f) { f.f32("llama.rope.scale_linear", 1e30F); },
                              ": metadata llama.rope.scale_linear is 1"},
                    OddNumber{"OwnFactor",
                              [](GgufBuilder& f) {
                                f.tensors.push_back({"rope_freqs.weight", {2}, 0, raw_floats({1.0F, 1e-40F}), {}});
                              },
                              ": tensor rope_freqs.weight: element 1 is 9.99"}),
    [](const auto& one) { return one.param.name; });

TEST(GgufName, ThatNoConfigCanHaveIsReplaced) {
  for (const std::string& name : {std::string(), std::string(101, 'a'), std::string("a\nb")}) {
    auto builder = tiny_gguf();
    builder.text("general.name", name);
    const auto opened = open(write_gguf(folder(), builder));
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ((*opened)->config().name, "llama-1.16k") << name;
  }
}

}  // namespace
}  // namespace kiln::checkpoint::test
