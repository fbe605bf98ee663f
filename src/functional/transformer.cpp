// A layer on one screen, as the paper draws it. A token has its `residual`, the `stream` that a unit sends the next one,
// and `x`, the INT8 input of the next array; `multiply` and `reduce` are an array and its tree: stream = W x.
#include "functional/transformer.hpp"

#include <array>

#include "kiln/base/enum_table.hpp"

namespace kiln::functional {
namespace {

using enum program::OpKind;
using enum program::ArrayKind;

using E = const Execution&;

void nothing(E /*e*/) {}
void store_residual(E e) { e.token.residual = e.token.stream; }
void add_residual(E e) { numerics::add(e.token.residual, e.token.stream); }

// clang-format off
constexpr Step kBefore[] = {
    {Issue,             {},     nothing},
    {EmbeddingRead,     {},     [](E e) { e.read_embedding(); }},
    {StoreResidual,     {},     store_residual},
};

constexpr Step kLayer[] = {
    // Attention: o(softmax(q k / sqrt(head_dim)) v), k and v of all tokens so far.
    {Norm,              Qkv,    [](E e) { e.hadamard_quantise(e.rms_norm(e.token.residual, e.attention_gamma())); }},
    {Multiply,          Qkv,    multiply},
    {Reduce,            Qkv,    reduce},  // k, v, q
    {RopeQuantise,      {},     [](E e) { e.rope(e.k()); e.rope(e.q()); }},
    {Attend,            {},     [](E e) { e.append_to_cache(e.k(), e.v()); e.attend(e.q()); }},
    {QuantiseAttention, O,      [](E e) { e.quantise(e.token.attended); }},
    {Multiply,          O,      multiply},
    {Reduce,            O,      reduce},
    {AddResidual,       {},     add_residual},
    // Feed-forward network: down(SiLU(gate) * up).
    {Norm,              GateUp, [](E e) { e.hadamard_quantise(e.rms_norm(e.token.residual, e.ffn_gamma())); }},
    {Multiply,          GateUp, multiply},
    {Reduce,            GateUp, reduce},  // gate, up
    {SiluMultiply,      Down,   [](E e) { e.hadamard_quantise(e.silu_multiply(e.gate(), e.up())); }},
    {Multiply,          Down,   multiply},
    {Reduce,            Down,   reduce},
    {AddResidual,       {},     add_residual},
};

constexpr Step kBetweenStages[] = {
    {SendResidual,      {},     [](E e) { e.token.stream = e.token.residual; }},
    {StoreResidual,     {},     store_residual},
};

constexpr Step kAfter[] = {
    {Norm,              LmHead, [](E e) { e.hadamard_quantise(e.rms_norm(e.token.residual, e.final_gamma())); }},
    {Multiply,          LmHead, multiply},
    {Reduce,            LmHead, reduce},  // logits
    {Sample,            {},     [](E e) { e.sample(); }},
    {Commit,            {},     nothing},
};
// clang-format on

constexpr std::size_t kOpKinds = static_cast<std::size_t>(Commit) + 1;
static_assert(!base::is_enumerator<static_cast<program::OpKind>(kOpKinds)>());

constexpr std::size_t column(std::optional<program::ArrayKind> array) {
  return array ? static_cast<std::size_t>(*array) + 1 : 0;
}

using Compute = void (*)(E);
/// The steps by operation. One that is in several places is the same in all, or this does not compile.
constexpr auto kByOperation = [] {
  std::array<std::array<Compute, program::kArrays + 1>, kOpKinds> table{};
  for (const std::span<const Step> steps : {std::span<const Step>(kBefore), std::span<const Step>(kLayer),
                                            std::span<const Step>(kBetweenStages), std::span<const Step>(kAfter)})
    for (const Step& step : steps) {
      Compute& place = table[static_cast<std::size_t>(step.kind)][column(step.array)];
      if (place != nullptr && place != step.compute) throw "an operation computes two things";
      place = step.compute;
    }
  return table;
}();

}  // namespace

std::span<const Step> steps_before() { return kBefore; }
std::span<const Step> steps_of_layer() { return kLayer; }
std::span<const Step> steps_between_stages() { return kBetweenStages; }
std::span<const Step> steps_after() { return kAfter; }

void execute(const Execution& e) {
  const Compute compute = kByOperation[static_cast<std::size_t>(e.op.kind)][column(e.op.array)];
  base::check(compute != nullptr, "values: an operation that no step computes");
  compute(e);
}

}  // namespace kiln::functional
