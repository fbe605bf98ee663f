#include "checkpoint/gguf_keys.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "kiln/base/enum_table.hpp"

namespace kiln::checkpoint {
namespace {

/// What a file without the key means.
enum class Neutral { Zero, One, ZeroOrOne, AtMostZero, False, True, Empty };

struct Rule {
  std::string_view key;
  Neutral neutral;
  std::string_view why;  ///< a clause without an end
};

// Of the architecture llama; llama.cpp honours some, and others say that the weights are those of another architecture.
constexpr Rule kModelRules[] = {
    {"llama.attention.causal", Neutral::True, "attention that sees later tokens is not supported"},
    {"llama.attention.clamp_kqv", Neutral::Zero, "a clamp of q, k and v is not supported"},
    {"llama.attention.kv_lora_rank", Neutral::Zero, "latent attention is not supported"},
    {"llama.attention.max_alibi_bias", Neutral::Zero, "ALiBi is not supported"},
    {"llama.attention.output_scale", Neutral::ZeroOrOne, "a scale of the attention's output is not supported"},
    {"llama.attention.q_lora_rank", Neutral::Zero, "latent attention is not supported"},
    {"llama.attention.shared_kv_layers", Neutral::Zero, "layers that share their keys and values are not supported"},
    {"llama.attention.temperature_scale", Neutral::Zero, "a temperature of the attention is not supported"},
    {"llama.attn_logit_softcapping", Neutral::Zero, "soft caps are not supported"},
    {"llama.embedding_scale", Neutral::ZeroOrOne, "a scale of the embedding is not supported"},
    {"llama.expert_count", Neutral::Zero, "a mixture of experts is not supported"},
    {"llama.final_logit_softcapping", Neutral::Zero, "soft caps are not supported"},
    {"llama.logit_scale", Neutral::ZeroOrOne, "a scale of the logits is not supported"},
    {"llama.nextn_predict_layers", Neutral::Zero, "layers that predict further tokens are not supported"},
    {"llama.residual_scale", Neutral::ZeroOrOne, "a scale of the residual stream is not supported"},
    {"llama.rope.dimension_sections", Neutral::Zero, "RoPE in sections is not supported"},
    {"llama.rope.scaling.alpha", Neutral::ZeroOrOne, "NTK-aware scaling is not supported"},
    {"llama.rope.scaling.attn_factor", Neutral::One, "a factor on q and k is not supported"},
    {"llama.rope.scaling.yarn_attn_factor", Neutral::One, "a factor on q and k is not supported"},
    {"llama.rope.scaling.yarn_ext_factor", Neutral::AtMostZero, "YaRN is not supported"},
    {"llama.swin_norm", Neutral::False, "another order of the norms is not supported"},
    {"llama.use_parallel_residual", Neutral::False, "attention beside the FFN is not supported"},
};

constexpr Rule kTokenizerRules[] = {
    {"tokenizer.ggml.add_eos_token", Neutral::False, "Kiln puts nothing behind a text"},
    {"tokenizer.ggml.add_sep_token", Neutral::False, "Kiln puts nothing behind a text"},
    {"tokenizer.ggml.normalizer.lowercase", Neutral::False, "Kiln changes no letters of a text"},
    {"tokenizer.ggml.normalizer.strip_accents", Neutral::False, "Kiln changes no letters of a text"},
    {"tokenizer.ggml.precompiled_charsmap", Neutral::Empty, "Kiln changes no letters of a text"},
    {"tokenizer.ggml.remove_extra_whitespaces", Neutral::False, "Kiln takes no spaces out of a text"},
    {"tokenizer.ggml.suppress_tokens", Neutral::Empty, "Kiln suppresses no tokens"},
};

struct Meaning {
  bool (*holds)(double value);
  std::string_view expected;
};
constexpr auto kMeanings = base::enum_table<Meaning, Neutral>({
    {Neutral::Zero, {[](double value) { return value == 0; }, "0 is expected"}},
    {Neutral::One, {[](double value) { return value == 1; }, "1 is expected"}},
    {Neutral::ZeroOrOne, {[](double value) { return value == 0 || value == 1; }, "0 or 1 is expected"}},
    {Neutral::AtMostZero, {[](double value) { return value <= 0; }, "0 or less is expected"}},
    {Neutral::False, {[](double value) { return value == 0; }, "false is expected"}},
    {Neutral::True, {[](double value) { return value != 0; }, "true is expected"}},
    {Neutral::Empty, {[](double) { return false; }, "an empty array is expected"}},
});

std::string in_words(Neutral neutral, double value, std::size_t count) {
  if (neutral == Neutral::Empty) return fmt::format("an array of {} elements", count);
  if (neutral == Neutral::False || neutral == Neutral::True) return value == 0 ? "false" : "true";
  return fmt::format("{}", value);
}

base::Error refusal(const GgufFile& file, std::string_view key, std::string_view said, std::string_view why) {
  return base::Error{fmt::format("{}: metadata {} is {}: {}", file.path(), key, said, why)};
}

base::Status apply(const GgufFile& file, const Rule& rule) {
  const auto numbers = file.numbers(rule.key);
  if (!numbers) return numbers.error();
  const Meaning& meaning = kMeanings[rule.neutral];
  for (const double value : *numbers)
    if (!meaning.holds(value))
      return refusal(file, rule.key, in_words(rule.neutral, value, numbers->size()),
                     fmt::format("{}; {}", rule.why, meaning.expected));
  return {};
}

/// The scores are divided by the root of the head's width; a file may say so.
base::Status check_score_scale(const GgufFile& file, const config::ModelConfig& model) {
  constexpr std::string_view kKey = "llama.attention.scale";
  const auto scales = file.numbers(kKey);
  if (!scales) return scales.error();
  const double own = 1 / std::sqrt(static_cast<double>(model.head_dim));
  for (const double scale : *scales)
    if (scale != 0 && std::abs(scale - own) > 1e-6 * own)
      return refusal(file, kKey, fmt::format("{}", scale),
                     fmt::format("scores are divided by the root of the head's width; 0 or {:.9g} is expected", own));
  return {};
}

/// A window that no text leaves is none.
base::Status check_window(const GgufFile& file, const config::ModelConfig& model) {
  constexpr std::string_view kKey = "llama.attention.sliding_window";
  const auto windows = file.numbers(kKey);
  if (!windows) return windows.error();
  for (const double window : *windows)
    if (window > 0 && window < model.max_context)
      return refusal(
          file, kKey, fmt::format("{}", window),
          fmt::format("a sliding window is not supported; 0 or at least the context of {} tokens is expected",
                      model.max_context));
  return {};
}

/// Of the first converters, which wrote what the rows of q and k are: turned for RoPE on neighbours, as ever since.
base::Status check_layout(const GgufFile& file) {
  constexpr std::string_view kKey = "llama.tensor_data_layout";
  const auto layout = file.text(kKey);
  if (!layout) return layout.error();
  if (!*layout || **layout == "Meta AI original pth") return {};
  return refusal(file, kKey, fmt::format("\"{}\"", **layout),
                 "another order of the rows is not supported; \"Meta AI original pth\" is expected");
}

}  // namespace

base::Status refuse_model_keys(const GgufFile& file, const config::ModelConfig& model) {
  for (const Rule& rule : kModelRules)
    if (auto status = apply(file, rule); !status) return status;
  if (auto status = check_score_scale(file, model); !status) return status;
  if (auto status = check_window(file, model); !status) return status;
  return check_layout(file);
}

base::Status refuse_tokenizer_keys(const GgufFile& file) {
  for (const Rule& rule : kTokenizerRules)
    if (auto status = apply(file, rule); !status) return status;
  return {};
}

}  // namespace kiln::checkpoint
