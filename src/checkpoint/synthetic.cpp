// Weights from a counter: weight i of a tensor is a function of (seed, tensor, i) alone.
#include <cmath>

#include "base/random.hpp"
#include "checkpoint/layout.hpp"

namespace kiln::checkpoint {
namespace {

// Four uniform 16-bit numbers: their sum has this mean, and this deviation (4 * (2^32 - 1) / 12 is its square).
constexpr std::int32_t kMean = 4 * 65535 / 2;
const double kDeviation = std::sqrt(4.0 * (65536.0 * 65536.0 - 1.0) / 12.0);
constexpr double kNormNoise = 0.05;

class Synthetic final : public Checkpoint {
 public:
  Synthetic(const config::ModelConfig& config, std::uint64_t seed)
      : config_(config), seed_(seed), path_("synthetic:" + config.name + ":" + std::to_string(seed)) {
    tensors_ = layout(config_, !config_.tied_embeddings);
    for (auto& tensor : tensors_) {
      tensor.name = hf_name(tensor.role, tensor.layer);
      tensor.format = "synthetic";
    }
  }

  [[nodiscard]] const config::ModelConfig& config() const override { return config_; }
  [[nodiscard]] const std::optional<tokenizer::TokenizerSpec>& tokenizer() const override { return tokenizer_; }
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  [[nodiscard]] std::string kind() const override { return "synthetic"; }
  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] std::string identity() const override { return path_; }
  void release(const TensorInfo& /*tensor*/) const override {}
  [[nodiscard]] const std::vector<float>& rope_factors() const override { return rope_factors_; }

  [[nodiscard]] base::Status read_rows(const TensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                                       std::span<float> out) const override {
    base::check(first <= tensor.rows && count <= tensor.rows - first, "rows inside the tensor");
    base::check(out.size() == count * tensor.columns, "room for exactly the rows asked for");
    const bool norm = is_norm(tensor.role);
    const auto scale =
        static_cast<float>((norm ? kNormNoise : 1.0 / std::sqrt(static_cast<double>(tensor.columns))) / kDeviation);
    const float offset = norm ? 1.0F : 0.0F;
    const std::uint64_t sequence =
        base::mix(seed_, std::uint64_t{tensor.layer.value} << 8 | static_cast<std::uint64_t>(tensor.role));
    const std::uint64_t begin = first * tensor.columns;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t bits = base::mix(sequence, begin + i);
      // Adds the four 16-bit parts: two pairs side by side, then the two sums.
      const std::uint64_t pairs = (bits & 0x0000FFFF0000FFFFULL) + (bits >> 16 & 0x0000FFFF0000FFFFULL);
      const auto sum =
          static_cast<std::int32_t>(static_cast<std::uint32_t>(pairs) + static_cast<std::uint32_t>(pairs >> 32));
      out[i] = static_cast<float>(sum - kMean) * scale + offset;
    }
    return {};
  }

 private:
  config::ModelConfig config_;
  std::uint64_t seed_;
  std::string path_;
  std::vector<TensorInfo> tensors_;
  std::optional<tokenizer::TokenizerSpec> tokenizer_;
  std::vector<float> rope_factors_;
};

}  // namespace

std::unique_ptr<Checkpoint> synthetic(const config::ModelConfig& config, std::uint64_t seed) {
  return std::make_unique<Synthetic>(config, seed);
}

}  // namespace kiln::checkpoint
