#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bake/bake.hpp"
#include "bake/head.hpp"
#include "bake/row_batches.hpp"
#include "bake/row_source.hpp"
#include "kiln/config/load.hpp"
#include "rom/decode.hpp"

namespace kiln::bake {
namespace {

using numerics::kGroup;
using numerics::kPanelRows;

/// What one row says. All in units of the weights.
struct RowFindings {
  double energy = 0;
  double error = 0;
  double max_error = 0;
  double reach = 0;  // sum over the groups of inputs times the square of the range that the group's scale must cover
};

/// The relative error that round to nearest stays below with `bits` bits, for these very weights.
///
/// A group whose largest magnitude is m has, with the scale that maps m onto the top level, 2^b levels from -m to m
/// (255 at 8 bits, where two codes are zero); evenly spaced, none of its n inputs is further from a level than m / (2^b
/// - 1), so its squared error is at most n * (m / (2^b - 1))^2. The 8-bit scale is a multiple of the row's largest
/// magnitude / 255, so that m may grow by that much. A search over scales and codebooks only lowers the error: an even
/// distribution within the cells gives 1 / sqrt(3) of the bound, which leaves room for methods that trade plain error
/// for the error of the product. Zeros have a relative error of 1, so nothing needs to be worse than that; the weights
/// of another checkpoint have sqrt(2).
double bound_of(int bits, double reach, double energy) {
  const double steps = bits == 8 ? 254.0 : static_cast<double>((1 << bits) - 1);
  return std::min(1.0, std::sqrt(reach / energy) / steps);
}

RowFindings examine(std::span<const float> row, std::span<const float> decoded, std::size_t columns) {
  RowFindings out;
  float row_most = 0;
  for (const float w : row) row_most = std::max(row_most, std::fabs(w));
  for (std::size_t at = 0; at < columns; at += kGroup) {
    const std::size_t end = std::min(columns, at + kGroup);
    float most = 0;
    for (std::size_t i = at; i < end; ++i) {
      const double w = static_cast<double>(row[i]);
      const double off = std::fabs(w - static_cast<double>(decoded[i]));
      out.energy += w * w;
      out.error += off * off;
      out.max_error = std::max(out.max_error, off);
      most = std::max(most, std::fabs(row[i]));
    }
    const double range = static_cast<double>(most) + static_cast<double>(row_most) / 255.0;
    if (most > 0) out.reach += static_cast<double>(end - at) * range * range;
  }
  return out;
}

std::string name_of(const rom::TensorShape& place) {
  const auto name = config::kTensorClassNames[place.tensor_class];
  if (!config::in_layer(place.tensor_class)) return std::string(name);
  return fmt::format("layer {} {}", place.layer.value, name);
}

/// The model without what a checkpoint's file may call it.
std::string shapes_of(config::ModelConfig model) {
  model.name = "model";
  return config::to_json(model);
}

class Comparer {
 public:
  Comparer(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint, base::ThreadPool& pool,
           const base::Progress& progress)
      : image_(image),
        checkpoint_(checkpoint),
        pool_(pool),
        work_("comparing", progress, total_weights(image.model())) {}

  base::Result<Comparison> run() {
    if (shapes_of(image_.model()) != shapes_of(checkpoint_.config())) {
      out_.differences.push_back(fmt::format("the model differs: the image has {}, the checkpoint {}",
                                             shapes_of(image_.model()), shapes_of(checkpoint_.config())));
      if (places_differ()) return std::move(out_);
    }
    if (auto status = compare_head(); !status) return status.error();
    out_.same_model = out_.differences.empty();
    for (const auto& place : rom::tensor_shapes(checkpoint_.config()))
      if (auto status = compare_tensor(place); !status) return status.error();
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool places_differ() const {
    const auto ours = rom::tensor_shapes(image_.model());
    const auto theirs = rom::tensor_shapes(checkpoint_.config());
    return image_.model().head_dim != checkpoint_.config().head_dim ||
           !std::ranges::equal(ours, theirs, [](const rom::TensorShape& a, const rom::TensorShape& b) {
             return a.tensor_class == b.tensor_class && a.rows == b.rows && a.columns == b.columns;
           });
  }

  base::Status compare_head() {
    const auto head = image_head(checkpoint_, image_.recipe());
    if (!head) return head.error();
    const std::span<const float> norms = head->norms;
    const std::size_t width = head->model.hidden_size;
    const auto differs = [&](std::span<const float> found, std::size_t place) {
      return !std::ranges::equal(found, norms.subspan(place * width, width));
    };
    for (std::uint32_t layer = 0; layer < head->model.layers; ++layer) {
      if (differs(image_.attention_norm({layer}), 2 * std::size_t{layer}))
        out_.differences.push_back(fmt::format("the attention norm of layer {} differs", layer));
      if (differs(image_.ffn_norm({layer}), 2 * std::size_t{layer} + 1))
        out_.differences.push_back(fmt::format("the FFN norm of layer {} differs", layer));
    }
    if (differs(image_.final_norm(), 2 * std::size_t{head->model.layers}))
      out_.differences.push_back("the final norm differs");
    if (!std::ranges::equal(image_.rope_increments(), head->rope_increments))
      out_.differences.push_back("the RoPE frequencies differ");
    if (image_.tokenizer() != head->tokenizer) out_.differences.push_back("the tokenizer differs");
    return {};
  }

  base::Status compare_tensor(const rom::TensorShape& place) {
    const auto& tensor = image_.tensor(place.tensor_class, place.layer);
    const RowSource source(checkpoint_, place.tensor_class, place.layer, numerics::best_simd());
    std::vector<RowFindings> rows;
    RowFindings sum;
    const auto status = work_.batches(source, [&](std::uint64_t first, std::uint64_t count) {
      rows.assign(count, {});
      auto done = RowBatches::units(
          source, pool_, first, count, [&](std::span<const float> values, std::size_t at, std::size_t n) {
            std::vector<float> decoded(kPanelRows * source.stride());
            for (std::size_t row = 0; row < n; ++row) {
              if (row % kPanelRows == 0) rom::decode_panel(tensor.matrix, (first + at + row) / kPanelRows, decoded);
              rows[at + row] = examine(values.subspan(row * source.stride(), source.stride()),
                                       std::span(decoded).subspan(row % kPanelRows * source.stride(), source.stride()),
                                       source.columns());
            }
          });
      for (const auto& row : rows) {
        sum.energy += row.energy;
        sum.error += row.error;
        sum.reach += row.reach;
        sum.max_error = std::max(sum.max_error, row.max_error);
      }
      return done;
    });
    if (!status) return status.error();
    judge(place, tensor, sum);
    return {};
  }

  void judge(const rom::TensorShape& place, const rom::RomTensor& tensor, const RowFindings& sum) {
    TensorDistortion found{place.tensor_class, place.layer, tensor.bits_per_weight(), 0, sum.max_error};
    if (sum.energy > 0) found.relative_rms = std::sqrt(sum.error / sum.energy);
    out_.tensors.push_back(found);
    if (sum.energy <= 0) {
      if (sum.error > 0)
        out_.beyond_bound.push_back(fmt::format("{} is zero in the checkpoint, but not in the image", name_of(place)));
      return;
    }
    const double bound = bound_of(tensor.matrix.bits, sum.reach, sum.energy);
    if (found.relative_rms <= bound) return;
    out_.beyond_bound.push_back(fmt::format("{} differs by {:.4g} of its root mean square, but {} bits allow {:.4g}",
                                            name_of(place), found.relative_rms, tensor.matrix.bits, bound));
  }

  const rom::RomImage& image_;
  const checkpoint::Checkpoint& checkpoint_;
  base::ThreadPool& pool_;
  RowBatches work_;
  Comparison out_;
};

}  // namespace

base::Result<Comparison> compare(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint,
                                 base::ThreadPool& pool, const base::Progress& progress) {
  return Comparer(image, checkpoint, pool, progress).run();
}

}  // namespace kiln::bake
