#include "checkpoint/hf_config.hpp"

#include <fmt/format.h>

#include "checkpoint/layout.hpp"
#include "checkpoint/strict_json.hpp"
#include "kiln/config/model_fault.hpp"

namespace kiln::checkpoint {
namespace {

void check_architecture(ObjectReader& in) {
  if (const json::Value* architectures = in.find("architectures")) {
    if (!architectures->is_array() || architectures->size() != 1 || !architectures->array()[0].is_text())
      return in.fail("architectures",
                     fmt::format("found {}; [\"LlamaForCausalLM\"] is expected", json::write(*architectures)));
    const auto& name = architectures->array()[0].text();
    if (name != "LlamaForCausalLM")
      return in.fail("architectures",
                     fmt::format("the architecture {} is not supported; LlamaForCausalLM is expected", name));
  } else if (in.find("model_type") == nullptr) {
    return in.fail("architectures", "missing; [\"LlamaForCausalLM\"] is expected");
  }
  const std::string type = in.text("model_type", "llama");
  if (type != "llama")
    in.fail("model_type", fmt::format("the architecture {} is not supported; llama is expected", type));
}

json::Value quantisation(const json::Value& config) {
  if (!config.is_object()) return config;
  const json::Value* method = config.find("quant_method");
  return method != nullptr ? *method : json::Value("an unnamed method");
}

void refuse_what_is_not_there(ObjectReader& in) {
  for (const char* bias : {"attention_bias", "mlp_bias"})
    if (in.boolean(bias, false)) in.fail(bias, "a model with biases is not supported; false is expected");
  const std::string activation = in.text("hidden_act", "silu");
  if (activation != "silu")
    in.fail("hidden_act", fmt::format("the activation {} is not supported; silu is expected", activation));
  if (const json::Value* quantised = in.find("quantization_config"))
    in.fail("quantization_config",
            fmt::format("weights quantised by {} are not supported; F32, F16 or BF16 weights are expected",
                        json::write(quantisation(*quantised))));
  if (in.number("partial_rotary_factor", 1.0) != 1.0)
    in.fail("partial_rotary_factor", "RoPE on a part of the head is not supported; 1 is expected");
}

/// `key` is rope_scaling, or rope_parameters of newer files, which carries the theta too.
void read_rope(ObjectReader& in, const char* key, config::ModelConfig& out) {
  const json::Value* object = in.find(key);
  if (object == nullptr) return;
  if (!object->is_object())
    return in.fail(key, fmt::format("found {}; an object or null is expected", json::write(*object)));
  ObjectReader rope(*object, in.file(), fmt::format("/{}", key));
  out.rope_theta = rope.number("rope_theta", out.rope_theta);
  if (rope.number("partial_rotary_factor", 1.0) != 1.0)
    rope.fail("partial_rotary_factor", "RoPE on a part of the head is not supported; 1 is expected");
  const std::string type = rope.text("rope_type", rope.text("type", "default"));
  config::RopeScaling& scaling = out.rope_scaling;
  if (type == "linear") {
    scaling.kind = config::RopeScalingKind::Linear;
    scaling.factor = rope.number("factor");
  } else if (type == "llama3") {
    scaling.kind = config::RopeScalingKind::Llama3;
    scaling.factor = rope.number("factor");
    scaling.low_freq_factor = rope.number("low_freq_factor");
    scaling.high_freq_factor = rope.number("high_freq_factor");
    scaling.original_max_position_embeddings = rope.integer("original_max_position_embeddings");
  } else if (type == "default") {
    // One that says how much, but not how, may mean any of them; groups of layers have their own RoPE in other models.
    if (rope.number("factor", 1.0) != 1.0) rope.fail("factor", "1 is expected where no rope_type says what is scaled");
    for (const auto& [name, member] : object->object())
      if (member.is_object()) rope.fail(name.c_str(), "RoPE that differs among layers is not supported");
  } else {
    rope.fail("rope_type",
              fmt::format("the RoPE scaling {} is not supported; default, linear or llama3 is expected", type));
  }
  if (rope.failure()) in.adopt(*rope.failure());
}

/// What this file calls the numbers.
config::ModelKeys keys_of(const ObjectReader& in) {
  config::ModelKeys keys;
  const json::Value* newer = in.find("rope_parameters");
  if (newer == nullptr) return keys;
  if (newer->find("rope_theta") != nullptr) keys.rope_theta = "/rope_parameters/rope_theta";
  if (newer->find("factor") == nullptr) return keys;
  for (std::string* key : {&keys.rope_factor, &keys.rope_low, &keys.rope_high, &keys.rope_original})
    *key = "/rope_parameters" + key->substr(key->find('/', 1));
  return keys;
}

/// The last part of `_name_or_path`, a repository's name or a folder's at the time of writing; empty if it names nothing.
std::string given_name(const ObjectReader& in) {
  const json::Value* path = in.find("_name_or_path");
  if (path == nullptr || !path->is_text()) return "";
  std::string name = path->text().substr(0, path->text().find_last_not_of('/') + 1);
  name.erase(0, name.find_last_of('/') + 1);
  return name != "." && name != ".." ? name : "";
}

}  // namespace

base::Result<config::ModelConfig> parse_hf_config(const std::string& text, const std::string& file) {
  const auto json = parse_strict(text, file);
  if (!json) return json.error();
  ObjectReader in(*json, file, "");
  check_architecture(in);
  refuse_what_is_not_there(in);

  config::ModelConfig out;
  out.hidden_size = in.integer("hidden_size");
  out.intermediate_size = in.integer("intermediate_size");
  out.layers = in.integer("num_hidden_layers");
  out.heads = in.integer("num_attention_heads");
  out.vocab_size = in.integer("vocab_size");
  // Defaults are those of Hugging Face's LlamaConfig.
  out.kv_heads = in.integer("num_key_value_heads", out.heads);
  out.max_context = in.integer("max_position_embeddings", 2048);
  out.rms_norm_eps = in.number("rms_norm_eps", 1e-6);
  out.rope_theta = in.number("rope_theta", 10000.0);
  out.tied_embeddings = in.boolean("tie_word_embeddings", false);
  if (out.heads == 0) in.fail("num_attention_heads", "at least 1 is expected");
  if (in.find("head_dim") != nullptr) {
    out.head_dim = in.integer("head_dim");
  } else if (out.heads != 0) {
    if (out.hidden_size % out.heads != 0)
      in.fail("head_dim", "missing, and hidden_size is no multiple of num_attention_heads");
    out.head_dim = out.hidden_size / out.heads;
  }
  // Where a file has both, transformers takes the old one and nothing of the new.
  const json::Value* old = in.find("rope_scaling");
  const bool has_old = old != nullptr && !(old->is_object() && old->size() == 0);
  read_rope(in, has_old ? "rope_scaling" : "rope_parameters", out);
  if (in.failure()) return *in.failure();
  if (const auto fault = config::fault_of(out, keys_of(in)))
    return base::Error{fmt::format("{}: {} {}", file, fault->key, fault->what)};
  out.name = model_name(given_name(in), out);
  return out;
}

}  // namespace kiln::checkpoint
