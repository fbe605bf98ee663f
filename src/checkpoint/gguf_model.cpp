#include "checkpoint/gguf_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "checkpoint/gguf_keys.hpp"
#include "checkpoint/layout.hpp"
#include "kiln/config/model_fault.hpp"

namespace kiln::checkpoint {
namespace {

/// Reads keys under "llama."; the first failure is kept.
class LlamaKeys {
 public:
  explicit LlamaKeys(const GgufFile& file) : file_(file) {}

  std::uint32_t integer(const std::string& key, std::optional<std::uint32_t> otherwise = std::nullopt) {
    const std::string full = "llama." + key;
    const auto value = file_.integer(full);
    if (!value) return fail(value.error()), 0;
    if (!*value) {
      if (!otherwise)
        fail(base::Error{fmt::format("{}: metadata {} is missing; an integer is expected", file_.path(), full)});
      return otherwise.value_or(0);
    }
    if (**value > std::numeric_limits<std::uint32_t>::max())
      return fail(base::Error{
                 fmt::format("{}: metadata {} is {}; at most 4294967295 is expected", file_.path(), full, **value)}),
             0;
    return static_cast<std::uint32_t>(**value);
  }

  std::optional<double> number(const std::string& key) {
    const auto value = file_.number("llama." + key);
    if (!value) return fail(value.error()), std::nullopt;
    return *value;
  }

  std::optional<std::string> text(const std::string& key) {
    const auto value = file_.text("llama." + key);
    if (!value) return fail(value.error()), std::nullopt;
    return *value;
  }

  /// One number for all layers, or an array that says the same for each.
  std::uint32_t per_layer(const std::string& key, std::uint32_t layers,
                          std::optional<std::uint32_t> otherwise = std::nullopt) {
    const auto values = file_.integers("llama." + key, 1024);
    if (!values) return integer(key, otherwise);  // no array: a number, or an error of that
    if (values->empty()) return integer(key, otherwise);
    if (values->size() != layers)
      return fail(
                 base::Error{fmt::format("{}: metadata llama.{} has {} elements; one for each of {} layers is expected",
                                         file_.path(), key, values->size(), layers)}),
             0;
    if (std::any_of(values->begin(), values->end(),
                    [&](std::int64_t v) { return v != values->front() || v < 0 || v > 0xFFFFFFFFLL; }))
      return fail(base::Error{fmt::format("{}: metadata llama.{} differs from layer to layer, which is not supported",
                                          file_.path(), key)}),
             0;
    return static_cast<std::uint32_t>(values->front());
  }

  void expect(bool holds, const std::string& key, const std::string& what) {
    if (!holds) fail(base::Error{fmt::format("{}: metadata llama.{}: {}", file_.path(), key, what)});
  }
  void fail(const base::Error& error) {
    if (!failure_) failure_ = error;
  }
  [[nodiscard]] const std::optional<base::Error>& failure() const { return failure_; }

 private:
  const GgufFile& file_;
  std::optional<base::Error> failure_;
};

base::Status check_architecture(const GgufFile& file) {
  const auto architecture = file.text("general.architecture");
  if (!architecture) return architecture.error();
  if (architecture->value_or("") != "llama")
    return base::Error{fmt::format("{}: the architecture {} is not supported; llama is expected", file.path(),
                                   architecture->value_or("(none in the metadata)"))};
  const auto type = file.text("general.type");
  if (!type) return type.error();
  if (type->value_or("model") != "model")
    return file.error(fmt::format("metadata general.type is \"{}\"; model is expected", **type));
  return {};
}

void read_rope(LlamaKeys& in, config::ModelConfig& out) {
  out.rope_theta = in.number("rope.freq_base").value_or(10000.0);
  const std::uint32_t turned = in.integer("rope.dimension_count", out.head_dim);
  in.expect(turned == out.head_dim, "rope.dimension_count",
            fmt::format("RoPE on {} of {} channels is not supported", turned, out.head_dim));
  // As llama.cpp has them: without a type the scaling is linear, the factor may be under the key of older files, and no
  // factor or 0 means none.
  const std::string type = in.text("rope.scaling.type").value_or("linear");
  const char* key = "rope.scaling.factor";
  auto factor = in.number(key);
  if (!factor) factor = in.number(key = "rope.scale_linear");
  if (type == "none") return;
  in.expect(type == "linear", "rope.scaling.type",
            fmt::format("the RoPE scaling {} is not supported; none or linear is expected", type));
  in.expect(factor.value_or(0) >= 0, key, "a factor above 0, or 0 for none, is expected");
  if (factor.value_or(0) == 0 || *factor == 1) return;
  out.rope_scaling.kind = config::RopeScalingKind::Linear;
  out.rope_scaling.factor = *factor;
}

/// What this file calls the numbers.
config::ModelKeys metadata_keys(const GgufFile& file) {
  const std::string start = "metadata llama.";
  config::ModelKeys keys;
  keys.hidden_size = start + "embedding_length";
  keys.intermediate_size = start + "feed_forward_length";
  keys.layers = start + "block_count";
  keys.heads = start + "attention.head_count";
  keys.kv_heads = start + "attention.head_count_kv";
  keys.head_dim = start + "attention.key_length";
  keys.vocab_size = "the number of rows of token_embd.weight";
  keys.max_context = start + "context_length";
  keys.rms_norm_eps = start + "attention.layer_norm_rms_epsilon";
  keys.rope_theta = start + "rope.freq_base";
  const bool older = !file.has("llama.rope.scaling.factor");
  keys.rope_factor = start + (older ? "rope.scale_linear" : "rope.scaling.factor");
  return keys;
}

}  // namespace

base::Result<config::ModelConfig> gguf_model_config(const GgufFile& file) {
  if (const auto llama = check_architecture(file); !llama) return llama.error();
  LlamaKeys in(file);
  config::ModelConfig out;
  const auto name = file.text("general.name");
  if (!name) return name.error();
  out.layers = in.integer("block_count");
  out.max_context = in.integer("context_length");
  out.hidden_size = in.integer("embedding_length");
  out.intermediate_size = in.per_layer("feed_forward_length", out.layers);
  out.heads = in.per_layer("attention.head_count", out.layers);
  out.kv_heads = in.per_layer("attention.head_count_kv", out.layers, out.heads);
  const auto epsilon = in.number("attention.layer_norm_rms_epsilon");
  in.expect(epsilon.has_value(), "attention.layer_norm_rms_epsilon", "missing; a number is expected");
  out.rms_norm_eps = epsilon.value_or(0);
  in.expect(out.heads > 0, "attention.head_count", "at least 1 is expected");
  in.expect(out.hidden_size > 0, "embedding_length", "at least 1 is expected");
  if (in.failure()) return *in.failure();

  const bool divides = out.hidden_size % out.heads == 0;
  in.expect(
      divides || file.has("llama.attention.key_length"), "embedding_length",
      fmt::format("{} is no multiple of the {} heads of llama.attention.head_count, and llama.attention.key_length "
                  "is missing",
                  out.hidden_size, out.heads));
  out.head_dim =
      in.integer("attention.key_length", divides ? std::optional(out.hidden_size / out.heads) : std::nullopt);
  const std::uint32_t value_length = in.integer("attention.value_length", out.head_dim);
  in.expect(value_length == out.head_dim, "attention.value_length",
            fmt::format("{} channels where keys have {} are not supported", value_length, out.head_dim));
  read_rope(in, out);
  const std::uint32_t declared = in.integer("vocab_size", 0);
  if (in.failure()) return *in.failure();
  if (const auto plain = refuse_model_keys(file, out); !plain) return plain.error();

  const GgufTensor* embedding = file.tensor(gguf_name(Role::Embedding, {}));
  if (embedding == nullptr) return base::Error{fmt::format("{}: the tensor token_embd.weight is missing", file.path())};
  const std::uint64_t rows = embedding->dimensions.size() < 2 ? 1 : embedding->dimensions[1];
  if (!embedding->has_shape({{embedding->dimensions[0], rows}}) || rows > std::numeric_limits<std::uint32_t>::max())
    return base::Error{
        fmt::format("{}: tensor token_embd.weight: a matrix of vocabulary x width is expected", file.path())};
  out.vocab_size = static_cast<std::uint32_t>(rows);
  if (declared != 0 && declared != out.vocab_size)
    return base::Error{fmt::format("{}: token_embd.weight has {} rows; metadata llama.vocab_size asks for {}",
                                   file.path(), out.vocab_size, declared)};
  out.tied_embeddings = file.tensor(gguf_name(Role::LmHead, {})) == nullptr;
  if (const auto fault = config::fault_of(out, metadata_keys(file)))
    return base::Error{fmt::format("{}: {} {}", file.path(), fault->key, fault->what)};
  out.name = model_name(name->value_or(""), out);
  return out;
}

}  // namespace kiln::checkpoint
