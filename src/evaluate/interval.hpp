// How far off a mean over chunks may be. Private to the evaluate module.
#pragma once

#include <optional>
#include <span>

#include "kiln/evaluate/evaluation.hpp"

namespace kiln::evaluate {

/// The 97.5 % quantile of Student's t with so many degrees of freedom, at least 1, within 0.1 %.
double student_t(std::size_t degrees);

/// exp of the mean of these and of what is 95 % about it: of a perplexity, or of a ratio of two. Nothing of fewer than two.
std::optional<Interval> interval_of(std::span<const double> nats);

}  // namespace kiln::evaluate
