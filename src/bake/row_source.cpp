#include "bake/row_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "bake/hadamard.hpp"
#include "kiln/base/units.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::bake {
namespace {

using config::TensorClass;

const checkpoint::TensorInfo* find(const checkpoint::Checkpoint& checkpoint, TensorClass c, base::LayerId layer) {
  const auto* info = checkpoint.find(config::role_of(c), layer);
  if (info == nullptr && c == TensorClass::LmHead) info = checkpoint.find(checkpoint::Role::Embedding);
  base::check(info != nullptr, "the checkpoint has every tensor of its model");
  return info;
}

}  // namespace

std::size_t input_block(const config::ModelConfig& model, TensorClass c) {
  if (c == TensorClass::Embedding) return 1;
  if (c == TensorClass::O) return numerics::hadamard_block(model.head_dim);
  return numerics::hadamard_block(c == TensorClass::Down ? model.intermediate_size : model.hidden_size);
}

std::size_t output_block(const config::ModelConfig& model, TensorClass c) {
  return c == TensorClass::V ? numerics::hadamard_block(model.head_dim) : 1;
}

bool all_finite(std::span<const float> values) {
  std::int32_t largest = 0;
  for (const float value : values) {
    const auto bits = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFU);
    largest = bits > largest ? bits : largest;
  }
  return largest < 0x7F800000;
}

RowSource::RowSource(const checkpoint::Checkpoint& checkpoint, TensorClass tensor_class, base::LayerId layer,
                     numerics::Simd simd)
    : checkpoint_(&checkpoint),
      info_(find(checkpoint, tensor_class, layer)),
      column_block_(input_block(checkpoint.config(), tensor_class)),
      row_block_(output_block(checkpoint.config(), tensor_class)),
      unit_rows_(std::max(numerics::kPanelRows, row_block_)),
      stride_(base::ceil_div(info_->columns, numerics::kGroup) * numerics::kGroup),
      simd_(simd) {}

base::Status RowSource::read(std::uint64_t first, std::uint64_t count, std::vector<float>& out,
                             SourceHash* hash) const {
  base::check(first % row_block_ == 0 && count % row_block_ == 0, "whole blocks of rows");
  const std::size_t width = columns();
  out.resize(count * stride_);
  if (auto status = checkpoint_->read_rows(*info_, first, count, std::span(out).first(count * width)); !status)
    return status;
  if (hash != nullptr) hash->add(first, width, std::span(out).first(count * width));
  if (stride_ != width) {
    for (std::size_t row = count; row-- > 0;) {
      std::memmove(out.data() + row * stride_, out.data() + row * width, width * sizeof(float));
      std::fill_n(out.data() + row * stride_ + width, stride_ - width, 0.0F);
    }
  }
  transform_inputs(out, column_block_, simd_);
  if (row_block_ > 1) transform_outputs(out, stride_, row_block_);
  if (all_finite(out)) return {};
  return base::Error{
      fmt::format("{}: tensor {} has weights in rows {} to {} that are too large to be transformed, expected "
                  "magnitudes below 1e34",
                  checkpoint_->path(), info_->name, first, first + count)};
}

}  // namespace kiln::bake
