// Errors that belong to no single key: syntax, duplicates, depth, overrides, rules between keys.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/random.hpp"
#include "config/config_testing.hpp"
#include "config/json_text.hpp"
#include "kiln/config/load.hpp"
#include "kiln/config/model_fault.hpp"
#include "support/seed.hpp"

namespace kiln::config {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string recipe_verdict(const std::string& text) {
  const auto recipe = parse_recipe(text, "r.json");
  return recipe ? "" : recipe.error().message;
}

std::string model_verdict(const std::vector<Override>& overrides) {
  const auto model = parse_model(text_of("model/llama-3.1-8b.json"), "m.json", overrides);
  return model ? "" : model.error().message;
}

TEST(ConfigErrors, SyntaxNamesTheByte) {
  EXPECT_THAT(recipe_verdict("{\"name\": nope}"), StartsWith("r.json: is not JSON at byte 11: "));
  EXPECT_THAT(recipe_verdict(""), StartsWith("r.json: is not JSON at byte 1: "));
  EXPECT_THAT(recipe_verdict("{} {}"), StartsWith("r.json: is not JSON at byte 4: "));
  EXPECT_THAT(recipe_verdict("{\"name\": \"\xFF\"}"), StartsWith("r.json: is not JSON at byte 11: "));
}

TEST(ConfigErrors, RootMustBeAnObject) {
  EXPECT_EQ(recipe_verdict("[]"), "r.json: is an array; expected an object.");
  EXPECT_EQ(recipe_verdict("17"), "r.json: is 17; expected an object.");
}

TEST(ConfigErrors, DuplicateKeysAreRefused) {
  const std::string text = R"({"name":"a","base":{"bits":3,"bits":4,"codebook":"kmeans"},"name":"b"})";
  EXPECT_EQ(recipe_verdict(text),
            "r.json: /base/bits stands twice in its object; a key may stand once.\n"
            "r.json: /name stands twice in its object; a key may stand once.");
  EXPECT_THAT(recipe_verdict(R"({"name":[1,{"a":1,"a":2}]})"), HasSubstr("/name/1/a stands twice"));
}

TEST(ConfigErrors, NamesAreShownOnScreensAndHaveNoControls) {
  for (const std::string control : {"\\u001b[31m", "\\n", "\\u009b", "\\u202e", "\\u2028"})
    EXPECT_THAT(recipe_verdict("{\"name\": \"a" + control + "\"}"),
                HasSubstr("a text of 1 to 100 bytes without control characters"));
  EXPECT_THAT(recipe_verdict("{\"name\": \"\u6a21\u578b a\"}"), Not(HasSubstr("/name")));
}

TEST(ConfigErrors, DepthIsLimited) {
  Errors errors("f");
  EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']'), errors).has_value());
  EXPECT_FALSE(parse_json(std::string(65, '[') + std::string(65, ']'), errors).has_value());
  EXPECT_EQ(errors.joined().message, "f: is nested deeper than 64 levels.");
  EXPECT_THAT(recipe_verdict(std::string(1000000, '[')), HasSubstr("nested deeper"));
}

TEST(ConfigErrors, NumbersMustBeFinite) {
  EXPECT_THAT(model_verdict({"rope_theta=1e999"}), HasSubstr("m.json with --set rope_theta=1e999: /rope_theta is"));
  EXPECT_THAT(recipe_verdict("{\"name\": 1e999}"), HasSubstr("number overflow"));
  EXPECT_THAT(recipe_verdict("{\"name\": NaN}"), HasSubstr("is not JSON at byte"));
}

TEST(ConfigErrors, AllOfAFileComeAtOnce) {
  EXPECT_EQ(demo_verdict({"tile.rows=0", "kv.bankz=3", "clock_mhz=fast"}),
            "demo.json with --set clock_mhz=fast: /clock_mhz is \"fast\"; allowed: an integer from 1 to 10000 MHz.\n"
            "demo.json with --set tile.rows=0: /tile/rows is 0; allowed: an integer from 1 to 65536 inputs.\n"
            "demo.json with --set kv.bankz=3: /kv/bankz is not a known key; the nearest is /kv/banks.");
}

TEST(ConfigErrors, AreCountedWhenThereAreTooMany) {
  std::string text = "{\"name\":\"x\"";
  for (int i = 0; i < 150; ++i) text += fmt::format(",\"key-number-{}\":0", i);
  const auto message = recipe_verdict(text + "}");
  EXPECT_THAT(message, HasSubstr("\nr.json: 51 more errors."));
}

TEST(ConfigErrors, UnknownKeyFarFromAllListsWhatIsKnown) {
  EXPECT_EQ(recipe_verdict(R"({"name":"x","base":{"bits":3,"codebook":"kmeans"},"zzzzzzzzzzzz":1})"),
            "r.json: /zzzzzzzzzzzz is not a known key; known here are name, description, base, classes.");
}

TEST(ConfigErrors, HostileKeysArePrintedShortAndPlain) {
  const auto message = recipe_verdict("{\"" + std::string(100000, 'k') + "\":1, \"\\u001b[2J\": 2}");
  EXPECT_LT(message.size(), 1000U);
  EXPECT_THAT(message, Not(HasSubstr("\x1b")));
}

TEST(ConfigErrors, FilesThatAreMissingOrTooLargeSaySo) {
  EXPECT_THAT(load_chip("/nonexistent/chip.json").error().message, HasSubstr("/nonexistent/chip.json"));
  const std::string file = testing::TempDir() + "/kiln_config_large.json";
  std::ofstream(file) << "{}";
  std::filesystem::resize_file(file, kMaximumFileBytes + 1);
  EXPECT_THAT(load_gpu(file).error().message, HasSubstr("16777217 bytes; at most 16777216"));
  std::filesystem::remove(file);
  EXPECT_THAT(recipe_verdict(std::string(kMaximumFileBytes + 1, ' ')), HasSubstr("at most 16777216 are allowed"));
}

TEST(ConfigOverrides, TakeDotsSlashesJsonAndText) {
  const auto chip =
      parse_chip(text_of("chip/demo.json"), "demo.json",
                 {"kv.banks=64", "/tile/rows=32", "name=other", "kv.banks=128", "/reasons/~1kv~1banks=why"});
  ASSERT_TRUE(chip.ok()) << chip.error().message;
  EXPECT_EQ(chip->kv.banks, 128U);
  EXPECT_EQ(chip->tile.rows, 32U);
  EXPECT_EQ(chip->name, "other");
  EXPECT_EQ(chip->reasons.at("/kv/banks"), "why");
  const auto model = parse_model(text_of("model/llama-3.1-8b.json"), "m", {"rope_scaling=null"});
  EXPECT_EQ(model->rope_scaling.kind, RopeScalingKind::None);
  const auto recipe = parse_recipe(text_of("recipe/w4.json"), "r", {"classes.q.bits=6"});
  ASSERT_TRUE(recipe.ok()) << recipe.error().message;
  EXPECT_EQ(recipe->of(TensorClass::Q).bits, 6);
  EXPECT_EQ(recipe->of(TensorClass::Q).codebook, CodebookKind::KMeans);
}

TEST(ConfigOverrides, ThatMakeNoSenseAreErrors) {
  for (const auto* text : {"kv.banks", "=3", ".=3", "/=3", "kv..banks=3", "kv.=3", "//=1"})
    EXPECT_EQ(demo_verdict({text}), fmt::format("demo.json: takes no --set {}; expected POINTER=VALUE such as "
                                                "kv.banks=64 or /kv/banks=64.",
                                                text));
  EXPECT_EQ(demo_verdict({"kv.banks.x=3"}), "demo.json: takes no --set kv.banks.x=3: /kv/banks holds no keys.");
  EXPECT_THAT(demo_verdict({"kw.banks=3"}), HasSubstr("--set kw.banks=3: /kw is not a known key; the nearest is /kv."));
  EXPECT_THAT(demo_verdict({R"(host={"latency_cycles":1,"latency_cycles":2,"cycles_per_token":1})"}),
              HasSubstr("/host/latency_cycles stands twice"));
  EXPECT_THAT(demo_verdict({"kv.banks="}), HasSubstr("/kv/banks is \"\"; allowed"));
}

TEST(ConfigErrors, ReasonForAParameterThatIsNotThere) {
  EXPECT_THAT(demo_verdict({"/reasons/~1kv~1bank=x"}),
              HasSubstr("/reasons/~1kv~1bank names no parameter; the nearest is /kv/banks."));
  EXPECT_THAT(demo_verdict({"/reasons/~1=x"}), HasSubstr("/reasons/~1 names no parameter"));
  EXPECT_EQ(demo_verdict({"/reasons/~1kv=x"}), "");  // an object of them
  EXPECT_THAT(demo_verdict({"/reasons/~1kv~1banks=7"}), HasSubstr("/reasons/~1kv~1banks is 7; allowed: a sentence."));
}

TEST(ConfigErrors, WordsAndWidthsSayWhatIsAllowed) {
  EXPECT_EQ(demo_verdict({"tile.microarchitecture=rom"}),
            "demo.json with --set tile.microarchitecture=rom: /tile/microarchitecture is \"rom\"; allowed: "
            "`product_select`, `bit_serial` or `rom_mac`.");
  EXPECT_EQ(recipe_verdict(R"({"name":"x","base":{"bits":5,"codebook":"grid"}})"),
            "r.json: /base/bits is 5; allowed: 2, 3, 4, 6 or 8 bits.\n"
            "r.json: /base/codebook is \"grid\"; allowed: `uniform` or `kmeans`.");
}

TEST(ConfigErrors, RecipeWithoutABaseMustSayEverything) {
  EXPECT_EQ(recipe_verdict(R"({"name":"x"})"), "r.json: /classes is missing; expected an object.");
  EXPECT_THAT(recipe_verdict(R"({"name":"x","classes":{"q":{"bits":3}}})"),
              HasSubstr("/classes/q/codebook is missing; expected `uniform` or `kmeans`."));
}

TEST(ConfigErrors, ModelsThatAreNoLlama) {
  EXPECT_THAT(model_verdict({"num_key_value_heads=5"}),
              HasSubstr("num_attention_heads is 32 and /num_key_value_heads is 5; expected a multiple"));
  EXPECT_THAT(model_verdict({"head_dim=127"}), HasSubstr("head_dim is 127; expected an even number"));
  EXPECT_THAT(model_verdict({"num_attention_heads=65536"}), HasSubstr("is 8388608; expected at most 1048576"));
  EXPECT_THAT(model_verdict({"rope_scaling.high_freq_factor=1"}), HasSubstr("expected low < high"));
  EXPECT_THAT(model_verdict({"rope_scaling.rope_type=yarn"}), HasSubstr("allowed: `linear` or `llama3`"));
  EXPECT_THAT(model_verdict({"rope_scaling.rope_type=linear"}),
              HasSubstr("/rope_scaling/low_freq_factor is not a known key"));
  EXPECT_EQ(model_verdict({R"(rope_scaling={"rope_type":"linear","factor":2})"}), "");
}

TEST(ConfigErrors, HeadWidthIsDerivedWhereItIsLeftOut) {
  const std::string text = R"({"name":"x","hidden_size":96,"intermediate_size":8,"num_hidden_layers":1,
    "num_attention_heads":6,"num_key_value_heads":2,"vocab_size":9,"max_position_embeddings":7,"rms_norm_eps":1e-5,
    "rope_theta":1e4,"tie_word_embeddings":false})";
  const auto model = parse_model(text, "m.json");
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->head_dim, 16U);
  EXPECT_EQ(parse_model(text, "m.json", {"hidden_size=97"}).error().message,
            "m.json: /head_dim is missing and /hidden_size 97 is not a multiple of /num_attention_heads 6.");
}

TEST(ModelConfig, ValidateSaysWhatIsWrong) {
  const ModelConfig good = parse_model(text_of("model/llama-3.1-8b.json"), "m").value();
  EXPECT_TRUE(good.validate().ok());
  const auto fault = [&](auto change) {
    ModelConfig model = good;
    change(model);
    const auto status = model.validate();
    return status ? std::string() : status.error().message;
  };
  EXPECT_EQ(fault([](auto& m) { m.hidden_size = 0; }), "/hidden_size is 0; expected 1 to 1048576");
  EXPECT_EQ(fault([](auto& m) { m.intermediate_size = 1048577; }),
            "/intermediate_size is 1048577; expected 1 to 1048576");
  EXPECT_EQ(fault([](auto& m) { m.layers = 1025; }), "/num_hidden_layers is 1025; expected 1 to 1024");
  EXPECT_EQ(fault([](auto& m) { m.heads = 0; }), "/num_attention_heads is 0; expected 1 to 65536");
  EXPECT_EQ(fault([](auto& m) { m.kv_heads = 0; }), "/num_key_value_heads is 0; expected 1 to 65536");
  EXPECT_EQ(fault([](auto& m) { m.vocab_size = 16777217; }), "/vocab_size is 16777217; expected 1 to 16777216");
  EXPECT_THAT(fault([](auto& m) { m.max_context = 0; }), StartsWith("/max_position_embeddings is 0"));
  // 65536 * 65536 is 0 in 32 bits.
  EXPECT_THAT(fault([](auto& m) { m.heads = m.head_dim = 65536; }), HasSubstr("is 4294967296; expected at most"));
  EXPECT_THAT(fault([](auto& m) { m.rms_norm_eps = 0; }), StartsWith("/rms_norm_eps is 0"));
  EXPECT_THAT(fault([](auto& m) { m.rope_theta = std::nan(""); }), StartsWith("/rope_theta is nan"));
  EXPECT_THAT(fault([](auto& m) { m.rope_theta = 5e-324; }), HasSubstr("; expected 1 to 1000000000000"));
  EXPECT_THAT(fault([](auto& m) { m.rope_theta = 1e300; }), HasSubstr("; expected 1 to 1000000000000"));
  EXPECT_EQ(fault([](auto& m) { m.rms_norm_eps = 1e5; }), "/rms_norm_eps is 100000; expected 1e-30 to 1");
  EXPECT_EQ(fault([](auto& m) { m.rope_scaling.factor = 1e300; }),
            "/rope_scaling/factor is 1e+300; expected 0.001 to 65536");
  EXPECT_EQ(fault([](auto& m) { m.rope_scaling.factor = 1e-300; }),
            "/rope_scaling/factor is 1e-300; expected 0.001 to 65536");
  EXPECT_THAT(fault([](auto& m) { m.rope_scaling.low_freq_factor = 1e-300; }), StartsWith("/rope_scaling/low_freq"));
  EXPECT_THAT(fault([](auto& m) { m.rope_scaling.high_freq_factor = 1e300; }), StartsWith("/rope_scaling/high_freq"));
  EXPECT_THAT(fault([](auto& m) { m.rope_scaling.original_max_position_embeddings = 0; }),
              StartsWith("/rope_scaling/original_max_position_embeddings is 0"));
  ModelKeys keys;
  keys.rope_theta = "metadata llama.rope.freq_base";
  ModelConfig slow = good;
  slow.rope_theta = 0.5;
  EXPECT_EQ(fault_of(slow, keys)->key, "metadata llama.rope.freq_base");
  EXPECT_THAT(fault([](auto& m) { m.rope_scaling.factor = -1; }), StartsWith("/rope_scaling/factor is -1"));
}

TEST(ConfigHash, IsOfTheValuesAndNotOfTheWords) {
  const std::string text = text_of("chip/demo.json");
  const auto hash = [&](const std::vector<Override>& overrides) {
    return config_hash(to_json(parse_chip(text, "x", overrides).value()));
  };
  EXPECT_EQ(hash({}).size(), 32U);
  EXPECT_EQ(hash({}), hash({"description=something else", "reasons={}"}));
  EXPECT_NE(hash({}), hash({"kv.banks=17"}));
}

TEST(ConfigErrors, DamagedFilesNeverCrash) {
  const std::uint64_t seed = support::test_seed(1);
  SCOPED_TRACE(fmt::format("KILN_SEED={}", seed));
  base::Random random(seed);
  const std::string good = text_of("chip/demo.json");
  for (int i = 0; i < 500; ++i) {
    std::string bad = good;
    for (std::uint64_t n = random.between(1, 4); n > 0; --n) {
      const auto at = random.below(bad.size());
      switch (random.below(3)) {
        case 0:
          bad[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          bad.erase(at, random.between(1, 40));
          break;
        default:
          bad.insert(at, bad.substr(random.below(bad.size()), random.between(1, 40)));
      }
    }
    const auto chip = parse_chip(bad, "bad.json");
    EXPECT_THAT(chip ? "bad.json: " : chip.error().message, StartsWith("bad.json: "));
  }
}

}  // namespace
}  // namespace kiln::config
