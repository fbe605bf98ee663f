#include "study/prefill.hpp"

namespace kiln::study {

base::Status prefill(functional::FunctionalModel& values, std::span<const base::TokenId> ids,
                     const base::Progress& progress) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (progress.stopped()) return base::Error{"interrupted"};
    values.forward(ids[i], i + 1 == ids.size());
  }
  return {};
}

}  // namespace kiln::study
