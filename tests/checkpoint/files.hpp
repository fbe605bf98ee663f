// Small checkpoint files made by hand, so that each test can spoil one thing. The tiny model: width 8, two heads of 4,
// one KV head, FFN 12, vocabulary 10, two layers. Weights count up in steps of 1/64 from a start that depends on the
// tensor.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "checkpoint/layout.hpp"
#include "support/models.hpp"

namespace kiln::checkpoint::test {

namespace fs = std::filesystem;

/// A fresh folder for this test.
inline fs::path folder() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string(info->test_suite_name()) + "." + info->name();
  for (char& c : name)
    if (c == '/') c = '_';
  const fs::path path = fs::path(::testing::TempDir()) / ("kiln-" + std::to_string(::getpid())) / name;
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

inline void write(const fs::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.good()) << path;
}

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string raw_floats(const std::vector<float>& values) {
  std::string bytes;
  for (const float v : values) bytes += raw(v);
  return bytes;
}

inline config::ModelConfig tiny_config(bool tied = false) {
  return support::model_of({"tiny", 8, 12, 2, 2, 1, 4, 10, 64, tied});
}

/// The weights of a tensor of the tiny model: exact in F32, F16 and BF16.
inline std::vector<float> tiny_weights(const TensorInfo& tensor) {
  std::vector<float> values(tensor.rows * tensor.columns);
  const auto start = static_cast<float>(static_cast<int>(tensor.role)) + static_cast<float>(tensor.layer.value) / 2;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = (start + static_cast<float>(i % 64)) / 64;
  return values;
}

// --- safetensors ---------------------------------------------------------------------------------------------------

struct RawTensor {
  std::string name;
  std::string dtype = "F32";
  std::vector<std::uint64_t> shape;
  std::string data;
};

inline std::string safetensors(const std::string& header, const std::string& data) {
  return raw<std::uint64_t>(header.size()) + header + data;
}

inline std::string safetensors(const std::vector<RawTensor>& tensors) {
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "pt"}};
  std::string data;
  for (const auto& t : tensors) {
    header[t.name] = {
        {"dtype", t.dtype}, {"shape", t.shape}, {"data_offsets", {data.size(), data.size() + t.data.size()}}};
    data += t.data;
  }
  return safetensors(header.dump(), data);
}

inline std::vector<RawTensor> tiny_hf_tensors(bool tied = false) {
  std::vector<RawTensor> all;
  for (const auto& t : layout(tiny_config(tied), !tied)) {
    RawTensor tensor{hf_name(t.role, t.layer), "F32", {t.rows, t.columns}, raw_floats(tiny_weights(t))};
    if (is_norm(t.role)) tensor.shape = {t.columns};
    all.push_back(std::move(tensor));
  }
  return all;
}

inline nlohmann::json tiny_hf_config(bool tied = false) {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"hidden_size", 8},
          {"intermediate_size", 12},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 2},
          {"num_key_value_heads", 1},
          {"vocab_size", 10},
          {"max_position_embeddings", 64},
          {"tie_word_embeddings", tied}};
}

inline fs::path write_hf(const fs::path& to, const nlohmann::json& config, const std::vector<RawTensor>& tensors) {
  write(to / "config.json", config.dump());
  write(to / "model.safetensors", safetensors(tensors));
  return to;
}

// --- GGUF ----------------------------------------------------------------------------------------------------------

inline std::string gguf_string(const std::string& text) { return raw<std::uint64_t>(text.size()) + text; }

struct GgufBuilder {
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dimensions;
    std::uint32_t type = 0;
    std::string data;
    std::optional<std::uint64_t> offset;  ///< instead of the true one
  };
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;
  std::vector<std::pair<std::string, std::string>> values;  ///< key, type and value as bytes
  std::vector<Tensor> tensors;

  void set(const std::string& key, const std::string& bytes) {
    for (auto& [existing, value] : values) {
      if (existing != key) continue;
      value = bytes;
      return;
    }
    values.emplace_back(key, bytes);
  }
  void erase(const std::string& key) {
    std::erase_if(values, [&](const auto& v) { return v.first == key; });
  }
  void u32(const std::string& key, std::uint32_t v) { set(key, raw<std::uint32_t>(4) + raw(v)); }
  void f32(const std::string& key, float v) { set(key, raw<std::uint32_t>(6) + raw(v)); }
  void boolean(const std::string& key, bool v) { set(key, raw<std::uint32_t>(7) + raw<std::uint8_t>(v ? 1 : 0)); }
  void text(const std::string& key, const std::string& v) { set(key, raw<std::uint32_t>(8) + gguf_string(v)); }
  void texts(const std::string& key, const std::vector<std::string>& all) {
    std::string bytes = raw<std::uint32_t>(9) + raw<std::uint32_t>(8) + raw<std::uint64_t>(all.size());
    for (const auto& v : all) bytes += gguf_string(v);
    set(key, bytes);
  }
  void floats(const std::string& key, const std::vector<float>& all) {
    set(key, raw<std::uint32_t>(9) + raw<std::uint32_t>(6) + raw<std::uint64_t>(all.size()) + raw_floats(all));
  }
  void integers(const std::string& key, const std::vector<std::int32_t>& all) {
    std::string bytes = raw<std::uint32_t>(9) + raw<std::uint32_t>(5) + raw<std::uint64_t>(all.size());
    for (const auto v : all) bytes += raw(v);
    set(key, bytes);
  }
  Tensor& tensor(const std::string& name) {
    for (auto& t : tensors)
      if (t.name == name) return t;
    throw std::out_of_range(name);
  }
  void erase_tensor(const std::string& name) {
    std::erase_if(tensors, [&](const auto& t) { return t.name == name; });
  }

  [[nodiscard]] std::string bytes() const {
    std::string head = "GGUF" + raw(version) + raw<std::uint64_t>(tensors.size()) + raw<std::uint64_t>(values.size());
    for (const auto& [key, value] : values) head += gguf_string(key) + value;
    const auto pad = [&](std::string& s) { s.resize((s.size() + alignment - 1) / alignment * alignment); };
    std::string data;
    for (const auto& t : tensors) {
      head += gguf_string(t.name) + raw(static_cast<std::uint32_t>(t.dimensions.size()));
      for (const auto d : t.dimensions) head += raw(d);
      head += raw(t.type) + raw<std::uint64_t>(t.offset.value_or(data.size()));
      data += t.data;
      pad(data);
    }
    pad(head);
    return head + data;
  }
};

/// q and k rows as GGUF has them: the two halves of each head interleaved.
inline std::vector<float> interleaved(const std::vector<float>& rows, std::size_t columns, std::size_t head) {
  std::vector<float> out(rows.size());
  for (std::size_t r = 0; r < rows.size() / columns; ++r) {
    const std::size_t in_head = r % head;
    const std::size_t to = r - in_head + (in_head < head / 2 ? 2 * in_head : 2 * (in_head - head / 2) + 1);
    for (std::size_t c = 0; c < columns; ++c) out[to * columns + c] = rows[r * columns + c];
  }
  return out;
}

inline GgufBuilder tiny_gguf(bool tied = false) {
  GgufBuilder b;
  b.text("general.architecture", "llama");
  b.u32("llama.block_count", 2);
  b.u32("llama.context_length", 64);
  b.u32("llama.embedding_length", 8);
  b.u32("llama.feed_forward_length", 12);
  b.u32("llama.attention.head_count", 2);
  b.u32("llama.attention.head_count_kv", 1);
  b.f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  for (const auto& t : layout(tiny_config(tied), !tied)) {
    auto values = tiny_weights(t);
    if (t.role == Role::Q || t.role == Role::K) values = interleaved(values, t.columns, 4);
    std::vector<std::uint64_t> dimensions = {t.columns, t.rows};
    if (is_norm(t.role)) dimensions = {t.columns};
    b.tensors.push_back({gguf_name(t.role, t.layer), dimensions, 0, raw_floats(values), {}});
  }
  return b;
}

inline std::string write_gguf(const fs::path& to, const GgufBuilder& builder) {
  const fs::path file = to / "tiny.gguf";
  write(file, builder.bytes());
  return file.string();
}

// --- checks --------------------------------------------------------------------------------------------------------

/// Every tensor of the tiny model has the weights it was given.
inline void expect_tiny_weights(const Checkpoint& checkpoint) {
  for (const auto& t : checkpoint.tensors()) {
    std::vector<float> values(t.rows * t.columns);
    const auto read = checkpoint.read_rows(t, 0, t.rows, values);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(values, tiny_weights(t)) << t.name;
  }
}

/// The error of opening `source`, one sentence that names the path; empty (and a failure) if it opens.
inline std::string error_of(const std::string& source) {
  const auto opened = open(source);
  if (opened) {
    ADD_FAILURE() << source << " opened";
    return {};
  }
  EXPECT_EQ(opened.error().message.find('\n'), std::string::npos) << opened.error().message;
  EXPECT_NE(opened.error().message.find(source), std::string::npos) << opened.error().message;
  return opened.error().message;
}

// --- GGUF files opened ---------------------------------------------------------------------------------------------

inline std::unique_ptr<Checkpoint> opened_gguf(const GgufBuilder& builder) {
  auto result = open(write_gguf(folder(), builder));
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return nullptr;
  }
  return std::move(*result);
}
inline std::string gguf_error(const GgufBuilder& builder) { return error_of(write_gguf(folder(), builder)); }

/// The tiny model with five tokens: unknown, begin, end, a and b.
inline GgufBuilder with_tokenizer(const std::string& model) {
  auto b = tiny_gguf();
  b.text("tokenizer.ggml.model", model);
  b.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "b"});
  b.integers("tokenizer.ggml.token_type", {2, 3, 3, 1, 1});
  b.u32("tokenizer.ggml.bos_token_id", 1);
  b.u32("tokenizer.ggml.eos_token_id", 2);
  b.u32("tokenizer.ggml.padding_token_id", 0xFFFFFFFF);
  return b;
}

}  // namespace kiln::checkpoint::test
