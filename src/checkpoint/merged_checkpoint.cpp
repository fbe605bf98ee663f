// A checkpoint with an adapter added to its weights, row by row as they are read.
#include <fmt/format.h>

#include <cmath>

#include "checkpoint/lora.hpp"

namespace kiln::checkpoint {
namespace {

class Merged final : public Checkpoint {
 public:
  Merged(std::unique_ptr<Checkpoint> base, LoraAdapter adapter)
      : base_(std::move(base)), adapter_(std::move(adapter)) {}

  [[nodiscard]] const config::ModelConfig& config() const override { return base_->config(); }
  [[nodiscard]] const std::optional<tokenizer::TokenizerSpec>& tokenizer() const override { return base_->tokenizer(); }
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return base_->tensors(); }
  [[nodiscard]] std::string kind() const override { return base_->kind(); }
  [[nodiscard]] const std::string& path() const override { return base_->path(); }
  [[nodiscard]] std::vector<std::string> files() const override { return base_->files(); }
  void release(const TensorInfo& tensor) const override { base_->release(tensor); }
  [[nodiscard]] const std::vector<float>& rope_factors() const override { return base_->rope_factors(); }

  [[nodiscard]] base::Status read_rows(const TensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                                       std::span<float> out) const override {
    if (const auto read = base_->read_rows(tensor, first, count, out); !read) return read;
    const LoraTarget* target = adapter_.find(tensor.role, tensor.layer);
    if (target == nullptr) return {};
    const std::uint64_t columns = tensor.columns;
    base::check(target->a.size() == target->rank * columns && target->b.size() == target->rank * tensor.rows,
                "an adapter of this model");
    std::vector<double> sum(columns);
    for (std::uint64_t row = 0; row < count; ++row) {
      const std::span<float> weights = out.subspan(row * columns, columns);
      sum.assign(weights.begin(), weights.end());
      for (std::uint32_t k = 0; k < target->rank; ++k) {
        const double factor = target->scale * static_cast<double>(target->b[(first + row) * target->rank + k]);
        const float* a = target->a.data() + k * columns;
        for (std::uint64_t c = 0; c < columns; ++c) sum[c] += factor * static_cast<double>(a[c]);
      }
      for (std::uint64_t c = 0; c < columns; ++c) weights[c] = static_cast<float>(sum[c]);
      for (const float weight : weights) {
        if (!std::isfinite(weight))
          return base::Error{fmt::format("{}: {} leaves the range of a float at row {} with the adapter {}", path(),
                                         tensor.name, first + row, adapter_.path)};
      }
    }
    return {};
  }

 private:
  std::unique_ptr<Checkpoint> base_;
  LoraAdapter adapter_;
};

}  // namespace

std::unique_ptr<Checkpoint> merged(std::unique_ptr<Checkpoint> base, LoraAdapter adapter) {
  return std::make_unique<Merged>(std::move(base), std::move(adapter));
}

}  // namespace kiln::checkpoint
