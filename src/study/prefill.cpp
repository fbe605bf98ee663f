#include "study/prefill.hpp"

#include "kiln/program/dataflow.hpp"

namespace kiln::study {

base::Status prefill(functional::FunctionalModel& values, const config::ModelConfig& model,
                     std::span<const base::TokenId> ids, const base::Progress& progress) {
  const program::Dataflow dataflow(model);
  values.reset();
  values.announce(0, ids, [&] { return progress.stopped(); });
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (progress.stopped()) return base::Error{"interrupted"};
    const auto token = values.begin(0, ids[i], base::TokenPos{static_cast<std::uint32_t>(i)});
    for (const program::Op& op : dataflow.token(i + 1 == ids.size())) values.execute(token, op);
    values.end(token);
  }
  return {};
}

}  // namespace kiln::study
