#include "functional/functional_model.hpp"

#include <algorithm>

#include "functional/functional_model_state.hpp"
#include "functional/switching.hpp"

namespace kiln::functional {

using program::ArrayKind;
using program::Op;
using program::OpKind;

namespace {

constexpr std::uint64_t kMostKvTokens = std::uint64_t{1} << 24;  // what a KvStore takes
/// Less work than this in one array is not worth waking threads.
constexpr std::uint64_t kParallelWeights = std::uint64_t{1} << 18;
/// The fewest panels that one call multiplies: each call prepares the vector again.
constexpr std::size_t kFewestPanels = 8;
constexpr std::size_t kPartsPerThread = 8;  // threads that finish early take the rest

}  // namespace

FunctionalModel::Impl::Impl(const rom::RomImage& image, std::uint64_t capacity_tokens, base::ThreadPool& threads,
                            numerics::Simd path, const program::Placement* tiles, const rom::Adapter* resident)
    : rom(image),
      pool(threads),
      simd(path),
      by_tile(tiles),
      adapter(resident),
      dataflow(image.model()),
      capacity(std::min(capacity_tokens, kMostKvTokens)),
      tokens(1),
      unused{0} {}

void FunctionalModel::Impl::open(std::size_t in_slot, std::uint64_t cached_prefix) {
  const config::ModelConfig& model = rom.model();
  if (cached_prefix > 0) {
    base::check(in_slot < kv.size(), "values: tokens kept in a slot that nobody opened");
    for (const numerics::KvStore& layer : kv[in_slot])
      base::check(layer.tokens() == cached_prefix, "values: the slot holds as many tokens as are kept");
    return;
  }
  if (kv.size() <= in_slot) kv.resize(in_slot + 1);
  kv[in_slot].clear();
  for (std::uint32_t layer = 0; layer < model.layers; ++layer)
    kv[in_slot].emplace_back(model.kv_heads, model.head_dim, capacity);
}

void FunctionalModel::Impl::rewind(std::size_t in_slot, std::uint64_t cached_prefix) {
  if (cached_prefix == 0 && in_slot >= kv.size()) return;
  base::check(in_slot < kv.size(), "values: a slot that nobody opened");
  for (numerics::KvStore& layer : kv[in_slot]) layer.truncate(cached_prefix);
  for (Handle handle = 0; handle < tokens.size(); ++handle) {
    const TokenState& state = handle == active ? static_cast<TokenState&>(*this) : tokens[handle];
    if (state.slot == in_slot && std::ranges::find(unused, handle) == unused.end()) unused.push_back(handle);
  }
  if (in_slot == 0) {
    alone.reset();
    next_position = static_cast<std::uint32_t>(cached_prefix);
  }
}

FunctionalModel::Handle FunctionalModel::Impl::begin(std::size_t in_slot, base::TokenId id, base::TokenPos at,
                                                     const numerics::Sampling& how) {
  const config::ModelConfig& model = rom.model();
  base::check(id < model.vocab_size, "values: a token outside the vocabulary");
  base::check(in_slot < kv.size(), "values: a slot that nobody opened");
  if (unused.empty()) {
    unused.push_back(tokens.size());
    tokens.emplace_back();
  }
  const Handle handle = unused.back();
  unused.pop_back();
  activate(handle);
  slot = in_slot;
  token = id;
  position = at;
  sampling = how;
  residual.resize(model.hidden_size);
  attended.resize(model.q_width());
  return handle;
}

void FunctionalModel::Impl::end(Handle handle) { unused.push_back(handle); }

void FunctionalModel::Impl::activate(Handle handle) {
  if (handle == active) return;
  tokens[active] = std::move(static_cast<TokenState&>(*this));
  static_cast<TokenState&>(*this) = std::move(tokens[handle]);
  active = handle;
}

void FunctionalModel::Impl::execute(const Op& op) {
  const config::ModelConfig& model = rom.model();
  switch (op.kind) {
    case OpKind::Issue:
    case OpKind::Commit:
      break;
    case OpKind::EmbeddingRead:
      stream.resize(model.hidden_size);
      numerics::embedding_row(rom.tensor(config::TensorClass::Embedding).matrix, token, stream);
      break;
    case OpKind::StoreResidual:
      std::copy(stream.begin(), stream.end(), residual.begin());
      break;
    case OpKind::SendResidual:
      stream = residual;
      break;
    case OpKind::Norm:
      norm(op);
      break;
    case OpKind::Multiply:
      if (switching) count_switching(op);
      by_tile != nullptr ? multiply_tiles(op) : multiply_rows(op);
      break;
    case OpKind::Reduce:
      if (by_tile != nullptr) reduce_tiles(op);
      if (adapter != nullptr) add_adapter(op);
      break;
    case OpKind::RopeQuantise:  // the stream is k, v, q; what is quantised is what the KV SRAM and the attention unit
                                // take
      rope_heads(0, model.kv_heads);
      rope_heads(2 * std::size_t{model.kv_width()}, model.heads);
      break;
    case OpKind::Attend:
      attend(op);
      break;
    case OpKind::QuantiseAttention:
      numerics::quantise_input(attended, 1, x);
      break;  // its transform is in the weights
    case OpKind::AddResidual:
      numerics::add(residual, stream);
      break;
    case OpKind::SiluMultiply: {
      const std::size_t width = model.intermediate_size;
      work.resize(width);
      const std::span<const float> both(stream);
      numerics::silu_multiply(both.first(width), both.subspan(width, width), work);
      numerics::quantise_input(work, numerics::hadamard_block(width), x);
      break;
    }
    case OpKind::Sample:
      next = numerics::sample(stream, sampling, position.value);
      break;
  }
}

void FunctionalModel::Impl::norm(const Op& op) {
  const config::ModelConfig& model = rom.model();
  std::span<const float> gamma = rom.final_norm();
  if (op.array == ArrayKind::Qkv) gamma = rom.attention_norm(op.layer);
  if (op.array == ArrayKind::GateUp) gamma = rom.ffn_norm(op.layer);
  work.resize(model.hidden_size);
  numerics::rms_norm(residual, gamma, static_cast<float>(model.rms_norm_eps), work);
  numerics::quantise_input(work, numerics::hadamard_block(model.hidden_size), x);
}

void FunctionalModel::Impl::rope_heads(std::size_t first, std::size_t heads) {
  const std::size_t width = rom.model().head_dim;
  for (std::size_t head = 0; head < heads; ++head)
    numerics::rope(std::span<float>(stream).subspan(first + head * width, width), rom.rope_increments(),
                   position.value);
}

void FunctionalModel::Impl::attend(const Op& op) {
  const config::ModelConfig& model = rom.model();
  numerics::KvStore& store = kv[slot][op.layer.value];
  base::check(position.value == store.tokens(), "values: tokens come in order, each at the next position");
  const std::span<const float> kvq(stream);
  store.append(kvq.first(model.kv_width()), kvq.subspan(model.kv_width(), model.kv_width()));
  const std::span<const float> q = kvq.subspan(2 * std::size_t{model.kv_width()}, model.q_width());
  if (store.tokens() * model.q_width() < kParallelWeights)
    return numerics::attend(store, q, model.heads, attended, simd);
  pool.parallel_ranges(model.kv_heads, [&](std::size_t first, std::size_t last) {
    numerics::attend_heads(store, q, model.heads, first, last, attended, simd);
  });
}

void FunctionalModel::Impl::multiply_rows(const Op& op) {
  struct Part {
    const numerics::MatrixView* matrix;
    std::span<float> y;
    std::size_t first, last;
  };
  std::vector<Part> parts;
  stream.resize(dataflow.outputs(*op.array));
  const std::uint64_t weights = std::uint64_t{dataflow.inputs(*op.array)} * stream.size();
  const bool whole = pool.threads() == 1 || weights < kParallelWeights;
  const std::size_t panels = base::ceil_div(stream.size(), numerics::kPanelRows);
  const std::size_t share = std::max(kFewestPanels, base::ceil_div(panels, pool.threads() * kPartsPerThread));
  std::size_t row = 0;
  for (const auto& section : dataflow.sections(*op.array)) {
    const numerics::MatrixView& matrix = rom.tensor(section.tensor_class, op.layer).matrix;
    const std::span<float> y = std::span<float>(stream).subspan(row, section.rows);
    row += section.rows;
    const std::size_t step = whole ? matrix.panels() : share;
    for (std::size_t first = 0; first < matrix.panels(); first += step)
      parts.push_back({&matrix, y, first, std::min(matrix.panels(), first + step)});
  }
  const auto one = [&](std::size_t i) {
    numerics::multiply(*parts[i].matrix, x, parts[i].first, parts[i].last, parts[i].y, simd);
  };
  if (!whole) return pool.parallel_for(parts.size(), one);
  for (std::size_t i = 0; i < parts.size(); ++i) one(i);
}

void FunctionalModel::Impl::count_switching(const Op& op) {
  *switching += activation_switching(x);
  for (const auto& section : dataflow.sections(*op.array))
    *switching +=
        product_switching(rom.tensor(section.tensor_class, op.layer).matrix, x, position.value % section.rows);
}

void FunctionalModel::Impl::add_adapter(const Op& op) {
  std::size_t row = 0;
  for (const auto& section : dataflow.sections(*op.array)) {
    const std::span<float> y = std::span<float>(stream).subspan(row, section.rows);
    row += section.rows;
    const rom::AdapterTarget* target = adapter->find(section.tensor_class, op.layer);
    if (target == nullptr) continue;
    const auto multiply = [this](const rom::StoredMatrix& stored, const numerics::QuantisedVector& in) {
      const numerics::MatrixView matrix = stored.view();
      work.resize(matrix.rows);
      numerics::multiply(matrix, in, 0, matrix.panels(), work, simd);
    };
    multiply(target->down, x);
    numerics::quantise_input(work, 1, inner);
    multiply(target->up, inner);
    numerics::add(y, work);
  }
}

FunctionalModel::FunctionalModel(const rom::RomImage& rom, std::uint64_t capacity_tokens, base::ThreadPool& pool,
                                 numerics::Simd simd, const program::Placement* by_tile, const rom::Adapter* adapter)
    : impl_(std::make_unique<Impl>(rom, capacity_tokens, pool, simd, by_tile, adapter)) {}
FunctionalModel::~FunctionalModel() = default;
FunctionalModel::FunctionalModel(FunctionalModel&&) noexcept = default;

void FunctionalModel::open(std::size_t slot, std::uint64_t cached_prefix) { impl_->open(slot, cached_prefix); }
void FunctionalModel::rewind(std::size_t slot, std::uint64_t tokens) { impl_->rewind(slot, tokens); }
FunctionalModel::Handle FunctionalModel::begin(std::size_t slot, base::TokenId token, base::TokenPos position,
                                               const numerics::Sampling& sampling) {
  return impl_->begin(slot, token, position, sampling);
}
void FunctionalModel::execute(Handle handle, const program::Op& op) {
  impl_->activate(handle);
  impl_->execute(op);
}
void FunctionalModel::end(Handle handle) { impl_->end(handle); }

std::span<const float> FunctionalModel::logits(Handle handle) {
  impl_->activate(handle);
  return impl_->stream;
}
base::TokenId FunctionalModel::successor(Handle handle) {
  impl_->activate(handle);
  return impl_->next;
}

void FunctionalModel::count_switching() { impl_->switching.emplace(); }
const program::Switching& FunctionalModel::switching() const {
  base::check(impl_->switching.has_value(), "values: nobody asked to count switching");
  return *impl_->switching;
}

void FunctionalModel::reset() {
  impl_->open(0, 0);
  impl_->next_position = 0;
}

void FunctionalModel::forward(base::TokenId token, bool with_logits) {
  if (impl_->kv.empty()) reset();
  if (impl_->alone) impl_->end(*impl_->alone);
  impl_->alone = impl_->begin(0, token, base::TokenPos{impl_->next_position++}, {});
  for (const Op& op : impl_->dataflow.token(with_logits)) impl_->execute(op);
}

std::span<const float> FunctionalModel::logits() {
  return impl_->alone ? logits(*impl_->alone) : std::span<const float>();
}
base::TokenId FunctionalModel::argmax() { return impl_->alone ? successor(*impl_->alone) : 0; }

}  // namespace kiln::functional
